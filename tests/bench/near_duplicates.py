"""Near duplicates: speed and macro-F1 on planted edits, beside datasketch, gaoya and rensa alone.

The clean rows are functions of Python's standard library of 80 to 600 characters, no two of which
share more than `APART` of their 3-token shingles. Of one in four a copy with small edits follows:
one to three of a renamed variable, a changed constant, a reworded comment, a line put in or taken
out. One in eight has a relative: half of its lines are those of another function. A row is right
where it is called a duplicate exactly if it is a copy; macro-F1 is the mean of the F1 of copies
and of all others. The threshold was chosen on another draw of rows (`--tune`).

All run on one thread and get the same rows; seconds are CPU seconds, reading and tokenising
included. rensa, the library that ForgeMind's index computes MinHash with, also runs alone, with
the deduplicator that it brings. The last part adds 1,000 rows to indexes on disk of growing size.

Peers in `.venv-peers`; see `peers.txt`. text-dedup needs Python 3.12, semhash a model from a hub.
"""

import argparse
import ast
import json
import os
import random
import re
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import warnings
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]
os.environ["RAYON_NUM_THREADS"] = "1"

PEERS = Path(os.environ.get("FORGEMIND_PEERS") or REPOSITORY / ".venv-peers" / "bin" / "python")
ROWS, COPIES, RELATIVES = 16000, 4000, 2000
APART = 0.5
JACCARD = 0.6
TOKEN = re.compile(r"\w+|[^\w\s]")
ADDED = 1000
SIZES = (10_000, 30_000, 100_000, 300_000)


def functions() -> list[str]:
    """Functions of the standard library, in the order of its files."""
    found: dict[str, None] = {}
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).rglob("*.py")):
        if "site-packages" in path.parts:
            continue
        try:
            text = path.read_text("utf-8")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = text.split("\n")[node.lineno - 1 : node.end_lineno]
                code = "\n".join(line[node.col_offset :] for line in lines)
                if 80 <= len(code) <= 600:
                    found[code] = None
    return list(found)


def edited(code: str, rng: random.Random) -> str:
    """The text with one to three small edits."""
    for _ in range(rng.randint(1, 3)):
        code = rng.choice((_renamed, _number, _comment, _line_in, _line_out))(code, rng)
    return code


