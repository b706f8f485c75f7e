"""The only door between the Foundry and the suites: it answers yes or no.

Everything that is read from a suite stays in this module as hashes and vectors.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forgemind_assets.errors import NotAvailable
from forgemind_assets.foundry.filters.base import Embedder
from forgemind_assets.foundry.filters.code_forms import Code, digest, normal_form, traits
from forgemind_assets.foundry.filters.trait_index import TraitIndex
from forgemind_assets.goal import Goal

WORD = re.compile(r"\w+")
IMPORT = re.compile(r"(?m)^[ \t]*(?:import|from)[ \t][^\n]*\n?")
COMMON = 3  # an n-gram that this many cases share is boilerplate, not a leak


@dataclass(frozen=True)
class Overlap:
    """From when on a text overlaps with a case.

    Attributes:
        ngram: words in a row that both have (GPT-3, Brown et al. 2020, appendix C).
        similarity: shared weight of the traits of Python code (`code_forms`, `trait_index`); 0.55
            was chosen on the development half of `tests/bench/decontamination.py`.
        cosine: likeness of the embeddings; None compares none.
    """

    ngram: int = 13
    similarity: float = 0.55
    cosine: float | None = None


class Decontaminator:
    """Says whether a text is, or overlaps with, an input of any suite.

    Overlap is a word n-gram (where many cases share one it is not counted, as in GPT-3), the same
    syntax tree after renaming and reformatting, or so many traits in common that the code must be
    a paraphrase; and, with an embedder, a text of the same meaning.

    Attributes:
        note: why texts were not compared by meaning, though they should have been.
    """

    def __init__(
        self, cases: Sequence[str], limits: Overlap, embedder: Embedder | None = None
    ) -> None:
        self.note = ""
        self._limits, self._embedder = limits, embedder
        counts = Counter(gram for case in cases for gram in set(_ngrams(case, limits.ngram)))
        self._ngrams = {gram for gram, count in counts.items() if count < COMMON}
        codes = [code for case in cases if (code := _parsed(case)) is not None]
        self._traits = TraitIndex([_traits(code) for code in codes])
        self._forms = {normal_form(code) for code in codes}
        self._vectors = self._embedded(cases)

    def contaminated(self, texts: Sequence[str]) -> list[bool]:
        """Which of the texts must not be trained on."""
        found = [self._overlaps(text) for text in texts]
        cases, cosine = self._vectors, self._limits.cosine
        vectors = None if cases is None or not texts else self._embedded(texts)
        if cases is None or cosine is None or vectors is None or not len(cases):
            return found
        alike = (vectors @ cases.T).max(axis=1) >= cosine
        return [one or bool(other) for one, other in zip(found, alike, strict=True)]

    def _overlaps(self, text: str) -> bool:
        if not self._ngrams.isdisjoint(_ngrams(text, self._limits.ngram)):
            return True
        code = _parsed(text)
        if code is None:
            return False
        near = self._traits.nearest(_traits(code)) >= self._limits.similarity
        return near or normal_form(code) in self._forms

    def _embedded(self, texts: Sequence[str]) -> np.ndarray | None:
        if self._limits.cosine is None:
            return None
        try:
            if self._embedder is None:
                raise NotAvailable("no_embedder", "no sentence model was given")
            return self._embedder.embed(texts)
        except NotAvailable as error:
            self.note = f"by meaning: not run: {error}"
            return None


def open_decontaminator(goal: Goal, embedder: Embedder | None = None) -> Decontaminator:
    """Reads all suites of a goal. Raises FileNotFoundError where one is missing."""
    suites, filters = goal.spec.suites, goal.spec.filters
    paths = [goal.folder / path for path in suites.for_decontamination()]
    texts = [json.loads(line)["input"] for path in paths for line in _lines(path)]
    limits = Overlap(
        filters.decontamination_ngram,
        filters.decontamination_similarity,
        filters.decontamination_cosine,
    )
    return Decontaminator(texts, limits, embedder)


def _lines(path: Path) -> Iterable[str]:
    with path.open(encoding="utf-8") as file:
        yield from (line for line in file if line.strip())


def _parsed(text: str) -> Code | None:
    try:
        return Code(text)
    except SyntaxError:
        return None


def _traits(code: Code) -> set[bytes]:
    return {digest(trait) for trait in traits(code)}


def _ngrams(text: str, size: int) -> list[bytes]:
    """Hashes of the word n-grams; imports say nothing about a case and are left out."""
    words = WORD.findall(IMPORT.sub("", text).lower())
    return [
        hashlib.blake2b(" ".join(words[i : i + size]).encode(), digest_size=12).digest()
        for i in range(len(words) - size + 1)
    ]
