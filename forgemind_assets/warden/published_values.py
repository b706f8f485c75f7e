"""Keys and tokens that manuals, standards and emulators publish: they open nothing.

Kept as the first half of their SHA-256, so that no scanner takes this file for a leak.
"""

from hashlib import sha256

_PUBLISHED = frozenset(
    (
        "7f75367e7881255134e1375e723d1dea",  # RFC 7519 as jwt.io shows it
        "051d093c4bdedbf23f905ad01d9c6111",  # its signature alone
        "2cafc0970149a84f3b9e62eaf169f36f",  # Stripe's documentation, test mode
        "ed967197261c16a9ed0205f8a5099d81",  # Azurite and the Azure storage emulator
        "eaa6a9190faf5587f487fe5170e377fa",  # Azure Cosmos DB emulator
        "d05f6bb1aa2e4ccd9e4a1d22f1edbe11",  # RFC 7617, Aladdin
        "ca7459e2b26776de081b9a07e40227fd",  # RFC 6749, client credentials
        "6c96130f130ab0d6d158397e24d2bcc1",  # RFC 6749, access token
        "00cf4c781dc37003f7c7dd7d4c9a6ef1",  # RFC 6749, refresh token
        "a35b81a7d7927b70ec99270dd2362b88",  # RFC 6749, authorization code
        "13d31e961a1ad8ec2f16b10c4c982e08",  # RFC 7636, code verifier
        "0d299b1eb548708d04534e7e050c427b",  # RFC 7636, code challenge
        "eb543dc490df6d053d360d3b66b575d1",  # RFC 6455, key of the handshake
        "1f5cb9b0015ad374b2b1138188e86b58",  # RFC 6455, answer to the handshake
        "549c9390539efcfa01d2744e82e7da34",  # RFC 6238, the seed in base32
        "8be5d113c0871ce1a122d68a7dff940a",  # Google Authenticator's key URI format
        "bc1a50966c9e6486bc4ebf880b51611a",  # Hardhat's and Anvil's first account
        "c5bb3899d9a3f82fb14b3dfbcdf47435",  # SHA-256 of nothing in base64
    )
)


def is_published_value(token: str) -> bool:
    """Whether a token, without its padding and `0x`, is one that everybody may read."""
    bare = token.removeprefix("0x").rstrip("=")
    return sha256(bare.encode("utf-8", "replace")).hexdigest()[:32] in _PUBLISHED
