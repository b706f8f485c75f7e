"""Changes of any text that keep its meaning. Lines stay lines."""

import random
import re

from forgemind_assets.trial_grounds.attack.records import Changed, Mutation, Mutations, Specimen

OPENINGS = ("Please look at this: ", "Here is the next one. ", "For your attention: ", "Hello, ")
WORD = re.compile(r"[A-Za-z]{6,}")
SLIPS = 12
"""One letter swap for so many long words, and at least one."""


def letter_case(specimen: Specimen, rng: random.Random) -> Changed | None:
    """All letters large, or all small."""
    changed = specimen.text.upper() if rng.random() < 0.5 else specimen.text.lower()
    return _changed(specimen, changed)


def spacing(specimen: Specimen, rng: random.Random) -> Changed | None:
    """Some of the blanks between words doubled."""
    doubled = re.sub(r"(?<=\S) (?=\S)", lambda _: rng.choice((" ", "  ")), specimen.text)
    return _changed(specimen, doubled)


def opening(specimen: Specimen, rng: random.Random) -> Changed | None:
    """Some polite words before the text."""
    return _changed(specimen, rng.choice(OPENINGS) + specimen.text)


def typing_slips(specimen: Specimen, rng: random.Random) -> Changed | None:
    """Two inner letters of a few long words exchanged."""
    places = list(WORD.finditer(specimen.text))
    if not places:
        return None
    text = list(specimen.text)
    for match in rng.sample(places, max(1, len(places) // SLIPS)):
        at = rng.randrange(match.start() + 1, match.end() - 2)
        text[at], text[at + 1] = text[at + 1], text[at]
    return _changed(specimen, "".join(text))


def _changed(specimen: Specimen, text: str) -> Changed | None:
    new = text != specimen.text and len(text) <= specimen.limit
    return (text, specimen.line) if new else None


TEXT: Mutations = {
    "letter_case": Mutation("all letters large, or all small", letter_case),
    "spacing": Mutation("doubled blanks", spacing),
    "opening": Mutation("polite words before it", opening),
    "typing_slips": Mutation("letters exchanged in long words", typing_slips),
}
