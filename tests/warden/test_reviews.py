"""Who may decide, and what an approval is good for."""

import pytest
from fakes.reviews import ADA, BOB, promotion, review_of, reviewer, ruling, subject
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.errors import UserError
from forgemind_assets.warden.reviews import (
    Question,
    Review,
    Rules,
    identify,
    objections,
    person,
    refusals,
    status,
)

TWO = Rules(persons=2)


def test_one_approval_is_enough_where_one_is_asked_for():
    assert review_of(promotion()).status == "open"
    assert review_of(promotion(), ruling(ADA)).status == "approved"


def test_two_approvals_of_one_person_are_one():
    question = promotion(rules=TWO)
    assert review_of(question, ruling(ADA, question)).status == "open"
    again = ruling(reviewer("  ADA "), question)
    assert review_of(question, ruling(ADA, question), again).status == "open"
    assert review_of(question, ruling(ADA, question), ruling(BOB, question)).status == "approved"


def test_one_rejection_closes_whatever_was_approved():
    question = promotion(rules=TWO)
    rulings = [ruling(ADA, question), ruling(BOB, question, verdict="reject")]
    assert review_of(question, *rulings).status == "rejected"


def test_the_same_person_is_refused_the_second_time():
    question = promotion(rules=TWO)
    found = review_of(question, ruling(ADA, question))
    assert "has decided already" in objections(found, reviewer("Ada"), "approve", "again")[0]
    assert objections(found, BOB, "approve", "read it") == []


def test_an_owner_is_refused_where_the_policy_says_so():
    question = promotion(rules=Rules(own_goal=False), owners=(ADA,))
    assert "own goal" in objections(review_of(question), ADA, "approve", "mine")[0]
    assert objections(review_of(question), BOB, "approve", "read it") == []
    assert objections(review_of(promotion(owners=(ADA,))), ADA, "approve", "mine") == []


def test_owners_must_be_known_where_they_may_not_decide():
    with pytest.raises(ValueError, match="expected owners"):
        promotion(rules=Rules(own_goal=False))


def test_where_only_the_account_counts_another_name_changes_nothing():
    question = promotion(rules=Rules(own_goal=False, identity="account"), owners=(ADA,))
    pretender = reviewer("bob", account="ada")
    assert "own goal" in objections(review_of(question), pretender, "approve", "not me")[0]


def test_only_named_reviewers_decide_where_the_policy_names_them():
    question = promotion(rules=Rules(reviewers=("Ada",)))
    assert "expected one of Ada" in objections(review_of(question), BOB, "approve", "read it")[0]
    assert objections(review_of(question), ADA, "approve", "read it") == []


def test_every_objection_is_given_at_once():
    question = promotion(rules=Rules(own_goal=False, reviewers=("bob",)), owners=(ADA,))
    assert len(objections(review_of(question), ADA, "approve", "  ")) == 3


def test_what_is_decided_is_decided():
    found = review_of(promotion(), ruling(ADA))
    assert "approved already" in objections(found, BOB, "reject", "too late")[0]


@pytest.mark.parametrize(
    "changes",
    [{"version": "4"}, {"adapter": "b" * 64}, {"reports": {"full": "c" * 64}},
     {"reports": {"full": "a" * 64, "adversarial": "a" * 64}}, {"partition": "0003-a"},
     {"goal": "another"}],
)  # fmt: skip
def test_an_approval_is_good_for_exactly_what_was_shown(changes):
    approved = review_of(promotion(), ruling(ADA))
    assert refusals(approved, subject(), Rules()) == []
    assert "another version" in refusals(approved, subject(**changes), Rules())[0]


def test_a_ruling_on_another_subject_does_not_count():
    other = promotion(subject=subject(version="4"))
    assert review_of(promotion(), ruling(ADA, other)).status == "open"


def test_todays_rules_count_as_well_as_the_questions():
    approved = review_of(promotion(owners=(ADA,)), ruling(ADA))
    assert "1 of 2 approvals that the policy" in refusals(approved, subject(), TWO)[0]
    assert "0 of 1" in refusals(approved, subject(), Rules(own_goal=False))[0]
    assert "nobody was asked" in refusals(None, subject(), Rules())[0]
    assert "rejected" in refusals(review_of(promotion(), ruling(ADA, verdict="reject")),
                                  subject(), Rules())[0]  # fmt: skip


def test_a_promotion_is_asked_with_the_adapters_and_the_reports_hashes():
    for missing in ({"adapter": None}, {"reports": {}}):
        with pytest.raises(ValueError, match="hash"):
            promotion(subject=subject(**missing))


def test_the_same_question_has_the_same_id_and_new_rules_ask_anew():
    assert promotion().id == promotion(reason="asked by another tick", asked_by=BOB).id
    assert len({promotion().id, promotion(rules=TWO).id,
                promotion(subject=subject(version="4")).id,
                promotion(kind="too_good_to_be_true").id}) == 4  # fmt: skip


people = st.sampled_from([ADA, BOB, reviewer("carol")])
verdicts = st.sampled_from(["approve", "approve", "reject"])


@given(st.lists(st.tuples(people, verdicts), max_size=6), st.integers(1, 3))
def test_what_was_recorded_without_objection_never_breaks_the_rules(steps, persons):
    question = promotion(rules=Rules(persons=persons, own_goal=False), owners=(BOB,))
    review = review_of(question)
    for who, verdict in steps:
        if not objections(review, who, verdict, "because"):
            rulings = (*review.rulings, ruling(who, question, verdict=verdict))
            review = review.model_copy(update={"rulings": rulings})
    who = [person(r.reviewer, question.rules) for r in review.rulings]
    assert len(who) == len(set(who))
    assert "bob" not in who
    approved = [r for r in review.rulings if r.verdict == "approve"]
    assert (status(review, question.rules) == "approved") == (
        len(approved) == persons and len(approved) == len(review.rulings)
    )


def test_a_reviewer_is_the_flag_the_environment_or_the_account():
    found = identify(None, {})
    assert (found.source, found.name) == ("system", found.account)
    assert identify(None, {"FORGEMIND_REVIEWER": "Ada  L"}).name == "Ada L"
    assert identify(None, {"FORGEMIND_REVIEWER": "Ada"}).source == "environment"
    flag = identify("Bob", {"FORGEMIND_REVIEWER": "Ada"})
    assert (flag.name, flag.source, flag.account) == ("Bob", "flag", found.account)


@pytest.mark.parametrize("name", ["", "  ", "a\x1b[31m", "x" * 201])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(UserError, match="reviewer's name"):
        identify(name, {})


def test_records_are_closed_to_what_nobody_knows():
    with pytest.raises(ValueError):
        Question.model_validate(promotion().model_dump() | {"approved": True})
    with pytest.raises(ValueError):
        Review.model_validate(review_of(promotion()).model_dump() | {"status": "approved"})
