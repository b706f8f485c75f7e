"""Checks a text against patterns that must, and must not, be found in it."""

from functools import lru_cache
from typing import Annotated, Any, Self

import regex
from pydantic import AfterValidator, Field, model_validator

from forgemind_assets.foundry.verifiers.base import (
    Claim,
    FieldMissing,
    FieldPath,
    Verifier,
    read_text,
)
from forgemind_assets.foundry.verifiers.programs import ProgramRunner
from forgemind_assets.foundry.verifiers.verdict import Verdict

SECONDS = 0.25
"""For one search: a pattern that backtracks without end is cut off there."""


def valid_pattern(pattern: str) -> str:
    """The pattern. Raises ValueError that says what is wrong with it."""
    try:
        _compiled(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        raise ValueError(f"expected a regular expression, found: {error}") from error
    return pattern


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    return regex.compile(pattern, regex.VERSION0)


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found anywhere. Raises TimeoutError after `SECONDS`."""
    return _compiled(pattern).search(text, timeout=SECONDS) is not None


Pattern = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(valid_pattern)]


class RegularExpression(Verifier):
    """Keeps a row where each of `must`, and none of `must_not`, is found in the text at `of`."""

    of_form = True

    must: tuple[Pattern, ...] = ()
    must_not: tuple[Pattern, ...] = ()
    of: FieldPath = "answer"

    @model_validator(mode="after")
    def _has_patterns(self) -> Self:
        if not self.must and not self.must_not:
            raise ValueError("expected a pattern in must or must_not, found none")
        return self

    def explain(self) -> str:
        """See `Verifier.explain`."""
        return f"{self.of} has {len(self.must)} patterns and lacks {len(self.must_not)}"

    def check(self, claim: Claim, programs: ProgramRunner | None = None) -> Verdict:
        """Reason to keep: `matches`.

        To drop: `field_missing`, `pattern_missing`, `pattern_forbidden`, `pattern_timeout`.
        """
        try:
            text = read_text(claim, self.of)
            if not all(matches(pattern, text) for pattern in self.must):
                return Verdict(False, "pattern_missing")
            if any(matches(pattern, text) for pattern in self.must_not):
                return Verdict(False, "pattern_forbidden")
        except FieldMissing:
            return Verdict(False, "field_missing")
        except TimeoutError:
            return Verdict(False, "pattern_timeout")
        return Verdict(True, "matches")
