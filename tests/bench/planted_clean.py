"""Clean rows: ordinary Python, half of it with something that only looks like a secret.

What counts as clean, and why:
- digests, commits, UUIDs, fingerprints, public keys, trace ids: public by their purpose, and their
  names say so. The same shapes under a name such as `token` are in nobody's favour: left out.
- placeholders (`YOUR_API_KEY`, `xxxx`, AWS's documented `...EXAMPLE` pair) and masked values.
- look-ups in the environment, in a vault, in a request; URLs whose password is a variable.
- e-mail addresses on reserved domains (RFC 2606), documentation, private and loopback addresses.
- numbers that fail the checksum of what they look like; four-part versions named as versions.
- encoded pictures and sentences, and code that speaks about secrets (a rule, a PEM header).
- vulnerable code: the default goal teaches it. But no hard-coded password, not even a short one:
  whether that is a find depends on the goal, so it stands on neither side.
Left out because opinions differ: Stripe test keys, jwt.io's token, test card numbers in full,
555 numbers, public resolvers, password hashes.
"""

import random

from planted_marks import marked
from planted_words import snippet, templates

SHORTEST, LONGEST = 100, 600  # characters of a clean row
LOOKALIKES = templates("planted_lookalikes.txt")


def clean_rows(seed: int = 0, n: int = 10_000) -> list[str]:
    """`n` different rows of Python, 100 to 600 characters each, that no scanner should flag."""
    rng = random.Random(f"clean:{seed}")
    rows: dict[str, None] = {}
    while len(rows) < n:
        row = clean_row(rng)
        if SHORTEST <= len(row) <= LONGEST:
            rows[row] = None
    return list(rows)


def clean_row(rng: random.Random) -> str:
    """One to four blocks; in half of the rows one of them, sometimes two, is a look-alike."""
    blocks = [snippet(rng) for _ in range(rng.choice([0, 1, 1, 2, 2, 3]))]
    if not blocks or rng.random() < 0.45:
        for _ in range(rng.choice([1, 1, 2])):
            blocks.insert(rng.randint(0, len(blocks)), marked(rng, rng.choice(LOOKALIKES)))
    return "\n\n".join(blocks)