def related(code: str, other: str, rng: random.Random) -> str:
    """The text with half of its lines, drawn at random, from another one."""
    lines, foreign = code.split("\n"), other.split("\n")
    for place in rng.sample(range(len(lines)), len(lines) // 2):
        lines[place] = rng.choice(foreign)
    return "\n".join(lines)


def _renamed(code: str, rng: random.Random) -> str:
    names = sorted({w for w in re.findall(r"[a-z_]\w{2,}", code) if code.count(w) <= 2})
    return re.sub(rf"\b{rng.choice(names)}\b", f"item_{rng.randrange(99)}", code) if names else code


def _number(code: str, rng: random.Random) -> str:
    return re.sub(r"\b\d+\b", lambda m: str(int(m[0]) + rng.randint(1, 9)), code, count=1)


def _comment(code: str, rng: random.Random) -> str:
    head, _, rest = code.partition("\n")
    return f"{head}  # note {rng.randrange(1000)}\n{rest}"


def _line_in(code: str, rng: random.Random) -> str:
    lines = code.split("\n")
    lines.insert(rng.randint(1, len(lines)), f"    log({rng.randrange(1000)})")
    return "\n".join(lines)


def _line_out(code: str, rng: random.Random) -> str:
    lines = code.split("\n")
    if len(lines) > 6:
        del lines[rng.randrange(1, len(lines))]
    return "\n".join(lines)


def corpus(seed: int) -> tuple[list[str], list[bool]]:
    """Texts, and which of them are edited copies of an earlier one; `seed` draws other ones."""
    from forgemind_assets.foundry.filters.near_index import NearIndex, Shape

    rng = random.Random(seed)
    texts = functions()
    rng.shuffle(texts)
    index = NearIndex(Shape(APART))
    near = index.add(index.prints(texts, [""] * len(texts)))
    clean = [text for text, twin in zip(texts, near, strict=True) if not twin][:ROWS]
    rows = [(text, False) for text in clean]
    rows += [(edited(t, rng), True) for t in rng.sample(clean, min(COPIES, len(clean) // 4))]
    rows += [
        (related(text, rng.choice(clean), rng), False)
        for text in rng.sample(clean, min(RELATIVES, len(clean) // 8))
    ]
    return [text for text, _ in rows], [copy for _, copy in rows]


def macro_f1(found: list[bool], truth: list[bool]) -> float:
    """Mean F1 of the two classes."""
    scores = []
    for kind in (True, False):
        both = sum(f == kind and t == kind for f, t in zip(found, truth, strict=True))
        either = found.count(kind) + truth.count(kind)
        scores.append(2 * both / either if either else 0.0)
    return statistics.mean(scores)


def tokens_of(text: str) -> list[str]:
    """3-token shingles, as all sides see them."""
    tokens = TOKEN.findall(text)
    return [" ".join(tokens[i : i + 3]) for i in range(max(1, len(tokens) - 2))]


def ours(texts: list[str]) -> list[bool]:
    """ForgeMind's index."""
    from forgemind_assets.foundry.filters.near_index import NearIndex, Shape

    index = NearIndex(Shape(JACCARD))
    return index.add(index.prints(texts, [""] * len(texts)))


def rensa_alone(texts: list[str]) -> list[bool]:
    """rensa's own deduplicator."""
    from rensa import RMinHashDeduplicator

    dedup = RMinHashDeduplicator(threshold=JACCARD, num_perm=128, use_lsh=True)
    pairs = ((str(n), tokens_of(text)) for n, text in enumerate(texts))
    return [not kept for kept in dedup.add_pairs(pairs)]


def datasketch(texts: list[str]) -> list[bool]:
    """MinHashLSH as its manual shows it, with bulk hashing."""
    from datasketch import MinHash, MinHashLSH

    lsh = MinHashLSH(threshold=JACCARD, num_perm=128)
    sets = [[s.encode() for s in tokens_of(text)] for text in texts]
    found = []
    for n, own in enumerate(MinHash.bulk(sets, num_perm=128)):
        near = any(lsh_hash.jaccard(own) >= JACCARD for lsh_hash in map(KEPT.get, lsh.query(own)))
        found.append(near)
        if not near:
            lsh.insert(n, own)
            KEPT[n] = own
    return found


KEPT: dict = {}


def gaoya(texts: list[str]) -> list[bool]:
    """MinHashStringIndex with its own tokeniser: words, 3 in a row."""
    from gaoya.minhash import MinHashStringIndex

    index = MinHashStringIndex(
        hash_size=32,
        jaccard_threshold=JACCARD,
        num_bands=32,
        band_size=4,
        num_hashes=128,
        analyzer="word",
        lowercase=False,
        ngram_range=(3, 3),
    )
    found = []
    for n, text in enumerate(texts):
        near = bool(index.query(text))
        found.append(near)
        if not near:
            index.insert_document(n, text)
    return found


SIDES = {"ours": ours, "rensa": rensa_alone, "datasketch": datasketch, "gaoya": gaoya}


def one(side: str, file: str) -> dict:
    """One side's flags and CPU seconds."""
    texts = json.loads(Path(file).read_text("utf-8"))
    SIDES[side](texts[:50])
    KEPT.clear()
    began = time.process_time()
    found = SIDES[side](texts)
    return {"seconds": time.process_time() - began, "found": [bool(f) for f in found]}


def growth(texts: list[str]) -> dict[str, float]:
    """CPU seconds to add 1,000 rows to an index on disk, by the rows that it holds."""
    from forgemind_assets.foundry.filters.near_index import NearIndex, Shape
    from resources.near_shelf import open_shelf

    rng, seconds = random.Random(3), {}
    with tempfile.TemporaryDirectory() as folder:
        file, held = Path(folder) / "index.sqlite", 0
        for size in SIZES:
            for count in (size - held, ADDED):
                began = time.process_time()
                with open_shelf(file, "all") as shelf:
                    index = NearIndex(Shape(0.9), shelf)
                    drawn = [_other(rng.choice(texts), rng) for _ in range(count)]
                    if count == ADDED:
                        began = time.process_time()
                    index.add(index.prints(drawn, [""] * count))
                seconds[str(size)] = round(time.process_time() - began, 4)
            held = size + ADDED
    return seconds


def _other(code: str, rng: random.Random) -> str:
    """The text with every other word changed: a new row of the same length."""
    return re.sub(
        r"\w+", lambda m: f"{m[0]}{rng.randrange(50)}" if rng.random() < 0.5 else m[0], code
    )


def in_a_process(python: Path | str, side: str, file: Path) -> dict:
    """One side in a process of its own."""
    done = subprocess.run(
        [str(python), __file__, "--side", side, str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{side} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def compare() -> dict:
    """Runs all sides on the same rows."""
    texts, truth = corpus(seed=2)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.json"
        file.write_text(json.dumps(texts), encoding="utf-8")
        runs = {
            side: in_a_process(sys.executable if side == "ours" else PEERS, side, file)
            for side in SIDES
        }
    speed = {side: round(len(texts) / run["seconds"]) for side, run in runs.items()}
    peers = {side: value for side, value in speed.items() if side != "ours"}
    return {
        "name": "near_duplicates",
        "value": round(speed["ours"] / max(peers.values()), 2),
        "unit": "times the rows/s of the fastest peer on one core",
        "higher_is_better": True,
        "peers": peers,
        "details": {
            "rows": len(texts),
            "mean_chars": round(statistics.mean(map(len, texts))),
            "copies": sum(truth),
            "jaccard": JACCARD,
            "rows_per_second": speed["ours"],
            "macro_f1": {s: round(macro_f1(r["found"], truth), 4) for s, r in runs.items()},
            "seconds_to_add_1000_by_rows_held": growth(texts),
        },
    }


def tune() -> dict:
    """macro-F1 by threshold, on rows that the measurement does not use."""
    global JACCARD
    texts, truth = corpus(seed=1)
    scores = {}
    for JACCARD in (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8):
        scores[str(JACCARD)] = round(macro_f1(ours(texts), truth), 4)
    return scores


def main() -> None:
    """Prints the measurement, or one side of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", nargs=2, metavar=("SIDE", "FILE"))
    parser.add_argument("--tune", action="store_true")
    given = parser.parse_args()
    if given.side:
        print(json.dumps(one(*given.side)))
    elif given.tune:
        print(json.dumps(tune()))
    else:
        if not PEERS.is_file():
            raise SystemExit(f"expected the peers in {PEERS.parents[1]}; see the head of this file")
        print(json.dumps(compare()))


if __name__ == "__main__":
    main()
