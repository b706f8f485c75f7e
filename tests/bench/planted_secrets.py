"""Thirty kinds of secrets: those of `planted_tokens`, and those made of several parts.

`HELD_OUT` is the half of the kinds that nobody who writes a scanner may see.
"""

import base64
import hashlib
import hmac
import json
import random
import string
from collections.abc import Callable

import planted_tokens as tokens
from planted_keys import BASE62, ec_pem, openssh_pem, pgp_block, pkcs8_pem, rsa_pem, uuid4
from planted_mint import BASE32, HEX, URLSAFE, Minted, one
from planted_words import NOUNS, draw


def aws(rng: random.Random) -> Minted:
    secret = draw(rng, BASE62 + "/+", 40)
    key_id = rng.choice(["AKIA", "AKIA", "ASIA"]) + draw(rng, BASE32, 16)
    return Minted((("AWS_ACCESS_KEY_ID", key_id), ("AWS_SECRET_ACCESS_KEY", secret)), secret)


def gcp(rng: random.Random) -> Minted:
    project = f"{rng.choice(NOUNS)}-{rng.choice(NOUNS)}-{rng.randint(100_000, 499_999)}"
    key = pkcs8_pem(rng) + "\n"
    account = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": draw(rng, HEX, 40),
        "private_key": key,
        "client_email": f"{rng.choice(NOUNS)}-runner@{project}.iam.gserviceaccount.com",
        "client_id": "1" + draw(rng, string.digits, 20),
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    names = ["GOOGLE_APPLICATION_CREDENTIALS_JSON", "GCP_SERVICE_ACCOUNT", "FIREBASE_ADMIN_JSON"]
    text = json.dumps(account, indent=rng.choice([None, 2]))
    return Minted(((rng.choice(names), text),), key.strip())


def azure(rng: random.Random) -> Minted:
    account = rng.choice(NOUNS) + rng.choice(NOUNS)[:8] + draw(rng, string.digits, 3)
    key = base64.b64encode(rng.randbytes(64)).decode()
    value = (
        f"DefaultEndpointsProtocol=https;AccountName={account[:24]};AccountKey={key};"
        "EndpointSuffix=core.windows.net"
    )
    return Minted(((rng.choice(["AZURE_STORAGE_CONNECTION_STRING", "BLOB_STORE"]), value),), key)


def twilio(rng: random.Random) -> Minted:
    account, token = "AC" + draw(rng, HEX, 32), draw(rng, HEX, 32)
    if rng.random() < 0.3:
        key, secret = "SK" + draw(rng, HEX, 32), draw(rng, BASE62, 32)
        return Minted((("TWILIO_API_KEY", key), ("TWILIO_API_SECRET", secret)), secret, named=True)
    return Minted((("TWILIO_ACCOUNT_SID", account), ("TWILIO_AUTH_TOKEN", token)), token, True)


def mailgun(rng: random.Random) -> Minted:
    if rng.random() < 0.6:
        return one(rng, "MAILGUN_API_KEY MAIL_KEY", "key-" + draw(rng, HEX, 32))
    value = f"{draw(rng, HEX, 32)}-{draw(rng, HEX, 8)}-{draw(rng, HEX, 8)}"
    return one(rng, "MAILGUN_API_KEY MAILGUN_SENDING_KEY", value, named=True)


def discord(rng: random.Random) -> Minted:
    snowflake = str(rng.randint(10**17, 14 * 10**17))
    if rng.random() < 0.5:
        value = f"https://discord.com/api/webhooks/{snowflake}/{draw(rng, URLSAFE, 68)}"
        return one(rng, "DISCORD_WEBHOOK_URL ALERT_HOOK", value)
    user = base64.urlsafe_b64encode(snowflake.encode()).decode().rstrip("=")
    stamp = base64.urlsafe_b64encode(rng.randint(0x63000000, 0x68FFFFFF).to_bytes(4, "big"))
    value = f"{user}.{stamp.decode().rstrip('=')}.{draw(rng, URLSAFE, 38)}"
    return one(rng, "DISCORD_BOT_TOKEN DISCORD_TOKEN", value)


def jwt(rng: random.Random) -> Minted:
    issued = rng.randint(1_600_000_000, 1_760_000_000)
    claims = {"sub": uuid4(rng), "iss": f"auth.{rng.choice(NOUNS)}.internal", "iat": issued}
    claims |= {"exp": issued + 86_400, "scope": f"{rng.choice(NOUNS)}:write"}
    header = {"alg": "HS256", "typ": "JWT"}
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (header, claims)]
    signed = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    mark = hmac.new(rng.randbytes(32), signed.encode(), hashlib.sha256).digest()
    value = f"{signed}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"
    return one(rng, "SERVICE_TOKEN SESSION_JWT ACCESS_TOKEN ID_TOKEN", value)


