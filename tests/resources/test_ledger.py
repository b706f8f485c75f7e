import multiprocessing
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from forgemind_assets.errors import BudgetExceeded, ForgeMindError, StoreError, UserError
from resources.ledger import Ledger, request_key
from resources.ledger_tables import schema_version, write

ROOT = Path(__file__).resolve().parents[2]
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def ledger(url):
    return Ledger(url)


def store(ledger, key, text="an answer", **more):
    facts = {
        "goal": "g",
        "teacher": "t",
        "iteration": "0001",
        "request": {"messages": [{"role": "user", "content": "hé"}]},
        "text": text,
        "finish_reason": "stop",
        "input_tokens": 10,
        "output_tokens": 5,
        "dollars": 0.002,
        "seconds": 1.5,
    }
    return ledger.store_response(key, **(facts | more))


def test_a_stored_answer_comes_back_whole_and_the_first_one_stays(ledger):
    assert ledger.response("k") is None
    assert store(ledger, "k", "first")
    assert not store(ledger, "k", "second")
    found = ledger.response("k")
    assert found is not None
    assert (found.text, found.dollars, found.request["messages"][0]["content"]) == (
        "first",
        0.002,
        "hé",
    )
    assert ledger.count_responses("g") == 1
    assert ledger.count_responses("other") == 0


def test_what_a_teacher_sends_is_stored_whatever_letters_it_holds(ledger):
    request = {"messages": [{"role": "user", "content": "a\x00b \ud800 c"}]}
    assert store(ledger, "k", "x\x00y \ud800 z", finish_reason="st\x00op", request=request)
    found = ledger.response("k")
    assert (found.text, found.finish_reason) == ("x\ufffdy ? z", "st\ufffdop")
    assert found.request == request


def test_usage_is_counted_by_iteration_and_teacher(ledger):
    store(ledger, "a", iteration="0001")
    store(ledger, "b", iteration="0002", teacher="u")
    assert ledger.usage("g").output_tokens == 10
    assert ledger.usage("g").dollars == 0.004
    assert ledger.usage("g", iteration="0002").responses == 1
    assert ledger.usage("g", teacher="nobody").input_tokens == 0


def test_a_key_depends_on_everything_that_is_asked_and_not_on_the_order_of_names():
    messages = [{"role": "user", "content": "a"}]
    key = request_key("m", messages, {"x": 1, "y": 2}, 0)
    assert key == request_key("m", [{"content": "a", "role": "user"}], {"y": 2, "x": 1}, 0)
    others = {
        request_key("n", messages, {"x": 1, "y": 2}, 0),
        request_key("m", [{"role": "user", "content": "b"}], {"x": 1, "y": 2}, 0),
        request_key("m", messages, {"x": 1, "y": 3}, 0),
        request_key("m", messages, {"x": 1, "y": 2}, 1),
    }
    assert len(others | {key}) == 5


def test_a_reservation_counts_until_it_is_settled_at_the_real_cost(ledger):
    first = ledger.reserve("g", "0001", "api", 6.0, limit=10.0)
    with pytest.raises(BudgetExceeded, match=r"\$6\.000000 of \$10\.000000"):
        ledger.reserve("g", "0001", "api", 4.1, limit=10.0)
    ledger.settle(first, 1.0)
    assert ledger.spent("g", "api") == 1.0
    ledger.reserve("g", "0001", "api", 9.0, limit=10.0)
    assert ledger.spent("g", "api") == 10.0
    with pytest.raises(BudgetExceeded):
        ledger.reserve("g", "0001", "api", 1e-9, limit=10.0)


