"""Secrets in the formats of providers' documentation, drawn at random, for our own development.

The measurement's corpus (`tests/bench/planted_corpus.py`) is another one and not used here.
"""

# ruff: noqa: E501 - one format, one line

import base64
import json
import random
import string
from collections.abc import Callable

LETTERS = string.ascii_letters + string.digits
LOWER = string.ascii_lowercase + string.digits
HEX = "0123456789abcdef"
B64 = LETTERS + "+/"
SAFE = LETTERS + "_-"


def draw(rng: random.Random, alphabet: str, count: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(count))


KINDS: dict[str, Callable[[random.Random], str]] = {
    "aws_access_key_id": lambda r: "AKIA" + draw(r, string.ascii_uppercase + "234567", 16),
    "aws_secret_access_key": lambda r: draw(r, B64, 40),
    "github_token": lambda r: r.choice(["ghp_", "gho_", "ghs_"]) + draw(r, LETTERS, 36),
    "github_fine_grained": lambda r: f"github_pat_{draw(r, LETTERS, 22)}_{draw(r, LETTERS, 59)}",
    "gitlab_token": lambda r: "glpat-" + draw(r, SAFE, 20),
    "slack_bot": lambda r: (
        f"xoxb-{draw(r, string.digits, 12)}-{draw(r, string.digits, 13)}-{draw(r, LETTERS, 24)}"
    ),
    "slack_webhook": lambda r: (
        f"https://hooks.slack.com/services/T{draw(r, LETTERS.upper(), 8)}/B{draw(r, LETTERS.upper(), 10)}/{draw(r, LETTERS, 24)}"
    ),
    "stripe_live": lambda r: "sk_live_" + draw(r, LETTERS, 24),
    "google_api_key": lambda r: "AIza" + draw(r, SAFE, 35),
    "openai_key": lambda r: "sk-" + draw(r, LETTERS, 20) + "T3BlbkFJ" + draw(r, LETTERS, 20),
    "openai_project": lambda r: "sk-proj-" + draw(r, SAFE, 74) + "T3BlbkFJ" + draw(r, SAFE, 74),
    "anthropic_key": lambda r: "sk-ant-api03-" + draw(r, SAFE, 93) + "AA",
    "huggingface": lambda r: "hf_" + draw(r, string.ascii_letters, 34),
    "npm": lambda r: "npm_" + draw(r, LETTERS, 36),
    "pypi": lambda r: "pypi-AgEIcHlwaS5vcmc" + draw(r, SAFE, 150),
    "sendgrid": lambda r: f"SG.{draw(r, SAFE, 22)}.{draw(r, SAFE, 43)}",
    "twilio": lambda r: "SK" + draw(r, HEX, 32),
    "mailgun": lambda r: "key-" + draw(r, HEX, 32),
    "telegram": lambda r: draw(r, "123456789", 10) + ":AA" + draw(r, SAFE, 33),
    "discord": lambda r: f"M{draw(r, LETTERS, 25)}.{draw(r, SAFE, 6)}.{draw(r, SAFE, 38)}",
    "digitalocean": lambda r: "dop_v1_" + draw(r, HEX, 64),
    "shopify": lambda r: "shpat_" + draw(r, HEX, 32),
    "databricks": lambda r: "dapi" + draw(r, HEX, 32),
    "vault": lambda r: "hvs." + draw(r, SAFE, 90),
    "jwt": lambda r: ".".join(
        [
            base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("="),
            base64.urlsafe_b64encode(
                json.dumps({"sub": draw(r, string.digits, 8), "name": "A"}).encode()
            )
            .decode()
            .rstrip("="),
            draw(r, SAFE, 43),
        ]
    ),
    "azure_storage": lambda r: draw(r, B64, 86) + "==",
    "azure_client_secret": lambda r: draw(r, LETTERS, 3) + "8Q~" + draw(r, SAFE + "~.", 33),
    "private_key": lambda r: (
        "-----BEGIN RSA PRIVATE KEY-----\n"
        + "\n".join(draw(r, B64, 64) for _ in range(8))
        + "\n-----END RSA PRIVATE KEY-----"
    ),
    "postgres_url": lambda r: (
        f"postgres://svc_{draw(r, LOWER, 4)}:{draw(r, LETTERS, 14)}@db.internal:5432/app"
    ),
    "hex_api_key": lambda r: draw(r, HEX, 32),
    "uuid_key": lambda r: "-".join(draw(r, HEX, n) for n in (8, 4, 4, 4, 12)),
    "random_secret": lambda r: draw(r, LETTERS, r.choice([20, 32, 48])),
    "unknown_vendor": lambda r: (
        draw(r, string.ascii_lowercase, 4) + "_live_" + draw(r, LETTERS, 32)
    ),
    "unknown_vendor_lower": lambda r: draw(r, string.ascii_lowercase, 5) + "-" + draw(r, LOWER, 36),
    "password": lambda r: (
        r.choice(["Winter", "Castle", "Dragon", "Orbit"])
        + r.choice("!#$%&*?")
        + draw(r, string.digits, 4)
        + r.choice("!?+")
        + draw(r, string.ascii_letters, 3)
    ),
}
NEEDS_NAME = {
    "hex_api_key",
    "uuid_key",
    "password",
    "aws_secret_access_key",
    "random_secret",
    "unknown_vendor_lower",
}
"""Kinds that nothing but a name before them tells from harmless text."""

