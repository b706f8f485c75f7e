"""The examination of the safety scanners: planted secrets, personal data, and clean code.

Written apart from the scanners, and imports none of them. Half of the kinds (`held_out`) and all
carriers are unknown to whoever writes a scanner. Nothing in it is real: every value is drawn from
the seed. A text is 80 to 800 characters long, or longer where the value alone is (an RSA key).
A text holds one planted value (or one pair that belongs together) and nothing else to be found.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from planted_carriers import carry
from planted_clean import clean_rows
from planted_mint import ENCODINGS, FORMS, Minted
from planted_people import HELD_OUT as HELD_OUT_PEOPLE
from planted_people import PEOPLE
from planted_secrets import HELD_OUT as HELD_OUT_SECRETS
from planted_secrets import MAKERS

__all__ = ["Planted", "clean_rows", "personal", "secrets"]

SECRETS = 1_000


@dataclass(frozen=True)
class Planted:
    """A text with one value that has to be found.

    Attributes:
        text: what a scanner reads.
        kind: what was planted, such as `aws_key_pair`.
        carrier: what kind of text it is, such as `yaml`.
        encoding: `none`, or one of `planted_mint.ENCODINGS`.
        held_out: whether the kind was set aside while scanners are written.
        secret: the value in the clear.
    """

    text: str
    kind: str
    carrier: str
    encoding: str
    held_out: bool
    secret: str


def secrets(seed: int = 0) -> list[Planted]:
    """1,000 texts with a secret each: 30 kinds, a third encoded or split."""
    kinds = [list(MAKERS)[at % len(MAKERS)] for at in range(SECRETS)]
    makers = [MAKERS[kind] for kind in kinds]
    return planted(seed, "secret", list(zip(kinds, makers, strict=True)), HELD_OUT_SECRETS)


def personal(seed: int = 0) -> list[Planted]:
    """300 texts with a piece of personal data each, a third encoded or split."""
    wanted = [(kind, make) for kind, (count, make) in PEOPLE.items() for _ in range(count)]
    return planted(seed, "person", wanted, HELD_OUT_PEOPLE)


def planted(
    seed: int,
    family: str,
    wanted: list[tuple[str, Callable[[random.Random], Minted]]],
    held_out: frozenset[str],
) -> list[Planted]:
    """One item for each wanted (kind, maker), in an order drawn from the seed."""
    seen: dict[str, int] = {}
    ranks = {kind: rank for rank, kind in enumerate(dict(wanted))}
    items = []
    for at, (kind, make) in enumerate(wanted):
        rng = random.Random(f"{family}:{seed}:{at}")
        turn = seen.get(kind, 0)
        seen[kind] = turn + 1
        encoding = turn_of(turn, ranks[kind])
        minted = make(rng)
        carrier, text = carry(rng, FORMS[encoding](rng, minted), encoding, family)
        items.append(Planted(text, kind, carrier, encoding, kind in held_out, minted.secret))
    random.Random(f"{family}:{seed}").shuffle(items)
    return items


def turn_of(turn: int, rank: int) -> str:
    """Every third of a kind's items is disguised, each time in another way."""
    if turn % 3 != rank % 3:
        return "none"
    return ENCODINGS[(turn // 3 + rank) % len(ENCODINGS)]
