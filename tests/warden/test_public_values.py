"""Values that look drawn at random and are public, and the same values where they are not."""

import pytest

from forgemind_assets.warden.layers.secrets import Secrets
from forgemind_assets.warden.published_values import is_published_value
from forgemind_assets.warden.verdict import Passage

DRAWN = "q7Zx2LmV9tRk4WpB8nYd3HsJ6cGf5TaE0uKiQoXvN1M"
HEX = "9f3b1c7e5a2d8460f1e9c3b7a5d2846e"


def alarms(text: str) -> list[str]:
    outcome = Secrets().judge([Passage(text)])[0]
    assert isinstance(outcome, tuple)
    return [v.reason for v in outcome if v.score >= 0.5]


@pytest.mark.parametrize(
    "text",
    [
        f"golang.org/x/net v0.17.0 h1:{DRAWN}=",
        f"|1|{DRAWN[:27]}=|{DRAWN[10:37]}= ssh-ed25519 AAAA",
        f'{{"kty": "EC", "crv": "P-256", "x": "{DRAWN}", "y": "{DRAWN[::-1]}"}}',
        f'boundary = "----WebKitFormBoundary{DRAWN[:16]}"',
        f'TWILIO_ACCOUNT_SID = "AC{HEX}"',
        f'posthog.init("phc_{DRAWN}")',
        f"script-src 'nonce-{DRAWN[:22]}=='",
        f'ksuid = "{DRAWN[:27]}"',
        f'gc.open_by_key("{DRAWN}")',
        f"Subject: =?utf-8?b?{DRAWN[:28]}?=",
        f'FILES = {{"readme.txt": "{DRAWN}", "src/app.js": "{DRAWN[::-1]}"}}',
        f's3_key = "uploads/{HEX}.bin"',
        f'restore(Bucket="backups", Key="nightly/{HEX}.tar")',
        f'headers["If-None-Match"] = "{DRAWN}"',
        f'ciphertext = "{DRAWN}"',
        f'event_key = "{HEX}"',
        "isinstance(x, MobileNetV2Block3x3ConvBNReLU6)",
        "class Wav2Vec2BertBaseModelOutput(nn.Module):",
        "-isysroot /Developer/SDKs/MacOSX10.4u.sdk",
        "api_token = entry_point.getNonUcApiToken()",
        "f\"Invalid identifier token '{tokens[0]}' specified\"",
        'INCHIKEY = "BSYNRYMUTXBXSQ-UHFFFAOYSA-N"',
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        'secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"',
    ],
)
def test_what_is_public_raises_no_alarm(text: str):
    assert alarms(text) == []


@pytest.mark.parametrize(
    "text",
    [
        f'api_token = "{DRAWN}"',
        f'{{"kty": "EC", "crv": "P-256", "d": "{DRAWN}"}}',
        f'{{"x": "{DRAWN}"}}',
        f'TWILIO_API_KEY = "SK{HEX}"',
        f'posthog_key = "phx_{DRAWN}"',
        f'    assert encode(b"abc") == "{DRAWN}"',
        f'user = {{"name": "{DRAWN}"}}; aws_s3_secret_key = "{DRAWN[:40]}"',
        f'encrypted_password = "{DRAWN}"',
        f'value = encode("{DRAWN}")',
    ],
)
def test_the_same_value_in_a_place_of_a_secret_does(text: str):
    assert alarms(text)


def test_a_published_value_is_known_with_its_padding_and_with_nothing_changed():
    nonce = "dGhlIHNhbXBsZSBub25jZQ"
    assert is_published_value(nonce)
    assert is_published_value(nonce + "==")
    assert not is_published_value(nonce[:-1] + "R")
