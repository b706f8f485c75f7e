"""The real command in a process of its own: interrupted, killed, and run again."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from fakes.command import PATIENCE_SECONDS, start
from fakes.goal_folder import write_goal
from fakes.openai_server import FakeOpenAI, Says
from fakes.taught_goal import pair, taught_goal
from fakes.tiny_model import write_catalogue, write_tiny_model

from forgemind_assets.lorekeeper.store import Store
from resources.ledger import Ledger

pytestmark = pytest.mark.slow


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


def run(place: Path, *options: str, **more: str) -> subprocess.Popen:
    """`forgemind run` on the goal in that place."""
    return start(place, "run", str(place / "goal"), *(options or ["--headless"]), **more)


def wait_for(
    process: subprocess.Popen, place: Path, stage: str, where: str = "", done: int = 0
) -> None:
    """Until the stage has done that much in that place (any, if none is named)."""
    progress = place / "home" / "run" / "small_goal.progress.json"

    def reached() -> bool:
        text = progress.read_text(encoding="utf-8") if progress.exists() else ""
        now = json.loads(text) if text else {"stage": "", "where": "", "done": 0}
        return stage in now["stage"] and where in now["where"] and now["done"] >= done

    wait_until(process, place, reached, stage)


def wait_until(
    process: subprocess.Popen, place: Path, reached: Callable[[], bool], what: str
) -> None:
    """Until it is so, while the process lives."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if reached():
            return
        time.sleep(0.02)
    raise AssertionError(f"{what} never came: {(place / 'out.txt').read_text()}")


def kill(process: subprocess.Popen) -> None:
    """SIGKILL to the whole process group."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE_SECONDS)


def test_interrupted_then_killed_then_run_to_the_end(place):
    first = run(place)
    wait_for(first, place, "training")
    first.send_signal(signal.SIGINT)
    assert first.wait(PATIENCE_SECONDS) == 130, (place / "out.txt").read_text()

    second = run(place)
    wait_for(second, place, "training")
    kill(second)

    third = run(place)
    assert third.wait(PATIENCE_SECONDS) == 3, (place / "out.txt").read_text()
    store = Store(place / "home" / "store")
    assert store.partitions("small_goal", "adversarial_report") == ["0000-a", "0000-b", "0001-a"]
    assert store.partitions("small_goal", "registry_entry") == ["0000", "0001"]
    assert "limit reached: 1 of 1 iterations" in " ".join(
        (place / "out.txt").read_text(encoding="utf-8").split()
    )


def test_a_run_with_ui_that_is_told_to_end_leaves_no_process_behind(place):
    process = run(place, "--port", "0")
    wait_for(process, place, "testing")
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 3
    process.terminate()
    assert process.wait(PATIENCE_SECONDS) == 130, (place / "out.txt").read_text()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert [process.cmdline() for process in alive if process.is_running()] == []


def stored(place: Path) -> list[dict]:
    """The requests whose answers are in the ledger."""
    path = place / "home" / "ledger.db"
    with Ledger(f"sqlite:///{path}")._engine.begin() as connection:
        rows = connection.exec_driver_sql("select request from responses").all()
    return [json.loads(row[0]) for row in rows]


def charged(place: Path) -> tuple[int, int]:
    """What the goal's paid calls cost: settled by an answer, and charged for lost processes."""
    path = place / "home" / "ledger.db"
    with Ledger(f"sqlite:///{path}")._engine.begin() as connection:
        rows = connection.exec_driver_sql(
            "select settled, note = 'its process is gone' from spending where kind = 'api'"
        ).all()
    assert all(settled is not None for settled, _ in rows)
    answered = sum(settled for settled, gone in rows if not gone)
    return answered, sum(1 for _, gone in rows if gone)


def registered(place: Path) -> list[int]:
    """The registered versions of the goal's model."""
    file = place / "home" / "mlflow" / "mlflow.db"
    if not file.exists():
        return []
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        try:
            rows = connection.execute("select version from model_versions where name='small_goal'")
        except sqlite3.OperationalError:  # MLflow is still making its tables
            return []
        return [version for (version,) in rows]


def test_killed_in_each_stage_pays_once_and_registers_once(place):
    write_tiny_model(place / "tiny", embedding_scale=25)
    with FakeOpenAI(lambda number, body: Says(pair(number), seconds=0.3)) as teacher:
        taught_goal(place / "goal", teacher, rank=16, learning_rate=0.002, epochs=40)
        key = {"PAID_TEACHER_KEY": teacher.key}

        first = run(place, **key)
        wait_for(first, place, "teacher_pairs", done=4)
        kill(first)
        paid = len(stored(place))
        assert 4 <= paid < 12
        asked = len(teacher.requests)

        second = run(place, **key)
        wait_for(second, place, "training", where="0001", done=3)
        kill(second)
        assert len(stored(place)) == 12
        # only what was not stored: at most the one that was on its way when the kill came
        assert len(teacher.requests) - asked == 12 - paid
        asked = len(teacher.requests)

        third = run(place, **key)
        wait_for(third, place, "testing", where="0001", done=1)
        kill(third)

        fourth = run(place, **key)
        wait_until(fourth, place, lambda: registered(place) != [], "a registered version")
        kill(fourth)

        fifth = run(place, **key)
        assert fifth.wait(PATIENCE_SECONDS) in (0, 3), (place / "out.txt").read_text()
        assert len(teacher.requests) == asked
        answered, lost = charged(place)
        assert answered == 12 * (10 * 1_000 + 5 * 2_000)  # nanodollars: the prices a million tokens
        assert lost <= 1  # the call that was on its way is charged in full: its cost is not known
        store = Store(place / "home" / "store")
        assert store.partitions("small_goal", "registry_entry") == ["0000", "0001"]
        assert registered(place) == [1]
