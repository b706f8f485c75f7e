"""The decontamination drill: suite cases hidden among clean rows of other families.

500 cases are written to a suite of an invented goal and planted in 5,000 clean rows: verbatim,
renamed and reformatted, and paraphrased. The clean rows are rewritings of the goal's seeds of
*other* families, so they are about the same weaknesses and the same libraries as the cases. A
case and its repaired twin belong to one family: a clean row is never a twin of a case, and that a
twin is found is neither asked for nor counted as an alarm.

Cases and clean rows come from `dev` and the seeds, cut by family into two halves. The filter's
thresholds were chosen on the development half; `value` is the share of paraphrases found on the
held-out half. No gate suite is read. `--embeddings` adds the sentence model, if it is here.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]

import planted_rewrites as rewrites  # noqa: E402

from forgemind_assets.foundry.filters.base import Embedder  # noqa: E402
from forgemind_assets.foundry.filters.decontamination import Decontamination  # noqa: E402
from forgemind_assets.foundry.filters.suite_texts import Decontaminator, Overlap  # noqa: E402
from forgemind_assets.foundry.strategies.seed_expansion import expand  # noqa: E402
from forgemind_assets.records import Row, Seed  # noqa: E402

GOAL = REPOSITORY / "benchmarks" / "python_security"
CASES, CLEAN = 500, 5000
# Families whose snippets become cases; the others' become clean rows.
CASE_FAMILIES = 0.62
TRIES = 8
KINDS = ("verbatim", "renamed_and_reformatted", "paraphrased")


def snippets() -> list[Seed]:
    """The hand-written snippets that may be looked at: the seeds, and the cases of `dev`."""
    files = (GOAL / "seeds.jsonl", GOAL / "suites" / "dev.jsonl")
    records = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    return [Seed.model_validate({k: r[k] for k in Seed.model_fields}) for r in records]


def drawn(family: str, salt: str) -> float:
    """A number from 0 to 1 that belongs to a family."""
    return random.Random(f"{salt}/{family}").random()


@cache
def half(name: str) -> tuple[list[Seed], list[Row]]:
    """Cases, and clean rows of other families, of the `development` or the `held_out` half."""
    mine = [s for s in snippets() if (drawn(s.family, "half") < 0.5) == (name == "development")]
    cases = [s for s in mine if drawn(s.family, "suite") < CASE_FAMILIES]
    others = [s for s in mine if drawn(s.family, "suite") >= CASE_FAMILIES]
    rng = random.Random(name)
    cases = rng.sample(cases, min(CASES, len(cases)))
    if len(cases) < CASES:  # the rest are rewritings of them, as a suite may hold them, too
        more = expand(cases, dict.fromkeys({c.slice for c in cases}, 60), 1)
        known = {c.input for c in cases}
        extra = [r for r in more if r.input not in known]
        cases += [
            Seed(id=r.row_id, family=r.family, slice=r.slice, input=r.input, expected={})
            for r in rng.sample(extra, CASES - len(cases))
        ]
    slices = {s.slice for s in others}
    clean = expand(others, dict.fromkeys(slices, CLEAN // len(slices) + 60), 7)
    rng.shuffle(clean)
    return cases, clean[:CLEAN]


def paraphrase(code: str, rng: random.Random) -> str | None:
    """A paraphrase with two changes of structure or more, with one if there is no other."""
    tries = (rewrites.paraphrased(code, rng, 2 if n < TRIES - 2 else 1) for n in range(TRIES))
    return next((text for text in tries if text is not None), None)


def planted(cases: list[Seed], rng: random.Random) -> dict[str, list[str]]:
    """The cases in each disguise; those that cannot be paraphrased are left out there."""
    ways: dict[str, Callable[[str, random.Random], str | None]] = dict(
        zip(KINDS, (rewrites.verbatim, rewrites.renamed_and_reformatted, paraphrase), strict=True)
    )
    return {
        kind: [text for case in cases if (text := way(case.input, rng)) is not None]
        for kind, way in ways.items()
    }


def row_of(text: str) -> Row:
    """A training row with the text as its input."""
    return Row.make(family="planted", slice="planted", input=text, expected={}, strategy="planted")


def drill(name: str, limits: Overlap, embedder: Embedder | None = None) -> dict:
    """Shares found of each kind, and of clean rows, in per cent."""
    cases, clean = half(name)
    hidden = planted(cases, random.Random(f"plant/{name}"))
    rows = [row_of(text) for texts in hidden.values() for text in texts]
    began = time.process_time()
    suites = Decontaminator([case.input for case in cases], limits, embedder)
    reasons = Decontamination(suites).judge([*rows, *clean])
    seconds = time.process_time() - began
    found, place = {}, 0
    for kind, texts in hidden.items():
        told = reasons[place : place + len(texts)]
        found[kind] = round(100 * sum(map(bool, told)) / len(texts), 2)
        place += len(texts)
    alarms = [row for row, told in zip(clean, reasons[place:], strict=True) if told]
    return {
        **found,
        "false_alarms": round(100 * len(alarms) / len(clean), 2),
        "families_with_alarms": len({row.family for row in alarms}),
        "clean_families": len({row.family for row in clean}),
        "planted": {kind: len(texts) for kind, texts in hidden.items()},
        "rows_per_cpu_second": round(len(reasons) / seconds),
        "note": suites.note,
    }


def main() -> None:
    """Prints the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--embeddings", type=float, metavar="COSINE")
    parser.add_argument("--half", choices=("development", "held_out"))
    given = parser.parse_args()
    embedder = None
    if given.embeddings:
        from forgemind_assets.home import Home
        from resources.embeddings import SentenceModel
        from resources.models import ModelStore

        embedder = SentenceModel(ModelStore(Home.from_environment()))
    limits = Overlap(cosine=given.embeddings)
    halves = [given.half] if given.half else ["development", "held_out"]
    results = {name: drill(name, limits, embedder) for name in halves}
    print(
        json.dumps(
            {
                "name": "decontamination",
                "value": results[halves[-1]]["paraphrased"],
                "unit": "% of paraphrased suite cases found among rows of other families",
                "higher_is_better": True,
                "peers": {},
                "details": results,
            }
        )
    )


if __name__ == "__main__":
    main()
