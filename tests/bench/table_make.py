"""Makes the table: real trainings of SmolLM2-135M with LoRA in many configurations, with curves.

Any search strategy can then be replayed on it in seconds (`tests/bench/search.py`). The
configurations are a scrambled Sobol sequence over wide ranges, drawn before any of them was
trained. Each finished one is a row of the Parquet file, which is rewritten whole after every row,
so that a kill loses one configuration at most and the next call goes on.

    .venv/bin/python tests/bench/table_make.py --threads 1
"""

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]

import polars as pl  # noqa: E402
import table_task  # noqa: E402

from forgemind_assets.home import Home  # noqa: E402
from forgemind_assets.records import TrainSettings  # noqa: E402

OUT = Path(__file__).parent / "data" / "lora_table.parquet"
DESIGN_SEED, CONFIGURATIONS = 20261123, 128
EPOCHS = (1.0, 2.0, 3.0)
BATCHES = (4, 8, 16, 32)
RANKS = (4, 8, 16, 32, 64)
ALPHA_RATIOS = (0.5, 1.0, 2.0, 4.0)
LEARNING_RATES, WEIGHTS, WARMUPS = (1e-4, 3e-2), (1.0, 30.0), (0.0, 0.3)


def design(count: int = CONFIGURATIONS, seed: int = DESIGN_SEED) -> list[dict[str, Any]]:
    """The configurations, the same at every call."""
    from scipy.stats import qmc

    points = qmc.Sobol(d=8, scramble=True, rng=seed).random(count)
    return [
        {
            "learning_rate": _between(LEARNING_RATES, u[0], log=True),
            "epochs": _one_of(EPOCHS, u[1]),
            "batch_size": _one_of(BATCHES, u[2]),
            "rank": _one_of(RANKS, u[3]),
            "alpha_ratio": _one_of(ALPHA_RATIOS, u[4]),
            "answer_weight": _between(WEIGHTS, u[5], log=True),
            "warmup_ratio": _between(WARMUPS, u[6], log=False),
            "contrast_batches": bool(u[7] < 0.5),
        }
        for u in points
    ]


def _between(ends: tuple[float, float], u: float, *, log: bool) -> float:
    low, high = ends
    value = low * (high / low) ** u if log else low + (high - low) * u
    return float(f"{value:.4g}")


def _one_of(choices: tuple[Any, ...], u: float) -> Any:
    return choices[min(len(choices) - 1, math.floor(u * len(choices)))]


def settings_of(dials: dict[str, Any], heavy: str = "flawed") -> TrainSettings:
    """The trainer's settings for one configuration; `heavy` is the key that the weight is of."""
    return TrainSettings(
        learning_rate=dials["learning_rate"],
        epochs=dials["epochs"],
        batch_size=dials["batch_size"],
        rank=dials["rank"],
        alpha=max(1, round(dials["alpha_ratio"] * dials["rank"])),
        answer_weights={heavy: dials["answer_weight"]},
        warmup_ratio=dials["warmup_ratio"],
        contrast_batches=dials["contrast_batches"],
    )


def read(path: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows that are there, and what they were made on; nothing where there is no file."""
    if not path.exists():
        return [], {}
    made = pl.read_parquet_metadata(path).get("made", "{}")
    return pl.read_parquet(path).to_dicts(), json.loads(made)


def write(path: Path, rows: list[dict[str, Any]], facts: dict[str, Any]) -> None:
    """Replaces the file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    frame = pl.DataFrame(sorted(rows, key=lambda row: row["config"]), infer_schema_length=None)
    frame.write_parquet(partial, metadata={"made": json.dumps(facts)})
    partial.replace(path)


def facts_of(bed: table_task.Bed, task: table_task.Task) -> dict[str, Any]:
    """What must be the same for all rows, and where they were made."""
    from forgemind_assets.forge import hardware, manifest

    return {
        "task_sha256": task.digest(),
        "base_sha256": bed.base_hash,
        "precision": bed.precision,
        "design_seed": DESIGN_SEED,
        "train_rows": len(task.train),
        "held_cases": len(task.held),
        "rung_cases": table_task.RUNG_CASES,
        "hardware": hardware.describe(bed.device),
        "packages": manifest.package_versions(),
    }


def refuse_other(before: dict[str, Any], now: dict[str, Any], path: Path) -> None:
    """Stops where rows of another task, base or precision would be mixed with these."""
    same = ("task_sha256", "base_sha256", "precision", "design_seed")
    other = [key for key in same if before and before.get(key) != now[key]]
    if other:
        raise SystemExit(
            f"{path} was made with another {', '.join(other)}: give another --out, or remove it"
        )


def wait_while(file: Path | None) -> None:
    """Sleeps as long as the file exists."""
    while file is not None and file.exists():
        time.sleep(2)


Rows = list[dict[str, Any]]


def from_design(config: int, rows: Rows) -> dict[str, Any]:
    """The dials of a configuration of the table, whatever the others came to."""
    return design()[config]


def make(
    out: Path,
    count: int,
    pause: Path | None,
    precision: str,
    task: table_task.Task,
    choose: Callable[[int, Rows], dict[str, Any]] = from_design,
) -> None:
    """Trains what is missing, one configuration after the other."""
    base = os.environ.get("FORGEMIND_TEST_BASE")
    folder = Path(base or Home.from_environment().models / "smollm2-135m-instruct" / "clean")
    bed = table_task.Bed(folder, task, device="cpu", precision=precision)
    rows, before = read(out)
    facts = facts_of(bed, task)
    refuse_other(before, facts, out)
    done = {row["config"] for row in rows}
    for config in (config for config in range(count) if config not in done):
        wait_while(pause)
        dials = choose(config, rows)
        with tempfile.TemporaryDirectory() as work:
            curve = bed.train(settings_of(dials, task.question.flawed), Path(work))
        rows.append({"config": config, **dials, **vars(curve), "failed": bool(curve.failure)})
        write(out, rows, facts)
        told = "failed" if curve.failure else f"{curve.pass_rates[-1]:.0%} passed"
        print(
            f"{len(rows)}/{count}: configuration {config} {told}, {curve.seconds:.0f} s "
            f"({curve.cpu_seconds:.0f} s of work) {json.dumps(dials)}",
            flush=True,
        )


def options(told: str, out: Path, count: int) -> argparse.Namespace:
    """The command line of a script that makes a table; threads are set as it says."""
    parser = argparse.ArgumentParser(
        description=told, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=out, help="Parquet file to go on with")
    parser.add_argument("--count", type=int, default=count, help="configurations wanted")
    parser.add_argument("--threads", type=int, default=1, help="threads that a training takes")
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="bf16")
    parser.add_argument(
        "--pause-while", type=Path, metavar="FILE", help="train nothing new while it exists"
    )
    given = parser.parse_args()
    from forgemind_assets.forge import hardware

    hardware.prepare()
    hardware.use_threads(given.threads)
    return given


def main() -> None:
    """Goes on with the table."""
    given = options(__doc__, OUT, CONFIGURATIONS)
    task = table_task.load_task()
    make(given.out, min(given.count, CONFIGURATIONS), given.pause_while, given.precision, task)


if __name__ == "__main__":
    main()
