"""The guarded Dagster UI as it really runs: what every mutation meets on every way in.

The mutations are read from the schema of the installed Dagster, so that a new one adds itself.
"""

import json
import socket
import stat
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import httpx
import psutil
import pytest
from dagster_graphql.schema import create_schema
from fakes.guarded_ui import (
    LAUNCH,
    PATIENCE_SECONDS,
    THROW,
    ask,
    greet,
    guarded_ui,
    launch,
    start_frame,
    wait_for_end,
)
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    get_named_type,
    is_leaf_type,
    parse,
    print_ast,
    validate,
)
from websockets.exceptions import ConnectionClosed, InvalidStatus

from resources.guard.dagster_rules import REFUSED
from resources.guard.keys import key_file

pytestmark = pytest.mark.slow
SCHEMA = create_schema().graphql_schema
# These send every disguise; all strangers are refused alike, before any document is read.
NAMED = ("the token", "our origin", "our host")
NEVER = frozenset().union(*REFUSED.values())


def literal(kind) -> str:
    """The smallest literal of an input type."""
    if isinstance(kind, GraphQLNonNull):
        return literal(kind.of_type)
    if isinstance(kind, GraphQLList):
        return "[]"
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        fields = kind.fields.items()
        required = [(n, f.type) for n, f in fields if isinstance(f.type, GraphQLNonNull)]
        return "{" + ", ".join(f"{name}: {literal(t)}" for name, t in required) + "}"
    assert isinstance(kind, GraphQLScalarType)
    return {"Boolean": "true", "Int": "1", "Float": "1.0"}.get(kind.name, '"x"')


def field(name: str) -> str:
    """A mutation with the smallest arguments and answer that the schema allows."""
    given = [
        f"{argument}: {literal(a.type)}"
        for argument, a in SCHEMA.mutation_type.fields[name].args.items()
        if isinstance(a.type, GraphQLNonNull)
    ]
    arguments = f"({', '.join(given)})" if given else ""
    leaf = is_leaf_type(get_named_type(SCHEMA.mutation_type.fields[name].type))
    selection = "" if leaf else "{ __typename }"
    return f"{name}{arguments} {selection}"


def document(wrapping: str, name: str) -> str:
    """A document that Dagster itself would execute."""
    found = parse(wrapping.replace("FIELD", field(name)))
    assert validate(SCHEMA, found) == [], name
    return print_ast(found)


WRAPPINGS = {
    "aliased": "mutation { version: FIELD }",
    "in a fragment": "query Q { ...F } fragment F on Query { version } "
    "mutation M { ...G } fragment G on Mutation { ... { a: FIELD } }",
    "beside a query": "query Q { version } mutation M { FIELD }",
}
MUTATIONS = {name: document("mutation { FIELD }", name) for name in SCHEMA.mutation_type.fields}
DISGUISED = {
    name: {how: document(wrapping, name) for how, wrapping in WRAPPINGS.items()}
    for name in MUTATIONS
}


@pytest.fixture(scope="module")
def ui(tmp_path_factory):
    with guarded_ui(tmp_path_factory.mktemp("ui"), addresses=("tunnel.test:8080",)) as running:
        yield running
        check_that_nothing_was_told(running)


def check_that_nothing_was_told(ui):
    """Neither a log nor a process knows the keys; the file of the keys is its owner's alone."""
    keys = json.loads(key_file(ui.home).read_text())
    assert stat.S_IMODE(key_file(ui.home).stat().st_mode) == 0o600
    secrets = [keys["act"].encode(), keys["look"].encode()]
    files = [p for p in ui.home.root.parent.rglob("*") if p.is_file() and p != key_file(ui.home)]
    assert any(p.name == "log.txt" for p in files)
    telling = [str(p) for p in files if any(secret in p.read_bytes() for secret in secrets)]
    processes = [psutil.Process(ui.server.process.pid)]
    processes += processes[0].children(recursive=True)
    for process in processes:
        for name in ("cmdline", "environ"):
            told = Path(f"/proc/{process.pid}/{name}").read_bytes()
            telling += [f"{process.pid} {name}" for secret in secrets if secret in told]
    assert telling == []


@pytest.fixture(scope="module")
def browser(ui):
    with closing(ui.browser()) as client:
        ask(client, "{ version }")
        yield client


@pytest.fixture(scope="module")
def strangers(ui):
    """Clients that lack one thing each, by what they lack."""
    own = {"Origin": ui.origin}
    clients = {
        "the token": ui.stranger(**own),
        "a right token": ui.browser("x" * 43),
        "a right cookie": ui.stranger(Cookie=f"forgemind_{ui.server.port}={'0' * 64}", **own),
        "our origin": ui.browser(),
        "any origin": ui.browser(),
        "our port in the origin": ui.browser(),
        "our host": ui.browser(),
        "a request of our own page": ui.browser(**{"Sec-Fetch-Site": "same-site"}),
    }
    clients["our origin"].headers["Origin"] = "http://evil.test"
    del clients["any origin"].headers["Origin"]
    clients["our port in the origin"].headers["Origin"] = "http://127.0.0.1:1"
    cookie = "; ".join(f"{c.name}={c.value}" for c in clients["our host"].cookies.jar)
    foreign = {"Host": "evil.test", "Origin": "http://evil.test", "Cookie": cookie}
    clients["our host"].headers.update(foreign)
    for lacking in ("our origin", "any origin", "our port in the origin", "our host"):
        assert clients[lacking].cookies, lacking
    yield clients
    for client in clients.values():
        client.close()


