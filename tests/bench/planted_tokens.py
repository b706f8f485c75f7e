"""Tokens that one string makes, in the formats that their providers document, none of them real.

Alphabets, lengths, prefixes and checksums are right where the provider publishes them; where only
the shape is known (a fine-grained GitHub token's tail, say) the tail is random.
"""

import base64
import random
import string

from planted_keys import BASE36, BASE62, crc32_base36, crc32_base62, in_base, pypi_macaroon
from planted_mint import HEX, UPPER, URLSAFE, Minted, one
from planted_words import NOUNS, draw


def github_classic(rng: random.Random) -> Minted:
    body = draw(rng, BASE62, 30)
    prefix = rng.choice(["ghp_", "ghp_", "gho_", "ghs_", "ghu_"])
    return one(rng, "GITHUB_TOKEN GH_TOKEN GITHUB_PAT", prefix + body + crc32_base62(body))


def github_fine_grained(rng: random.Random) -> Minted:
    value = f"github_pat_11{draw(rng, BASE62, 20)}_{draw(rng, BASE62, 59)}"
    return one(rng, "GITHUB_TOKEN GH_TOKEN RELEASE_BOT_TOKEN", value)


def gitlab(rng: random.Random) -> Minted:
    names = "GITLAB_TOKEN CI_PUSH_TOKEN GITLAB_PRIVATE_TOKEN"
    if rng.random() < 0.7:
        return one(rng, names, rng.choice(["glpat-", "glpat-", "glrt-"]) + draw(rng, URLSAFE, 20))
    payload = f"o:1\np:{draw(rng, HEX, 3)}\nu:{draw(rng, HEX, 4)}".encode()
    body = payload + rng.randbytes(16) + bytes([len(payload)])
    coded = base64.urlsafe_b64encode(body).decode().rstrip("=")
    head = f"glpat-{coded}.01.{in_base(len(coded), BASE36, 2)}"
    return one(rng, names, head + crc32_base36(head))


def slack(rng: random.Random) -> Minted:
    if rng.random() < 0.5:
        parts = [draw(rng, "123456789", 1) + draw(rng, string.digits, 11) for _ in "ab"]
        value = f"xoxb-{parts[0]}-{parts[1]}-{draw(rng, BASE62, 24)}"
        return one(rng, "SLACK_BOT_TOKEN SLACK_TOKEN", value)
    team, hook = (draw(rng, UPPER + string.digits, rng.choice([8, 10])) for _ in "ab")
    value = f"https://hooks.slack.com/services/T{team}/B{hook}/{draw(rng, BASE62, 24)}"
    return one(rng, "SLACK_WEBHOOK_URL ALERT_WEBHOOK", value)


def stripe(rng: random.Random) -> Minted:
    prefix = rng.choice(["sk_live_", "sk_live_", "rk_live_"])
    body = draw(rng, BASE62, 24) if rng.random() < 0.4 else "51" + draw(rng, BASE62, 97)
    return one(rng, "STRIPE_SECRET_KEY STRIPE_API_KEY PAYMENTS_KEY", prefix + body)


def google(rng: random.Random) -> Minted:
    value = "AIzaSy" + draw(rng, URLSAFE, 33)
    return one(rng, "GOOGLE_API_KEY MAPS_API_KEY FIREBASE_KEY", value)


def openai(rng: random.Random) -> Minted:
    size, prefix = rng.choice([(20, "sk-"), (74, "sk-proj-"), (74, "sk-svcacct-")])
    alphabet = BASE62 if size == 20 else URLSAFE
    value = f"{prefix}{draw(rng, alphabet, size)}T3BlbkFJ{draw(rng, alphabet, size)}"
    return one(rng, "OPENAI_API_KEY LLM_API_KEY EMBEDDINGS_KEY", value)


def anthropic(rng: random.Random) -> Minted:
    value = f"sk-ant-api03-{draw(rng, URLSAFE, 93)}AA"
    return one(rng, "ANTHROPIC_API_KEY CLAUDE_KEY LLM_API_KEY", value)


def hugging_face(rng: random.Random) -> Minted:
    value = "hf_" + draw(rng, string.ascii_letters, 34)
    return one(rng, "HF_TOKEN HUGGINGFACE_HUB_TOKEN HUB_TOKEN", value)


def npm(rng: random.Random) -> Minted:
    body = draw(rng, BASE62, 30)
    return one(rng, "NPM_TOKEN NODE_AUTH_TOKEN", f"npm_{body}{crc32_base62(body)}")


def pypi(rng: random.Random) -> Minted:
    value = "pypi-" + pypi_macaroon(rng, f"{rng.choice(NOUNS)}-tools")
    return one(rng, "PYPI_TOKEN TWINE_PASSWORD UV_PUBLISH_TOKEN", value)


def sendgrid(rng: random.Random) -> Minted:
    value = f"SG.{draw(rng, URLSAFE, 22)}.{draw(rng, URLSAFE, 43)}"
    return one(rng, "SENDGRID_API_KEY MAIL_API_KEY", value)


def telegram(rng: random.Random) -> Minted:
    bot = str(rng.randint(200_000_000, 7_999_999_999))
    return one(rng, "TELEGRAM_BOT_TOKEN BOT_TOKEN", f"{bot}:AA{draw(rng, URLSAFE, 33)}")


def digital_ocean(rng: random.Random) -> Minted:
    value = rng.choice(["dop_v1_", "dop_v1_", "doo_v1_", "dor_v1_"]) + draw(rng, HEX, 64)
    return one(rng, "DIGITALOCEAN_TOKEN DO_PAT", value)


def databricks(rng: random.Random) -> Minted:
    value = "dapi" + draw(rng, HEX, 32) + rng.choice(["", "", "-2", "-3"])
    return one(rng, "DATABRICKS_TOKEN LAKEHOUSE_TOKEN", value)


def shopify(rng: random.Random) -> Minted:
    value = rng.choice(["shpat_", "shpss_", "shpca_", "shppa_"]) + draw(rng, HEX, 32)
    return one(rng, "SHOPIFY_ACCESS_TOKEN SHOP_TOKEN", value)


def square(rng: random.Random) -> Minted:
    value = rng.choice(
        [
            "EAAA" + draw(rng, URLSAFE, 60),
            "sq0csp-" + draw(rng, URLSAFE, 43),
            "sq0atp-" + draw(rng, URLSAFE, 22),
        ]
    )
    return one(rng, "SQUARE_ACCESS_TOKEN SQUARE_TOKEN", value)
