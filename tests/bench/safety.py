"""How much of what is planted the Warden finds, and how fast it reads clean rows.

The value is the recall over planted secrets: the share of texts that the secrets layer would
not keep under the default policy. Half of the kinds and all carriers of the corpus were set
aside while the rules were written; details give recall for both halves.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]

from forgemind_assets.warden.policy_files import default_policy  # noqa: E402
from forgemind_assets.warden.scan import fate_of, scan  # noqa: E402
from forgemind_assets.warden.verdict import Subject  # noqa: E402


class Planted(Protocol):
    """One text of the corpus with what was put into it."""

    text: str
    kind: str
    carrier: str
    encoding: str
    held_out: bool
    secret: str


def load_corpus() -> Any:
    """The module with the planted texts. Ends with a message where it is missing."""
    try:
        import planted_corpus  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError as error:
        if error.name != "planted_corpus":
            raise
        where = Path(__file__).with_name("planted_corpus.py").relative_to(REPOSITORY)
        raise SystemExit(
            f"expected the planted texts in {where}, found no such file: the measurement needs "
            "secrets(seed), personal(seed) and clean_rows(seed, n) from it"
        ) from error
    return planted_corpus


def acted_on(layer: str, texts: Sequence[str]) -> list[bool]:
    """Whether the layer alone would not keep each text."""
    policy = default_policy()
    limits = policy.layer(layer)
    subjects = [Subject(str(i), {"text": text}) for i, text in enumerate(texts)]
    report = scan("training_rows", subjects, policy)
    return [
        any(v.layer == layer and fate_of(v.score, limits) != "keep" for v in one.verdicts)
        for one in report.subjects
    ]


def recall(
    planted: Sequence[Planted], found: Sequence[bool], key: Callable[[Planted], str]
) -> dict[str, list[float]]:
    """Share found and count of texts per group, lowest first."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for item, hit in zip(planted, found, strict=True):
        groups[key(item)].append(hit)
    rates = {name: [round(sum(hits) / len(hits), 4), len(hits)] for name, hits in groups.items()}
    return dict(sorted(rates.items(), key=lambda pair: (pair[1][0], pair[0])))


def leaks(planted: Sequence[Planted]) -> int:
    """How many planted texts have a verdict that repeats the secret. It must be none."""
    subjects = [Subject(str(i), {"text": item.text}) for i, item in enumerate(planted)]
    report = scan("training_rows", subjects, default_policy())
    pairs = zip(planted, report.subjects, strict=True)
    return sum(item.secret in str(one.verdicts) for item, one in pairs)


def speed(rows: Sequence[str], repeats: int) -> dict[str, float]:
    """Rows a second through all layers without a model, the best of several runs.

    CPU seconds are those of this one process, which a busy machine does not lengthen by waiting;
    wall seconds are what a person would have waited.
    """
    subjects = [
        Subject(str(i), {"input": row}, languages={"input": "python"}) for i, row in enumerate(rows)
    ]
    scan("training_rows", subjects[:500], default_policy())
    cpu, wall = [], []
    for _ in range(repeats):
        started, watch = time.process_time(), time.perf_counter()
        scan("training_rows", subjects, default_policy())
        cpu.append(time.process_time() - started)
        wall.append(time.perf_counter() - watch)
    return {
        "rows_per_second_one_core": round(len(rows) / min(cpu)),
        "rows_per_second_wall": round(len(rows) / min(wall)),
        "mean_row_characters": round(sum(map(len, rows)) / len(rows)),
    }


def measure(
    secrets: Sequence[Planted], personal: Sequence[Planted], clean: Sequence[str], repeats: int = 3
) -> dict[str, Any]:
    """The measurement in the project's format."""
    found = acted_on("secrets", [item.text for item in secrets])
    people = acted_on("personal_data", [item.text for item in personal])
    alarms = sum(acted_on("secrets", clean))
    halves = {
        name: [(i, f) for i, f in zip(secrets, found, strict=True) if i.held_out is held_out]
        for name, held_out in (("development", False), ("held_out", True))
    }
    details: dict[str, Any] = {
        "secrets": len(secrets),
        "clean_rows": len(clean),
        "clean_rows_with_alarm": alarms,
        "secrets_precision": round(sum(found) / max(sum(found) + alarms, 1), 4),
        "secrets_recall_by_encoding": recall(secrets, found, lambda i: i.encoding),
        "secrets_recall_by_carrier": recall(secrets, found, lambda i: i.carrier),
        "personal_data": len(personal),
        "personal_data_recall": round(sum(people) / max(len(people), 1), 4),
        "personal_data_recall_by_kind": recall(personal, people, lambda i: i.kind),
        "personal_data_clean_rows_with_alarm": sum(acted_on("personal_data", clean)),
        "verdicts_that_repeat_a_secret": leaks([*secrets, *personal]),
        **speed(clean, repeats),
    }
    for name, pairs in halves.items():
        items, hits = [i for i, _ in pairs], [f for _, f in pairs]
        details[f"secrets_recall_{name}"] = round(sum(hits) / len(hits), 4) if hits else None
        details[f"secrets_recall_{name}_by_kind"] = recall(items, hits, lambda i: i.kind)
    return {
        "name": "safety",
        "value": round(sum(found) / max(len(found), 1), 4),
        "unit": "share of planted secrets found",
        "higher_is_better": True,
        "peers": {},
        "details": details,
    }


def main() -> None:
    """Prints the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clean", type=int, default=10_000, help="clean rows of code")
    parser.add_argument("--repeats", type=int, default=3, help="runs of the speed measurement")
    given = parser.parse_args()
    corpus = load_corpus()
    result = measure(
        corpus.secrets(given.seed),
        corpus.personal(given.seed),
        corpus.clean_rows(given.seed, given.clean),
        given.repeats,
    )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