def test_kinds_goals_and_scopes_have_limits_of_their_own(ledger):
    ledger.reserve("g", "0001-a", "gpu", 50, limit=50, per="scope")
    ledger.reserve("g", "0001-b", "gpu", 50, limit=50, per="scope")
    ledger.reserve("g", "0001", "api", 50, limit=50)
    ledger.reserve("h", "0001-a", "gpu", 50, limit=50)
    with pytest.raises(BudgetExceeded, match="0001-a"):
        ledger.reserve("g", "0001-a", "gpu", 0.01, limit=50, per="scope")
    assert ledger.spent("g", "gpu") == 100
    assert ledger.spent("g", "gpu", "0001-b") == 50


def test_a_free_call_passes_a_limit_of_zero_and_a_paid_one_does_not(ledger):
    ledger.settle(ledger.reserve("g", "0001", "api", 0, limit=0), 0)
    with pytest.raises(BudgetExceeded):
        ledger.reserve("g", "0001", "api", 0.000001, limit=0)


def test_settling_twice_or_an_unknown_reservation_is_an_error(ledger):
    one = ledger.reserve("g", "s", "api", 1, limit=2)
    ledger.settle(one, 0.5)
    with pytest.raises(ForgeMindError, match="settled already"):
        ledger.settle(one, 0.5)
    with pytest.raises(ForgeMindError):
        ledger.settle(999, 0)


@pytest.mark.parametrize("amount", [-1.0, float("nan"), float("inf")])
def test_an_amount_that_is_no_price_is_refused(ledger, amount):
    with pytest.raises(ValueError):
        ledger.reserve("g", "s", "api", amount, limit=10)


def test_an_answer_and_its_reservation_are_settled_together_or_not_at_all(ledger):
    one = ledger.reserve("g", "s", "api", 1, limit=2)
    store(ledger, "k", dollars=0.25, settles=one)
    assert ledger.spent("g", "api") == 0.25
    with pytest.raises(ForgeMindError):
        store(ledger, "k2", settles=one)
    assert ledger.response("k2") is None


amounts = st.integers(0, 2000).map(lambda n: n / 1000)
steps = st.lists(
    st.tuples(st.sampled_from(["reserve", "settle", "overrun"]), amounts, st.sampled_from("ab")),
    max_size=15,
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request, tmp_path_factory):
    if request.param == "postgresql":
        return Ledger(request.getfixturevalue("postgres").url())
    return Ledger(f"sqlite:///{tmp_path_factory.mktemp('shared') / 'ledger.db'}")


numbers = iter(range(1_000_000))


@settings(max_examples=40, deadline=None)
@given(steps=steps, limit=amounts)
def test_what_is_reserved_never_passes_the_limit_and_the_sum_is_exact(shared, steps, limit):
    goal = f"goal{next(numbers)}"
    held: list[tuple[int, int, str]] = []
    total = {"a": 0, "b": 0}
    for action, dollars, scope in steps:
        milli = round(dollars * 1000)
        used = sum(total.values())
        if action == "reserve":
            fits = used + milli <= round(limit * 1000)
            try:
                one = shared.reserve(goal, scope, "api", dollars, limit)
                assert fits
                held.append((one, milli, scope))
                total[scope] += milli
            except BudgetExceeded:
                assert not fits
        elif held:
            one, reserved, scope = held.pop()
            real = min(milli, reserved) if action == "settle" else milli
            shared.settle(one, real / 1000)
            total[scope] += real - reserved
        assert shared.spent(goal, "api") == sum(total.values()) / 1000
        assert shared.spent(goal, "api", "a") == total["a"] / 1000
    assert len(shared.open_reservations(goal)) == len(held)


def _spend(url: str, times: int) -> None:
    ledger = Ledger(url)
    passed = 0
    for _ in range(times):
        try:
            ledger.reserve("g", "s", "api", 1.0, limit=7.0)
            passed += 1
        except BudgetExceeded:
            pass
    os._exit(passed)


