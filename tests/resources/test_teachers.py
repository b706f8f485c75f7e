import json
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes.openai_server import Fails, FakeOpenAI, Says, Sends

from forgemind_assets.errors import BudgetExceeded, MissingKey, TeacherError, UserError
from forgemind_assets.goal import Prices, Teacher
from forgemind_assets.home import Home
from resources.ledger import Ledger
from resources.models import ModelStore
from resources.teacher_api import Endpoint
from resources.teachers import Account, Patience, TeacherClient, TeacherRequest, open_teacher

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
FAST = Patience(first_wait=0.01, longest_wait=2.0)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def ask(*questions, **more):
    return [TeacherRequest(messages=({"role": "user", "content": q},), **more) for q in questions]


def client(ledger, server, *, limit=0.0, prices=(0, 0), patience=FAST, key="fake-key", **settings):
    url = server if isinstance(server, str) else server.base_url
    teacher = Teacher(name="t", kind="openai", model="m", **({"concurrency": 2} | settings))
    price = Prices(input=prices[0], output=prices[1])
    endpoint = Endpoint(url, key, "m")
    account = Account(teacher, price, lambda: endpoint, ledger, "g", "0001", limit, patience)
    return TeacherClient(account)


def echo(_number, body):
    return Says("to " + body["messages"][-1]["content"])


def test_answers_come_in_the_order_of_the_requests_and_each_is_reported(ledger):
    seen = []
    with FakeOpenAI(echo) as server:
        answers = client(ledger, server).ask_many(ask("a", "b", "c"), seen.append)
    assert [a.text for a in answers] == ["to a", "to b", "to c"]
    assert {a.status for a in answers} == {"fresh"}
    assert sorted(a.text for a in seen) == ["to a", "to b", "to c"]
    assert (answers[0].input_tokens, answers[0].output_tokens) == (10, 5)
    assert ledger.usage("g", "0001", "t").responses == 3


def test_a_stored_answer_is_not_asked_again_and_needs_no_server(ledger):
    with FakeOpenAI(echo) as server:
        client(ledger, server).ask_many(ask("a"))
        again = client(ledger, server).ask_many(ask("a", "b"))
        assert server.questions == ["a", "b"]
    assert [(a.status, a.text) for a in again] == [("stored", "to a"), ("fresh", "to b")]
    offline = client(ledger, "http://127.0.0.1:9/v1").ask_many(ask("a", "b"))
    assert [a.status for a in offline] == ["stored", "stored"]


