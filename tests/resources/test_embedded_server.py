import json
import multiprocessing
import os
import stat
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

from forgemind_assets.errors import TeacherError
from forgemind_assets.home import Home
from resources import embedded_server
from resources.embedded_process import activity, publish, wait_until_idle
from resources.embedded_server import ensure_server, lock_file, running, state_file, stop
from resources.machine import ProcessId, process_alive

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def home(tmp_path):
    found = Home(tmp_path / "home", Home.from_environment().models)
    found.run.mkdir(parents=True)
    yield found
    stop(found)


class Counters:
    """llama.cpp's metrics, as far as the idle clock reads them."""

    def __init__(self, decoded=0, processing=0, deferred=0):
        self.decoded, self.processing, self.deferred = decoded, processing, deferred

    def handle_metrics(self):
        return (
            "# HELP llamacpp:n_decode_total Total number of calls\n"
            "# TYPE llamacpp:n_decode_total counter\n"
            f"llamacpp:n_decode_total {self.decoded}\n"
            "llamacpp:prompt_tokens_total 7\n"
            f"llamacpp:requests_processing {self.processing}\n"
            f"llamacpp:requests_deferred {self.deferred}\n"
        )


def test_a_request_in_work_or_waiting_is_activity():
    assert activity(Counters()) == (("0", "7"), False)
    assert activity(Counters(decoded=3)) == (("3", "7"), False)
    assert activity(Counters(processing=1))[1]
    assert activity(Counters(deferred=1))[1]


def written(tmp_path, pid=1):
    state = tmp_path / "server.json"
    publish(state, {"pid": pid})
    return state


def test_the_state_file_is_for_its_user_alone(tmp_path):
    state = written(tmp_path)
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["server.json"]


def test_an_idle_server_removes_its_state_file_and_ends(tmp_path):
    state = written(tmp_path)
    began = time.monotonic()
    wait_until_idle(Counters(), state, 1, 1.0, threading.Event())
    assert not state.exists()
    assert time.monotonic() - began >= 1.0


def test_a_client_that_was_just_given_the_address_keeps_the_server(tmp_path):
    state = written(tmp_path)
    later = time.time() + 2
    os.utime(state, (later, later))
    began = time.monotonic()
    wait_until_idle(Counters(), state, 1, 1.0, threading.Event())
    assert time.monotonic() - began >= 2


def test_a_server_whose_state_file_is_gone_or_anothers_ends_and_leaves_it(tmp_path):
    state = written(tmp_path, pid=2)
    wait_until_idle(Counters(processing=1), state, 1, 1000, threading.Event())
    assert state.exists()
    state.unlink()
    wait_until_idle(Counters(processing=1), state, 1, 1000, threading.Event())


def test_a_server_that_is_told_to_end_removes_its_state_file(tmp_path):
    state = written(tmp_path)
    ended = threading.Event()
    ended.set()
    wait_until_idle(Counters(processing=1), state, 1, 1000, ended)
    assert not state.exists()


def test_a_state_file_of_a_dead_process_or_a_reused_number_names_no_server(home):
    this = ProcessId.of_this()
    path = state_file(home, Path("m.gguf"))
    facts = {"url": "http://127.0.0.1:9", "api_key": "k", "pid": this.pid, "model": "m.gguf"}
    path.write_text(json.dumps(facts | {"start_time": this.start_time - 1000}))
    assert running(home) == []
    assert stop(home) == 0, "the process that has the number now is not ours to end"
    assert not path.exists()


def test_a_state_file_that_is_cut_off_counts_as_none(home):
    state_file(home, Path("m.gguf")).write_text('{"url": "http')
    assert running(home) == []
    assert stop(home) == 0


def test_weights_that_are_not_there_are_an_error_with_the_log(home, tmp_path):
    with pytest.raises(TeacherError, match="expected GGUF weights"):
        ensure_server(home, tmp_path / "none.gguf")


@pytest.mark.slow
def test_weights_that_are_damaged_are_an_error_with_the_log(home, tmp_path):
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(TeacherError, match=r"ended while it loaded.*log"):
        ensure_server(home, tmp_path / "bad.gguf")
    assert running(home) == []


@pytest.fixture
def small():
    from resources.models import ModelStore

    return ModelStore(Home.from_environment()).pull("smollm2-135m-instruct")


def _client(root, models, weights, results):
    address = ensure_server(Home(root, models), weights, idle_seconds=60)
    results.put((os.getpid(), address.pid, address.base_url, address.api_key))
    time.sleep(600)


@pytest.mark.e2e
def test_clients_share_one_server_that_outlives_them_and_answers_only_to_its_key(home, small):
    results = SPAWN.Queue()
    clients = [
        SPAWN.Process(target=_client, args=(home.root, home.models, small, results))
        for _ in range(3)
    ]
    for client in clients:
        client.start()
    found = [results.get(timeout=120) for _ in clients]
    assert len({(pid, url, key) for _, pid, url, key in found}) == 1
    for client in clients:
        client.kill()
        client.join()
    _, pid, url, key = found[0]
    process = psutil.Process(pid)
    assert os.getsid(pid) not in (pid, os.getsid(0)), "a session of its own, and not its leader"
    assert {c.laddr.ip for c in process.net_connections() if c.status == "LISTEN"} == {"127.0.0.1"}
    with httpx.Client(trust_env=False, timeout=60) as http:
        body = {"messages": [{"role": "user", "content": "Say hi."}], "max_tokens": 4}
        assert http.post(f"{url}/chat/completions", json=body).status_code == 401
        headers = {"authorization": f"Bearer {key}"}
        answer = http.post(f"{url}/chat/completions", json=body, headers=headers).json()
        assert answer["usage"]["completion_tokens"] > 0
    assert stop(home) == 1
    assert running(home) == []
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.e2e
def test_a_killed_server_is_replaced_and_an_idle_one_goes(home, small):
    first = ensure_server(home, small, idle_seconds=3)
    started = psutil.Process(first.pid).create_time()
    assert ensure_server(home, small) == first
    psutil.Process(first.pid).kill()
    second = ensure_server(home, small, idle_seconds=3)
    assert second.pid != first.pid
    assert not process_alive(first.pid, started)
    until = time.monotonic() + 30
    while running(home) and time.monotonic() < until:
        time.sleep(0.5)
    assert running(home) == []
    assert not list(home.run.glob(f"{embedded_server.PREFIX}*.json"))
    assert lock_file(state_file(home, small)).exists()
