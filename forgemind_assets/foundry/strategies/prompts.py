"""Prompts with which strategies ask a teacher: files of the goal, with a version and variants."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

import yaml
from pydantic import Field

from forgemind_assets.errors import UserError
from forgemind_assets.foundry.strategies.base import Order
from forgemind_assets.goal import Goal, Variant
from forgemind_assets.goal_schema import unknown_name
from forgemind_assets.records import Record

SLOT = re.compile(r"\{\{(\w+)\}\}")
SLICES_FILE = "slices.yaml"
Text = Annotated[str, Field(min_length=1)]
Finding = tuple[tuple[str | int, ...], str]


class WorkedExample(Record):
    """One request and its answer, shown before every request: it fixes the form."""

    request: Text
    answer: dict[str, Any]


class SliceWords(Record):
    """`prompts/teacher/slices.yaml`: for each slice the words that the templates may use."""

    slices: dict[str, dict[str, Text]] = Field(min_length=1)


@dataclass(frozen=True)
class GoalWords:
    """What a template is checked against: the goal's slices, their words, the answer's fields."""

    slices: frozenset[str]
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    answer_fields: frozenset[str] = frozenset()

    @property
    def slots(self) -> frozenset[str]:
        """Names of the words that every slice has."""
        names = [frozenset(words) for words in self.words.values()]
        return frozenset.intersection(*names) if names else frozenset()


class TeacherPrompt(Record):
    """`prompts/teacher/<strategy>.yaml`; `{{name}}` in a request stands for what was drawn.

    What is the same in every request (`system`, the example) comes first, so that a server can
    keep its computation.
    """

    version: int = Field(ge=1, description="raised with every change of the wording")
    system: Text
    variants: dict[Variant, Text] = Field(min_length=1, description="name -> the request")
    comment_mark: str = Field(
        default="", description="comments that begin so may tell the label and are cut off"
    )
    max_tokens: int = Field(default=260, ge=32)
    temperature: float = Field(default=0.9, ge=0, le=2)

    def slots(self, goal: GoalWords) -> frozenset[str]:
        """The placeholders that may be used."""
        return goal.slots

    def needed(self) -> frozenset[str]:
        """The placeholders that each request must have."""
        return frozenset()

    def problems(self, goal: GoalWords) -> Iterator[Finding]:
        """What is wrong with the prompt for this goal: place and message."""
        known = self.slots(goal)
        for name, request in self.variants.items():
            used = SLOT.findall(request)
            for slot in dict.fromkeys(used):
                if slot not in known:
                    yield ("variants", name), unknown_name("placeholder", slot, sorted(known))
            for slot in sorted(self.needed() - set(used)):
                yield ("variants", name), f"expected the placeholder {{{{{slot}}}}}, found none"


P = TypeVar("P", bound=TeacherPrompt)


@dataclass(frozen=True)
class Template(Generic[P]):
    """A prompt as it is used: its text, the words of the slices, and the hash of both files."""

    prompt: P
    words: Mapping[str, Mapping[str, str]]
    digest: str


def load_template(goal: Goal, strategy: str, kind: type[P]) -> Template[P]:
    """Reads a goal's prompt. Raises FileNotFoundError or pydantic's ValidationError."""
    folder = goal.folder / goal.spec.prompts / "teacher"
    content = (folder / f"{strategy}.yaml").read_bytes()
    prompt = kind.model_validate(yaml.safe_load(content))
    shared = folder / SLICES_FILE
    common = shared.read_bytes() if shared.is_file() else b""
    words = SliceWords.model_validate(yaml.safe_load(common)).slices if common else {}
    digest = hashlib.sha256(hashlib.sha256(content).digest() + hashlib.sha256(common).digest())
    return Template(prompt, words, digest.hexdigest()[:16])


def chosen_variants(prompt: TeacherPrompt, order: Order) -> Sequence[str]:
    """The variants to ask with: the plan's choice, the goal's (option `variants`), or all.

    Raises UserError for a name that the prompt does not have.
    """
    wanted = order.variants or order.options.get("variants") or sorted(prompt.variants)
    for name in wanted:
        if name not in prompt.variants:
            raise UserError(f"variants: {unknown_name('variant', name, sorted(prompt.variants))}")
    return list(wanted)


def filled(text: str, slots: Mapping[str, str]) -> str:
    """The text with its placeholders replaced, once: what is put in is not looked at again."""
    return SLOT.sub(lambda match: slots[match[1]], text)
