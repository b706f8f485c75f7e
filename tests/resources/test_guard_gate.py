"""The gate before an application, the keys' file, and processes that end with their parent."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import psutil
import pytest

from forgemind_assets.errors import UserError
from forgemind_assets.home import REPOSITORY, Home
from resources.guard import peers
from resources.guard.admission import Keys, Rights, Rules, addresses
from resources.guard.asgi import RIGHTS_KEY, Gate, Guard
from resources.guard.dagster_rules import MAX_BODY_BYTES, DagsterRules
from resources.guard.keys import key_file, load_keys
from resources.guard.launch import check_addresses, listen

KEYS = Keys(act="a" * 43, look="b" * 43)
RULES = Rules(addresses=addresses(3000), keys=KEYS, cookie_name="forgemind_3000")
ORIGIN = "http://127.0.0.1:3000"
PATIENCE_SECONDS = 60


async def echo(scope, receive, send):
    """Answers with what it was given, in several pieces, and with a leave that it must not give."""
    body = b""
    if scope["method"] == "POST":
        body = (await receive())["body"]
        assert int(dict(scope["headers"])[b"content-length"]) == len(body)
    told = {"path": scope["path"], "rights": scope[RIGHTS_KEY].name, "body": body.decode()}
    headers = [
        (b"content-type", b"application/json"),
        (b"access-control-allow-origin", b"*"),
        (b"X-Frame-Options", b"ALLOWALL"),
        (b"content-security-policy", b"object-src 'none'"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for piece in json.dumps(told):
        await send({"type": "http.response.body", "body": piece.encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def ask(method, path, client_check=lambda client, server: True, cookies=None, **options):
    """One request through the guard; `cookies` None is a session that may act."""

    async def go():
        transport = httpx.ASGITransport(Guard(echo, RULES, DagsterRules(), client_check))
        cookie = {"forgemind_3000": KEYS.cookie(Rights.ACT)} if cookies is None else cookies
        async with httpx.AsyncClient(
            transport=transport, base_url=ORIGIN, cookies=cookie, headers={"Origin": ORIGIN}
        ) as client:
            return await client.request(method, path, **options)

    return asyncio.run(go())


def test_an_answer_carries_our_headers_and_no_leave_for_others():
    answer = ask("GET", "/runs")
    assert answer.json() == {"path": "/runs", "rights": "ACT", "body": ""}
    assert answer.headers.get_list("x-frame-options") == ["DENY"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers
    policies = answer.headers.get_list("content-security-policy")
    assert policies[0] == "object-src 'none'"
    assert "frame-ancestors 'none'" in policies[1]


def test_the_token_becomes_a_cookie_and_leaves_the_address():
    answer = ask("GET", f"/runs//a b?x=1&token={KEYS.look}&y=%26", cookies={})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{ORIGIN}/runs//a%20b?x=1&y=%26"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"forgemind_3000={KEYS.cookie(Rights.LOOK)};")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert answer.headers["cache-control"] == "no-store"
    assert KEYS.look not in str(answer.headers)


def test_a_path_with_two_slashes_leads_to_no_other_host():
    answer = ask("GET", f"http://127.0.0.1:3000//evil.test/?token={KEYS.act}", cookies={})
    assert answer.headers["location"] == f"{ORIGIN}//evil.test/"


def test_a_page_that_was_opened_by_another_one_is_led_on_by_a_page_of_ours():
    headers = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    path = f"/%22%3E%3Cscript%3E'?token={KEYS.act}"
    answer = ask("GET", path, cookies={}, headers=headers)
    assert answer.status_code == 200
    assert "<script>" not in answer.text
    assert 'content="0; url=http://127.0.0.1:3000/%22%3E%3Cscript%3E%27">' in answer.text
    assert KEYS.act not in answer.text


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_a_refusal_says_what_to_do(accept):
    answer = ask("GET", "/<script>", cookies={}, headers={"Accept": accept})
    assert answer.status_code == 401
    assert "open the address that ForgeMind printed" in answer.text
    assert "<script>" not in answer.text
    assert answer.headers["x-frame-options"] == "DENY"


def test_a_refused_mutation_is_told_as_graphql_tells_errors():
    answer = ask("POST", "/graphql", json={"query": "mutation { wipeAssets }"})
    assert answer.status_code == 403
    assert answer.json() == {"errors": [{"message": "wipeAssets is refused: it deletes history"}]}


def test_a_body_is_handed_on_anew_and_only_up_to_the_limit():
    query = {"query": "{ version }", "variables": {"a": "ü"}, "more": 1}
    answer = ask("POST", "/graphql", json=query)
    del query["more"]
    assert json.loads(answer.json()["body"]) == query
    largest = json.dumps({"query": "{ version }", "variables": {"a": ""}})
    fill = MAX_BODY_BYTES - len(largest)
    for extra, status in ((0, 200), (1, 413)):
        body = largest.replace('""', f'"{"x" * (fill + extra)}"')
        headers = {"Content-Type": "application/json"}
        assert ask("POST", "/graphql", content=body, headers=headers).status_code == status


def test_a_process_of_another_user_is_refused_with_the_right_cookie():
    assert ask("GET", "/", client_check=lambda client, server: False).status_code == 403


def converse(*frames):
    """What passes a gate in each direction when the browser sends these messages."""
    sent, seen = [], []

    async def go():
        waiting = [*frames, {"type": "websocket.disconnect", "code": 1000}]

        async def receive():
            return waiting.pop(0)

        async def send(message):
            sent.append(message)

        gate = Gate(receive, send, lambda text: DagsterRules().judge_frame(Rights.ACT, text))
        while True:
            seen.append(await gate.receive())
            if seen[-1]["type"] == "websocket.disconnect":
                await gate.send({"type": "websocket.close"})
                return
            await gate.send({"type": "websocket.send", "text": "heard"})

    asyncio.run(go())
    return seen, sent


def text(message) -> dict:
    return {"type": "websocket.receive", "text": json.dumps(message)}


def test_messages_pass_both_ways_until_the_first_that_is_refused():
    mutation = {"id": "2", "type": "start", "payload": {"query": "mutation { reloadWorkspace }"}}
    seen, sent = converse(text({"type": "connection_init"}), text(mutation), text({"a": 1}))
    assert [message["type"] for message in seen] == ["websocket.receive", "websocket.disconnect"]
    assert [message["type"] for message in sent] == ["websocket.send", "websocket.close"]
    assert sent[-1]["code"] == 1008


def test_a_binary_message_is_refused():
    seen, sent = converse({"type": "websocket.receive", "bytes": b"{}"})
    assert (seen[0]["code"], sent[0]["code"]) == (1003, 1003)


@pytest.fixture
def home(tmp_path):
    return Home(root=tmp_path / "home", models=tmp_path)


def test_keys_are_kept_and_only_their_owner_can_read_them(home):
    keys = load_keys(home)
    assert load_keys(home) == keys
    assert key_file(home).stat().st_mode & 0o777 == 0o600
    assert len({keys.act, keys.look}) == 2
    assert min(len(keys.act), len(keys.look)) == 43


@pytest.mark.parametrize("damage", ["readable", "link", "short", "same", "broken", "numbers"])
def test_keys_that_others_could_know_are_made_anew(home, damage):
    before = load_keys(home)
    path = key_file(home)
    if damage == "readable":
        path.chmod(0o640)
    elif damage == "link":
        path.replace(home.root / "elsewhere")
        path.symlink_to(home.root / "elsewhere")
    else:
        found = {
            "short": {"act": "", "look": "x" * 43},
            "same": {"act": before.act, "look": before.act},
            "broken": [],
            "numbers": {"act": 1, "look": before.look},
        }[damage]
        path.write_text(json.dumps(found), encoding="utf-8")
    after = load_keys(home)
    assert not {before.act, before.look} & {after.act, after.look}
    assert path.stat().st_mode & 0o777 == 0o600
    assert not path.is_symlink()


def test_a_wrong_address_of_a_tunnel_is_told():
    check_addresses(("localhost:8080", "[::1]:8080"))
    for wrong in ("localhost", "http://localhost:8080", "*:80", ":80"):
        with pytest.raises(UserError, match="expected host:port"):
            check_addresses((wrong,))


def test_a_port_that_is_taken_is_replaced_by_a_free_one():
    with listen(0) as first, listen(first.getsockname()[1]) as second:
        assert second.getsockname()[1] != first.getsockname()[1]
        assert second.getsockname()[0] == "127.0.0.1"


@pytest.mark.skipif(not peers.peers_are_known(), reason="this system does not tell who connects")
def test_who_connects_is_known_until_it_hangs_up():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        with socket.create_connection(listener.getsockname()) as client:
            ends = client.getsockname(), listener.getsockname()
            assert peers.is_own_peer(*ends)
            assert not peers.is_own_peer(ends[0], ("127.0.0.1", ends[1][1] + 1))
        assert not peers.is_own_peer(*ends)
    assert not peers.is_own_peer(None, None)


PARENT = """
import os, subprocess, sys, time
reading, writing = os.pipe()
child = subprocess.Popen(
    [sys.executable, "-m", "resources.guard.life", str(reading), "sleeper", "hello"],
    pass_fds=(reading,),
)
os.close(reading)
time.sleep(600)
"""
# The child of the child ignores what a terminal or an orderly parent would send.
SLEEPER = """
import pathlib, signal, subprocess, sys, time
code = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", code])
note = pathlib.Path(sys.argv[0] + "." + sys.argv[1])
import os
note.with_suffix(".part").write_text(f"{os.getpid()} {child.pid}")
note.with_suffix(".part").rename(note)
time.sleep(600)
"""


@pytest.mark.slow
def test_a_family_ends_when_its_parent_is_killed(tmp_path):
    (tmp_path / "sleeper.py").write_text(SLEEPER, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(tmp_path)])}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    note = wait_for(lambda: next(iter(tmp_path.rglob("*.hello")), None))
    family = [psutil.Process(int(pid)) for pid in note.read_text().split()]
    parent.kill()
    parent.wait(PATIENCE_SECONDS)
    _, alive = psutil.wait_procs(family, timeout=PATIENCE_SECONDS)
    for process in alive:
        process.kill()
    assert alive == []


def wait_for(look):
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it never came")
