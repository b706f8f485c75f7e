"""The one rule of promotion: signature, gate, consent; and the rule of going back."""

import pytest
from fakes.approvals import ApprovalsList
from fakes.goal_spec import spec_of

from forgemind_assets.brain.state import Score
from forgemind_assets.lorekeeper.promotion import Standing, may_promote, may_roll_back
from forgemind_assets.trial_grounds.report import Rate

AUTOMATIC = spec_of()
WITH_CONSENT = spec_of(policy={"approval": {"promotion_to_stable": True}})
WEIGHTS = "ab" * 32


def standing(passed=95, **changes):
    facts = {
        "goal": "small",
        "version": "2",
        "trial": "0001-a",
        "adapter_hash": WEIGHTS,
        "signature": "valid",
        "full": Score(overall=Rate(passed=passed, total=100)),
    }
    return Standing(**(facts | changes))


def test_a_signed_version_that_meets_the_goal_is_promoted():
    decision = may_promote(AUTOMATIC, standing(90))
    assert (decision.promote, decision.version, decision.adapter_hash) == (True, "2", WEIGHTS)


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (standing(89), "missed"),
        (standing(signature="missing"), "no signature"),
        (standing(signature="refused", signature_note="config.json differs"), "config.json"),
        (standing(full=None), "no report of the gate"),
    ],
)
def test_what_is_missing_is_the_reason(version, words):
    decision = may_promote(AUTOMATIC, version)
    assert not decision.promote
    assert words in decision.reason


def test_consent_is_asked_for_where_the_policy_says_so():
    said = ApprovalsList()
    assert not may_promote(WITH_CONSENT, standing()).promote
    decision = may_promote(WITH_CONSENT, standing(), said)
    assert not decision.promote
    assert "forgemind review list" in decision.reason
    said.give("small", "2", WEIGHTS, by="ada")
    decision = may_promote(WITH_CONSENT, standing(), said)
    assert decision.promote
    assert decision.approval.reviewers == ("ada",)


@pytest.mark.parametrize(
    "given",
    [("small", "1", WEIGHTS), ("other", "2", WEIGHTS), ("small", "2", "cd" * 32)],
    ids=["another version", "another goal", "other weights"],
)
def test_consent_to_something_else_does_not_count(given):
    said = ApprovalsList()
    said.give(*given, by="ada")
    assert not may_promote(WITH_CONSENT, standing(), said).promote


def test_consent_does_not_replace_the_gate_or_the_signature():
    said = ApprovalsList()
    said.give("small", "2", WEIGHTS, by="ada")
    assert not may_promote(WITH_CONSENT, standing(10), said).promote
    assert not may_promote(WITH_CONSENT, standing(signature="missing"), said).promote


@pytest.mark.parametrize("spec", [AUTOMATIC, WITH_CONSENT], ids=["automatic", "with consent"])
def test_a_version_that_people_doubt_waits_whatever_the_policy_says_of_consent(spec):
    said = ApprovalsList()
    said.give("small", "2", WEIGHTS, by="ada")
    assert may_promote(spec, standing(), said).promote
    said.hold_back("small", "2", WEIGHTS, "review r9 waits")
    decision = may_promote(spec, standing(), said)
    assert (decision.promote, decision.consent_missing) == (False, True)
    assert decision.reason.endswith("review r9 waits")
    assert may_promote(spec, standing(version="3"), said).consent_missing == (spec is WITH_CONSENT)
    assert not may_roll_back(spec, standing(was_stable=True), said).promote


def test_a_doubt_is_not_the_reason_where_the_version_itself_is_unsound():
    said = ApprovalsList()
    said.hold_back("small", "2", WEIGHTS, "review r9 waits")
    decision = may_promote(AUTOMATIC, standing(10), said)
    assert (decision.consent_missing, "missed" in decision.reason) == (False, True)


def test_the_way_back_leads_only_to_what_was_stable_and_is_whole():
    assert may_roll_back(AUTOMATIC, standing(was_stable=True)).promote
    for version, words in (
        (standing(), "never `stable`"),
        (standing(was_stable=True, is_stable=True), "already"),
        (standing(was_stable=True, signature="refused", signature_note="altered"), "altered"),
        (standing(was_stable=True, full=None), "no report"),
    ):
        decision = may_roll_back(AUTOMATIC, version)
        assert not decision.promote
        assert words in decision.reason


def test_going_back_needs_consent_too_but_not_a_goal_that_was_raised_since():
    old = standing(50, was_stable=True)
    said = ApprovalsList()
    assert may_roll_back(AUTOMATIC, old).promote
    assert not may_roll_back(WITH_CONSENT, old, said).promote
    said.give("small", "2", WEIGHTS, by="ada")
    assert may_roll_back(WITH_CONSENT, old, said).promote


def test_the_list_of_approvals_answers_for_exactly_what_was_given():
    said = ApprovalsList()
    said.give("g", "1", "h", by="ada")
    assert said.approved("g", "1", "h").reviewers == ("ada",)
    assert said.approved("g", "1", "other") is None
    said.hold_back("g", "1", "h", "why")
    assert (said.doubt("g", "1", "h"), said.doubt("g", "2", "h")) == ("why", None)
