"""Long random tokens that no provider's mark tells: believed unless their surroundings excuse them."""

# ruff: noqa: E501 - a pattern is easier to check in one piece

import re
from collections.abc import Iterator

from forgemind_assets.warden.public_values import is_public, public_blocks
from forgemind_assets.warden.randomness import changes, entropy, is_hex, looks_random
from forgemind_assets.warden.secret_context import UUID, Found, is_placeholder
from forgemind_assets.warden.secret_names import (
    is_public_word_near,
    is_secret_word_near,
    purpose_before,
)
from forgemind_assets.warden.views import Span, View

BODY = re.compile(r"[A-Za-z0-9+/]{20}")
"""What the part of a token that is judged consists of at least."""
_LONG = re.compile(r"[A-Za-z0-9_+/\-]{24,}={0,2}")
_PREFIXED = re.compile(
    r"(?<![A-Za-z0-9_])([A-Za-z]{2,12})[_\-.](?:[a-z0-9]{1,8}[_\-.]){0,2}([A-Za-z0-9]{20,})(?![A-Za-z0-9])"
)
_IN_ADDRESS = re.compile(r"://[\w.\-]*[/\w.\-]*$")
_BEFORE = re.compile(
    r"(?i)(?:sha-?\d{1,3}|md5|ssh-(?:rsa|ed25519|dss)|ecdsa-\w+|data:[\w/+.\-]*;base64|src=|href=|/d/"
    r")[^\n]{0,24}$"
    r"|\bh1:$|\|1\|(?:[A-Za-z0-9+/]{27}=\|)?$|=\?[\w-]+\?b\?$|sec-websocket-\w+: ?$"
)
"""Digests, public keys, pictures; then a line of go.sum or of known_hosts, an
encoded word of a mail's header (RFC 2047), a handshake (RFC 6455)."""
_KEY_PART = re.compile(r"[\"'](?:n|x|y|x5t(?:#S256)?|x5c)[\"']\s*:\s*\[?\s*[\"']$")
"""The public members of a JSON web key (RFC 7517)."""
_FILE_BEFORE = re.compile(r"[\"'][\w./@ -]+\.[a-z][a-z0-9]{0,11}[\"']\s*(?::|=>|,)\s*[\"']$")
"""A file's name before a value, as in a manifest: the value tells its content."""
_DEFINED = re.compile(r"(?:\b(?:class|def|new|import|raise)|->|isinstance\([\w.]{1,60},) ?$")
_ACCOUNT = re.compile(r"(?i)account_?sid\W{1,8}$")
"""Twilio's name for the user's number, which is no key."""
_PATH = re.compile(r"/?(?:[A-Za-z][a-z]{2,}(?:[A-Z][a-z]+)*\d{0,3}/)+")
"""Words between slashes: what follows them is judged."""
_WORDY = re.compile(r"[a-z]{4,}")


def bare(view: View) -> Iterator[Found]:
    """Tokens of letters of both cases and digits, and random tokens behind a short prefix."""
    text = view.text
    blocks: list[Span] | None = None
    for m in _LONG.finditer(text):
        if not _drawn(m[0]) or _in_lines(text, *m.span()):
            continue
        blocks = public_blocks(text) if blocks is None else blocks
        if not excused(text, m.span(), blocks):
            yield Found("high_entropy_string", m.span(), 0.6)
    for m in _PREFIXED.finditer(text):
        body = m[2]
        if body.isalpha() or not looks_random(body, 20) or changes(body) < 0.33:
            continue
        if not excused(text, m.span(), ()):
            yield Found("prefixed_token", m.span(), 0.6)


def excused(text: str, span: Span, blocks: list[Span] | tuple[Span, ...]) -> bool:
    """Whether a random token is public: by where it stands, by its name, by what it is.

    Without a name the words around it are asked: digests and addresses excuse it, secrets do not.
    """
    start, end = span
    near = text[max(0, start - 40) : start]
    if _IN_ADDRESS.search(near) or _BEFORE.search(near):
        return True
    if text[start : start + 2] == "AC" and _ACCOUNT.search(near):
        return True
    if text[end : end + 1] == "(" or _DEFINED.search(near):
        return True
    if _FILE_BEFORE.search(near):
        return True
    if _KEY_PART.search(near) and "kty" in text:
        return True
    if any(first <= start and end <= last for first, last in blocks):
        return True
    said = purpose_before(text, start)
    if said == "public" or is_placeholder(text[start:end]) or is_public(text[start:end]):
        return True
    if said or is_secret_word_near(text, start, end):
        return False
    return is_public_word_near(text, start, end)


def _drawn(token: str) -> bool:
    if len(token) > 200 or is_hex(token) or UUID.search(token) or not _mixed(token):
        return False
    rest = token[path.end() :] if (path := _PATH.match(token)) else token
    body = max(re.split(r"[_\-]", rest), key=len)
    return len(body) >= 20 and _dense(body)


def _mixed(token: str) -> bool:
    return (
        any(c.islower() for c in token)
        and any(c.isupper() for c in token)
        and any(c.isdigit() for c in token)
    )


def _dense(body: str) -> bool:
    words = sum(len(word) for word in _WORDY.findall(body))
    if words * 3 > len(body):
        return False
    return looks_random(body, 20) and changes(body) >= 0.42 and entropy(body) >= 3.6


def _in_lines(text: str, start: int, end: int) -> bool:
    """Whether a token is a line among lines of base64: binary data, not a token."""
    before, after = text[:start].rstrip(" \t\"'b"), text[end:].lstrip(" \t\"'\\n,")
    return bool(
        (before.endswith("\n") and re.search(r"[A-Za-z0-9+/]{40,}\W{0,4}\n$", before))
        or (after.startswith("\n") and re.match(r"\n\W{0,40}[A-Za-z0-9+/]{20,}", after))
    )
