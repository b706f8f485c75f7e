"""What the measurement promises, on a few kills and without a clock."""

import generation
import pytest
from fakes.busy_openai import read_stats


@pytest.mark.slow
def test_runs_that_are_killed_ask_again_only_what_was_in_flight():
    found = generation.kills(6, seed=1)
    assert generation.verdict({"kills": found}) == []
    assert found["never_asked"] == 0
    assert found["asked_in_all"] <= found["questions"] + found["in_flight_at_kills"]
    assert found["spent_dollars"] >= found["answers_dollars"]


@pytest.mark.slow
def test_a_short_run_of_the_speed_measurement_answers_everything(tmp_path):
    with generation.server(latency=0.05) as port:
        found = generation.ours(
            port=port,
            ledger=str(tmp_path / "ledger.db"),
            count=200,
            limit=1.0,
            timeout=30.0,
            at_once=64,
        )
        assert read_stats(port, "asked") == 200
    assert found["answered"] == 200
    assert found["spent_dollars"] == pytest.approx(200 * generation.DOLLARS_PER_ANSWER)


def test_a_broken_promise_is_named():
    kept = {"answered": 9, "questions": 9, "asked_again_in_all": 3, "in_flight_at_kills": 3}
    assert generation.verdict({"kills": kept}) == []
    assert generation.verdict({"kills": kept | {"asked_again_in_all": 4}}) != []
    assert generation.verdict({"kills": kept | {"answered": 8}}) != []
