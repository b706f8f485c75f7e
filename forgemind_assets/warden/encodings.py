"""One encoded run of characters as the text that it stands for."""

import binascii
import re
import zlib
from base64 import b32decode
from urllib.parse import unquote_to_bytes

MAX_INFLATED = 65_536
_TEXT_BYTES = bytes(range(0x20, 0x7F)) + b"\t\n\r"
_SPACE = re.compile(r"[\s\\:\-]+")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_HEX_START = re.compile(r"[0-9a-f]{12}|[0-9A-F]{12}")
_ZIPPED = (b"\x1f\x8b", b"\x78\x01", b"\x78\x9c", b"\x78\xda")
_BASE32 = re.compile(r"[A-Z2-7]{16,}={0,6}")
_PIECE = re.compile(r"[A-Za-z0-9+]{12,}")
_STANDARD = {0x2D: "+", 0x5F: "/"}
"""The alphabet of URLs (RFC 4648, section 5) as the standard one."""
_BINARY_WITH_TEXT = 24


def decode_token(run: str, *, percent: bool = False) -> tuple[str, str] | None:
    """The decoded text and the encoding's name, or None where the run is not encoded text.

    Args:
        run: the run as it stands in the text, line breaks included.
        percent: the run consists of `%xx` only.
    """
    if percent:
        return _named(unquote_to_bytes(run), "percent")
    joined = _SPACE.sub("", run) if not run.isalnum() and _is_spread(run) else run
    if len(joined) >= 12 and _HEX.fullmatch(joined):
        return _named(bytes.fromhex(joined), "hex")
    if _BASE32.fullmatch(joined):
        found = _named(_base32(joined), "base32")
        if found is not None:
            return found
    return _named(_base64(joined), "base64")


def may_be_encoded(run: str) -> bool:
    """A cheap test that lets all encoded text pass, and few names in code.

    Looks at the first six bytes that base64 would give, of the run and, where it has separators,
    of each of its pieces: one of them may be encoded.
    """
    if run.isalnum():
        return _may_begin(run)
    if run[2:3] == "-" and run[5:6] == "-":
        return True
    if _may_begin(run.translate(_STANDARD)):
        return True
    return any(_may_begin(piece) for piece in _PIECE.findall(run))


def _may_begin(run: str) -> bool:
    if _HEX_START.match(run) or run.isupper():
        return True
    head = binascii.a2b_base64(run[:8])
    odd = len(head.translate(None, delete=_TEXT_BYTES))
    if odd <= 2 or head[:2] in _ZIPPED:
        return True
    return head[1::2] == b"\0\0\0" or (0xC2 <= head[0] <= 0xF4 and 0x80 <= head[1] <= 0xBF)


def _is_spread(run: str) -> bool:
    """Whether blanks, line ends or separators only lay the run out."""
    return "\n" in run or bool(re.match(r"[0-9a-fA-F]{2}[ :\-][0-9a-fA-F]{2}[ :\-]", run))


def _base64(run: str) -> bytes | None:
    body = run.rstrip("=").translate(_STANDARD)
    if len(body) % 4 == 1:
        body = body[:-1]
    try:
        return binascii.a2b_base64(body + "=" * (-len(body) % 4))
    except binascii.Error:
        return None


def _base32(run: str) -> bytes | None:
    body = run.rstrip("=")
    try:
        return b32decode(body + "=" * (-len(body) % 8))
    except binascii.Error:
        return None


def _named(data: bytes | None, name: str) -> tuple[str, str] | None:
    if not data:
        return None
    text = _as_text(data)
    if text is not None:
        return text, name
    inflated = _inflated(data)
    text = None if inflated is None else _as_text(inflated)
    return None if text is None else (text, f"{name}+zlib")


def _as_text(data: bytes) -> str | None:
    """The bytes as text if they are (nearly) all printable: by chance 12 bytes once in 10^5."""
    odd = len(data.translate(None, delete=_TEXT_BYTES))
    if not odd:
        return data.decode("ascii")
    if len(data) >= 8 and data[1::2].count(0) == len(data) // 2 and odd == len(data) // 2:
        return data.decode("utf-16-le", "replace")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if text is not None and odd * 3 <= len(data) * 2 and _readable(text):
        return text
    if len(data) >= _BINARY_WITH_TEXT and odd * 10 <= len(data):
        return data.decode("latin-1")
    return None


def _readable(text: str) -> bool:
    """Printable, or a space, or a format character (it is taken out when text is normalised)."""
    good = sum(
        c.isprintable() or c.isspace() or c in "\u200b\u200c\u200d\u2060\ufeff" for c in text
    )
    return good == len(text) and any(c.isascii() for c in text)


def _inflated(data: bytes) -> bytes | None:
    if data[:2] not in _ZIPPED:
        return None
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data, MAX_INFLATED)
    except zlib.error:
        return None
