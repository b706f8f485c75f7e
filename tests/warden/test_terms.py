"""What may be trained on: the rule from both sides, on sources and on rows."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from forgemind_assets.records import Row
from forgemind_assets.warden.policy_files import default_policy
from forgemind_assets.warden.terms import (
    OWN,
    TERMS,
    Admissible,
    Origin,
    Training,
    may_train,
    row_may_train,
    stated,
    terms_of_licence,
)

LICENCES = ("own", "MIT", "Apache-2.0", "GPL-3.0-only", "")
REASONS = {None, "licence_unknown", "licence_not_allowed", "teacher_terms_not_allowed"}
trainings = st.builds(
    Training,
    licences=st.lists(st.sampled_from(LICENCES), unique=True).map(tuple),
    teacher_terms=st.lists(st.sampled_from(get_args(Admissible)), unique=True).map(tuple),
)
licences = st.none() | st.sampled_from(LICENCES) | st.text(max_size=8)
terms = st.none() | st.sampled_from(TERMS) | st.text(max_size=8)


def row(teacher: str | None = None, licence: str | None = None, terms: str | None = None) -> Row:
    made = Row.make(
        family="f", slice="s", input="x = 1", expected={}, strategy="any", teacher=teacher
    )
    return made.model_copy(update={"licence": licence, "terms": terms})


@pytest.mark.parametrize(
    ("licence", "terms", "reason"),
    [
        (OWN, None, None),
        ("MIT", None, None),
        ("MIT", "own_model", None),
        ("Apache-2.0", "training_allowed", None),
        (None, "training_allowed", None),
        (None, None, "licence_unknown"),
        ("GPL-3.0-only", None, "licence_not_allowed"),
        ("GPL-3.0-only", "training_allowed", "licence_not_allowed"),
        ("MIT", "no_competing_models", "teacher_terms_not_allowed"),
        ("MIT", "training_forbidden", "teacher_terms_not_allowed"),
        (None, "unknown", "teacher_terms_not_allowed"),
        ("mit", None, "licence_not_allowed"),
    ],
)
def test_the_default_policy_on_a_licence_and_terms(licence, terms, reason):
    assert may_train(default_policy().training, licence, terms) == reason


@given(trainings, licences, terms)
def test_nothing_is_trained_on_that_the_policy_does_not_name(training, licence, terms):
    reason = may_train(training, licence, terms)
    assert reason in REASONS
    named = (licence is None or licence in training.licences) and (
        terms is None or terms in training.teacher_terms
    )
    assert (reason is None) == (named and not (licence is None and terms is None))


@given(trainings, licences, terms, st.sampled_from(LICENCES), st.sampled_from(get_args(Admissible)))
def test_to_admit_more_never_forbids_anything(training, licence, terms, more, also):
    wider = Training(
        licences=(*training.licences, more), teacher_terms=(*training.teacher_terms, also)
    )
    if may_train(training, licence, terms) is None:
        assert may_train(wider, licence, terms) is None


@given(trainings, licences)
def test_answers_that_may_not_train_a_model_never_do(training, licence):
    assert may_train(training, licence, "training_forbidden") is not None


def test_no_policy_can_admit_what_the_terms_forbid():
    with pytest.raises(ValidationError, match="no_competing_models"):
        Training.model_validate({"teacher_terms": ["training_forbidden"]})


@given(trainings, st.none() | st.just("api"), licences)
def test_a_row_of_a_teacher_without_terms_has_unknown_ones(training, teacher, licence):
    unknown = "unknown" if teacher else None
    found = row_may_train(training, row(teacher, licence))
    assert found == may_train(training, licence, unknown)


def test_rows_get_the_licence_and_terms_of_their_source():
    origins = {"": Origin(licence="own"), "api": Origin(terms="training_allowed")}
    rows = stated([row(), row("api"), row("stranger")], origins)
    assert [(r.licence, r.terms) for r in rows] == [
        ("own", None),
        (None, "training_allowed"),
        (None, None),
    ]
    training = default_policy().training
    assert [row_may_train(training, r) for r in rows] == [None, None, "teacher_terms_not_allowed"]


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("Apache-2.0", "training_allowed"),
        ("Meta Llama 3 Community License", "training_forbidden"),
        ("Gemma terms of use", "unknown"),
        ("", "unknown"),
    ],
)
def test_what_a_licence_of_weights_says_of_answers(licence, expected):
    assert terms_of_licence(licence) == expected
