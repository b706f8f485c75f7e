"""Candidates of the search: where one comes from, what is expected of it, and why it is tried."""

from typing import Literal, NamedTuple

from pydantic import Field

from forgemind_assets.brain.search.space import Values
from forgemind_assets.records import Record

Source = Literal["belief", "earlier", "model", "neighbour", "far", "advisor"]


class Candidate(NamedTuple):
    """A configuration, where it comes from, and what its advisor says of it."""

    source: Source
    values: Values
    words: str = ""


class Ranked(NamedTuple):
    """A candidate, and the pass rate that is expected of it."""

    candidate: Candidate
    expected: float


class Proposal(Record):
    """One candidate: a value for each dial, and why it is tried."""

    values: Values
    source: Source
    reason: str
    expected: float = Field(
        description="pass rate that was expected of it; of an advisor's, that of the best other "
        "candidate for its place"
    )