NAMES = (
    "api_key",
    "API_TOKEN",
    "clientSecret",
    "db_password",
    "SECRET_KEY",
    "auth_token",
    "access-key",
)


def _python(n: str, s: str) -> str:
    return f'import os\n\n{n.replace("-", "_")} = "{s}"\n\n\ndef load():\n    return client(os.environ["HOME"])\n'


CARRIERS: dict[str, Callable[[str, str], str]] = {
    "python": _python,
    "call": lambda n, s: f'client = Client(host="db", {n.replace("-", "_")}="{s}", retries=3)\n',
    "typed": lambda n, s: f'{n.replace("-", "_")}: str = "{s}"\n',
    "dict": lambda n, s: f'CONFIG = {{"host": "db", "{n}": "{s}", "port": 5}}\n',
    "env": lambda n, s: f"DEBUG=1\n{n.upper()}={s}\nPORT=80\n",
    "export": lambda n, s: f"export {n.upper()}='{s}'\n",
    "yaml": lambda n, s: f"service:\n  name: web\n  {n}: {s}\n  replicas: 3\n",
    "json_string": lambda n, s: json.dumps(json.dumps({"host": "x", n: s})),
    "getenv_default": lambda n, s: f'k = os.environ.get("{n.upper()}", "{s}")\n',
    "header": lambda n, s: f"curl -H 'X-{n}: {s}' https://api.internal/v1\n",
    "xml": lambda n, s: f"<config><{n}>{s}</{n}><debug>0</debug></config>\n",
    "log": lambda n, s: f"2024-05-01 12:00:00 INFO connecting with {n}={s} to db\n",
    "docker": lambda n, s: f"FROM python:3.11\nENV {n.upper()} {s}\nRUN make\n",
    "kubernetes": lambda n, s: f'env:\n  - name: {n.upper()}\n    value: "{s}"\n',
    "comment": lambda n, s: f"def f(x):\n    # the {n} is {s}\n    return x\n",
    "markdown": lambda n, s: f"Set `{n}` to `{s}` and start it.\n",
    "terraform": lambda n, s: f'variable "{n}" {{\n  default = "{s}"\n}}\n',
    "js": lambda n, s: f"const config = {{ {n.replace('-', '_')}: '{s}', retries: 3 }};\n",
    "bytes": lambda n, s: f"{n.replace('-', '_')} = b'{s}'\n",
    "flag": lambda n, s: f"deploy --{n} {s} --region eu\n",
}


def _pieces(s: str) -> tuple[str, str, str]:
    a, b = len(s) // 3, 2 * len(s) // 3
    return s[:a], s[a:b], s[b:]


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda s: s,
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64url": lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
    "hex": lambda s: s.encode().hex(),
    "percent": lambda s: "".join(f"%{b:02X}" for b in s.encode()),
    "zero_width": lambda s: "\u200b".join(_pieces(s)),
    "zero_width_all": lambda s: "\u2060".join(s),
    "twice": lambda s: base64.b64encode(base64.b64encode(s.encode())).decode(),
    "full_width": lambda s: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in s),
    "escapes": lambda s: "".join(f"\\x{b:02x}" for b in s.encode()),
}
SPLITS: dict[str, Callable[[str, str], str]] = {
    "plus": lambda n, s: f"{n} = " + " + ".join(f'"{p}"' for p in _pieces(s)) + "\n",
    "implicit": lambda n, s: (
        f"{n} = (\n    " + "\n    ".join(f'"{p}"' for p in _pieces(s)) + "\n)\n"
    ),
    "join": lambda n, s: f'{n} = "".join([' + ", ".join(f'"{p}"' for p in _pieces(s)) + "])\n",
    "codes": lambda n, s: f"{n} = bytes({list(s.encode())})\n",
}


def examples(seed: int) -> list[tuple[str, str, str, str, str]]:
    """Kind, carrier, encoding, text and secret, in every combination that makes sense."""
    rng = random.Random(seed)
    found = []
    for kind, make in KINDS.items():
        for carrier, put in CARRIERS.items():
            for encoding, encode in ENCODINGS.items():
                secret, name = make(rng), rng.choice(NAMES)
                if "\n" in secret and (
                    encoding in ("plain", "zero_width", "full_width", "zero_width_all")
                    and carrier not in ("json_string",)
                ):
                    secret = secret.replace("\n", "\\n")
                found.append((kind, carrier, encoding, put(name, encode(secret)), secret))
        for split, put in SPLITS.items():
            secret = make(rng).replace("\n", "\\n")
            found.append((kind, "python", split, put("api_key", secret), secret))
    return found
