"""What a name says about its value: that it is a secret, that it is public, or nothing.

A scanner that goes by randomness alone takes every digest, commit and public key for a secret.
Code says what a value is for: in an identifier, in the call or the mapping that it stands in.
"""

# ruff: noqa: E501, SIM905 - lists of words read best as one text

import re
from collections.abc import Iterator
from typing import Literal

Purpose = Literal["secret", "public", ""]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_IDENTIFIER = re.compile(r"[A-Za-z_][\w\-]*(?:\.[A-Za-z_][\w\-]*)*")
_BREAK = re.compile(r"[,;(){}\[\]]")
_LETTER = re.compile(r"[A-Za-z]{2}")
SEGMENTS = 4
"""How many pieces between brackets, commas and line ends are read back from a value."""
REACH = 200
"""How far a name may stand before its value, in characters."""

SECRET_WORDS = frozenset(
    "password passwords passwd pwd pswd pass passphrase passcode passwort secret secrets token tokens key keys "
    "apikey apikeys apitoken accesskey secretkey privatekey authkey credential credentials creds cred auth authorization bearer psk "
    "private pat jwt pepper salt cookie dsn seed mnemonic otp login signing webhook sas hmac encryption authentication "
    "license licence session identified".split()
)
"""Nouns of which a secret is one."""
_STRONG_WORDS = SECRET_WORDS - frozenset(
    "key keys session login webhook seed cookie salt dsn license licence signing".split()
)
_OPEN = frozenset("public pub publishable pubkey publickey site sitekey".split())
"""Somewhere before `key` or `token` they say that everybody may see it."""
_KEY_OF = frozenset(
    "verify verifying verification verifier cache primary foreign sort partition routing idempotency "
    "index group object translation by websocket event doc document issue dedup dedupe deduplication host hosts hot shortcut peer recipient hash range map dict "
    "lookup image page row item ssh s3 s".split()
)
"""Right before `key` they say that it opens nothing, or that it is the public one."""
_TOKEN_OF = frozenset(
    "page continuation next sync resume pagination skip pad bos eos unk mask sep cls special max min num stop".split()
)
"""Right before `token` they say that it is a place in a list or a piece of text."""
_PUBLIC_NOUNS = frozenset(
    "id ids uid gid uuid uuids guid guids kid keyid clientid oid urn arn ulid cid ipfs hash hashes hashed digest "
    "digests hexdigest checksum checksums sha md crc blake integrity sri fingerprint fingerprints "
    "thumbprint thumbprints etag etags commit commits rev revision revisions sha1 sha256 sha384 sha512 md5 "
    "ref refs tree parent blob tag version versions signature signatures sig sigs signed "
    "nonce iv vector vectors expected actual address addresses contract tx txid txn transaction "
    "transactions block merkle root genesis url urls uri uris link links href src path paths file "
    "files filename filenames dir folder name names type kind image images img icon icons logo avatar "
    "picture photo png jpg jpeg gif svg webp ico favicon font fonts pixel thumbnail sprite bitmap media wav audio pdf "
    "trace traceparent span request requests correlation device serial tracking order invoice customer tenant "
    "project bucket zone endpoint channel thread page cursor offset snapshot layer manifest "
    "certificate certificates cert certs crt csr ca spki jwk jwks dkim pin pins recaptcha "
    "analytics pattern patterns regex regexes regexp alphabet alphabets charset charsets chars characters letters "
    "length size count len label labels title description placeholder sample index column field fields "
    "attribute prefix suffix message messages body text asset assets chunk bundle stylesheet script "
    "migration down node peer peers pubkey pubkeys sitekey resource "
    "playlist video track boundary match proof proofs mac macs ciphertext ciphertexts encrypted issuer ksuid nanoid cuid objectid polyline geohash isbn doi fixture modulus prime generator curve constant table matrix weights "
    "expires expiry ttl timeout algorithm alg format schema error errors code status func function class map".split()
)
"""As the last word of a name they say that its value is no secret."""
_TELLING = frozenset(
    "hash hashes hashed hashlib digest digests hexdigest checksum checksums sha integrity sri fingerprint fingerprints "
    "thumbprint etag commit commits revision signature signatures verify public pubkey certificate certificates "
    "cert address addresses contract tx txid transaction image images img icon png logo font uuid guid cid ipfs".split()
)
"""Anywhere near a value without a name they excuse it, where no word about secrets stands there."""
_PUBLIC = _PUBLIC_NOUNS | _OPEN
_GLUED = re.compile(r"(?:password|passwd|passphrase|pwd|pass|secrets?|tokens?|keys?)$")
_NOT_GLUED = frozenset(
    "monkey turkey donkey hockey whiskey jockey compass bypass surpass trespass hotkey inchikey".split()
)
_ALWAYS_SECRET = frozenset("password passwd pwd passphrase passcode secret secrets".split())


