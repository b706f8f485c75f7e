from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.warden import scan as scanning
from forgemind_assets.warden.layers.goal_rules import GoalRules
from forgemind_assets.warden.layers.registry import LAYERS, make_layer, with_model
from forgemind_assets.warden.policy import (
    GoalRule,
    LayerPolicy,
    Need,
    Policy,
    Thresholds,
)
from forgemind_assets.warden.policy_files import default_policy, effective_policy
from forgemind_assets.warden.scan import fate_of, scan
from forgemind_assets.warden.scan_report import LayerSummary, layer_verdict
from forgemind_assets.warden.verdict import MissingLayer, NotRun, Passage, Subject

TOKEN = "ghp_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"
RULES = (
    GoalRule(name="codename", pattern="falcon", score=0.9),
    GoalRule(name="hint", pattern="maybe", score=0.5),
    GoalRule(name="trace", pattern="hardly", score=0.4),
)
POLICY = effective_policy(Policy(rules=RULES))


def rows(*texts: str) -> list[Subject]:
    return [Subject(str(i), {"input": text}) for i, text in enumerate(texts)]


def only(name: str, need: Need) -> Policy:
    return Policy(layers={name: LayerPolicy(training_rows=need, quarantine_at=0.5, drop_at=0.8)})


def test_scores_meet_thresholds_from_both_sides():
    limits = Thresholds(quarantine_at=0.5, drop_at=0.8)
    assert [fate_of(s, limits) for s in (0.49, 0.5, 0.79, 0.8)] == [
        "keep",
        "quarantine",
        "quarantine",
        "drop",
    ]
    assert fate_of(1.0, Thresholds()) == "keep"
    assert fate_of(0.9, Thresholds(drop_at=0.9)) == "drop"


def test_each_row_gets_its_fate_and_its_reason():
    report = scan(
        "training_rows", rows("x = 1", f"t = '{TOKEN}'", "maybe", "hardly", "falcon"), POLICY
    )
    assert [(s.fate, s.reason) for s in report.subjects] == [
        ("keep", ""),
        ("drop", "secrets:github_token"),
        ("quarantine", "goal_rules:hint"),
        ("keep", ""),
        ("drop", "goal_rules:codename"),
    ]
    assert [v.reason for v in report.subjects[3].verdicts] == ["trace"]
    summary = {layer.layer: layer for layer in report.layers}
    assert summary["goal_rules"].findings == {"hint": 1, "codename": 1}
    assert summary["goal_rules"].below == {"trace": 1}
    assert summary["goal_rules"].subjects == {"quarantine": 1, "drop": 1}
    assert summary["secrets"].ran == 5
    assert all(layer_verdict(layer).passed for layer in report.layers)


def test_all_parts_of_a_row_are_read():
    subject = Subject("1", {"input": "x = 1", "answer": f'{{"fix": "{TOKEN}"}}'})
    (found,) = scan("training_rows", [subject], POLICY).subjects
    assert (found.fate, found.verdicts[0].part) == ("drop", "answer")


def test_a_slice_with_thresholds_of_its_own():
    policy = effective_policy(
        Policy(
            layers={
                "secrets": LayerPolicy(by_slice={"CWE-798": Thresholds(quarantine_at=1, drop_at=1)})
            }
        )
    )
    texts = {"input": f"t = '{TOKEN}'"}
    report = scan(
        "training_rows", [Subject("a", texts, "CWE-798"), Subject("b", texts, "none")], policy
    )
    assert [s.fate for s in report.subjects] == ["keep", "drop"]
    assert report.subjects[0].verdicts


PIECES = st.sampled_from(
    ["x = 1", "maybe", "falcon", TOKEN, "call (415) 555-2671", "\u200b", "fal\u200bcon", "{", "é"]
)


@given(st.lists(st.lists(PIECES, max_size=4).map(" ".join), max_size=12), st.integers(1, 5))
def test_kept_dropped_and_quarantined_are_the_input(texts: list[str], batch: int):
    given_rows = rows(*texts)
    seen: list[tuple[int, int]] = []
    report = scan(
        "training_rows", given_rows, POLICY, batch=batch, progress=lambda a, b: seen.append((a, b))
    )
    fates = Counter(s.fate for s in report.subjects)
    assert [s.id for s in report.subjects] == [s.id for s in given_rows]
    assert fates["keep"] + fates["drop"] + fates["quarantine"] == len(texts)
    assert sum(len(report.with_fate(f)) for f in ("keep", "drop", "quarantine")) == len(texts)
    assert report == scan("training_rows", given_rows, POLICY)
    if texts:
        assert seen[-1] == (len(texts), len(texts))
    for layer in report.layers:
        assert layer.ran + sum(layer.not_run.values()) == layer.passages


