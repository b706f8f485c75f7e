"""More places in which secrets leak, and more kinds of them, for our own development.

A carrier takes a name and a secret. Kinds without a mark of their own stand under their name only.
"""

# ruff: noqa: E501 - one format, one line

import base64
import random
import string
from collections.abc import Callable

from warden.secret_examples import B64, ENCODINGS, HEX, KINDS, LETTERS, LOWER, SAFE, draw

MORE_KINDS: dict[str, Callable[[random.Random], str]] = {
    "confluent": lambda r: draw(r, B64, 64),
    "datadog_api": lambda r: draw(r, HEX, 32),
    "datadog_app": lambda r: draw(r, HEX, 40),
    "cloudflare": lambda r: draw(r, SAFE, 40),
    "algolia": lambda r: draw(r, HEX, 32),
    "mongodb_url": lambda r: (
        f"mongodb+srv://svc:{draw(r, LETTERS, 16)}@cluster0.{draw(r, LOWER, 5)}.mongodb.net"
    ),
    "redis_url": lambda r: f"redis://:{draw(r, LETTERS, 20)}@10.2.3.4:6379/0",
    "amqp_url": lambda r: f"amqp://app:{draw(r, LETTERS, 12)}@mq.internal/prod",
    "smtp_password": lambda r: draw(r, LETTERS + "!#%", 16),
    "pgp_block": lambda r: (
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n"
        + "\n".join(draw(r, B64, 64) for _ in range(6))
        + "\n-----END PGP PRIVATE KEY BLOCK-----"
    ),
    "openssh_key": lambda r: (
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU"
        + "\n".join(draw(r, B64, 70) for _ in range(4))
        + "\n-----END OPENSSH PRIVATE KEY-----"
    ),
    "new_relic": lambda r: "NRAK-" + draw(r, string.ascii_uppercase + string.digits, 27),
    "grafana": lambda r: f"glsa_{draw(r, LETTERS, 32)}_{draw(r, HEX, 8)}",
    "linear": lambda r: "lin_api_" + draw(r, LETTERS, 40),
    "notion": lambda r: "ntn_" + draw(r, string.digits, 11) + draw(r, LETTERS, 35),
    "doppler": lambda r: "dp.pt." + draw(r, LETTERS, 43),
    "planetscale": lambda r: "pscale_tkn_" + draw(r, SAFE, 43),
    "docker": lambda r: "dckr_pat_" + draw(r, SAFE, 27),
    "okta": lambda r: "00" + draw(r, SAFE, 40),
    "twilio_token": lambda r: draw(r, HEX, 32),
    "base32_seed": lambda r: draw(r, string.ascii_uppercase + "234567", 32),
    "flask_secret": lambda r: draw(r, HEX, 64),
    "ethereum": lambda r: "0x" + draw(r, HEX, 64),
    "aws_session": lambda r: "IQoJb3JpZ2luX2Vj" + draw(r, B64, 180) + "==",
}
NAMED_ONLY = frozenset(
    [
        "confluent",
        "datadog_api",
        "datadog_app",
        "cloudflare",
        "algolia",
        "smtp_password",
        "twilio_token",
        "base32_seed",
        "flask_secret",
        "ethereum",
        "hex_api_key",
        "uuid_key",
        "password",
        "aws_secret_access_key",
        "random_secret",
        "unknown_vendor_lower",
    ]
)
FITTING = {"ethereum": "wallet_private_key", "base32_seed": "totp_secret"}
MORE_NAMES = (
    "password", "api_key", "apiKey", "AUTH_TOKEN", "client_secret", "SECRET", "access_token", "DB_PASS", "encryption_key", "private_token",
)  # fmt: skip

