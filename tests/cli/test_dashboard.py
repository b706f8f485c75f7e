"""`forgemind dashboard` in a process of its own: the address, and the end."""

import signal

import httpx
import pytest
from fakes.command import PATIENCE_SECONDS, printed_address, start
from fakes.goal_folder import write_goal

pytestmark = pytest.mark.slow


@pytest.fixture
def served(tmp_path):
    """Starts the command and returns page, token and process; nothing stays behind."""
    started = []
    goal = str(write_goal(tmp_path / "goal"))

    def run(*arguments):
        process = start(tmp_path, "dashboard", goal, "--port", "0", *arguments)
        started.append(process)
        return *printed_address(tmp_path, process), process

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_printed_address_opens_the_goals_and_a_signal_ends_it(served, number):
    page, token, process = served()
    with httpx.Client(base_url=page, timeout=PATIENCE_SECONDS) as client:
        assert client.get("/").status_code == 401
        assert client.get("/", params={"token": token}).status_code == 303
        answer = client.get("/")
        assert "small_goal" in answer.text
        assert token not in answer.text
        assert "for looking" not in answer.text
    process.send_signal(number)
    assert process.wait(PATIENCE_SECONDS) == 130


def test_read_only_prints_the_token_for_looking(served):
    page, token, _ = served("--read-only")
    with httpx.Client(base_url=page, timeout=PATIENCE_SECONDS) as client:
        client.get("/", params={"token": token})
        assert "for looking" in client.get("/").text
