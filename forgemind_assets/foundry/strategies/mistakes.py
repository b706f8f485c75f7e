"""What the trial that leads on dev gets wrong there, as counts: no case, no text, no id of one."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import Field

from forgemind_assets.foundry.strategies.answers import AnswerShape
from forgemind_assets.records import Record
from forgemind_assets.trial_grounds.graders.json_label import first_object

Kind = Literal["missed", "false_alarm", "confused", "other"]


class Mistake(Record):
    """One kind of mistake in one slice of dev.

    `missed` is the harmless label where another is right, `false_alarm` another where the
    harmless one is right, `confused` a wrong one of the others; `other` is the rest: an answer
    that cannot be read, or a goal without labels. `said` is the wrong label, where there is one.
    Where `attack` names a kind of attack (`trial_grounds.attack`), the cases are the attacks on the
    slice, and `count` of them, of this kind, got the wrong answer.
    """

    slice: str
    kind: Kind
    said: str = ""
    count: int = Field(ge=1, description="dev cases")
    cases: int = Field(ge=1, description="dev cases of the slice")
    attack: str = Field(default="", description="what fooled the model; empty: dev as it is")


def mistakes_of(
    results: Iterable[tuple[str, str, bool | None]], shape: AnswerShape, labels: Iterable[str]
) -> tuple[Mistake, ...]:
    """Counts (slice, answer, passed) of dev results, the most frequent mistake first.

    Labels that are not the goal's own are not repeated: they would be text of the model's.
    """
    known, sizes = frozenset(labels), Counter[str]()
    found: Counter[tuple[str, Kind, str]] = Counter()
    for slice_name, answer, passed in results:
        sizes[slice_name] += 1
        if passed is not True:
            kind, said = _kind(slice_name, answer, shape, known)
            found[slice_name, kind, said] += 1
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        Mistake(slice=name, kind=kind, said=said, count=count, cases=sizes[name])
        for (name, kind, said), count in ordered
    )


def _kind(
    slice_name: str, answer: str, shape: AnswerShape, labels: frozenset[str]
) -> tuple[Kind, str]:
    wanted = shape.label_of(shape.patterns.get(slice_name, {}))
    said = shape.label_of(first_object(answer) or {})
    if wanted is None or said is None or said not in labels or said == wanted:
        return "other", ""
    if said == shape.harmless:
        return "missed", said
    return ("false_alarm" if wanted == shape.harmless else "confused"), said


def mistakes_by_slice(
    mistakes: Sequence[Mistake], *, attacks: bool = False
) -> Mapping[str, list[Mistake]]:
    """The mistakes of each slice that has any: those on dev, or those on attacks."""
    grouped: dict[str, list[Mistake]] = {}
    for one in mistakes:
        if bool(one.attack) == attacks:
            grouped.setdefault(one.slice, []).append(one)
    return grouped