def test_processes_that_open_a_fresh_ledger_at_once_cannot_pass_the_limit_together(contested):
    processes = [SPAWN.Process(target=_spend, args=(contested, 4)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    codes = [p.exitcode for p in processes]
    assert sum(codes) == 7, codes
    assert Ledger(contested).spent("g", "api") == 7.0


def test_a_reservation_of_a_killed_process_is_charged_in_full_and_only_once(url):
    code = (
        "import os, signal\n"
        "from resources.ledger import Ledger\n"
        f"Ledger({url!r}).reserve('g', 's', 'api', 2.0, limit=5.0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ledger = Ledger(url)
    mine = ledger.reserve("g", "s", "api", 1.0, limit=5.0)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert [r.dollars for r in ledger.open_reservations("g")] == [1.0, 2.0]
    released = ledger.release_stale("g")
    assert [r.dollars for r in released] == [2.0]
    assert ledger.release_stale("g") == []
    assert [r.id for r in ledger.open_reservations()] == [mine]
    assert ledger.spent("g", "api") == 3.0


def test_a_caller_may_know_what_a_killed_process_had_spent(url):
    code = f"from resources.ledger import Ledger; Ledger({url!r}).reserve('g','s','gpu',2.0,9.0)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    ledger = Ledger(url)
    ledger.release_stale(charge=lambda r: r.dollars / 4)
    assert ledger.spent("g", "gpu") == 0.5


def test_a_ledger_travels_to_another_process_by_its_address(ledger):
    store(ledger, "k")
    assert pickle.loads(pickle.dumps(ledger)).count_responses("g") == 1


def test_a_ledger_of_a_newer_forgemind_is_refused(url, ledger):
    with write(ledger._engine) as connection:
        connection.execute(sa.update(schema_version).values(version=99))
    with pytest.raises(StoreError, match="schema 1, found 99"):
        Ledger(url)


def test_a_ledger_in_memory_is_refused_for_processes_could_not_share_it():
    with pytest.raises(StoreError):
        Ledger("sqlite://")


def _answer(url: str, name: str) -> None:
    ledger = Ledger(url)
    kept = [store(ledger, f"k{n}", name, settles=None) for n in range(10)]
    os._exit(sum(kept))


def test_processes_that_store_the_same_answers_at_once_keep_each_once(contested):
    processes = [SPAWN.Process(target=_answer, args=(contested, name)) for name in "abc"]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert sum(p.exitcode for p in processes) == 10
    assert Ledger(contested).usage("g").responses == 10


def test_a_database_that_is_neither_is_refused():
    with pytest.raises(UserError, match="expected sqlite or postgresql, found mysql"):
        Ledger("mysql://u:planted-password@host/db")


@pytest.mark.parametrize(
    "url", ["u:planted-password@host", "postgresql://u:x@host:planted-password/db"]
)
def test_an_address_that_is_none_is_refused_without_repeating_it(url):
    with pytest.raises(UserError, match="FORGEMIND_LEDGER_URL") as caught:
        Ledger(url)
    assert "planted-password" not in str(caught.value)


def test_a_server_that_does_not_answer_is_an_error_without_the_password(tmp_path):
    with pytest.raises(StoreError, match="PostgreSQL") as caught:
        Ledger(f"postgresql://ada:planted-password@/db?host={tmp_path}")
    assert "planted-password" not in str(caught.value)


def test_a_user_who_may_not_make_tables_is_told_so(postgres):
    import psycopg

    url = postgres.url()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE looker LOGIN")
    with pytest.raises(StoreError, match="permission denied for schema public"):
        Ledger(url.replace("forgemind@", "looker@", 1))


@pytest.mark.parametrize("name", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_usual_name_of_postgresql_means_the_one_driver(postgres, name):
    url = postgres.url().replace("postgresql", name, 1)
    assert Ledger(url).usage("g").responses == 0


def test_a_ledger_holds_no_connection_between_its_calls(postgres):
    before = postgres.connections()
    ledgers = [Ledger(postgres.url()) for _ in range(3)]
    assert [ledger.count_responses("g") for ledger in ledgers] == [0, 0, 0]
    assert postgres.connections() <= before
