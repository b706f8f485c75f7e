"""Whether a string looks drawn at random: entropy, and how its kinds of characters alternate."""

import math
import re
from collections import Counter

_RUNS = re.compile(r"[a-z]+|[A-Z]+|[0-9]+|[^a-zA-Z0-9]+")
_PARTS = re.compile(r"[A-Za-z0-9]+")
_INNER_DIGITS = re.compile(r"[A-Za-z][0-9]+(?=[A-Za-z])")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{6}", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]")
_WORDS = re.compile(r"[A-Z]?[a-z]{4,}")
_PARTS_OF_NAME = re.compile(r"[A-Z][a-z]{2,}|^[a-z]{2,}")
_SEQUENCES = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm")


def entropy(text: str) -> float:
    """Shannon entropy in bits per character."""
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values()) if total else 0.0


def changes(text: str) -> float:
    """Share of neighbours that are of different kinds: lower, upper, digit, other (0 to 1).

    About 0.6 for random letters and digits, 0.47 for random hex, below 0.3 for names in code.
    """
    return (len(_RUNS.findall(text)) - 1) / max(len(text) - 1, 1)


def is_hex(text: str) -> bool:
    """Whether all characters are hexadecimal digits of one case."""
    body = set(text)
    return body <= set("0123456789abcdef") or body <= set("0123456789ABCDEF")


def looks_random(text: str, least: int = 16, letters_share: float = 0.4) -> bool:
    """Whether a token of letters and digits (and `+/_-=.`) was drawn rather than thought up.

    Args:
        text: the token.
        least: shortest length, in characters, that can be told apart.
        letters_share: share of changes that is asked of a text without digits.

    Drawn at random, 97 % of 20 letters and digits pass, 99 % of 32, 98 % of 32 hexadecimal digits
    and 89 % of 32 small letters and digits (20,000 each). Of the names of 16 characters and more
    in the standard library's source 8 % pass, nearly all with digits between underscores: a
    caller takes separators out first, or asks for more.
    """
    if len(text) < least or not any(c.isalpha() for c in text) or _regular(text):
        return False
    if _is_camel(text):
        return False
    share = 0.28 if any(c.isdigit() for c in text) else letters_share
    return changes(text) >= share and entropy(text) >= min(3.0, math.log2(len(text)) * 0.75)


def no_word(text: str, least: int = 12) -> bool:
    """A weaker test, for a value that already stands behind a telling name.

    True where a part of at least `least` letters and digits has digits inside or cannot be
    pronounced (six consonants in a row), and does not repeat itself.
    """
    for part in _PARTS.findall(text):
        mixed = not (part.islower() or part.isupper())
        if mixed or len(part) < least or _regular(part) or entropy(part) < 2.9:
            continue
        if len(_INNER_DIGITS.findall(part)) >= 2 or _CONSONANTS.search(part):
            return True
    return False


def _is_camel(text: str) -> bool:
    """Whether a text of both cases is words for the most: `loadTestsFromTestCase2`.

    Half of it in words of four letters, or more than 80 % in words of three: `Wav2Vec2BertModel`.
    """
    if text.islower() or text.isupper():
        return False
    if sum(map(len, _PARTS_OF_NAME.findall(text))) > 0.8 * len(text):
        return True
    share = 0.5 if len(_DIGITS.findall(text)) > 1 else 0.4
    return sum(map(len, _WORDS.findall(text))) >= share * len(text)


def _regular(text: str) -> bool:
    """Whether a text repeats itself or runs along the alphabet or the keyboard."""
    lowered = text.lower()
    if len(set(lowered)) <= max(4, len(lowered) // 8):
        return True
    return any(
        run in lowered for line in _SEQUENCES for run in (line[:8], line[-8:], line[::-1][:8])
    )
