"""`forgemind ui` and `forgemind run` in processes of their own: the address, and the end."""

import signal

import httpx
import psutil
import pytest
from fakes.command import PATIENCE_SECONDS, printed_address, start
from fakes.goal_folder import write_goal
from fakes.tiny_model import write_catalogue, write_tiny_model

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


def loaded_on_the_page(page: str, token: str) -> dict[str, str]:
    """What a browser that opened the printed address is shown: each code location's state."""
    query = """{ workspaceOrError { ... on Workspace {
        locationEntries { name locationOrLoadError { __typename } } } } }"""
    with httpx.Client(base_url=page, headers={"Origin": page}, timeout=PATIENCE_SECONDS) as client:
        assert client.post("/graphql", json={"query": query}).status_code == 401
        assert client.get("/", params={"token": token}).status_code == 303
        answer = client.post("/graphql", json={"query": query})
        entries = answer.json()["data"]["workspaceOrError"]["locationEntries"]
        return {e["name"]: e["locationOrLoadError"]["__typename"] for e in entries}


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        (("ui",), signal.SIGINT),
        (("ui", "--read-only"), signal.SIGKILL),
        (("run", "goal"), signal.SIGKILL),
        (("run", "goal"), signal.SIGTERM),
    ],
)
def test_the_printed_address_opens_the_page_and_nothing_stays_behind(place, arguments, number):
    verb, *rest = [str(place / "goal") if word == "goal" else word for word in arguments]
    process = start(place, verb, *rest, "--port", "0")
    page, token = printed_address(place, process)
    assert loaded_on_the_page(page, token) == {"forgemind": "RepositoryLocation"}
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    process.send_signal(number)
    status = process.wait(PATIENCE_SECONDS)
    assert status == {signal.SIGINT: 130, signal.SIGTERM: 130}.get(number, -number)
    _, alive = psutil.wait_procs(family, timeout=PATIENCE_SECONDS)
    for one in alive:
        one.kill()
    assert alive == []
    logs = list((place / "home" / "logs").glob("*")) if verb == "run" else []
    assert not any(token in log.read_text(encoding="utf-8") for log in logs)


def test_an_address_that_is_none_is_told(place):
    process = start(place, "ui", "--port", "0", "--also", "http://laptop")
    assert process.wait(PATIENCE_SECONDS) == 2
    assert "expected host:port" in (place / "out.txt").read_text(encoding="utf-8")
