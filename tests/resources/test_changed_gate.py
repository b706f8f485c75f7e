"""A gate that is edited between two iterations: only what both models were asked is compared."""

import json

import pytest
from fakes.artefacts import write_adapter
from fakes.forks import at, conclude_and_register
from fakes.trials import publish_plan, publish_trial

from forgemind_assets.brain.assets import conclude
from forgemind_assets.records import Case, TestResult
from forgemind_assets.trial_grounds.evaluation import evaluate
from forgemind_assets.trial_grounds.graders.json_label import JsonLabel
from forgemind_assets.trial_grounds.report import (
    read_cases,
    read_comparable,
    summarise,
    write_report,
)
from resources.gate_looks import looks_of
from resources.registrations import open_registrations
from resources.tripwires import slices_of

GRADER = JsonLabel(label_key="cwe")


class Model:
    """Answers `x` to every case."""

    def answers(self, prompts, max_new_tokens):
        yield from ((index, json.dumps({"cwe": "x"})) for index in range(len(prompts)))


def case(number, label, text="code"):
    return Case(id=f"c{number}", family=f"f{number}", slice="s", input=text,
                expected={"cwe": label})  # fmt: skip


def graded(cases, grader=GRADER):
    prompts = [[{"role": "user", "content": c.input}] for c in cases]
    return evaluate(cases, prompts, Model, grader, max_new_tokens=4)


def publish(place, trial, results):
    report = summarise(
        results, goal="small_goal", suite="full", suite_hash="h", model=trial,
        model_hash=place.workshop.store.manifest("small_goal", "adapter", trial).version,
        prompt_variant="short",
    )  # fmt: skip
    with place.workshop.store.publish("small_goal", "benchmark_report", trial, {}) as folder:
        write_report(report, results, folder)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A champion that passes none of twenty cases."""
    with at(tmp_path, monkeypatch) as found:
        publish_plan(found, "0000")
        publish_trial(found, "0000-a", 1)
        publish(found, "0000-a", graded([case(n, "y") for n in range(20)]))
        conclude_and_register(found, "0000")
        publish_plan(found, "0001")
        publish_trial(found, "0001-a", 2)
        yield found


def test_labels_edited_between_two_iterations_make_no_champion(place):
    """The very same answers: twenty cases gained by the pen alone."""
    publish(place, "0001-a", graded([case(n, "x") for n in range(20)]))
    found = conclude(place.goal, place.workshop, "0001")
    assert (found.trial, found.changed, found.gain) == ("0000-a", False, None)
    assert "the gate, or how it is graded, is another one since 0000-a was tested" in found.reason
    assert "materialise benchmark_report of 0000-a again" in found.reason
    assert found.alpha_spent == 0, "nothing was compared"
    assert slices_of(place.goal, place.workshop.store, "0001-a").holds


def test_a_grader_with_other_options_makes_no_champion(place):
    other = JsonLabel(label_key="cwe", line_tolerance=3)
    publish(place, "0001-a", graded([case(n, "y") for n in range(20)], other))
    assert "is another one" in conclude(place.goal, place.workshop, "0001").reason


def test_what_stayed_is_compared_and_the_rest_is_told(place):
    edited = [case(n, "x", "other code") for n in range(15)]
    cases = [*edited, *(case(n, "y") for n in range(15, 20)), case(20, "x")]
    publish(place, "0001-a", graded(cases))
    found = conclude(place.goal, place.workshop, "0001")
    assert (found.changed, found.gain, found.gained) == (False, 0.0, 0)
    assert "+0.0 points on 5 cases" in found.reason
    assert found.reason.endswith(
        "; 16 cases that 0000-a was not asked as they are now do not count"
    )


def test_a_champion_that_is_tested_again_is_compared_again(place):
    new = [case(n, "x" if n < 12 else "y", "newer code") for n in range(20)]
    publish(place, "0001-a", graded(new))
    assert not conclude(place.goal, place.workshop, "0001").changed
    publish(place, "0000-a", graded(new))
    again = conclude(place.goal, place.workshop, "0001")
    assert (again.changed, again.gain) == (False, 0.0)
    spent = [one.spent for one in looks_of(
        open_registrations(place.workshop.home).events("small_goal"))]  # fmt: skip
    assert spent == [0, 0, again.level]


def test_weights_that_were_not_tested_are_nobody(place):
    """The adapter alone is made again: its reports are of other weights."""
    publish(place, "0001-a", graded([case(n, "x") for n in range(20)]))
    with place.workshop.store.publish("small_goal", "adapter", "0001-a", {}) as folder:
        write_adapter(folder, 7)
    found = conclude(place.goal, place.workshop, "0001")
    assert found.reason == "no trial finished: 0000-a stays"
    assert found.leader == "0000-a"


def test_reports_of_old_are_compared_as_they_are(tmp_path):
    def folder(name, marks):
        made = tmp_path / name
        made.mkdir()
        results = [
            TestResult(case_id=f"c{n}", family="f", slice="s", prompt="", answer="", passed=True,
                       reason="r", fingerprint=mark)
            for n, mark in enumerate(marks)
        ]  # fmt: skip
        report = summarise(results, goal="g", suite="full", suite_hash="", model="m",
                           model_hash="", prompt_variant="")  # fmt: skip
        write_report(report, results, made)
        return made

    old, new = folder("old", ["", "", ""]), folder("new", ["a", "b", "c"])
    assert read_comparable(old, new) == (read_cases(old), read_cases(new))
    other = folder("other", ["a", "z"])
    assert [set(side) for side in read_comparable(new, other)] == [{"c0", "c2"}, {"c0"}]


def test_the_prompt_around_a_case_is_the_models_own_affair():
    one, two = ([[{"role": "user", "content": text}]] for text in ("short", "long"))
    (first,), (second,) = (
        evaluate([case(1, "x")], prompt, Model, GRADER, max_new_tokens=4) for prompt in (one, two)
    )
    assert first.fingerprint == second.fingerprint != ""
