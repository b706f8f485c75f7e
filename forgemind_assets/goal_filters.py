"""What a goal may say about the Foundry's filters."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from forgemind_assets.goal_schema import found
from forgemind_assets.records import Record

LanguageCode = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]


class LanguageFilter(Record):
    """Natural languages of the rows."""

    allowed: tuple[LanguageCode, ...] = Field(min_length=1, description="ISO 639 codes")
    of: Literal["input", "comments"] = Field(
        default="input", description="`comments`: those and the docstrings of Python code only"
    )
    min_probability: float = Field(
        default=0.65, gt=0, le=1, description="of another language, to count (datatrove, FineWeb)"
    )


class RepetitionFilter(Record):
    """Rows that repeat themselves."""

    of: Literal["prose", "code"] = Field(
        description="`prose`: Gopher's limits (Rae et al. 2021, table A1); `code`: looser ones"
    )


class PerplexityFilter(Record):
    """Rows that the base model finds far more, or far less, surprising than the others."""

    max_deviations: float = Field(
        default=3.5, gt=0, description="modified z-score (Iglewicz and Hoaglin 1993)"
    )


class SemanticFilter(Record):
    """Rows that mean the same."""

    cosine: float = Field(default=0.97, gt=0, le=1, description="likeness of MiniLM embeddings")


class DiversityFilter(Record):
    """A selection of the rows that differ most."""

    rows: int = Field(ge=1, description="rows to keep at most")


class VerifierUse(Record):
    """A verifier by its registered name, and its options."""

    name: str
    options: dict[str, Any] = Field(default_factory=dict)


def _name_or_mapping(value: Any) -> Any:
    """A bare name stands for a verifier without options."""
    if isinstance(value, str):
        return {"name": value}
    if not isinstance(value, dict | VerifierUse):
        message = "expected a verifier's name, or a mapping with name and options, found "
        raise ValueError(message + found(value))
    return value


class Filters(Record):
    """Thresholds of the Foundry's filters; one whose section is missing is off."""

    min_input_chars: int = Field(default=20, ge=0)
    max_input_chars: int = Field(default=4000, ge=1)
    language: LanguageFilter | None = None
    repetition: RepetitionFilter | None = None
    perplexity: PerplexityFilter | None = None
    near_duplicate_jaccard: float = Field(default=0.9, gt=0, le=1)
    near_duplicates_of_earlier: bool = Field(
        default=False, description="whether rows that earlier iterations kept count, too"
    )
    semantic_duplicates: SemanticFilter | None = None
    decontamination_ngram: int = Field(
        default=13,
        ge=3,
        description="words; GPT-3's overlap length (Brown et al. 2020, appendix C)",
    )
    decontamination_similarity: float = Field(
        default=0.55,
        gt=0,
        le=1,
        description="shared weight of what restructuring leaves of Python code",
    )
    decontamination_cosine: float | None = Field(
        default=None, gt=0, le=1, description="likeness of MiniLM embeddings"
    )
    max_class_share: float = Field(default=0.6, gt=0, le=1)
    max_family_share: float | None = Field(default=None, gt=0, le=1)
    diversity: DiversityFilter | None = None
    verifiers: tuple[Annotated[VerifierUse, BeforeValidator(_name_or_mapping)], ...] = ()
