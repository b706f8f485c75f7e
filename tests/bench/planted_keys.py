"""Secrets with an inner structure: PEM and OpenSSH keys, PGP blocks, macaroons, checksums.

The structures are those of the named standards, filled with random numbers: no key here opens
anything, and an RSA modulus is the product of two odd numbers, not of two primes.
"""

import base64
import random
import struct
import zlib

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE36 = BASE62[:10] + BASE62[36:]
RSA_OID = bytes.fromhex("06092a864886f70d0101010500")  # rsaEncryption, NULL
P256_OID = bytes.fromhex("06082a8648ce3d030107")
ED25519_OID = bytes.fromhex("092b06010401da470f01")  # with its length, RFC 9580 section 9.2


def in_base(number: int, alphabet: str, width: int) -> str:
    """The number in the alphabet's base, padded on the left."""
    digits = ""
    while number:
        number, rest = divmod(number, len(alphabet))
        digits = alphabet[rest] + digits
    return digits.rjust(width, alphabet[0])


def crc32_base62(body: str) -> str:
    """Six characters that end GitHub's and npm's tokens (github.blog, 2021-04-05)."""
    return in_base(zlib.crc32(body.encode()), BASE62, 6)


def crc32_base36(body: str) -> str:
    """Seven characters that end GitLab's routable tokens (handbook, routable tokens)."""
    return in_base(zlib.crc32(body.encode()), BASE36, 7)


def crc24(data: bytes) -> int:
    """Checksum of an ASCII armour (RFC 4880 section 6.1)."""
    crc = 0xB704CE
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1864CFB
    return crc & 0xFFFFFF


def wrapped(data: bytes, width: int = 64) -> str:
    """Base64 in lines."""
    text = base64.b64encode(data).decode()
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


def pem(label: str, data: bytes, width: int = 64) -> str:
    """One PEM block without a final newline (RFC 7468)."""
    return f"-----BEGIN {label}-----\n{wrapped(data, width)}\n-----END {label}-----"


def der(tag: int, *parts: bytes) -> bytes:
    """Tag, length, value."""
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(body).to_bytes(size, "big") + body


def der_int(number: int) -> bytes:
    """A non-negative INTEGER."""
    return der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def odd(rng: random.Random, bits: int) -> int:
    """An odd number of exactly that many bits, its two highest bits set."""
    return rng.getrandbits(bits) | 1 | 3 << (bits - 2)


def rsa_der(rng: random.Random, bits: int = 2048) -> bytes:
    """PKCS#1 RSAPrivateKey (RFC 8017 appendix A.1.2)."""
    p, q = odd(rng, bits // 2), odd(rng, bits // 2)
    rest = [odd(rng, size) for size in (bits, bits // 2, bits // 2, bits // 2)]
    numbers = [0, p * q, 65537, rest[0], p, q, *rest[1:]]
    return der(0x30, *map(der_int, numbers))


def rsa_pem(rng: random.Random) -> str:
    """Traditional form, 2048 bits, about 1,700 characters."""
    return pem("RSA PRIVATE KEY", rsa_der(rng))


def pkcs8_pem(rng: random.Random) -> str:
    """PrivateKeyInfo with an RSA key (RFC 5208)."""
    body = der(0x30, der_int(0), der(0x30, RSA_OID), der(0x04, rsa_der(rng)))
    return pem("PRIVATE KEY", body)


def ec_pem(rng: random.Random) -> str:
    """SEC 1 key on P-256 (RFC 5915), about 230 characters."""
    body = der(
        0x30,
        der_int(1),
        der(0x04, rng.randbytes(32)),
        der(0xA0, P256_OID),
        der(0xA1, der(0x03, b"\x00\x04", rng.randbytes(64))),
    )
    return pem("EC PRIVATE KEY", body)


def ssh_string(data: bytes) -> bytes:
    """Length and bytes (RFC 4251 section 5)."""
    return struct.pack(">I", len(data)) + data


def openssh_pem(rng: random.Random, comment: str) -> str:
    """Unencrypted ed25519 key, OpenSSH's PROTOCOL.key, about 400 characters."""
    public, seed, check = rng.randbytes(32), rng.randbytes(32), rng.randbytes(4)
    key = ssh_string(b"ssh-ed25519") + ssh_string(public)
    inner = check * 2 + key + ssh_string(seed + public) + ssh_string(comment.encode())
    inner += bytes(range(1, 1 + -len(inner) % 8))
    body = b"openssh-key-v1\0" + ssh_string(b"none") * 2 + ssh_string(b"") + struct.pack(">I", 1)
    return pem("OPENSSH PRIVATE KEY", body + ssh_string(key) + ssh_string(inner), 70)


def pgp_block(rng: random.Random, user: str) -> str:
    """A version 4 EdDSA secret key, its user id and a signature, in ASCII armour (RFC 4880)."""
    public = b"\x01\x07\x40" + rng.randbytes(32)
    secret = b"\x01\x00" + bytes([0x80 | rng.getrandbits(7)]) + rng.randbytes(31)
    made = struct.pack(">I", rng.randint(1_500_000_000, 1_760_000_000))
    key = b"\x04" + made + b"\x16" + ED25519_OID + public + b"\x00" + secret
    key += struct.pack(">H", sum(secret) & 0xFFFF)
    name = user.encode()
    signature = b"\x04\x13\x16\x08" + rng.randbytes(140)
    data = b"\x94" + bytes([len(key)]) + key + b"\xb4" + bytes([len(name)]) + name
    data += b"\x88" + bytes([len(signature)]) + signature
    check = base64.b64encode(crc24(data).to_bytes(3, "big")).decode()
    label = "PGP PRIVATE KEY BLOCK"
    return f"-----BEGIN {label}-----\n\n{wrapped(data)}\n={check}\n-----END {label}-----"


def pypi_macaroon(rng: random.Random, project: str) -> str:
    """Version 2 macaroon for pypi.org as base64url without padding (libmacaroons, doc/format)."""
    identifier = uuid4(rng).encode()
    caveat = f'{{"version": 1, "permissions": {{"projects": ["{project}"]}}}}'.encode()
    if rng.random() < 0.5:
        caveat = b'[3,"' + uuid4(rng).encode() + b'"]'
    data = b"\x02\x01\x08pypi.org" + b"\x02" + bytes([len(identifier)]) + identifier + b"\0"
    data += b"\x02" + bytes([len(caveat)]) + caveat + b"\0\0" + b"\x06\x20" + rng.randbytes(32)
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def uuid4(rng: random.Random) -> str:
    """A version 4 UUID drawn from `rng`."""
    text = rng.randbytes(16).hex()
    variant = rng.choice("89ab")
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"