@pytest.mark.parametrize("status", [401, 400, 429])
def test_a_key_that_the_server_repeats_stands_in_no_error_and_not_in_the_ledger(tmp_path, status):
    ledger, key = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}"), "sk-repeated-0123456789"
    few = Patience(attempts=2, first_wait=0.01, longest_wait=0.01)
    script = Fails(status, f"Incorrect API key provided: {key}")
    server = FakeOpenAI(lambda number, body: script, key=key)
    with server, pytest.raises(TeacherError) as caught:
        client(ledger, server, key=key, patience=few).ask_many(ask("a"))
    told = "".join(traceback.format_exception(caught.value))
    assert "[API key]" in told
    assert key not in told
    assert all(key.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_the_same_question_twice_in_one_batch_is_asked_once(ledger):
    with FakeOpenAI(echo) as server:
        answers = client(ledger, server).ask_many(ask("a", "a"))
        assert server.questions == ["a"]
    assert [a.text for a in answers] == ["to a", "to a"]


def test_a_question_with_another_seed_or_schema_is_another_question(ledger):
    with FakeOpenAI(echo) as server:
        questions = ask("a") + ask("a", seed=1) + ask("a", json_schema=SCHEMA)
        client(ledger, server).ask_many(questions)
        assert len(server.requests) == 3
        formats = [r.get("response_format", {}).get("type") for r in server.requests]
    assert formats.count("json_schema") == 1


def test_no_more_requests_run_at_once_than_the_teacher_allows(ledger):
    with FakeOpenAI(lambda *_: Says("x", seconds=0.15)) as server:
        client(ledger, server, concurrency=3).ask_many(ask(*"abcdefghi"))
        assert server.most_at_once == 3


def test_a_server_that_asks_to_wait_is_asked_again_after_that_time(ledger):
    script = [Fails(429, headers={"retry-after": "0.4"}), Says("x")]
    with FakeOpenAI(lambda n, _: script[n]) as server:
        (answer,) = client(ledger, server).ask_many(ask("a"))
        assert answer.text == "x"
        assert server.times[1] - server.times[0] >= 0.4


def test_a_server_that_asks_to_wait_for_too_long_fails_that_request_at_once(ledger):
    def script(_n, body):
        slow = body["messages"][-1]["content"] == "slow"
        return Fails(429, headers={"retry-after": "3600"}) if slow else Says("x")

    with FakeOpenAI(script) as server:
        answers = client(ledger, server).ask_many(ask("slow", "b"))
        assert len(server.requests) == 2
    assert [a.status for a in answers] == ["failed", "fresh"]
    assert "429" in answers[0].reason


@pytest.mark.parametrize(
    "trouble",
    [
        Fails(500, "oops"),
        Fails(503),
        Sends("<html>no</html>", "text/html"),
        Sends('{"choices": []}'),
        Sends('{"cho'),
        Sends('{"choices": [{"mess', cut=True),
    ],
)
def test_passing_trouble_is_tried_again(ledger, trouble):
    script = [trouble, trouble, Says("x")]
    with FakeOpenAI(lambda n, _: script[n]) as server:
        (answer,) = client(ledger, server).ask_many(ask("a"))
    assert (answer.status, answer.text) == ("fresh", "x")


def test_a_request_that_hangs_times_out_and_is_tried_again(ledger):
    with FakeOpenAI(lambda n, _: Says("x", seconds=0 if n else 20)) as server:
        (answer,) = client(ledger, server, timeout_seconds=1.0).ask_many(ask("a"))
    assert answer.text == "x"


def test_after_the_last_attempt_a_request_has_failed_and_the_others_go_on(ledger):
    def script(_n, body):
        return Fails(500, "oops") if body["messages"][-1]["content"] == "bad" else Says("x")

    with FakeOpenAI(script) as server:
        answers = client(ledger, server).ask_many(ask("a", "bad", "c"))
        assert server.questions.count("bad") == FAST.attempts
    assert [a.status for a in answers] == ["fresh", "failed", "fresh"]
    assert answers[1].text is None
    assert "500" in answers[1].reason
    assert ledger.count_responses("g") == 2


def test_a_server_that_is_not_there_is_an_error_that_says_where_it_should_be(ledger):
    with pytest.raises(TeacherError, match=r"teacher t .*http://127\.0\.0\.1:9/v1.*no connection"):
        client(ledger, "http://127.0.0.1:9/v1").ask_many(ask("a", "b"))


def test_a_wrong_key_ends_the_batch_at_once(ledger):
    with FakeOpenAI(echo) as server, pytest.raises(TeacherError, match="401"):
        client(ledger, server, key="wrong").ask_many(ask(*"abcdefgh"))
    assert ledger.open_reservations() == []


def test_a_teacher_whose_first_twelve_answers_are_garbage_is_given_up(ledger):
    with FakeOpenAI(lambda *_: Says("lorem ipsum")) as server:
        teacher = client(ledger, server)
        questions = ask(*(f"q{n}" for n in range(40)))
        with pytest.raises(TeacherError, match=r"first 12 answers.*lorem ipsum"):
            teacher.ask_many(questions, usable=lambda text: text.startswith("{"))
        asked = len(server.requests)
        assert 12 <= asked <= 14
        with pytest.raises(TeacherError, match="lorem"):
            teacher.ask_many(questions, usable=lambda text: text.startswith("{"))
        assert len(server.requests) == asked, "garbage that was paid for is not asked again"
    assert ledger.open_reservations() == []


def test_one_usable_answer_among_the_first_twelve_is_enough_to_go_on(ledger):
    with FakeOpenAI(lambda n, _: Says("{}" if n == 11 else "lorem")) as server:
        questions = ask(*(f"q{n}" for n in range(20)))
        answers = client(ledger, server, concurrency=1).ask_many(questions, usable="{}".__eq__)
    assert len(answers) == 20


def test_a_short_batch_of_nothing_but_garbage_is_an_error_at_its_end(ledger):
    with FakeOpenAI(lambda *_: Says("lorem")) as server:
        with pytest.raises(TeacherError, match="first 5 answers"):
            client(ledger, server).ask_many(ask(*"abcde"), usable=lambda _: False)
        answers = client(ledger, server).ask_many(ask(*"xyz"), usable=lambda _: False)
    assert len(answers) == 3, "three answers are too few to judge a teacher by"


def test_a_server_that_cannot_bind_a_schema_is_told_it_in_words(ledger):
    def script(_n, body):
        if "response_format" in body:
            return Fails(400, "response_format json_schema is not supported")
        return Says(json.dumps({"n": len(body["messages"])}))

    with FakeOpenAI(script) as server:
        teacher = client(ledger, server, concurrency=1)
        answers = teacher.ask_many(ask("a", "b", json_schema=SCHEMA))
        assert len(server.requests) == 3, "it is learnt once"
        assert '"required": ["n"]' in server.requests[-1]["messages"][0]["content"]
    assert [a.text for a in answers] == ['{"n": 2}', '{"n": 2}']


def test_a_server_that_wants_another_name_for_max_tokens_gets_it(ledger):
    def script(_n, body):
        if "max_tokens" in body:
            message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return Fails(400, message)
        return Says(str(body["max_completion_tokens"]))

    with FakeOpenAI(script) as server:
        (answer,) = client(ledger, server).ask_many(ask("a", max_tokens=7))
    assert answer.text == "7"


def test_a_request_that_is_too_long_fails_alone(ledger):
    def script(_n, body):
        long = len(body["messages"][-1]["content"]) > 5
        return Fails(400, "the request exceeds the available context size") if long else Says("x")

    with FakeOpenAI(script) as server:
        answers = client(ledger, server).ask_many(ask("a", "much too long"))
        assert len(server.requests) == 2
    assert [a.status for a in answers] == ["fresh", "failed"]


def test_what_is_paid_is_what_the_tokens_cost(ledger):
    with FakeOpenAI(echo) as server:
        teacher = client(ledger, server, prices=(2.0, 10.0), limit=1.0)
        answers = teacher.ask_many(ask("a", "b"))
    cost = (10 * 2.0 + 5 * 10.0) / 1e6
    assert [a.dollars for a in answers] == [cost, cost]
    assert ledger.spent("g", "api", "0001") == pytest.approx(2 * cost, abs=1e-12)
    assert ledger.open_reservations() == []


def test_tokens_that_a_server_does_not_count_are_charged_at_their_most(ledger):
    with FakeOpenAI(lambda *_: Says("x", input_tokens=None)) as server:
        teacher = client(ledger, server, prices=(2.0, 10.0), limit=1.0, max_tokens=100)
        (answer,) = teacher.ask_many(ask("a"))
    assert (answer.input_tokens, answer.output_tokens) == (17, 100)
    assert answer.dollars == (17 * 2.0 + 100 * 10.0) / 1e6


def test_the_budget_stops_the_batch_before_a_call_that_could_pass_it(ledger):
    # The most that one request can cost is (17 + 16 000) dollars, its real cost 50 000.
    with FakeOpenAI(lambda *_: Says("x", input_tokens=0, output_tokens=50_000)) as server:
        teacher = client(
            ledger, server, prices=(1e6, 1e6), limit=120_000, max_tokens=16_000, concurrency=1
        )
        answers = teacher.ask_many(ask("a", "b", "c", "d"))
        assert len(server.requests) == 3
    assert [a.status for a in answers] == ["fresh", "fresh", "fresh", "skipped"]
    assert answers[3].reason == "the budget is spent"


def test_a_batch_that_cannot_pay_for_anything_is_an_error(ledger):
    with FakeOpenAI(echo) as server:
        with pytest.raises(BudgetExceeded, match="api budget of goal g"):
            client(ledger, server, prices=(1, 1), limit=0).ask_many(ask("a", "b"))
        assert server.requests == []


def test_a_call_that_may_have_been_billed_is_charged_in_full_and_a_refused_one_is_not(ledger):
    def script(n, _body):
        return [Says("late", seconds=20), Fails(500), Says("x", output_tokens=0)][n]

    with FakeOpenAI(script) as server:
        teacher = client(
            ledger, server, prices=(0, 1e6), limit=100, max_tokens=7, timeout_seconds=1.5
        )
        (answer,) = teacher.ask_many(ask("a"))
    assert answer.dollars == 0
    assert ledger.spent("g", "api") == 7


def test_after_its_time_a_batch_asks_nothing_new(ledger):
    with FakeOpenAI(lambda *_: Says("x", seconds=1.0)) as server:
        teacher = client(ledger, server, concurrency=1)
        answers = teacher.ask_many(ask(*"abcdef"), max_seconds=1.5)
        asked = len(server.requests)
    assert 1 <= asked <= 2
    assert [a.status for a in answers] == ["fresh"] * asked + ["skipped"] * (6 - asked)
    assert answers[-1].reason == "out of time"


def test_a_teacher_that_moves_is_followed(ledger):
    with FakeOpenAI(echo) as second:
        addresses = iter(["http://127.0.0.1:9/v1", second.base_url])
        teacher = client(ledger, "")
        account = Account(
            teacher.account.teacher,
            Prices(input=0, output=0),
            lambda: Endpoint(next(addresses), "fake-key", "m"),
            ledger,
            "g",
            "0001",
            0.0,
            FAST,
        )
        answers = TeacherClient(account).ask_many(ask(*"abcd"))
    assert {a.status for a in answers} == {"fresh"}


def test_a_proxy_of_the_environment_is_not_asked_for_this_machines_own_servers(ledger, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with FakeOpenAI(echo) as server:
        (answer,) = client(ledger, server).ask_many(ask("a"))
    assert answer.text == "to a"


def test_sigkill_in_the_middle_loses_no_stored_answer_and_asks_none_twice(tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    script = tmp_path / "ask.py"
    script.write_text(ASKER.format(root=str(ROOT), url=url))
    questions = [f"q{n}" for n in range(30)]
    with FakeOpenAI(lambda _n, b: Says("to " + b["messages"][-1]["content"], 0.05)) as server:
        command = [sys.executable, str(script), server.base_url]
        process = subprocess.Popen(command, cwd=ROOT)
        ledger = Ledger(url)
        until = time.monotonic() + 120
        while ledger.count_responses("g") < 8 and time.monotonic() < until:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        stored = ledger.count_responses("g")
        assert 8 <= stored < 30
        asked = len(server.requests)
        time.sleep(0.1)
        subprocess.run(command, cwd=ROOT, check=True)
        second = server.questions[asked:]
    assert len(second) == 30 - stored
    assert sorted(set(server.questions)) == sorted(questions)
    assert ledger.count_responses("g") == 30
    ledger.release_stale()
    assert ledger.open_reservations() == []


ASKER = """
import sys
sys.path.insert(0, {root!r})
from forgemind_assets.goal import Prices, Teacher
from resources.ledger import Ledger
from resources.teacher_api import Endpoint
from resources.teachers import Account, TeacherClient, TeacherRequest

teacher = Teacher(name="t", kind="openai", model="m", concurrency=2)
endpoint = Endpoint(sys.argv[1], "fake-key", "m")
account = Account(
    teacher, Prices(input=0, output=0), lambda: endpoint, Ledger({url!r}), "g", "0001", 0.0
)
requests = [
    TeacherRequest(messages=({{"role": "user", "content": f"q{{n}}"}},)) for n in range(30)
]
TeacherClient(account).ask_many(requests)
"""


# As much of a compiled goal as a teacher looks at.
LIMITS = SimpleNamespace(api_dollars_per_goal=5.0)
SMALL_GOAL = SimpleNamespace(name="g", spec=SimpleNamespace(limits=LIMITS))


def opened(tmp_path, ledger, **settings):
    home = Home(tmp_path / "home", tmp_path / "models")
    teacher = Teacher(**({"name": "gpt", "kind": "openai", "model": "m"} | settings))
    return open_teacher(teacher, home, ledger, ModelStore(home), SMALL_GOAL, "0001")


def test_a_missing_key_names_the_teacher_and_the_variable(tmp_path, ledger, monkeypatch):
    monkeypatch.delenv("SOME_KEY", raising=False)
    prices = Prices(input=1, output=1)
    with pytest.raises(MissingKey, match=r"teacher gpt.*set SOME_KEY"):
        opened(tmp_path, ledger, api_key_env="SOME_KEY", prices=prices)
    monkeypatch.setenv("SOME_KEY", "  ")
    with pytest.raises(MissingKey):
        opened(tmp_path, ledger, api_key_env="SOME_KEY", prices=prices)


def test_a_teacher_without_prices_is_refused_for_its_cost_is_unknown(tmp_path, ledger):
    with pytest.raises(UserError, match="expected `prices"):
        opened(tmp_path, ledger)


def test_a_teacher_with_a_key_is_asked_with_it(tmp_path, ledger, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "fake-key")
    with FakeOpenAI(echo) as server:
        teacher = opened(
            tmp_path,
            ledger,
            api_key_env="SOME_KEY",
            prices=Prices(input=1, output=1),
            base_url=server.base_url,
        )
        (answer,) = teacher.ask_many(ask("a"))
    assert answer.text == "to a"
    assert "fake-key" not in repr(teacher.account.connect())