NAMED: dict[str, Callable[[str, str], str]] = {
    "ini": lambda n, s: f"[service]\nhost = db01\n{n} = {s}\nport = 5432\n",
    "toml": lambda n, s: f'[auth]\nuser = "svc"\n{n} = "{s}"\n',
    "properties": lambda n, s: (
        f"app.name=web\napp.{n.lower().replace('_', '.')}={s}\napp.port=80\n"
    ),
    "compose": lambda n, s: (
        f"services:\n  db:\n    image: postgres:16\n    environment:\n      - {n.upper()}={s}\n"
    ),
    "systemd": lambda n, s: f'[Service]\nEnvironment="{n.upper()}={s}"\nExecStart=/usr/bin/app\n',
    "go": lambda n, s: f'const {n} = "{s}"\n\nfunc main() {{ run({n}) }}\n',
    "java": lambda n, s: f'private static final String {n.upper()} = "{s}";\n',
    "csharp": lambda n, s: f'public string {n} {{ get; set; }} = "{s}";\n',
    "ruby": lambda n, s: f"config.{n} = '{s}'\nconfig.timeout = 5\n",
    "php": lambda n, s: f"define('{n.upper()}', '{s}');\n",
    "php_array": lambda n, s: f"return ['host' => 'db', '{n}' => '{s}'];\n",
    "rust": lambda n, s: f'let {n}: &str = "{s}";\n',
    "kotlin": lambda n, s: f'val {n} = "{s}"\n',
    "swift": lambda n, s: f'let {n}: String = "{s}"\n',
    "powershell": lambda n, s: f'$env:{n} = "{s}"\nInvoke-Deploy\n',
    "batch": lambda n, s: f"@echo off\nset {n}={s}\ncall deploy.bat\n",
    "hcl": lambda n, s: f'provider "x" {{\n  {n} = "{s}"\n  region = "eu"\n}}\n',
    "actions": lambda n, s: f"    env:\n      {n}: {s}\n    steps:\n      - run: make\n",
    "query": lambda n, s: f"GET /v1/items?page=2&{n}={s} HTTP/1.1\nHost: api.internal\n",
    "form": lambda n, s: f'<input type="hidden" name="{n}" value="{s}">\n',
    "json_log": lambda n, s: f'{{"level":"debug","msg":"connect","{n}":"{s}","port":5432}}\n',
    "kwargs_dict": lambda n, s: f"connect(**dict(user='svc', {n}='{s}'))\n",
    "assert": lambda n, s: f'def test_login():\n    assert settings.{n} == "{s}"\n',
    "header_py": lambda n, s: f'headers = {{"X-{n.replace("_", "-")}": "{s}"}}\n',
    "chat": lambda n, s: f"anna: the {n.replace('_', ' ')} is {s} please rotate it\n",
    "ticket": lambda n, s: (
        f"Steps to reproduce\n1. log in with user svc\n2. use {n} `{s}`\n3. see error\n"
    ),
    "sqlalter": lambda n, s: f"ALTER USER app WITH PASSWORD '{s}';\n",
    "connection": lambda n, s: f"Server=db01;Database=app;User Id=svc;Password={s};Encrypt=True\n",
    "cli": lambda n, s: f"mycli login --user svc --{n.replace('_', '-')}={s}\n",
    "set_env": lambda n, s: f'os.environ["{n}"] = "{s}"\n',
    "setattr": lambda n, s: f'client.{n} = "{s}"\nclient.connect()\n',
    "default_arg": lambda n, s: f'def connect(host="db", {n}="{s}"):\n    ...\n',
    "diff": lambda n, s: f'@@ -1,3 +1,3 @@\n-{n} = ""\n+{n} = "{s}"\n',
    "json": lambda n, s: f'{{\n  "user": "svc",\n  "{n}": "{s}"\n}}\n',
    "traceback": lambda n, s: (
        f"Traceback (most recent call last):\n  File \"a.py\", line 3\nAuthError: bad {n}: '{s}'\n"
    ),
}
BARE: dict[str, Callable[[str, str], str]] = {
    "positional": lambda n, s: f'client = Client("{s}")\nclient.ping()\n',
    "list": lambda n, s: f'for value in ["{s}"]:\n    send(value)\n',
    "prose": lambda n, s: f"Hi, please use {s} from now on, the old one is gone.\n",
    "csv": lambda n, s: f"id,owner,value\n17,anna,{s}\n",
    "shell_arg": lambda n, s: f"./deploy.sh prod {s} --force\n",
    "print": lambda n, s: f'print("using {s}")\n',
    "docstring": lambda n, s: f'def run():\n    """Runs with {s} against staging."""\n',
}


def more_examples(seed: int, each: int = 1) -> list[tuple[str, str, str, str, str]]:
    """Kind, carrier, encoding, text and secret: plain in every carrier, else one encoding drawn."""
    rng = random.Random(seed)
    found = []
    for kind, make in (KINDS | MORE_KINDS).items():
        carriers = NAMED if kind in NAMED_ONLY else NAMED | BARE
        for carrier, put in carriers.items():
            for _ in range(each):
                secret = make(rng).replace("\n", "\\n")
                name = FITTING.get(kind) or rng.choice(MORE_NAMES)
                coding = rng.choice([*["plain"] * 6, *ENCODINGS])
                text = put(name, ENCODINGS[coding](secret))
                found.append((kind, carrier, coding, text, secret))
    return found


def kubernetes_secret(name: str, secret: str) -> str:
    """A manifest whose data is base64, as `kubectl` writes it."""
    return f"kind: Secret\ndata:\n  {name}: {base64.b64encode(secret.encode()).decode()}\n"
