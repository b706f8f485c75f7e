"""Drops texts that repeat themselves, as models do when they get stuck."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from forgemind_assets.records import Row

# Rae et al. 2021 ("Scaling Language Models: … Gopher", arXiv 2112.11446), table A1: the largest
# share of the characters that may lie in what is repeated.
TOP_NGRAMS: Mapping[int, float] = {2: 0.20, 3: 0.18, 4: 0.16}
REPEATED_NGRAMS: Mapping[int, float] = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}


@dataclass(frozen=True)
class Limits:
    """Largest shares of a text that may repeat. The defaults are those of Gopher's table A1.

    Attributes:
        lines: lines that stood there before, of all lines.
        line_chars: characters of such lines, of all characters of lines.
        paragraphs: paragraphs that stood there before, of all paragraphs.
        paragraph_chars: characters of such paragraphs.
        top_ngrams: n -> characters of the most frequent n-gram's occurrences.
        repeated_ngrams: n -> characters of n-grams that stood there before.
        min_words: shorter texts are kept: the paper's quality rule leaves nothing below 50 words,
            so that its limits were never meant for less.
    """

    lines: float = 0.30
    line_chars: float = 0.20
    paragraphs: float = 0.30
    paragraph_chars: float = 0.20
    top_ngrams: Mapping[int, float] = field(default_factory=lambda: TOP_NGRAMS)
    repeated_ngrams: Mapping[int, float] = field(default_factory=lambda: REPEATED_NGRAMS)
    min_words: int = 50


PROSE = Limits()
# Code repeats itself by nature: `self.x = x`, a test's cases, a table of keys. The paper's limits
# would drop 17 % of 2,865 functions of 50 words or more of Python's standard library; these drop
# 0.6 % of them, mostly tests of one assertion over and over, and none of the 1,214 seeds of
# python_security, and still find a model that is stuck on one statement.
CODE = Limits(
    lines=0.50,
    line_chars=0.50,
    paragraphs=0.50,
    paragraph_chars=0.50,
    top_ngrams={},
    repeated_ngrams={10: 0.50},
    min_words=20,
)
LIMITS: Mapping[str, Limits] = {"prose": PROSE, "code": CODE}


@dataclass(frozen=True)
class Repetition:
    """Keeps texts that repeat no more of themselves than `LIMITS[of]` allows."""

    of: Literal["prose", "code"] = "prose"
    name: str = "repetition"
    each: ClassVar[bool] = True

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`repeated_lines`, `repeated_paragraphs`, `frequent_ngram`, `repeated_ngrams`."""
        return [repetition(row.input, LIMITS[self.of]) for row in rows]


def repetition(text: str, limits: Limits) -> str | None:
    """The first limit that a text passes, or None."""
    words = text.split()
    if len(words) < limits.min_words:
        return None
    lines = [line.strip() for line in text.split("\n") if re.search(r"\w", line)]
    if _too_many(lines, limits.lines, limits.line_chars):
        return "repeated_lines"
    paragraphs = [p.strip() for p in re.split(r"\n\s*\n", text) if p.strip()]
    if _too_many(paragraphs, limits.paragraphs, limits.paragraph_chars):
        return "repeated_paragraphs"
    chars = sum(map(len, words))
    for size, most in limits.top_ngrams.items():
        if _top_chars(words, size) > most * chars:
            return "frequent_ngram"
    for size, most in limits.repeated_ngrams.items():
        if _repeated_chars(words, size) > most * chars:
            return "repeated_ngrams"
    return None


def _too_many(parts: Sequence[str], share: float, char_share: float) -> bool:
    """Whether too many of the parts, or of their characters, stood there before."""
    seen: set[str] = set()
    again = [part for part in parts if part in seen or seen.add(part)]
    chars = sum(map(len, parts))
    return len(again) > share * len(parts) or sum(map(len, again)) > char_share * chars


def _top_chars(words: Sequence[str], size: int) -> int:
    """Characters in all occurrences of the most frequent n-gram; 0 if each stands once."""
    grams = Counter(zip(*(words[i:] for i in range(size)), strict=False))
    gram, count = max(grams.items(), key=lambda one: one[1], default=((), 0))
    return count * sum(map(len, gram)) if count > 1 else 0


def _repeated_chars(words: Sequence[str], size: int) -> int:
    """Characters in n-grams that stood there before, each counted once."""
    seen: set[tuple[str, ...]] = set()
    chars = place = 0
    while place <= len(words) - size:
        gram = tuple(words[place : place + size])
        if gram in seen:
            chars += sum(map(len, gram))
            place += size
        else:
            seen.add(gram)
            place += 1
    return chars