def ways(client: httpx.Client, name: str, *, disguised: bool = True):
    """One mutation on every way that Dagster's webserver would take it, and some more.

    The way `POST application/json` alone, disguised or not, is the one that the page itself takes.
    """
    query = MUTATIONS[name]
    one = {"query": query}
    kinds = {
        "application/json": json.dumps(one),
        "text/plain": json.dumps(one),
        "application/graphql": query,
        "application/x-www-form-urlencoded": urlencode(one),
    }
    yield "GET", client.get("/graphql", params=one)
    yield "GET without origin", client.get("/graphql", params=one, headers={"Origin": ""})
    yield "POST by address", client.post("/graphql", params=one)
    yield "PUT", client.put("/graphql", json=one)
    yield "POST of a batch", client.post("/graphql", json=[one, {"query": "{ version }"}])
    upload = {"operations": json.dumps(one), "map": "{}"}
    yield "POST multipart", client.post("/graphql", data=upload, files={"0": ("a.txt", b"a")})
    for kind, body in kinds.items():
        headers = {"Content-Type": kind}
        yield f"POST {kind}", client.post("/graphql", content=body, headers=headers)
    for how, wrapped in DISGUISED[name].items() if disguised else ():
        two = {"query": wrapped} | ({"operationName": "M"} if "M" in wrapped.split() else {})
        yield f"GET {how}", client.get("/graphql", params=two)
        yield f"POST application/json {how}", client.post("/graphql", json=two)


@pytest.mark.parametrize("name", MUTATIONS)
def test_no_stranger_reaches_a_mutation(ui, strangers, name):
    for lacking, client in strangers.items():
        for way, answer in ways(client, name, disguised=lacking in NAMED):
            refused = (401, 403, 405) if way == "PUT" else (401, 403)
            if lacking == "any origin" and way.startswith("GET"):
                # As from a typed address: with the cookie, and still refused.
                refused = (403, 405)
            assert answer.status_code in refused, (lacking, way, answer.text)


@pytest.mark.parametrize("name", MUTATIONS)
def test_with_the_token_a_mutation_comes_as_json_by_post_or_not_at_all(browser, name):
    for way, answer in ways(browser, name):
        if way.startswith("POST application/json") and name not in NEVER:
            continue
        assert answer.status_code in (400, 403, 405, 415), (way, answer.text)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_session_that_looks_changes_nothing(ui, name):
    keys = json.loads(key_file(ui.home).read_text())
    with closing(ui.browser(keys["look"])) as client:
        for way, answer in ways(client, name):
            assert answer.status_code in (400, 403, 405, 415), (way, answer.text)


def test_no_stranger_opens_a_websocket(ui, strangers, browser):
    for lacking, client in strangers.items():
        headers = {n: client.headers[n] for n in ("Sec-Fetch-Site",) if n in client.headers}
        if "Cookie" in client.headers:
            client.cookies.set(*client.headers["Cookie"].split("="))
        if lacking == "our host":
            continue
        with pytest.raises(InvalidStatus) as refused:
            ui.socket(client, client.headers.get("Origin"), **headers).__enter__()
        assert refused.value.response.status_code == 403, lacking


