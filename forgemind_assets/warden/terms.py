"""What may be trained on: the licence of a row's source, and the terms of the teacher behind it.

ForgeMind reads no contract. The licence of weights comes from the catalogue, the terms of an API
are stated by a person in `goal.yaml`, and what nobody stated is `unknown`, never allowed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import Field

from forgemind_assets.records import Record, Row

Admissible = Literal["training_allowed", "own_model", "no_competing_models", "unknown"]
Terms = Literal[
    "training_allowed", "own_model", "no_competing_models", "training_forbidden", "unknown"
]
"""What a teacher's terms say of training on its answers.

- `training_allowed`: any model may be trained on them;
- `own_model`: a model of one's own, which binds nobody;
- `no_competing_models`: a model may, if it does not compete with the provider's;
- `training_forbidden`: no model may;
- `unknown`: nobody has read them.
"""
TERMS: tuple[Terms, ...] = get_args(Terms)
OWN = "own"
"""The licence of what the goal's owner wrote."""

# Licences of weights that say nothing of the answers, so that these bind nobody.
_SILENT_ON_ANSWERS = frozenset(
    {"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Unlicense", "CC0-1.0"}
)
# Section 1.b.v: no output may be used to improve another large language model.
_FORBIDS_TRAINING = frozenset({"Meta Llama 3 Community License"})


class Training(Record):
    """What may be trained on."""

    licences: tuple[str, ...] = Field(
        default=(), description=f"SPDX names; `{OWN}`: written by the goal's owner"
    )
    teacher_terms: tuple[Admissible, ...] = Field(
        default=(), description="what a teacher's terms say of training on its answers"
    )


@dataclass(frozen=True)
class Origin:
    """What a source's rows may be used under.

    Attributes:
        licence: of the seeds, or of the weights that wrote the rows; None behind an API.
        terms: of the teacher; None where no teacher wrote the rows.
    """

    licence: str | None = None
    terms: Terms | None = None


def terms_of_licence(licence: str) -> Terms:
    """What a licence of weights says of training on their answers."""
    if licence in _SILENT_ON_ANSWERS:
        return "training_allowed"
    return "training_forbidden" if licence in _FORBIDS_TRAINING else "unknown"


def may_train(training: Training, licence: str | None, terms: str | None) -> str | None:
    """None if rows of a source may be trained on, or a stable reason why not.

    Args:
        training: what the policy admits.
        licence: SPDX name of the source's licence, or None.
        terms: what the terms of the rows' teacher say; None where no teacher wrote them.
    """
    if licence is None and terms is None:
        return "licence_unknown"
    if licence is not None and licence not in training.licences:
        return "licence_not_allowed"
    if terms is not None and terms not in training.teacher_terms:
        return "teacher_terms_not_allowed"
    return None


def row_may_train(training: Training, row: Row) -> str | None:
    """`may_train` for a row; one that a teacher wrote without terms has unknown ones."""
    return may_train(training, row.licence, row.terms or ("unknown" if row.teacher else None))


def stated(rows: Iterable[Row], origins: dict[str, Origin]) -> tuple[Row, ...]:
    """The rows with the licence and the terms of their source.

    Args:
        rows: as the strategies made them.
        origins: by name of the teacher; `""` for what no teacher wrote.
    """
    nothing = Origin()
    found = ((row, origins.get(row.teacher or "", nothing)) for row in rows)
    return tuple(
        row.model_copy(update={"licence": origin.licence, "terms": origin.terms})
        for row, origin in found
    )
