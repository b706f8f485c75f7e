"""The real command in a process of its own: interrupted, killed, and run again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fakes.goal_folder import write_goal
from fakes.tiny_model import write_catalogue, write_tiny_model

from forgemind_assets.home import REPOSITORY
from forgemind_assets.lorekeeper.store import Store

pytestmark = pytest.mark.slow
PATIENCE_SECONDS = 240


@pytest.fixture
def place(tmp_path):
    model = write_tiny_model(tmp_path / "tiny")
    changes = {
        "limits.base_model": "tiny",
        "limits.max_iterations": 1,
        "success.canary_pass_rate": 0.0,
        "search": {"rows": 60, "epochs": 20, "rank": 2, "batch_size": 4},
        "strategies": [{"name": "seed_expansion"}],
        "teachers": [],
    }
    write_goal(tmp_path / "goal", changes)
    write_catalogue(tmp_path / "catalogue.yaml", "tiny", model)
    return tmp_path


def heed_interrupts() -> None:
    """A shell that starts tests in the background leaves SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(place: Path) -> subprocess.Popen:
    environment = os.environ | {
        "FORGEMIND_CATALOGUE": str(place / "catalogue.yaml"),
        "FORGEMIND_HOME": str(place / "home"),
        "FORGEMIND_MODELS": str(place / "models"),
    }
    command = [sys.executable, "-m", "forgemind_assets.cli.main", "run", str(place / "goal")]
    with (place / "out.txt").open("ab") as out:
        return subprocess.Popen(
            [*command, "--headless"],
            cwd=REPOSITORY,
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=heed_interrupts,
        )


def wait_for(place: Path, stage: str) -> None:
    progress = place / "home" / "run" / "small_goal.progress.json"
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if progress.exists() and stage in progress.read_text(encoding="utf-8"):
            return
        time.sleep(0.02)
    raise AssertionError(f"{stage} never came: {(place / 'out.txt').read_text()}")


def test_interrupted_then_killed_then_run_to_the_end(place):
    first = start(place)
    wait_for(place, '"training"')
    first.send_signal(signal.SIGINT)
    assert first.wait(PATIENCE_SECONDS) == 130, (place / "out.txt").read_text()

    second = start(place)
    wait_for(place, '"training"')
    os.killpg(second.pid, signal.SIGKILL)
    second.wait(PATIENCE_SECONDS)

    third = start(place)
    assert third.wait(PATIENCE_SECONDS) == 3, (place / "out.txt").read_text()
    store = Store(place / "home" / "store")
    assert store.partitions("small_goal", "adversarial_report") == ["0000-a", "0000-b", "0001-a"]
    assert store.partitions("small_goal", "registry_entry") == ["0000", "0001"]
    assert "limit reached: 1 of 1 iterations" in " ".join(
        (place / "out.txt").read_text(encoding="utf-8").split()
    )