def test_no_foreign_host_opens_a_websocket(ui, browser):
    cookie = f"Cookie: {next(f'{c.name}={c.value}' for c in browser.cookies.jar)}\r\n"
    for host, status in (("evil.test", 403), (f"127.0.0.1:{ui.server.port}", 101)):
        request = (
            f"GET /graphql HTTP/1.1\r\nHost: {host}\r\nOrigin: {ui.origin}\r\n{cookie}"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-ws\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        assert answer_to(ui.server.port, request).startswith(f"HTTP/1.1 {status} ")


def answer_to(port: int, request: str) -> str:
    """The first bytes that a server answers to a raw request."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as connection:
        connection.sendall(request.encode())
        return connection.recv(4096).decode()


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_over_the_websocket_closes_it(ui, browser, name):
    for query in (MUTATIONS[name], *DISGUISED[name].values()):
        with ui.socket(browser) as connection:
            greet(connection)
            connection.send(start_frame(query))
            with pytest.raises(ConnectionClosed) as closed:
                connection.recv(PATIENCE_SECONDS)
        assert closed.value.rcvd.code == 1008


@pytest.mark.parametrize("kind", ["check", "materialization", "observation"])
def test_nobody_reports_events_that_no_run_produced(ui, browser, kind):
    with closing(ui.stranger(Origin=ui.origin)) as stranger:
        for path in (f"/report_asset_{kind}/stone", f"//report_asset_{kind}/stone"):
            for client in (browser, stranger):
                answers = [client.request(method, path, json={}) for method in ("POST", "PUT")]
                assert {answer.status_code for answer in answers} <= {401, 403, 405}
    nodes = ask(browser, "{ assetNodes { assetMaterializations(limit: 1) { runId } } }")
    assert nodes["assetNodes"] == [{"assetMaterializations": []}]


def test_after_all_that_no_run_was_launched(browser):
    runs = ask(browser, "{ runsOrError { ... on Runs { results { runId } } } }")
    assert runs["runsOrError"]["results"] == []


def test_who_holds_the_token_launches_a_run_and_hears_of_it(ui, browser):
    run_id = launch(browser)
    query = (
        f'subscription {{ pipelineRunLogs(runId: "{run_id}") {{ __typename ... on '
        "PipelineRunLogsSubscriptionSuccess { messages { __typename } } } }"
    )
    seen = set()
    with ui.socket(browser) as connection:
        greet(connection)
        connection.send(start_frame(query))
        while "RunSuccessEvent" not in seen:
            frame = json.loads(connection.recv(PATIENCE_SECONDS))
            assert frame["type"] == "data", frame
            logs = frame["payload"]["data"]["pipelineRunLogs"]
            seen |= {message["__typename"] for message in logs["messages"]}
    assert wait_for_end(browser, run_id) == "SUCCESS"


def test_the_page_and_its_files_load(browser):
    page = browser.get("/runs")
    assert page.status_code == 200
    scripts = [part.split('"')[0] for part in page.text.split('src="')[1:]]
    assert len(scripts) > 3
    for script in scripts:
        answer = browser.get(script)
        assert (answer.status_code, answer.headers["x-frame-options"]) == (200, "DENY"), script
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert browser.get("/graphql", headers={"Accept": "text/html"}).status_code == 200
    assert browser.get("/graphql", params={"query": "{ version }"}).json()["data"]["version"]


def test_not_even_a_file_of_the_page_is_there_for_strangers(strangers):
    for lacking, client in strangers.items():
        if lacking == "any origin":
            continue  # a browser sends none with a plain GET: the cookie decides
        for path in ("/", "/favicon.png", "/server_info", "/logs/a", "/download_debug/x"):
            assert client.get(path).status_code in (401, 403), (lacking, path)


def test_a_tunnel_that_was_named_is_admitted(ui, browser):
    cookie = {"Cookie": "; ".join(f"{c.name}={c.value}" for c in browser.cookies.jar)}
    own = {"Host": "tunnel.test:8080", "Origin": "http://tunnel.test:8080"}
    with ui.stranger(**own, **cookie) as client:
        assert ask(client, "{ version }")["version"]


def test_a_session_that_looks_is_told_by_dagster_itself_that_it_may_not(ui, browser):
    query = "{ permissions { permission value } }"
    keys = json.loads(key_file(ui.home).read_text())
    with closing(ui.browser(keys["look"])) as client:
        looks = {p["permission"] for p in ask(client, query)["permissions"] if p["value"]}
    acts = {p["permission"] for p in ask(browser, query)["permissions"] if p["value"]}
    assert "launch_pipeline_execution" in acts
    assert "launch_pipeline_execution" not in looks


def test_a_large_answer_is_the_one_that_dagster_gives(browser):
    path = next(
        part.split('"')[0]
        for part in browser.get("/").text.split('src="')[1:]
        if "/main" in part.split('"')[0]
    )
    with browser.stream("GET", path) as answer:
        pieces = list(answer.iter_raw(65_536))
    assert sum(map(len, pieces)) == int(answer.headers["content-length"])


def test_a_read_only_server_takes_the_token_of_who_may_act_for_a_look(tmp_path):
    with guarded_ui(tmp_path, read_only=True) as ui:
        keys = json.loads(key_file(ui.home).read_text())
        assert ui.token == keys["look"]
        for token in keys.values():
            with closing(ui.browser(token)) as client:
                assert ask(client, "{ version }")["version"]
                query = {"query": LAUNCH, "variables": {"params": THROW}}
                answer = client.post("/graphql", json=query)
                assert answer.status_code == 403
                assert "may look only" in answer.text
        server = psutil.Process(ui.server.process.pid)
        family = [server, *server.children(recursive=True)]
        assert len(family) > 1
    assert not any(process.is_running() for process in family)


def test_with_the_daemon_a_launched_run_waits_in_the_queue_and_runs(tmp_path):
    with guarded_ui(tmp_path, with_daemon=True) as ui, closing(ui.browser()) as client:
        run_id = launch(client)
        assert wait_for_end(client, run_id) == "SUCCESS"
        query = (
            "query Q($id: ID!) { logsForRun(runId: $id) { "
            "... on EventConnection { events { __typename } } } }"
        )
        events = ask(client, query, id=run_id)["logsForRun"]["events"]
        assert {"__typename": "RunEnqueuedEvent"} in events
        server = psutil.Process(ui.server.process.pid)
        family = [server, *server.children(recursive=True)]
    assert not any(process.is_running() for process in family)
