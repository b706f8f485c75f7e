"""What a goal may say about judges, and what of it contradicts the rest of the goal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from forgemind_assets.goal_schema import unknown_name
from forgemind_assets.goal_yaml import Place
from forgemind_assets.records import Record

if TYPE_CHECKING:
    from forgemind_assets.goal import GoalSpec

Finding = tuple[Place, str]
PROMPT = "judge.yaml"
# With fewer examples no judge can show that it is better than chance.
LEAST_EXAMPLES = 20


class Judges(Record):
    """Teachers that label the rows of others, where no verifier has a word on the label.

    What a judge says decides about rows and is not trained on.
    """

    teachers: tuple[str, ...] = Field(min_length=1, description="names of teachers of this goal")
    examples: int = Field(
        default=60,
        ge=LEAST_EXAMPLES,
        description="hand-written examples that each judge labels first, to be measured",
    )
    max_rows: int = Field(
        default=200, ge=1, description="rows of an iteration that each judge is asked about"
    )
    by: Literal["label", "finding"] = Field(
        default="label",
        description="what must be the same: the label, or only whether it is the first one",
    )
    confirm_above: float = Field(
        default=0.6,
        ge=0,
        lt=1,
        description="a label that a verifier looked for in vain is kept where the judges agree "
        "with it and one's kappa is surely above this (`substantial`, Landis and Koch 1977)",
    )


def judge_findings(spec: "GoalSpec") -> Iterator[Finding]:
    """Judges that are unknown, named twice, unpaid, or that could judge nothing."""
    if spec.judges is None:
        return
    known = {teacher.name: teacher for teacher in spec.teachers}
    names = spec.judges.teachers
    authors = {known[t].model for s in spec.strategies for t in s.asked if t in known}
    for index, name in enumerate(names):
        place: Place = ("judges", "teachers", index)
        if name not in known:
            yield place, unknown_name("teacher", name, known)
        elif name in names[:index]:
            yield place, f"expected each name once, found {name!r} again"
        elif authors == {known[name].model}:
            yield (
                place,
                (
                    f"expected a teacher of another model than {known[name].model}, which writes "
                    f"all rows, found {name}: nobody judges its own rows"
                ),
            )
    if not any(strategy.asked for strategy in spec.strategies):
        yield ("judges",), "expected nothing, found judges: no strategy has a teacher to judge"
    if len(spec.task.labels) < 2 or "label_key" not in spec.task.grader_options:
        message = "expected task.labels and task.grader_options.label_key, which judges answer with"
        yield ("judges",), f"{message}, found none"
