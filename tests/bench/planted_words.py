"""Vocabulary of the planted corpus: names, and templates filled with them.

A template holds slots such as `$noun`, `$Noun`, `$verb`, `$num`; a slot with a number after it
(`$noun2`) is another draw. One slot means one value within one template.
"""

import random
import re
from collections.abc import Callable
from pathlib import Path


def words(text: str) -> list[str]:
    """What the spaces part."""
    return text.split()


def lines(text: str) -> list[str]:
    """What the line ends part."""
    return text.splitlines()


def templates(name: str) -> list[str]:
    """The blocks of a file beside this one, which a line of three dashes parts."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return [block.strip("\n") for block in text.split("---\n")]


NOUNS = words("""
account address agenda album alert answer archive article asset auction batch basket
beacon bill booking branch bridge budget bundle cabin calendar camera campaign cargo catalog cell
channel chapter chart claim client clinic cluster column comment contract counter coupon course
customer dataset delivery depot device digest discount dispatch document driver edge engine entry
episode event exhibit factory farm feature feed field filter fleet flight folder forecast form
frame garage gauge graph grid group harvest hotel image incident index ingredient inspection
invoice item journal kernel label lane layer lecture ledger lesson library listing location loan
lot machine manifest market matrix meal meeting member menu message meter mission model module
movie museum node notebook notice offer order package page panel parcel parking partner patch
patient payment permit photo pipeline playlist plot policy pool portfolio post product profile
project quote rack recipe record region release rental repair report request reservation resource
result review ride roster route sample schedule score season segment sensor series session
shelf shift shipment signal site sketch slot snapshot source stage statement station stock
store story stream student subject survey table tariff task team template tenant term ticket tile
timer topic track trade trail train transfer trip turbine unit upload vehicle vendor venue version
video visit voucher wallet warehouse widget window workshop zone""")
VERBS = words("""
add apply archive assemble build bundle calculate check clean close collect compare
compute convert copy count create delete describe detect dispatch download export extract fetch
filter find flatten format generate group handle index insert list load lookup map mark merge
migrate move normalise notify open pack parse patch plan prepare print process prune publish pull
push rank read rebuild record refresh register remove rename render repair replace resolve restore
resume save scale schedule search select send serialise show sort split stage start stop store
submit summarise sync tag track transform trim unpack update upload validate verify walk
write""")
ADJECTIVES = words("""
active annual archived average basic blue broken cached cheap clean closed cold
common complete current daily dark deep default draft dry early empty even exact extra fast final
first flat fresh full global green hidden hourly idle initial internal large last late latest lazy
light linked local long lost main manual maximum mean merged minimal missing monthly narrow nested
new next northern old open partial pending plain previous primary public quiet random rapid raw
recent red regional remote rough round safe scheduled secondary shared short silent simple single
slow small sorted southern spare stable stale static strict sunny tall temporary total unique
unused upper urgent valid vertical visible warm weekly wide yearly""")
FIELDS = words("""
amount area brand capacity category city code colour comment count country created
currency day delay depth description distance duration end family grade height kind language
latitude length level limit longitude material mode month name note number offset origin owner
parent position price priority quantity rank rate reason region score season size speed start
status stock street subject tag temperature title total unit updated value vendor version volume
weight width year""")
LIBRARIES = words("""
numpy pandas polars httpx flask fastapi pydantic sqlalchemy click typer rich attrs
celery redis boto3 scipy networkx pytest hypothesis lxml yaml tomllib sqlite3 asyncio itertools
functools collections dataclasses statistics""")
SENTENCES = lines("""\
The $adj $noun is read once and kept for the rest of the run.
Nothing is written unless every $noun was accepted.
The $noun2 keeps its order, so two runs give the same $noun.
Callers hold the lock while the $noun is moved.
A missing $field means that the $noun was never started.
Values outside the $adj range are counted and left out.
The $adj $noun comes first because the $noun2 depends on it.
Each $noun belongs to one $noun2, never to two.
We saw the $adj $noun grow to $num entries last week.
The $noun service answers within $num milliseconds on a quiet day.
Rows without a $field are shown at the end of the $noun.
Ask the $noun team before you change the $field.
It takes about $num minutes for the $adj $noun to catch up.
The nightly job will $verb the $noun and $verb2 the $noun2.
Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt.
Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip.
Duis aute irure dolor in reprehenderit in voluptate velit esse cillum dolore.
The $noun page still shows the $adj $field after a deploy.
Please have a look at the $noun2 when you find the time.
Retries are limited to $digit, then the $noun is parked.""")

DRAWS: dict[str, Callable[[random.Random], str]] = {
    "noun": lambda rng: rng.choice(NOUNS),
    "verb": lambda rng: rng.choice(VERBS),
    "adj": lambda rng: rng.choice(ADJECTIVES),
    "field": lambda rng: rng.choice(FIELDS),
    "lib": lambda rng: rng.choice(LIBRARIES),
    "digit": lambda rng: str(rng.randint(2, 9)),
    "num": lambda rng: str(rng.choice([10, 12, 20, 24, 30, 50, 64, 90, 100, 128, 200, 250, 500])),
    "big": lambda rng: str(rng.randint(1_000, 99_999)),
    "frac": lambda rng: f"{rng.random():.{rng.randint(1, 3)}f}",
    "year": lambda rng: str(rng.randint(2015, 2026)),
    "month": lambda rng: f"{rng.randint(1, 12):02d}",
    "day": lambda rng: f"{rng.randint(1, 28):02d}",
    "time": lambda rng: (
        f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:{rng.randint(0, 59):02d}"
    ),
    "port": lambda rng: str(rng.choice([3000, 5000, 5432, 6379, 8000, 8080, 9000, 9090])),
    "semver": lambda rng: f"{rng.randint(0, 9)}.{rng.randint(0, 30)}.{rng.randint(0, 20)}",
    "sentence": lambda rng: filled(rng, rng.choice(SENTENCES)),
}
SHORTEST, LONGEST = 80, 800  # characters of a text around a planted value
SLOT = re.compile(rf"\$({'|'.join(sorted(DRAWS, key=len, reverse=True))})(\d?)", re.IGNORECASE)


def filled(rng: random.Random, template: str) -> str:
    """The template with its slots drawn; `$Noun` and `$NOUN` are `$noun` in another case."""
    drawn: dict[str, str] = {}

    def draw(match: re.Match[str]) -> str:
        name, number = match[1], match[2]
        key = f"{name.lower()}{number}"
        if key not in drawn:
            drawn[key] = DRAWS[name.lower()](rng)
        return cased(drawn[key], name)

    return SLOT.sub(draw, template)


def cased(word: str, like: str) -> str:
    """The word in the slot's case."""
    if like.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if like[0].isupper() else word


