"""`forgemind dashboard` in a process of its own: the address, and the end."""

import os
import re
import signal
import subprocess
import sys
import time

import httpx
import pytest
from fakes.goal_folder import write_goal

from forgemind_assets.home import REPOSITORY

pytestmark = pytest.mark.slow
PATIENCE_SECONDS = 240
ADDRESS = re.compile(r"Dashboard: (http://127\.0\.0\.1:\d+)/\?token=([\w-]{43})\s")


def heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def start(tmp_path):
    """Starts the command and yields page, token and process; nothing stays behind."""
    started = []
    goal = str(write_goal(tmp_path / "goal"))

    def run(*arguments):
        command = [sys.executable, "-m", "forgemind_assets.cli.main", "dashboard", goal]
        with (tmp_path / "out.txt").open("ab") as out:
            process = subprocess.Popen(
                [*command, "--port", "0", *arguments],
                cwd=REPOSITORY,
                env=os.environ | {"FORGEMIND_HOME": str(tmp_path / "home")},
                stdout=out,
                stderr=out,
                preexec_fn=heed_interrupts,
            )
        started.append(process)
        end, found = time.monotonic() + PATIENCE_SECONDS, None
        while found is None:
            text = (tmp_path / "out.txt").read_text()
            assert process.poll() is None and time.monotonic() < end, text  # noqa: PT018
            found = ADDRESS.search(text)
            time.sleep(0.05)
        return found[1], found[2], process

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_printed_address_opens_the_goals_and_a_signal_ends_it(start, number):
    page, token, process = start()
    with httpx.Client(base_url=page, timeout=PATIENCE_SECONDS) as client:
        assert client.get("/").status_code == 401
        assert client.get("/", params={"token": token}).status_code == 303
        answer = client.get("/")
        assert "small_goal" in answer.text
        assert token not in answer.text
        assert "for looking" not in answer.text
    process.send_signal(number)
    assert process.wait(PATIENCE_SECONDS) == 130


def test_read_only_prints_the_token_for_looking(start):
    page, token, _ = start("--read-only")
    with httpx.Client(base_url=page, timeout=PATIENCE_SECONDS) as client:
        client.get("/", params={"token": token})
        assert "for looking" in client.get("/").text
