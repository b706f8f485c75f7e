"""A really running guarded Dagster UI on a small code location, and a browser's way to ask it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from forgemind_assets.home import Home
from resources.guard.launch import Options, Server, start_server
from resources.instance import prepare_dagster_home

PATIENCE_SECONDS = 120
DEFINITIONS = """
import dagster as dg

@dg.asset
def stone() -> int:
    return 1

defs = dg.Definitions(assets=[stone], jobs=[dg.define_asset_job("throw", [stone])])
"""
WORKSPACE = "load_from:\n  - python_file:\n      relative_path: quarry.py\n"


@dataclass
class Running:
    """A server, and what a person's browser knows of it."""

    server: Server
    home: Home

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def token(self) -> str:
        return httpx.URL(self.server.address).params["token"]

    def browser(self, token: str | None = None, **headers: str) -> httpx.Client:
        """A client that has opened the printed address once, and sends our origin."""
        client = self.stranger(**({"Origin": self.origin} | headers))
        client.get("/", params={"token": token or self.token})
        return client

    def stranger(self, **headers: str) -> httpx.Client:
        """A client that never saw the address."""
        return httpx.Client(base_url=self.origin, headers=headers, timeout=PATIENCE_SECONDS)

    def socket(self, client: httpx.Client, origin: str | None = "", **headers: str):
        """A WebSocket with a client's cookies, to be entered; `origin` "" is our own."""
        cookies = "; ".join(f"{c.name}={c.value}" for c in client.cookies.jar)
        return connect(
            f"ws://127.0.0.1:{self.server.port}/graphql",
            origin=self.origin if origin == "" else origin,
            additional_headers={"Cookie": cookies} | headers,
            subprotocols=["graphql-ws"],
            open_timeout=PATIENCE_SECONDS,
        )


@contextmanager
def guarded_ui(folder: Path, **options) -> Iterator[Running]:
    """Starts a server on a home in `folder` and ends it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "quarry.py").write_text(DEFINITIONS, encoding="utf-8")
    (folder / "workspace.yaml").write_text(WORKSPACE, encoding="utf-8")
    home = Home(root=folder / "home", models=folder / "models")
    with pytest.MonkeyPatch.context() as patch, (folder / "log.txt").open("ab") as log:
        patch.setenv("DAGSTER_HOME", "set by prepare_dagster_home")
        patch.setenv("FORGEMIND_HOME", "set by prepare_dagster_home")
        prepare_dagster_home(home)
        server = start_server(
            home, Options(port=0, workspace=folder / "workspace.yaml", **options), log
        )
    try:
        yield Running(server, home)
    finally:
        server.stop()


def ask(client: httpx.Client, query: str, **variables: object) -> dict:
    """The data of a GraphQL request over POST."""
    answer = client.post("/graphql", json={"query": query, "variables": variables})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def start_frame(query: str, number: str = "1") -> str:
    """The message that starts a subscription."""
    return json.dumps({"id": number, "type": "start", "payload": {"query": query}})


def greet(connection: ClientConnection) -> None:
    """The protocol's greeting."""
    connection.send(json.dumps({"type": "connection_init", "payload": {}}))
    assert json.loads(connection.recv(PATIENCE_SECONDS)) == {"type": "connection_ack"}


LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on UnauthorizedError { message }
  }
}
"""
THROW = {
    "selector": {
        "repositoryLocationName": "quarry.py",
        "repositoryName": "__repository__",
        "jobName": "throw",
    },
    "runConfigData": {},
}


def launch(client: httpx.Client) -> str:
    """Launches the small job and returns the run's id."""
    made = ask(client, LAUNCH, params=THROW)["launchRun"]
    assert made["__typename"] == "LaunchRunSuccess", made
    return made["run"]["runId"]


def wait_for_end(client: httpx.Client, run_id: str) -> str:
    """The status in which a run ends."""
    query = "query Q($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
    end = time.monotonic() + PATIENCE_SECONDS
    status = ""
    while time.monotonic() < end:
        status = ask(client, query, id=run_id)["runOrError"]["status"]
        if status in ("SUCCESS", "FAILURE", "CANCELED"):
            return status
        time.sleep(0.2)
    raise AssertionError(f"the run is still {status}")
