"""The only door between the Foundry and the suites: it answers yes or no.

Everything that is read from a suite stays in this module as hashes.
"""

import ast
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from forgemind_assets.foundry.rewriting.scopes import FIXED
from forgemind_assets.foundry.rewriting.source import BUILTINS
from forgemind_assets.goal import Goal

WORD = re.compile(r"\w+")
IMPORT = re.compile(r"(?m)^[ \t]*(?:import|from)[ \t][^\n]*\n?")
COMMON = 3  # an n-gram that this many cases share is boilerplate, not a leak


@dataclass(frozen=True)
class Decontaminator:
    """Says whether a text is, or overlaps with, an input of any suite.

    Overlap is an n-gram of normalised words (GPT-3, Brown et al. 2020, appendix C; there, too,
    n-grams that occur often are not counted), or the same syntax tree after renaming.
    """

    ngram: int
    ngrams: frozenset[bytes]
    forms: frozenset[bytes]

    def is_contaminated(self, text: str) -> bool:
        """Whether the text must not be trained on."""
        form = normal_form(text)
        if form is not None and form in self.forms:
            return True
        return any(gram in self.ngrams for gram in _ngrams(text, self.ngram))


def open_decontaminator(goal: Goal) -> Decontaminator:
    """Reads all suites of a goal. Raises FileNotFoundError where one is missing."""
    suites = goal.spec.suites
    paths = [goal.folder / p for p in (suites.dev, suites.full, suites.adversarial, suites.sealed)]
    texts = [json.loads(line)["input"] for path in paths for line in _lines(path)]
    return build_decontaminator(texts, goal.spec.filters.decontamination_ngram)


def build_decontaminator(texts: Sequence[str], ngram: int) -> Decontaminator:
    """A decontaminator for given inputs; `ngram` is counted in words."""
    counts: Counter[bytes] = Counter()
    for text in texts:
        counts.update(set(_ngrams(text, ngram)))
    rare = (gram for gram, count in counts.items() if count < COMMON)
    forms = (form for text in texts if (form := normal_form(text)) is not None)
    return Decontaminator(ngram, frozenset(rare), frozenset(forms))


def _lines(path: Path) -> Iterable[str]:
    with path.open(encoding="utf-8") as file:
        yield from (line for line in file if line.strip())


def _ngrams(text: str, size: int) -> list[bytes]:
    """Hashes of the word n-grams; imports say nothing about a case and are left out."""
    words = WORD.findall(IMPORT.sub("", text).lower())
    return [_digest(" ".join(words[i : i + size])) for i in range(len(words) - size + 1)]


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=12).digest()


def normal_form(text: str) -> bytes | None:
    """Hash of the syntax tree with own names numbered in order; None if it does not parse.

    Imported names, builtins and customary names of frameworks stay, comments and layout go.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    kept = set(FIXED | BUILTINS)
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            kept.add((node.asname or node.name).split(".")[0])
    numbers: dict[str, str] = {}
    for node in ast.walk(tree):
        for attribute in ("id", "arg", "name"):
            old = getattr(node, attribute, None)
            if isinstance(old, str) and not isinstance(node, ast.alias | ast.keyword):
                new = old if old in kept else numbers.setdefault(old, f"v{len(numbers)}")
                setattr(node, attribute, new)
    return _digest(ast.dump(tree))