# Vulnerable code is among the snippets on purpose: the default goal teaches it, so it is clean.
SNIPPETS = templates("planted_code.txt")


def snippet(rng: random.Random) -> str:
    """One block of ordinary Python, without anything a scanner should mind."""
    return filled(rng, rng.choice(SNIPPETS))


def sentence(rng: random.Random) -> str:
    """One line of ordinary prose."""
    return filled(rng, rng.choice(SENTENCES))


def draw(rng: random.Random, alphabet: str, length: int) -> str:
    """Random characters, with repetition."""
    return "".join(rng.choices(alphabet, k=length))


def fit(
    rng: random.Random,
    core: str,
    filler: Callable[[random.Random], str],
    joiner: str = "\n",
    longest: int = LONGEST,
) -> str:
    """The core with filler before and after it: 80 to `longest` characters, or the core's own."""
    target, ahead = rng.randint(SHORTEST, longest), rng.random()
    pieces, size = [core], len(core)
    for _ in range(60):
        piece = filler(rng)
        longer = size + len(joiner) + len(piece)
        if size >= target or (longer > longest and size >= SHORTEST):
            break
        if longer <= longest and piece not in pieces:
            pieces.insert(0 if rng.random() < ahead else len(pieces), piece)
            size = longer
    return joiner.join(pieces)
