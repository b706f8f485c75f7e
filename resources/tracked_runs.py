"""Shows a registered version on the optional trackers beside MLflow; that may fail, a run may not.

The trackers are told by a process of its own with a time limit: a library that hangs, a server
that does not answer and a lost account end in a sentence for the metadata. What is shown are
figures and counts: a report's samples quote gate cases, and those leave this machine by no way.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from forgemind_assets.errors import ForgeMindError, UserError
from forgemind_assets.home import REPOSITORY, Home
from forgemind_assets.lorekeeper.store import Store, write_atomic
from forgemind_assets.records import Record
from resources.trackers import HIDDEN, KEY, hide_secrets, require_wandb, tracking, turned_on

# As long as W&B itself waits for a server (its `init_timeout`), and again for what is sent.
SECONDS = 180.0
REPORTS = {
    "canary_report": "dev",
    "benchmark_report": "full",
    "adversarial_report": "adversarial",
}
QUOTES_CASES = {"samples"}
SHOWN_CHARS = 300


class TrackedRun(Record):
    """What is shown of one version."""

    goal: str
    trial: str
    iteration: str
    params: dict[str, Any]
    metrics: dict[str, float]
    losses: tuple[tuple[int, float], ...] = ()
    documents: dict[str, dict[str, Any]]


def show_version(home: Home, goal: str, trial: str, version: str | None) -> str | None:
    """Shows a version on the trackers that are turned on, once. Never raises.

    Args:
        home: of the installation.
        goal: name of the goal.
        trial: whose adapter it is.
        version: its number in the registry; None for a baseline, which has none.

    Returns:
        What came of it, for the metadata; None where there is nothing to show or no tracker.
    """
    if version is None:
        return None
    try:
        if not turned_on():
            return None
        require_wandb()
        run = tracked_run(Store(home.store), goal, trial, version)
    except (ForgeMindError, OSError, ValidationError) as error:
        return f"not shown: {readable(error)}"
    adapter = Store(home.store).manifest(goal, "adapter", trial).version
    mark = home.root / "wandb" / "shown" / f"{goal}-{adapter[:32]}.json"
    if mark.exists():
        return f"shown before as {trial}"
    failure = tell(home, run)
    if failure:
        return f"not shown: {failure}"
    mark.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(mark, json.dumps({"goal": goal, "trial": trial, "version": version}))
    return f"shown as {trial}"


def tracked_run(store: Store, goal: str, trial: str, version: str) -> TrackedRun:
    """Gathers the manifest and the reports. Raises StoreError where one is altered."""
    folder = store.verified(goal, "adapter", trial)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    metrics = {name: value for name, value in manifest.items() if type(value) in (int, float)}
    documents: dict[str, dict[str, Any]] = {"manifest": manifest}
    for asset, suite in REPORTS.items():
        if store.exists(goal, asset, trial):
            text = (store.verified(goal, asset, trial) / "report.json").read_text(encoding="utf-8")
            report = {k: v for k, v in json.loads(text).items() if k not in QUOTES_CASES}
            documents[asset] = report
            metrics |= rates(suite, report)
    return TrackedRun(
        goal=goal,
        trial=trial,
        iteration=trial.split("-")[0],
        params={"trial": trial, "version": version} | manifest.get("settings", {}),
        metrics=metrics,
        losses=tuple(manifest.get("losses", ())),
        documents=documents,
    )


def rates(suite: str, report: dict[str, Any]) -> dict[str, float]:
    """Pass rates of a report: of the whole suite and of each slice, 0 to 1."""
    parts = {f"{suite}_pass_rate": report["overall"]}
    parts |= {f"{suite}/{name}": rate for name, rate in report["slices"].items()}
    return {name: one["passed"] / one["total"] for name, one in parts.items() if one["total"]}


def tell(home: Home, run: TrackedRun, seconds: float = SECONDS) -> str:
    """Tells the trackers in a process of its own. Returns why it failed; empty if it did not."""
    asked = {"root": str(home.root), "models": str(home.models), "run": run.model_dump(mode="json")}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "resources.tracked_runs"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        try:
            process.communicate(json.dumps(asked).encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            end_group(process)
            return f"no end after {seconds:g} seconds; `wandb sync` sends what lies on this machine"
        except BaseException:
            end_group(process)
            raise
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
    if process.returncode == 0:
        return ""
    return readable(lines[-1] if lines else f"its process ended with {process.returncode}")


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that leads a group, and all it started, W&B's own service among them."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def readable(error: object) -> str:
    """A short text of an error, without a key."""
    key = os.environ.get(KEY, "").strip()
    text = " ".join(str(error).split())
    text = text.replace(key, "(key)") if key else text
    return HIDDEN if hide_secrets(text) != text else text[:SHOWN_CHARS]


def show(home: Home, run: TrackedRun) -> None:
    """Tells the trackers of this installation, in this process. Raises what they raise."""
    with (
        tracking(home, run.goal, run.trial, run.iteration) as tracker,
        tempfile.TemporaryDirectory() as place,
    ):
        tracker.log_params(run.params)
        for step, loss in run.losses:
            tracker.log_metrics({"train_loss": loss}, step)
        tracker.log_metrics(run.metrics)
        for name, document in run.documents.items():
            text = json.dumps(hide_secrets(document), indent=1, ensure_ascii=False)
            (Path(place) / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        tracker.log_artifact(Path(place), f"{run.goal}-{run.trial}", "report")


def main() -> None:
    """Reads what to show from standard input."""
    asked = json.load(sys.stdin)
    home = Home(root=Path(asked["root"]), models=Path(asked["models"]))
    try:
        show(home, TrackedRun.model_validate(asked["run"]))
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
