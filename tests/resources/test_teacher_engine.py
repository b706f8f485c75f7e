"""The engine against a hidden limit and bad weather, on a simulated clock: no test waits."""

import dataclasses
import json
from collections import Counter

import pytest
from fakes.busy_openai import BusyOpenAI, Office, Weather
from fakes.office_api import OfficeApi
from fakes.simulated_clock import SimulatedLoop

from forgemind_assets.errors import BudgetExceeded, TeacherError
from forgemind_assets.goal import Prices, Teacher
from resources.ledger import Ledger
from resources.teacher_api import CallFailed, Endpoint
from resources.teacher_batch import Batch
from resources.teacher_engine import ask_all
from resources.teachers import Account, Patience, TeacherRequest

SCHEMA = {
    "type": "object",
    "properties": {
        "question": {"type": "string"},
        "lines": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
    "required": ["question", "lines"],
    "additionalProperties": False,
}
ANSWER = (20 * 1.0 + 10 * 2.0) / 1e6
"""Dollars of an answer: the office counts 20 tokens in and 10 out."""
STORM = Weather(
    latency=0.5,
    refuses=0.02,
    breaks=0.04,
    hangs=0.01,
    cuts=0.02,
    garbles=0.02,
    slips=0.04,
    truncates=0.04,
)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def questions(count, *, prefix="q", redraws=0, schema=None):
    return [
        TeacherRequest(
            messages=({"role": "user", "content": f"{prefix}{n}"},),
            json_schema=schema,
            redraws=redraws,
            max_tokens=100,
        )
        for n in range(count)
    ]


def account(ledger, office, *, name="t", limit=100.0, attempts=8, **settings):
    settings = {"concurrency": 64, "timeout_seconds": 5.0} | settings
    teacher = Teacher(name=name, kind="openai", model=name, **settings)
    return Account(
        teacher,
        Prices(input=1.0, output=2.0),
        lambda: Endpoint("http://office", "key", name),
        ledger,
        "g",
        "0001",
        limit,
        Patience(attempts=attempts, first_wait=0.5),
        open_api=lambda endpoint, timeout, _: OfficeApi(office, endpoint, timeout),
    )


def asked(*batches):
    """What became of the batches, and the seconds that it took on the simulated clock."""
    loops = []

    def factory():
        loops.append(SimulatedLoop())
        return loops[0]

    outcomes = ask_all(batches, loop_factory=factory)
    return outcomes, loops[0].selector.now if loops else 0.0


def used_of(office, start, end):
    """Share of the hidden limit that was let in during whole seconds."""
    let_in = sum(office.tally.let_in[s] for s in range(start, end))
    return let_in / sum(office.weather.rate(s) for s in range(start, end))


@pytest.mark.parametrize("whole_seconds", [False, True])
def test_most_of_a_hidden_and_changing_limit_is_used_and_nothing_is_lost(ledger, whole_seconds):
    capacity = ((0, 20.0), (12, 12.0), (32, 30.0), (46, 16.0))
    weather = Weather(**(vars(STORM) | {"capacity": capacity, "whole_seconds": whole_seconds}))
    office = Office(weather)
    requests = questions(1250, schema=SCHEMA, redraws=3)
    (answers,), seconds = asked(Batch(account(ledger, office), requests))
    assert seconds > 60
    assert used_of(office, 30, 60) >= 0.9
    assert Counter(a.status for a in answers) == {"fresh": 1250}
    assert all(json.loads(a.text)["question"] == f"q{n}" for n, a in enumerate(answers))
    assert sum(office.tally.paid.values()) == ledger.usage("g").responses
    assert office.tally.limited < 0.25 * sum(office.tally.asked.values())
    assert ledger.open_reservations() == []


def test_a_repeated_run_asks_nothing_again_also_where_an_answer_was_drawn_twice(ledger):
    office = Office(STORM)
    requests = questions(120, schema=SCHEMA, redraws=3)
    (first,), _ = asked(Batch(account(ledger, office), requests))
    before = sum(office.tally.asked.values())
    (again,), _ = asked(Batch(account(ledger, office), requests))
    assert sum(office.tally.asked.values()) == before
    assert office.tally.troubles["truncates"] > 0
    assert [(a.text, a.key, a.repaired) for a in again] == [
        (a.text, a.key, a.repaired) for a in first
    ]
    assert {a.status for a in again} == {"stored"}


def test_an_answer_that_never_fits_its_schema_is_given_out_with_the_reason(ledger):
    office = Office(Weather(latency=0.1, truncates=1.0))
    requests = questions(3, schema=SCHEMA, redraws=2)
    (answers,), _ = asked(Batch(account(ledger, office), requests))
    assert {a.reason for a in answers} == {"does not fit the schema: cut off at max_tokens"}
    assert [office.tally.paid[f"q{n}"] for n in range(3)] == [3, 3, 3]
    assert ledger.usage("g").responses == 9


def test_a_slip_is_mended_but_the_ledger_keeps_what_was_said(ledger):
    office = Office(Weather(latency=0.1, slips=1.0))
    (answers,), _ = asked(Batch(account(ledger, office), questions(1, schema=SCHEMA)))
    (answer,) = answers
    assert (answer.repaired, json.loads(answer.text)["lines"]) == (True, ["a = 1", "b = 2"])
    assert ledger.response(answer.key).text.startswith("Here it is:")


@pytest.mark.parametrize("at_once", [1, 7, 64])
def test_the_budget_ends_at_the_exact_request_whatever_runs_at_once(ledger, at_once):
    office = Office(Weather(latency=0.3))
    most = (3 + 16 + 200) / 1e6 + 1e-9  # the most that `qNN` can cost, and a rounding
    limit = 30 * ANSWER + most
    paid = account(ledger, office, limit=limit, concurrency=at_once)
    requests = questions(60)[10:]
    (answers,), _ = asked(Batch(paid, requests))
    statuses = [a.status for a in answers]
    # 30 are paid and the next still fits at its most; after it the next would pass the limit.
    assert statuses == ["fresh"] * 31 + ["skipped"] * 19
    assert ledger.spent("g", "api") <= limit


def test_a_known_limit_of_requests_a_minute_is_not_passed_in_any_minute(ledger):
    office = Office(Weather(latency=0.2))
    limited = account(ledger, office, requests_per_minute=300)
    _, seconds = asked(Batch(limited, questions(450)))
    let_in = office.tally.let_in
    busiest = max(sum(let_in[s + k] for k in range(60)) for s in range(int(seconds) + 1))
    assert busiest <= 300
    assert seconds < 1.05 * 60 * 450 / 300
    assert office.tally.limited == 0


def test_a_known_limit_of_tokens_a_minute_counts_what_was_used(ledger):
    office = Office(Weather(latency=0.2))
    limited = account(ledger, office, tokens_per_minute=30 * 60 * 10)
    _, seconds = asked(Batch(limited, questions(300)))
    assert seconds == pytest.approx(30, rel=0.15)  # 10 answers of 30 tokens a second


def test_several_teachers_work_at_once_and_ones_trouble_is_not_the_others(ledger):
    good, slow, bad = Office(Weather(0.2)), Office(Weather(1.0)), Office(Weather(0.2, breaks=1.0))
    batches = [
        Batch(account(ledger, office, name=name, concurrency=4, attempts=2), questions(40))
        for office, name in ((good, "good"), (slow, "slow"), (bad, "bad"))
    ]
    (one, two, three), seconds = asked(*batches)
    assert {a.status for a in one + two} == {"fresh"}
    assert isinstance(three, TeacherError)
    assert seconds == pytest.approx(10, abs=0.5)  # the slow one's 40 answers, 4 at once


def test_two_batches_of_one_teacher_share_its_places(ledger):
    office = Office(Weather(latency=1.0))
    shared = account(ledger, office, concurrency=4)
    batches = [Batch(shared, questions(8, prefix=prefix)) for prefix in "ab"]
    (one, two), seconds = asked(*batches)
    assert len(one) == len(two) == 8
    assert seconds == pytest.approx(4, abs=0.1)


def test_teachers_that_share_a_budget_cannot_pass_it_together(ledger):
    office = Office(Weather(latency=0.3))
    limit = 25 * ANSWER
    batches = [
        Batch(account(ledger, office, name=name, limit=limit), questions(40)) for name in "ab"
    ]
    outcomes, _ = asked(*batches)
    answers = [a for outcome in outcomes if isinstance(outcome, list) for a in outcome]
    assert all(isinstance(o, list | BudgetExceeded) for o in outcomes)
    assert 18 <= sum(a.status == "fresh" for a in answers) <= 25
    assert ledger.spent("g", "api") <= limit
    assert sum(office.tally.paid.values()) == ledger.usage("g").responses


def test_a_quota_that_is_empty_is_waited_for_and_not_hammered(ledger):
    office = Office(Weather(latency=0.1, capacity=((0, 1 / 20),), burst=20.0))
    (answers,), _ = asked(Batch(account(ledger, office, concurrency=4), questions(4)))
    assert {a.status for a in answers} == {"fresh"}
    assert office.tally.limited <= 12


def test_over_real_sockets_a_storm_loses_no_row_and_pays_for_none_twice(ledger):
    stormy = Weather(
        latency=0.02, refuses=0.02, breaks=0.05, cuts=0.05, garbles=0.05, slips=0.1, truncates=0.05
    )
    with BusyOpenAI(stormy) as server:
        endpoint = Endpoint(server.base_url, "key", "m")
        teacher = Teacher(name="t", kind="openai", model="m", concurrency=32)
        a = Account(
            teacher,
            Prices(input=1.0, output=2.0),
            lambda: endpoint,
            ledger,
            "g",
            "0001",
            100.0,
            Patience(first_wait=0.05),
        )
        (answers,) = ask_all([Batch(a, questions(200, schema=SCHEMA, redraws=3))])
    assert all(json.loads(x.text)["question"] == f"q{n}" for n, x in enumerate(answers))
    assert not any(x.reason for x in answers)
    assert sum(server.tally.paid.values()) == ledger.usage("g").responses


@pytest.mark.parametrize(("place", "seconds"), [("", 5.0), ("the cores", 10.0)])
def test_teachers_of_one_place_work_one_after_the_other(ledger, place, seconds):
    office, told = Office(Weather(latency=1.0)), []

    def batch(name):
        one = account(ledger, office, name=name, concurrency=1)
        one = dataclasses.replace(one, place=place, on_turn=lambda: told.append(f"{name} begins"))
        return Batch(one, questions(5, prefix=name), lambda _: told.append(name))

    outcomes, took = asked(batch("one"), batch("two"))
    assert [[a.status for a in answers] for answers in outcomes] == [["fresh"] * 5] * 2
    assert took == pytest.approx(seconds, rel=0.05)
    one_by_one = ["one begins", *["one"] * 5, "two begins", *["two"] * 5]
    assert (told == one_by_one) == bool(place)
    assert sorted(told) == sorted(one_by_one)


class Enough(Exception):
    pass


def test_a_run_that_is_given_up_charges_what_was_in_flight_and_leaves_nothing_open(ledger):
    office = Office(Weather(latency=1.0, hangs=0.4))
    seen = []

    def stop_at_the_third(answer):
        seen.append(answer)
        if len(seen) == 3:
            raise Enough

    batch = Batch(account(ledger, office, concurrency=4), questions(10), stop_at_the_third)
    with pytest.raises(Enough):
        asked(batch)
    assert ledger.open_reservations() == []
    stored = ledger.usage("g").responses
    in_flight = sum(office.tally.asked.values()) - stored
    assert stored >= 3
    assert in_flight > 0
    most = (2 + 16 + 200) / 1e6
    assert ledger.spent("g", "api") == pytest.approx(stored * ANSWER + in_flight * most)


def test_an_answer_that_another_process_has_stored_meanwhile_is_not_asked_for(ledger):
    office = Office(Weather(latency=1.0))
    a = account(ledger, office, concurrency=1)
    requests = questions(2)

    def store_the_other(_):
        ledger.store_response(
            a.key(requests[1]),
            goal="g",
            teacher="t",
            iteration="0001",
            request={},
            text="from elsewhere",
            input_tokens=1,
            output_tokens=1,
            dollars=0.0,
            seconds=0.0,
        )

    on_answer = iter([store_the_other, lambda _: None])
    (answers,), _ = asked(Batch(a, requests, lambda answer: next(on_answer)(answer)))
    assert [x.status for x in answers] == ["fresh", "stored"]
    assert answers[1].text == "from elsewhere"
    assert sum(office.tally.asked.values()) == 1


def test_a_teacher_that_cannot_be_started_again_ends_its_own_batch_only(ledger):
    broken, good = Office(Weather(0.2, cuts=1.0)), Office(Weather(0.2))
    ends = iter([Endpoint("http://office", "key", "m")])

    def connect():
        for endpoint in ends:
            return endpoint
        raise TeacherError("its server does not come up")

    class Gone(OfficeApi):
        async def call(self, messages, **more):
            try:
                return await super().call(messages, **more)
            except CallFailed as failed:
                raise CallFailed(failed.reason, retry=True, unreachable=True) from None

    bad = dataclasses.replace(
        account(ledger, broken, name="bad"),
        connect=connect,
        open_api=lambda endpoint, timeout, _: Gone(broken, endpoint, timeout),
    )
    batches = [Batch(bad, questions(8)), Batch(account(ledger, good, name="good"), questions(8))]
    (error, answers), _ = asked(*batches)
    assert "does not come up" in str(error)
    assert {a.status for a in answers} == {"fresh"}
    assert ledger.open_reservations() == []
