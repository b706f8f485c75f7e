"""Values that look drawn at random and are public by what they are, whatever their name."""

# ruff: noqa: E501, SIM905 - lists of words read best as one text

import re
from base64 import b64decode
from binascii import Error

from forgemind_assets.warden.encodings import decode_token

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]{3,40})-----[\s\S]{0,16384}?(?:-----END|\Z)")
_FILES = (
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"%PDF",
    b"PK\x03\x04",
    b"\x1f\x8b\x08",
    b"\x78\x9c",
    b"\x78\xda",
    b"wOFF",
    b"wOF2",
    b"OTTO",
    b"\x00\x01\x00\x00\x00",
    b"RIFF",
    b"OggS",
    b"ID3",
    b"fLaC",
    b"BZh",
    b"7z\xbc\xaf",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
    b"\x00\x00\x01\x00",
    b"II*\x00",
    b"MM\x00*",
    b"\x7fELF",
    b"\x00asm",
    b"SQLite",
    b"\x1aE\xdf\xa3",
    b"\x93NUMPY",
    b"PAR1",
    b"\x80\x02",
    b"\x80\x03",
    b"\x80\x04",
    b"<svg",
    b"<?xml",
)
"""First bytes of common files (their formats' documentation; Wikipedia, List of file signatures)."""
_SSH_PUBLIC = (b"\x00\x00\x00\x07ssh-", b"\x00\x00\x00\x0bssh-", b"\x00\x00\x00\x13ecdsa-")
_ENCRYPTED_KEY = bytes.fromhex("06092a864886f70d01050d")
"""PBES2 (RFC 8018): a private key in a shape that begins like a public one."""
_CID = re.compile(r"Qm[1-9A-HJ-NP-Za-km-z]{44}|(?:bafy|bafk)[a-z2-7]{50,}")
_BOUNDARY = re.compile(r"-{0,6}WebKitFormBoundary")
_CONTRACT = re.compile(r"0x[0-9a-fA-F]{40}|bc1[a-z0-9]{25,60}|age1[a-z0-9]{58}|_Z[A-Z]\w+")
_ID_PREFIX = frozenset(
    "sha md commit rev ref id uuid hash etag image img chunk main index file build v ver version layer digest obj "
    "tag run job task test tests row user item node page part step key utf iso cwe cve seed request req http https "
    "www arn urn doi isbn model data cus pi pm seti sub prod price evt ch ii acct we card txn po promo coupon in "
    "msg thread asst batch chatcmpl resp org proj vs call ft ftjob cmpl toolu pk ocid vol vpc subnet ami snap eni "
    "trace span session sess order inv cust pod svc blob tree asset vendor bundle script style font lock migration "
    "event evnt phc nonce src dst bucket queue topic channel team group email acc account wf exec".split()
)
"""Prefixes of identifiers and publishable keys: Stripe's, OpenAI's, AWS's and PostHog's ones, and
those that build tools and databases give."""
_PREFIX = re.compile(r"([A-Za-z]{1,12})[0-9]{0,2}[_.\-]")
_MARKUP = re.compile(r"\s*[{\[<]")
_SENTENCE = re.compile(r"(?:[A-Za-z,'\":]{2,}[ \n]+){2,}")


def is_public(token: str) -> bool:
    """Whether a token is an identifier, a picture, a public key or a sentence in base64."""
    prefix = _PREFIX.match(token)
    if prefix and prefix[1].lower() in _ID_PREFIX:
        return True
    if _CID.fullmatch(token) or _CONTRACT.match(token) or _BOUNDARY.match(token):
        return True
    head = _head(token)
    if head.startswith(_FILES) or head.startswith(_SSH_PUBLIC) or _is_public_der(head):
        return True
    decoded = decode_token(token)
    return decoded is not None and bool(_MARKUP.match(decoded[0]) or _SENTENCE.search(decoded[0]))


def public_blocks(text: str) -> list[tuple[int, int]]:
    """Spans of PEM blocks that hold no private key: certificates, public keys, signatures."""
    if "-----BEGIN" not in text:
        return []
    return [m.span() for m in _PEM.finditer(text) if "PRIVATE" not in m[1]]


def _head(token: str) -> bytes:
    """The first bytes of a token read as base64; empty where it is none."""
    part = token[:64].translate({0x2D: "+", 0x5F: "/"}).rstrip("=")
    try:
        return b64decode(part[: len(part) // 4 * 4])
    except Error:
        return b""


def _is_public_der(head: bytes) -> bool:
    """Whether DER begins with two sequences: a certificate or a public key (RFC 5280).

    A private key (RFC 5958, RFC 8017) begins with its version, a number.
    """
    inner = head[2 + max(0, head[1] - 0x80) :] if len(head) > 8 and head[0] == 0x30 else b""
    return inner[:1] == b"\x30" and _ENCRYPTED_KEY not in head
