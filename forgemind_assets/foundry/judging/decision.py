"""The table that decides about a row: the verifier's word first, then the judges'.

| verifier          | judges in use   | row                                        |
|-------------------|-----------------|--------------------------------------------|
| agrees with label | not asked       | kept                                       |
| refutes it        | not asked       | dropped, with the verifier's reason        |
| is silent         | have no word    | as it would be without judges              |
| is silent         | all disagree    | dropped, `judges_disagree`                 |
| is silent         | some of each    | in quarantine, `quarantined_judges_split`  |
| is silent         | all agree       | kept                                       |
| looked in vain    | all agree       | kept if one of them is trusted; else       |
|                   |                 | dropped, with the verifier's reason        |

A verifier that looked in vain is silent too: where the judges do not all agree, the lines above
hold.
"""

from collections.abc import Sequence
from typing import Literal

Word = Literal["agrees", "refutes", "silent"]

DISAGREE = "judges_disagree"
SPLIT = "quarantined_judges_split"


def decide(
    word: Word, objection: str | None, votes: Sequence[bool], *, trusted: bool = False
) -> str | None:
    """None to keep the row, or why it is dropped.

    Args:
        word: the verifier's, on the row's label.
        objection: why the row is dropped without judges; None where it is kept then. With a
            silent verifier: that it looked for the label in vain.
        votes: for each judge in use that has a word, whether it agrees with the label.
        trusted: whether one of those is good enough to outweigh an objection.
    """
    if word == "agrees":
        return None
    if word == "refutes" or not votes:
        return objection
    if not any(votes):
        return DISAGREE
    if not all(votes):
        return SPLIT
    return None if trusted else objection
