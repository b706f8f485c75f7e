"""Token formats of private keys, wallets, headers and files that carry a password, as their documentation describes them."""

# ruff: noqa: E501 - a pattern is easier to check in one piece

import re

from forgemind_assets.warden.secret_rule import H, SecretRule, near, token

KEYS: tuple[SecretRule, ...] = (
    # keys
    SecretRule(
        "private_key",
        ("private key",),
        re.compile(
            r"(-----BEGIN[ A-Z0-9_-]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----END)[\s\S]){24,8192}(?:-----END[ A-Z0-9_-]{0,40}-----)?)"
        ),
        1.0,
    ),
    SecretRule(
        "putty_private_key",
        ("putty-user-key-file",),
        re.compile(r"(PuTTY-User-Key-File-[\s\S]{0,4000}?Private-Lines:[\s\S]{8,4000})"),
        1.0,
    ),
    SecretRule(
        "json_web_key",
        ('"d"',),
        re.compile(r'"kty"[\s\S]{0,600}?"d"\s*:\s*"([A-Za-z0-9_-]{32,700})"'),
        0.95,
    ),
    SecretRule(
        "wireguard_key",
        ("privatekey", "presharedkey"),
        re.compile(r"(?:PrivateKey|PresharedKey)\s*=\s*([A-Za-z0-9+/]{43}=)"),
        0.95,
    ),
    SecretRule(
        "ethereum_private_key",
        ("0x", "eth", "wallet"),
        re.compile(
            rf"(?i:(?<![a-z])(?:private|priv|wallet|eth(?![a-df-z])|signer|deployer))[^\n]{{0,40}}?\b((?:0x)?{H}{{64}})\b"
        ),
        0.9,
        shared=True,
        needs=re.compile(rf"{H}{{64}}"),
    ),
    near(
        "bitcoin_private_key",
        "wif btc bitcoin priv",
        "wif|btc|bitcoin|priv",
        r"5[HJK][1-9A-HJ-NP-Za-km-z]{49}|[KL][1-9A-HJ-NP-Za-km-z]{51}",
    ),
    token("extended_private_key", "xprv yprv zprv tprv", r"[xyzt]prv[1-9A-HJ-NP-Za-km-z]{100,112}"),
    # addresses that carry a password
    SecretRule(
        "netrc_password",
        ("machine ",),
        re.compile(r"machine\s+\S+\s+login\s+\S+\s+password\s+(\S{6,})"),
        0.85,
    ),
    SecretRule(
        "npmrc_auth",
        ("_auth",),
        re.compile(r"(?<![A-Za-z0-9])_auth(?:Token)?\s*=\s*\"?([A-Za-z0-9+/=_.-]{20,})"),
        0.85,
        random=True,
    ),
    SecretRule(
        "basic_auth_header",
        ("basic ",),
        re.compile(r"(?i)\bbasic\s+([A-Za-z0-9+/]{12,200}={0,2})(?![A-Za-z0-9+/])"),
        0.85,
        random=True,
    ),
    SecretRule(
        "bearer_token",
        ("bearer",),
        re.compile(r"(?i)\bbearer[\s\"':=]+([A-Za-z0-9._~+/-]{20,2000}=*)"),
        0.85,
        random=True,
    ),
    SecretRule(
        "ansible_vault", ("$ansible_vault",), re.compile(r"(\$ANSIBLE_VAULT;[\s\S]{40,})"), 0.7
    ),
    SecretRule(
        "htpasswd_hash",
        ("$2", "$apr1$", "$6$", "$5$", "$argon2"),
        re.compile(
            r"(\$(?:2[aby]\$\d\d\$[./A-Za-z0-9]{53}|apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}|[56]\$(?:rounds=\d+\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43,86}|argon2id?\$v=\d+\$[^\s\"']{40,}))"
        ),
        0.6,
    ),
)
