"""What a verifier is: options that a goal may set, and a check of one row's claim."""

import json
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from forgemind_assets.foundry.verifiers.programs import ProgramRunner
from forgemind_assets.foundry.verifiers.verdict import Verdict
from forgemind_assets.records import Record

FieldPath = Annotated[str, Field(pattern=r"^(input|answer)(\.[A-Za-z_]\w*)*$")]
"""`input`, `answer`, or a key within one that is a JSON object: `answer.code`."""


@dataclass(frozen=True)
class Claim:
    """A row as a verifier sees it: an input, and the answer that is claimed to be right.

    Attributes:
        input: the text that the model will get.
        answer: the exact text that it learns to say.
        label: the answer's label, where the goal's answers have one.
        line: the 1-based line of the finding, where the answer names one.
    """

    input: str
    answer: str
    label: str | None = None
    line: int | None = None


class FieldMissing(ValueError):
    """A row has no such field, or it holds something else than is wanted."""


class Verifier(Record):
    """A registered verifier: its fields are the options that a goal may set."""

    language: ClassVar[str | None] = None
    """The language that every input is in, where the verifier implies one."""
    needs_label: ClassVar[bool] = False
    runs_programs: ClassVar[bool] = False
    of_form: ClassVar[bool] = False
    """Whether it checks the form of a row only, and says nothing of whether its answer is right."""

    @abstractmethod
    def explain(self) -> str:
        """What it checks, in a few words for `forgemind goal check`."""

    @abstractmethod
    def check(self, claim: Claim, programs: ProgramRunner | None) -> Verdict:
        """Whether the row holds, with a stable snake_case reason.

        `programs` is given where `runs_programs`.
        """

    def locate(self, text: str, label: str) -> Sequence[tuple[str, int]]:
        """(label, 1-based line) of what it finds in a text said to be `label`; nothing here."""
        return ()


def read_field(claim: Claim, path: str) -> Any:
    """The value at a path. Raises FieldMissing."""
    part, *keys = path.split(".")
    text = claim.input if part == "input" else claim.answer
    if not keys:
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FieldMissing(f"expected JSON in {part}") from error
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            raise FieldMissing(f"expected {path}, found no {key}")
        value = value[key]
    return value


def read_text(claim: Claim, path: str) -> str:
    """The text at a path. Raises FieldMissing where there is none or it is no text."""
    value = read_field(claim, path)
    if not isinstance(value, str):
        raise FieldMissing(f"expected text at {path}")
    return value