@pytest.mark.parametrize(
    ("need", "passed", "fate"), [("required", False, "quarantine"), ("optional", True, "keep")]
)
def test_a_layer_that_cannot_run(need: Need, passed: bool, fate: str):
    report = scan("training_rows", rows("x = 1", "y = 2"), only("detoxify", need))
    (layer,) = report.layers
    verdict = layer_verdict(layer)
    assert (verdict.passed, verdict.state, verdict.blocking) == (
        passed,
        "not_run",
        need == "required",
    )
    assert layer.ran == 0
    assert layer.not_run == {"model_missing": 2}
    assert [s.fate for s in report.subjects] == [fate] * 2
    assert "not run on 2 texts (model_missing 2)" in verdict.message
    assert not verdict.message.startswith("0 findings")


def test_a_layer_that_ran_on_some_texts_only():
    subjects = [
        Subject("a", {"input": "import shutil\nrmtree(:"}, languages={"input": "python"}),
        *rows("x = 1"),
    ]
    report = scan("training_rows", subjects, only("code_rules", "required"))
    verdict = layer_verdict(report.layers[0])
    assert (verdict.passed, verdict.state) == (False, "partly_run")
    assert [(s.fate, s.reason) for s in report.subjects] == [
        ("quarantine", "code_rules:not_run:syntax_error"),
        ("keep", ""),
    ]


def test_a_layer_that_is_off_is_shown_and_not_run():
    report = scan("training_rows", rows(TOKEN), only("secrets", "off"))
    (layer,) = report.layers
    assert (layer.need, layer.passages, layer_verdict(layer).state) == ("off", 0, "off")
    assert report.subjects[0].fate == "keep"


def test_no_texts_is_not_a_failure():
    report = scan("training_rows", [], default_policy())
    assert all(layer_verdict(layer).passed for layer in report.layers)


def test_a_text_too_long_to_be_read_goes_into_quarantine():
    report = scan(
        "training_rows", rows("a" * (scanning.MAX_CHARS + 1), "b"), only("secrets", "required")
    )
    assert [s.fate for s in report.subjects] == ["quarantine", "keep"]
    assert report.layers[0].not_run == {"text_too_long": 1}


def test_a_finding_outweighs_a_layer_that_did_not_run():
    policy = Policy(
        layers={
            "secrets": LayerPolicy(training_rows="required", quarantine_at=0.5, drop_at=0.8),
            "detoxify": LayerPolicy(training_rows="required"),
        }
    )
    (found,) = scan("training_rows", rows(TOKEN), policy).subjects
    assert (found.fate, found.reason) == ("drop", "secrets:github_token")
    assert [n.layer for n in found.not_run] == ["detoxify"]


class Anger:
    """A classifier that finds shouting angry."""

    def scores(self, texts: Sequence[str]) -> Sequence[Mapping[str, float] | NotRun]:
        return [{"anger": 1.0 if text.isupper() else 0.0} for text in texts]


def test_the_fake_classifier_tells_shouting_from_talking():
    assert Anger().scores(["NO", "no"]) == [{"anger": 1.0}, {"anger": 0.0}]


def test_a_layer_gets_its_model_or_says_that_it_is_missing():
    made = with_model("anger", {"anger": Anger()}, lambda model: GoalRules(RULES))
    assert isinstance(made, GoalRules)
    missing = with_model("anger", {}, lambda model: GoalRules(RULES))
    assert isinstance(missing, MissingLayer)
    (outcome,) = missing.judge([Passage("x")])
    assert isinstance(outcome, NotRun)
    assert outcome.reason == "model_missing"


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_answers_for_every_passage(name: str):
    layer = make_layer(name, POLICY, {})
    texts = [
        "",
        "x = 1",
        "\x00",
        "é" * 50,
        TOKEN,
        "\ud800",
        "import socket\npty.spawn(",
        "%%%",
        "\\x",
        '"' * 99,
    ]
    outcomes = layer.judge([Passage(text) for text in texts])
    assert len(outcomes) == len(texts)
    assert layer.name == name
    assert layer.version or isinstance(layer, MissingLayer)
    for outcome in outcomes:
        for verdict in outcome if isinstance(outcome, tuple) else ():
            assert (verdict.layer, verdict.version) == (name, layer.version)
            assert 0 <= verdict.score <= 1


def test_a_goals_rule_is_found_in_disguise_and_traced():
    text = "project f\u0430l\u200bcon"
    (found,) = GoalRules(RULES).judge([Passage(text)])[0]
    assert (found.reason, text[slice(*found.span)]) == ("codename", "f\u0430l\u200bcon")
    assert "falcon" not in str(found)


def test_a_goals_rule_may_ignore_case():
    rule = GoalRule(name="r", pattern="falcon", ignore_case=True)
    assert GoalRules((rule,)).judge([Passage("FALCON")])[0]
    assert not GoalRules(RULES).judge([Passage("FALCON")])[0]


def test_a_summary_without_findings_is_clean():
    verdict = layer_verdict(LayerSummary("secrets", "1", "required", passages=3, ran=3))
    assert (verdict.passed, verdict.state) == (True, "clean")
    assert verdict.message == "3 of 3 texts judged, 0 findings"
