"""Experiment trackers beside MLflow: Weights & Biases, off unless this installation turns it on.

`FORGEMIND_WANDB=on` turns it on. That is a matter of the installation, as the addresses of MLflow
and of the ledger are: in `goal.yaml` it would change the version of the goal, and a goal that was
met here could not be repeated where there is no account. W&B's own variables (`WANDB_PROJECT`,
`WANDB_ENTITY`, `WANDB_BASE_URL`) hold as usual. Without `WANDB_API_KEY` the run stays on this
machine, under the home folder, until `wandb sync` sends it.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from forgemind_assets.errors import UserError
from forgemind_assets.goal_yaml import looks_secret
from forgemind_assets.home import Home

SWITCH = "FORGEMIND_WANDB"
KEY = "WANDB_API_KEY"
HIDDEN = "(not shown: looks like a secret)"


class Tracker(Protocol):
    """Where the figures of one run are shown."""

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Settings, by name."""
        ...

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Figures, by name."""
        ...

    def log_artifact(self, path: Path, name: str, kind: str) -> None:
        """A file, or all files of a folder."""
        ...

    def finish(self, *, failed: bool = False) -> None:
        """Ends the run; nothing can be logged after it."""
        ...


class WandbTracker:
    """One run of Weights & Biases.

    It collects nothing by itself: no code, no Git state, no host name, no packages, no console.
    """

    def __init__(self, home: Home, project: str, name: str, group: str):
        import wandb  # pyright: ignore[reportMissingImports]  an optional extra

        folder = home.root / "wandb"
        folder.mkdir(parents=True, exist_ok=True)
        settings = wandb.Settings(
            mode="online" if online() else "offline",
            root_dir=str(folder),
            console="off",
            silent=True,
            disable_code=True,
            save_code=False,
            disable_git=True,
            disable_job_creation=True,
            host="forgemind",
            x_disable_meta=True,
            x_disable_stats=True,
            x_disable_machine_info=True,
            x_save_requirements=False,
        )
        self._wandb = wandb
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT") or project,
            name=name,
            group=group,
            dir=str(folder),
            settings=settings,
        )

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Adds to the run's configuration; a value that looks like a secret is left out."""
        self._run.config.update(hide_secrets(dict(params)), allow_val_change=True)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Adds a point to the run's charts."""
        self._run.log(dict(metrics), step=step)

    def log_artifact(self, path: Path, name: str, kind: str) -> None:
        """Stores a file or folder as a versioned artifact."""
        artifact = self._wandb.Artifact(re.sub(r"[^\w.-]", "-", name), type=kind)
        (artifact.add_dir if path.is_dir() else artifact.add_file)(str(path))
        self._run.log_artifact(artifact)

    def finish(self, *, failed: bool = False) -> None:
        """Ends the run and the background process that writes it."""
        self._run.finish(exit_code=1 if failed else 0)
        self._wandb.teardown()


class Trackers:
    """Several trackers as one; none is the usual case."""

    def __init__(self, *trackers: Tracker):
        self._trackers = trackers

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Tells all."""
        for one in self._trackers:
            one.log_params(params)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Tells all."""
        for one in self._trackers:
            one.log_metrics(metrics, step)

    def log_artifact(self, path: Path, name: str, kind: str) -> None:
        """Tells all."""
        for one in self._trackers:
            one.log_artifact(path, name, kind)

    def finish(self, *, failed: bool = False) -> None:
        """Ends all."""
        for one in self._trackers:
            one.finish(failed=failed)


@contextmanager
def tracking(home: Home, goal: str, name: str, group: str = "") -> Iterator[Tracker]:
    """The trackers of this installation for one run; they are finished with the block.

    Args:
        home: runs are written below it.
        goal: W&B's project, unless `WANDB_PROJECT` names another.
        name: what the run is called: the trial.
        group: what runs are gathered under: the iteration.

    Raises:
        UserError: W&B is turned on, and is not installed; or the switch is neither on nor off.
    """
    if not turned_on():
        yield Trackers()
        return
    require_wandb()
    with surroundings(home):
        tracker = Trackers(WandbTracker(home, goal, name, group or goal))
        try:
            yield tracker
        except BaseException:
            tracker.finish(failed=True)
            raise
        tracker.finish()


def turned_on() -> bool:
    """Whether `FORGEMIND_WANDB` says on. Raises UserError for anything but on and off."""
    said = os.environ.get(SWITCH, "").strip().lower()
    if said in ("", "off", "0", "false", "no"):
        return False
    if said in ("on", "1", "true", "yes"):
        return True
    raise UserError(f"{SWITCH}: expected on or off, found {said!r}")


def online() -> bool:
    """Whether there is a key, and `WANDB_MODE` does not say offline."""
    return bool(os.environ.get(KEY, "").strip()) and os.environ.get("WANDB_MODE") != "offline"


def require_wandb() -> None:
    """Raises UserError where the package is missing."""
    if find_spec("wandb") is None:
        raise UserError(
            f"{SWITCH} is on: expected the package wandb, found none; install it with: "
            f"pip install 'forgemind[wandb]', or set {SWITCH}=off"
        )


@contextmanager
def surroundings(home: Home) -> Iterator[None]:
    """W&B's own folders below the home, and its reports to its makers off, while a run is open.

    It reads these from the environment alone; a variable that is set already is left as it is.
    """
    root = home.root / "wandb"
    wanted = {
        "WANDB_CACHE_DIR": str(root / "cache"),
        "WANDB_CONFIG_DIR": str(root / "config"),
        "WANDB_DATA_DIR": str(root / "data"),
        "WANDB_ARTIFACT_DIR": str(root / "artifacts"),
        "WANDB_ERROR_REPORTING": "false",
    }
    added = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def hide_secrets(value: Any) -> Any:
    """A value with every text in it that looks like a secret replaced."""
    if isinstance(value, Mapping):
        return {key: hide_secrets(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [hide_secrets(inner) for inner in value]
    return HIDDEN if isinstance(value, str) and looks_secret(value) else value
