"""Dagster's own `dagster dev`: the sensor drives the loop, and a person materialises one asset."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from fakes.goal_folder import write_goal
from fakes.tiny_model import write_catalogue, write_tiny_model

from forgemind_assets.home import REPOSITORY, Home
from forgemind_assets.lorekeeper.store import Store
from resources.instance import prepare_dagster_home

pytestmark = pytest.mark.e2e
PATIENCE_SECONDS = 240
REPOSITORY_OF = {
    "repositoryLocationName": "forgemind",
    "repositoryName": "__repository__",
}
START_SENSOR = """mutation ($selector: SensorSelector!) {
  startSensor(sensorSelector: $selector) { __typename ... on PythonError { message } } }"""
LAUNCH = """mutation ($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
STATUS = """query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"""


@contextmanager
def dagster_dev(folder: Path) -> Iterator[httpx.Client]:
    """The server on a goal of its own, and a client for what its page would send."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = Home(folder / "home", folder / "models")
    prepare_dagster_home(home)
    environment = os.environ | {
        "FORGEMIND_CATALOGUE": str(folder / "catalogue.yaml"),
        "FORGEMIND_GOALS": str(folder / "goal"),
        "FORGEMIND_HOME": str(home.root),
        "FORGEMIND_MODELS": str(home.models),
        "DAGSTER_HOME": str(home.dagster),
    }
    command = [str(Path(sys.executable).with_name("dagster")), "dev", "-p", str(port)]
    with (folder / "out.txt").open("ab") as out:
        server = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS) as client:
            until(lambda: answers(client), folder, server)
            yield client
    finally:
        family = [server.pid, *(p.pid for p in psutil.Process(server.pid).children(recursive=True))]
        server.send_signal(signal.SIGINT)
        server.wait(PATIENCE_SECONDS)
        psutil.wait_procs([psutil.Process(p) for p in family if psutil.pid_exists(p)], timeout=30)


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/server_info").status_code == 200
    except httpx.TransportError:
        return False


def until(reached: Any, folder: Path, server: subprocess.Popen | None = None) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and (server is None or server.poll() is None):
        if reached():
            return
        time.sleep(0.2)
    raise AssertionError((folder / "out.txt").read_text(encoding="utf-8"))


def ask(client: httpx.Client, query: str, **variables: Any) -> dict[str, Any]:
    answer = client.post("/graphql", json={"query": query, "variables": variables}).json()
    assert "errors" not in answer, json.dumps(answer)
    (value,) = answer["data"].values()
    return value


def test_the_sensor_drives_the_loop_and_one_asset_is_made_again_by_hand(tmp_path):
    changes = {
        "limits.base_model": "tiny",
        "limits.max_iterations": 1,
        "success.canary_pass_rate": 0.0,
        "search": {"rows": 24, "epochs": 2, "rank": 2, "batch_size": 4},
        "strategies": [{"name": "seed_expansion"}],
        "teachers": [],
    }
    write_goal(tmp_path / "goal", changes)
    write_catalogue(tmp_path / "catalogue.yaml", "tiny", write_tiny_model(tmp_path / "tiny"))
    store = Store(tmp_path / "home" / "store")
    outcome = tmp_path / "home" / "run" / "small_goal.outcome.json"
    with dagster_dev(tmp_path) as client:
        selector = REPOSITORY_OF | {"sensorName": "small_goal__brain"}
        assert ask(client, START_SENSOR, selector=selector)["__typename"] == "Sensor"
        until(outcome.exists, tmp_path)
        assert store.partitions("small_goal", "registry_entry") == ["0000", "0001"]

        before = store.manifest("small_goal", "adversarial_report", "0001-a")
        launched = ask(
            client,
            LAUNCH,
            params={
                "selector": REPOSITORY_OF
                | {
                    "pipelineName": "__ASSET_JOB",
                    "assetSelection": [{"path": ["small_goal", "adversarial_report"]}],
                },
                "mode": "default",
                "runConfigData": {},
                "executionMetadata": {"tags": [{"key": "dagster/partition", "value": "0001-a"}]},
            },
        )
        assert launched["__typename"] == "LaunchRunSuccess", launched
        run = launched["run"]["runId"]
        ended = {"SUCCESS", "FAILURE", "CANCELED"}
        until(lambda: ask(client, STATUS, id=run)["status"] in ended, tmp_path)
        assert ask(client, STATUS, id=run)["status"] == "SUCCESS"
        after = store.manifest("small_goal", "adversarial_report", "0001-a")
        assert after != before
