"""Drops rows that are not written in one of the goal's languages."""

import ast
import io
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Literal

from forgemind_assets.records import Row


@dataclass(frozen=True)
class Language:
    """Keeps texts in the `allowed` languages (py3langid, a naive Bayes model over byte n-grams).

    A text with too few letters, or of which the model is not sure, is kept: only a confident other
    language is a reason to drop.

    Attributes:
        allowed: ISO 639 codes such as `en`.
        of: what is read: the whole input, or the comments and docstrings of Python. Code itself
            has no natural language, and would be told apart by its keywords alone.
        min_probability: of another language, from which on it counts; 0.65 is the threshold of
            datatrove's `LanguageFilter`, which FineWeb used (Penedo et al. 2024).
        min_letters: letters that a judgement needs; below, identification is guesswork (Baldwin
            and Lui 2010 found its accuracy to fall steeply for texts under about 50 bytes).
    """

    allowed: tuple[str, ...]
    of: Literal["input", "comments"] = "input"
    min_probability: float = 0.65
    min_letters: int = 50
    name: str = "language"
    each: ClassVar[bool] = True

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`other_language`."""
        return [self._one(row.input) for row in rows]

    def _one(self, text: str) -> str | None:
        read = prose_of(text) if self.of == "comments" else text
        if sum(map(str.isalpha, read)) < self.min_letters:
            return None
        language, probability = identifier().classify(read)
        other = language not in self.allowed and probability >= self.min_probability
        return "other_language" if other else None


@cache
def identifier() -> Any:
    """The model, loaded on first use (a third of a second)."""
    langid = import_module("py3langid.langid")
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)


def prose_of(code: str) -> str:
    """Comments and docstrings of Python; empty for what does not parse."""
    try:
        tree = ast.parse(code)
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (SyntaxError, ValueError, tokenize.TokenError):
        return ""
    comments = [t.string.lstrip("#").strip() for t in tokens if t.type == tokenize.COMMENT]
    docs = [
        ast.get_docstring(node) or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    return "\n".join(filter(None, [*docs, *comments]))