def private_key(rng: random.Random) -> Minted:
    form = rng.choice(["rsa", "ec", "ec", "openssh", "openssh"])
    value = {
        "rsa": rsa_pem,
        "ec": ec_pem,
        "openssh": lambda rng: openssh_pem(rng, f"deploy@{rng.choice(NOUNS)}"),
    }[form](rng)
    return one(rng, "DEPLOY_KEY TLS_PRIVATE_KEY SIGNING_KEY SSH_PRIVATE_KEY", value)


def pgp(rng: random.Random) -> Minted:
    value = pgp_block(rng, f"{rng.choice(NOUNS)} release <{rng.choice(NOUNS)}@example.org>")
    return one(rng, "GPG_PRIVATE_KEY MAVEN_GPG_KEY RELEASE_SIGNING_KEY", value)


def database_url(rng: random.Random) -> Minted:
    password = draw(rng, BASE62, rng.randint(14, 28))
    scheme, port = rng.choice(
        [
            ("postgresql", ":5432"),
            ("postgres", ":5432"),
            ("mysql+pymysql", ":3306"),
            ("mongodb+srv", ""),
            ("amqp", ":5672"),
            ("rediss", ":6380"),
        ]
    )
    user, name, host = (rng.choice(NOUNS) for _ in range(3))
    place = f"{host}-db-{rng.randint(1, 9)}.{name}.internal{port}/{name}"
    value = f"{scheme}://{user}_rw:{password}@{place}"
    return Minted(((rng.choice(["DATABASE_URL", "DB_DSN", "BROKER_URL"]), value),), password)


def basic_auth_url(rng: random.Random) -> Minted:
    password = draw(rng, BASE62 + "-_", rng.randint(14, 28))
    user, name, path = (rng.choice(NOUNS) for _ in range(3))
    host = rng.choice([f"{name}.internal", f"git.{name}-works.io", f"pypi.{name}hub.net"])
    value = (
        f"https://{user}-bot:{password}@{host}/{path}/{rng.choice(['simple/', 'api', 'repo.git'])}"
    )
    return Minted(((rng.choice(["PIP_INDEX_URL", "REPO_URL", "FEED_URL"]), value),), password)


def heroku(rng: random.Random) -> Minted:
    if rng.random() < 0.5:
        return one(rng, "HEROKU_API_KEY", uuid4(rng), named=True)
    return one(rng, "HEROKU_API_KEY DEPLOY_TOKEN", "HRKU-AA" + draw(rng, URLSAFE, 58))


def generic(rng: random.Random) -> Minted:
    """A password or key as a manager draws it: 20 to 40 signs, both cases and digits."""
    marks = rng.choice(["", "!%^*-_", "-_", "+/"])
    length = rng.randint(20, 40)
    value = ""
    while sum(c.isdigit() for c in value) < 2 or value.lower() == value or value.upper() == value:
        ends = draw(rng, BASE62, 2)
        value = ends[0] + draw(rng, BASE62 + marks, length - 2) + ends[1]
    names = "API_KEY CLIENT_SECRET DB_PASSWORD AUTH_TOKEN SECRET_KEY ADMIN_PASSWORD ACCESS_TOKEN"
    return one(rng, names, value, named=True)


MAKERS: dict[str, Callable[[random.Random], Minted]] = {
    "aws_key_pair": aws,
    "github_classic": tokens.github_classic,
    "github_fine_grained": tokens.github_fine_grained,
    "gitlab": tokens.gitlab,
    "slack": tokens.slack,
    "stripe_live": tokens.stripe,
    "google_api_key": tokens.google,
    "gcp_service_account": gcp,
    "azure_storage": azure,
    "openai": tokens.openai,
    "anthropic": tokens.anthropic,
    "hugging_face": tokens.hugging_face,
    "npm": tokens.npm,
    "pypi": tokens.pypi,
    "twilio": twilio,
    "sendgrid": tokens.sendgrid,
    "mailgun": mailgun,
    "telegram_bot": tokens.telegram,
    "discord": discord,
    "jwt": jwt,
    "private_key": private_key,
    "pgp_private_key": pgp,
    "database_url": database_url,
    "basic_auth_url": basic_auth_url,
    "digital_ocean": tokens.digital_ocean,
    "databricks": tokens.databricks,
    "shopify": tokens.shopify,
    "square": tokens.square,
    "heroku": heroku,
    "generic_assignment": generic,
}
HELD_OUT = frozenset(
    {
        "github_fine_grained",
        "gitlab",
        "google_api_key",
        "azure_storage",
        "anthropic",
        "npm",
        "pypi",
        "twilio",
        "telegram_bot",
        "discord",
        "pgp_private_key",
        "basic_auth_url",
        "databricks",
        "square",
        "heroku",
    }
)