def words(name: str) -> list[str]:
    """The words of an identifier in lower case: `publicKeyID` gives public, key, id."""
    return [word.lower() for word in _WORD.findall(name)]


def purpose(name: str) -> Purpose:
    """What one identifier says about its value.

    The last word that means something decides: `token_hash` is public, `hash_secret` is not. A
    `key` or a `token` is public where a word before it says so.
    """
    parts = words(name)
    for at in range(len(parts) - 1, -1, -1):
        word = parts[at]
        if word in _PUBLIC:
            return "public"
        noun = _secret_noun(word)
        if noun:
            return "public" if _is_open(noun, parts[:at]) else "secret"
    return ""


def _is_open(noun: str, before: list[str]) -> bool:
    if noun in _ALWAYS_SECRET or "private" in before:
        return False
    last = next((word for word in reversed(before) if word.isalpha()), "")
    of = _KEY_OF if noun in ("key", "keys") else _TOKEN_OF if noun in ("token", "tokens") else ()
    return last in of or not _OPEN.isdisjoint(before)


def _secret_noun(word: str) -> str:
    """The noun for a secret that a word is or ends in, as in `dbpassword`; empty if none."""
    if word in SECRET_WORDS:
        return word
    glued = _GLUED.search(word)
    return glued[0] if glued and word not in _NOT_GLUED else ""


def purpose_before(text: str, at: int) -> Purpose:
    """What the names before a value say, the nearest first.

    Args:
        text: the text.
        at: where the value begins.
    """
    for segment in _segments(text[max(0, at - REACH) : at]):
        said: list[Purpose] = [found for name in _names(segment) if (found := purpose(name))]
        if said:
            return said[-1]
    return ""


def _segments(before: str) -> Iterator[str]:
    """Pieces that hold a name, from the value backwards; earlier lines if its own has none."""
    lines = before.split("\n")
    while len(lines) > 1 and not _LETTER.search(lines[-1]):
        lines.pop()
    pieces = [piece for piece in _BREAK.split(lines[-1]) if _LETTER.search(piece)]
    yield from reversed(pieces[-SEGMENTS:])


def _names(segment: str) -> list[str]:
    """Identifiers; long ones without a separator are values themselves."""
    return [name for name in _IDENTIFIER.findall(segment) if len(name) <= 64]


def is_secret_word_near(text: str, start: int, end: int, reach: int = REACH) -> bool:
    """Whether any word about secrets stands near a value, before or after it."""
    around = text[max(0, start - reach) : start] + " " + text[end : end + reach]
    return any(not _STRONG_WORDS.isdisjoint(words(name)) for name in _IDENTIFIER.findall(around))


def is_public_word_near(text: str, start: int, end: int, reach: int = REACH) -> bool:
    """Whether any word about digests, addresses and the like stands near a value."""
    around = text[max(0, start - reach) : start] + " " + text[end : end + reach]
    return any(not _TELLING.isdisjoint(words(name)) for name in _IDENTIFIER.findall(around))
