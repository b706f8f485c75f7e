import json
import urllib.error
import urllib.request

import pytest
from fakes.busy_openai import BusyOpenAI, Gate, Office, Weather, read_stats


def post(server, question):
    body = json.dumps({"messages": [{"role": "user", "content": question}]}).encode()
    with urllib.request.urlopen(f"{server.base_url}/chat/completions", body) as answer:
        return json.loads(answer.read())


def test_it_answers_over_http_and_tells_what_it_was_asked():
    with BusyOpenAI(Weather(latency=0.0)) as server:
        answer = post(server, "a question")
        assert json.loads(answer["choices"][0]["message"]["content"])["question"] == "a question"
        assert answer["usage"]["prompt_tokens"] == 20
        stats = read_stats(server.port)
    assert (stats["asked"], stats["paid"]) == ({"a question": 1}, {"a question": 1})


def test_over_its_limit_it_refuses_and_says_when():
    with BusyOpenAI(Weather(latency=0.0, capacity=((0, 0.1),), burst=0.1)) as server:
        post(server, "a")
        with pytest.raises(urllib.error.HTTPError) as refused:
            post(server, "b")
        with refused.value as answer:
            assert answer.code == 429
            assert 0 < float(answer.headers["retry-after"]) <= 10
    assert server.tally.limited == 1


def test_the_limit_changes_with_time_and_saves_up_no_more_than_its_burst():
    gate = Gate(Weather(capacity=((0, 10), (10, 2)), burst=0.5))
    assert [gate.admit(5.0) for _ in range(5)] == [0.0] * 5
    assert gate.admit(5.0) == pytest.approx(0.1)
    assert gate.admit(20.0) == 0.0
    assert gate.admit(20.0) == pytest.approx(0.5)


def test_trouble_comes_in_the_share_that_was_asked_for_and_the_same_each_time():
    weather = Weather(breaks=0.1, slips=0.2)
    drawn = [weather.trouble(f"q{n}", 1) for n in range(4000)]
    assert drawn == [weather.trouble(f"q{n}", 1) for n in range(4000)]
    assert drawn.count("breaks") == pytest.approx(400, rel=0.2)
    assert drawn.count("slips") == pytest.approx(800, rel=0.2)
    assert set(drawn) == {"", "breaks", "slips"}


def test_only_a_whole_answer_is_paid():
    office = Office(Weather(latency=0.0, cuts=1.0))
    outcome = office.decide("q", 0.0)
    assert outcome.cut
    assert office.tally.paid == {}
    assert Office(Weather(truncates=1.0)).decide("q", 0.0).payload.count(b"length") == 2
