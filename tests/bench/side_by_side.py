"""Trials side by side on a CPU: tokens/s of all together, for each way of sharing the cores.

Trains SmolLM2 for a while as one trial with all cores, and as several trials with a core each,
in turn, each in a process of its own. The rule of `forge/hardware.py` follows from it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]

import bench_rows  # noqa: E402
from training import base_folder, settings_for  # noqa: E402


def trial(threads: int, seconds: float) -> dict:
    """One training with so many threads; waits for a line on stdin once its model is loaded."""
    from forgemind_assets.forge import hardware
    from forgemind_assets.forge.training import train

    hardware.prepare()
    hardware.use_threads(threads)
    import psutil

    settings = settings_for(8).model_copy(update={"max_seconds": seconds, "epochs": 50})
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        result = train(bench_rows.rows(), settings, base_folder(), out / "out", out / "work")
    memory = psutil.Process().memory_info()
    return {
        "tokens_per_second": result.tokens_per_second,
        "memory_gib": getattr(memory, "peak_wset", memory.rss) / 2**30,
    }


def together(trials: int, threads: int, seconds: float) -> dict:
    """Several trainings at once: tokens/s of all of them, and the memory of the largest."""
    command = [sys.executable, __file__, "--trial", str(threads), "--seconds", str(seconds)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(trials)
    ]
    told = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise SystemExit(f"a training failed: {told}")
    found = [json.loads(text.strip().splitlines()[-1]) for text in told]
    return {
        "tokens_per_second": sum(one["tokens_per_second"] for one in found),
        "memory_gib": max(one["memory_gib"] for one in found),
    }


def main() -> None:
    """Prints the measurement, or one training of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trial", type=int, metavar="THREADS")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    if given.trial:
        print(json.dumps(trial(given.trial, given.seconds)))
        return
    from forgemind_assets.forge.hardware import physical_cores

    cores = physical_cores()
    ways = {f"1 x {cores} threads": (1, cores), f"{cores} x 1 thread": (cores, 1)}
    runs = {name: [] for name in ways}
    for _ in range(given.rounds):
        for name, (trials, threads) in ways.items():
            runs[name].append(together(trials, threads, given.seconds))
            print(name, runs[name][-1], flush=True)
    speed = {
        name: statistics.median(run["tokens_per_second"] for run in found)
        for name, found in runs.items()
    }
    alone, shared = speed.values()
    record = {
        "name": "side_by_side",
        "value": round(shared / alone, 2),
        "unit": "times the tokens/s of one trial with all cores",
        "higher_is_better": True,
        "peers": {"one trial with all cores": round(alone, 1)},
        "details": {"cores": cores, "seconds": given.seconds, "runs": runs},
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
