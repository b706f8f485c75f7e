"""The pages as pure functions: nothing that was written by others becomes markup."""

import re

import pytest
from fakes.pages import HOSTILE, read
from fakes.reviews import ADA, promotion, review_of, reviewer, ruling, subject
from hypothesis import given, settings
from hypothesis import strategies as st

from forgemind_assets.brain.stop_report import Advice, Best, LimitUse, SliceGap, StopReport
from forgemind_assets.brain.turns import Attempt, Turn
from forgemind_assets.dashboard.chart import Point, rates_chart, share_bar
from forgemind_assets.dashboard.frame import goals_page, message_page
from forgemind_assets.dashboard.goal_page import goal_page, link
from forgemind_assets.dashboard.markup import Html, escaped, tag, visible
from forgemind_assets.dashboard.records import (
    AlertLine,
    Dataset,
    GoalLine,
    GoalPage,
    ReviewForm,
    ReviewPage,
    Spending,
    Stage,
    StopForm,
    TeacherCost,
    TrialLine,
)
from forgemind_assets.dashboard.review_page import queue_page, review_page
from forgemind_assets.dashboard.stylesheet import STYLESHEET
from forgemind_assets.foundry.accounts import IterationAccounts, SourceAccount
from forgemind_assets.foundry.effects import Effect
from forgemind_assets.foundry.judging.kappa import Kappa
from forgemind_assets.foundry.judging.standing import Standing
from forgemind_assets.records import TestResult
from forgemind_assets.trial_grounds.report import Rate, summarise
from forgemind_assets.warden.alerts import Alert
from forgemind_assets.warden.reviews import Reviewer
from forgemind_assets.warden.scan_report import LayerSummary

FORM = ReviewForm({"approve": "t1", "reject": "t2", "stable": "t3"}, "ada")


def report(text, passed=3, total=8):
    results = [
        TestResult(
            case_id=text + str(i),
            family="f",
            slice=text,
            prompt=text,
            answer=text,
            passed=i < passed,
            reason=text,
        )
        for i in range(total)
    ]
    return summarise(
        results,
        goal="g",
        suite="full",
        suite_hash="h",
        model=text,
        model_hash="h",
        prompt_variant="short",
    )


def alert(text):
    return Alert(
        key=text,
        kind="check_failed",
        goal=text,
        partition=text,
        severity="error",
        title=text,
        figure=text,
        threshold=text,
        link=text,
        what_to_do=text,
        happened=0.0,
    )


def layer(text, **changes):
    values = {
        "layer": text,
        "version": text,
        "need": "required",
        "passages": 8,
        "ran": 8,
        "findings": {text: 1},
        "details": {text: text},
    }
    return LayerSummary(**(values | changes))


def turn(text, **changes):
    tried = Attempt(trial=text, learning_rate=1e-3, rank=8, alpha=16, epochs=1, rows=9, dev=0.5)
    stopped = tried.model_copy(update={"dev": None, "stopped": text, "why": text})
    values = {
        "iteration": text, "hypothesis": text, "expected": text, "outcome": text,
        "decision": text, "sources": text, "dev": 0.5, "best_dev": 0.5, "hours": 0.5,
        "slices": {text: Rate(passed=3, total=8)},
        "attempts": (tried, stopped),
    }  # fmt: skip
    return Turn(**(values | changes))


def stop_report(text):
    return StopReport(
        goal=text, iteration=text, kind="limit", reason=text, goal_met=False, wanted=0.9,
        confidence=None, binds=text,
        best=Best(trial=text, passed=3, total=8, unscored=0, rate=0.375, lower=0.1, level=0.99,
                  confidence=0.95, looks=3, design_effect=1, passes_needed=8),
        slices=(SliceGap(slice=text, passed=3, total=8, low=0.1, high=0.7, lost_points=60,
                         missing_points=50),),
        limits=(LimitUse(key=text, unit=text, used=1, limit=2, each=1, left=1),),
        advice=(Advice(key=text, now=text, suggested=text, why=text),),
    )  # fmt: skip


def whole_goal(text, **changes):
    """A goal's page with one text in every field that holds any."""
    values = {
        "name": text,
        "task": text,
        "wanted": 0.9,
        "standing": text,
        "stable": text,
        "trials": (TrialLine(text, text, text, {"full": report(text)}, True, text),),
        "champion": report(text),
        "champion_reason": text,
        "dataset": Dataset(text, 3, 5, (Stage(text, 8, 3, text),), (layer(text),)),
        "accounts": (IterationAccounts(text, (SourceAccount(strategy=text, teacher=text),)),),
        "effects": (Effect(text, text, 3, 9, reason=text),),
        "costs": (TeacherCost(text, 1, 2, 3, 0.004),),
        "spending": (Spending(text, text, 0.5, 1.0, "$"),),
        "alerts": (AlertLine(alert(text), {text: text}),),
        "reviews": (whole_review(text).review,),
        "turns": (turn(text), turn(text)),
        "stop": stop_report(text),
    }
    return GoalPage(**(values | changes))


def who(text):
    return Reviewer(name="a", source="flag", account="a", host="h").model_copy(
        update={"name": text, "account": text, "host": text}
    )


def whole_review(text, **changes):
    about = subject().model_copy(
        update={"goal": text, "partition": text, "version": text, "reports": {text: text}}
    )
    # As records that someone edited may hold: no validator is between them and the page.
    question = promotion().model_copy(
        update={
            "subject": about,
            "reason": text,
            "evidence": {text: text, "samples": [text, {text: [text]}]},
            "asked_by": who(text),
            "owners": (who(text),),
        }
    )
    values = {
        "review": review_of(promotion()).model_copy(update={"id": text, "question": question}),
        "reports": {text: report(text)},
        "stable": text,
        "champion_reason": text,
        "can_be_stable": False,
        "changed": (text,),
    }
    return ReviewPage(**(values | changes))


def pages_with(text):
    form = ReviewForm(dict.fromkeys(("approve", "reject", "stable"), text), text, text)
    return [
        goal_page(whole_goal(text, wish=text)),
        goal_page(whole_goal(text), StopForm(text, text, text)),
        goals_page([GoalLine(text, text, 0.9, 0.5, 1, text, 1, text)], [text]),
        queue_page([whole_review(text).review], text),
        queue_page([whole_review(text).review]),
        review_page(whole_review(text), form),
        review_page(whole_review(text, can_be_stable=True), None),
        message_page(text, text),
    ]


def shapes(text):
    return [read(page).shape for page in pages_with(text)]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_in_every_field(text):
    for page in pages_with(text):
        reader = read(page)
        names = {name for name, _ in reader.shape}
        assert not names & {"script", "img", "b", "style", "iframe", "object"}
        attributes = {key for _, keys in reader.shape for key in keys}
        assert not [key for key in attributes if key.startswith("on") or key == "style"]
        assert 'href="javascript:' not in page
        page.encode("utf-8")
    assert shapes(text) == shapes("plain"), "no text adds an element or an attribute"


@settings(max_examples=40)
@given(st.text(min_size=1, max_size=80))
def test_no_text_changes_the_shape_of_a_page(text):
    for page, plain in zip(pages_with(text), pages_with("x"), strict=True):
        reader, expected = read(page), read(plain)
        # Only an address that a browser may follow is a link.
        if not text.startswith(("http://", "https://")):
            assert reader.shape == expected.shape
        page.encode("utf-8")


@given(st.text(max_size=200))
def test_text_is_shown_as_it_was_written(text):
    reader = read(tag("p", text))
    assert "".join(reader.text) == visible(text)
    reader = read(tag("p", "x", title=text))
    assert reader.values == [visible(text)]


def test_what_would_hide_or_turn_letters_is_shown_by_number():
    assert visible("a\u202eb\u200bc\x1b\n") == "a⟨U+202E⟩b⟨U+200B⟩c⟨U+001B⟩\n"
    assert visible("x" * 30, limit=10) == "x" * 10 + "… (20 letters more)"
    assert escaped(Html("<b>")) == "<b>"
    assert escaped("<b>") == "&lt;b&gt;"


def test_only_an_address_of_the_web_becomes_a_link():
    assert "href" in link("http://127.0.0.1:3000/assets/a")
    assert "href" not in link("javascript:alert(1)")
    assert "href" not in link("data:text/html,x")


def test_every_page_has_a_language_a_title_one_main_heading_and_a_way_past_the_menu():
    for page in pages_with("plain"):
        names = [name for name, _ in read(page).shape]
        assert page.startswith("<!doctype html>\n<html lang=")
        outside_pictures = re.sub("<svg.*?</svg>", "", page)
        assert names.count("h1") == names.count("main") == outside_pictures.count("<title>") == 1
        assert 'href="#content"' in page
        assert "width=device-width" in page


def test_every_field_of_a_form_has_a_label_and_every_identity_is_there_once():
    page = review_page(whole_review("plain"), FORM)
    for identity in ("approve-reason", "reject-reason", "approve-reviewer", "reject-reviewer"):
        assert page.count(f'for="{identity}"') == page.count(f' id="{identity}"') == 1
    assert page.count("required") == 2
    assert page.count('method="post"') == 2


def test_forms_are_there_for_whom_they_are_for():
    question = promotion()
    approved = review_of(question, ruling(ADA, question))
    rejected = review_of(question, ruling(reviewer("bob"), question, "reject"))
    nothing = {"reports": {}, "stable": None, "champion_reason": "", "can_be_stable": False}
    assert "<form" not in review_page(ReviewPage(review_of(question), **nothing), None)
    assert "<form" not in review_page(ReviewPage(rejected, **nothing), FORM)
    assert "<form" not in review_page(ReviewPage(approved, **nothing), FORM)
    ready = ReviewPage(approved, **(nothing | {"can_be_stable": True}))
    page = review_page(ready, FORM)
    assert page.count("<form") == page.count("Make stable</button>") == 1


def test_a_required_layer_that_did_not_run_is_shown_as_such_and_never_as_clean():
    missed = layer("detoxify", ran=0, findings={}, not_run={"no_weights": 8}, details={})
    data = Dataset("0001", 3, 5, (), (missed,))
    page = goal_page(whole_goal("plain", dataset=data))
    assert '<span class="bad">not run</span>' in page
    assert "not run on 8 texts (no_weights 8)" in page
    assert ">clean<" not in page
    unknown = goal_page(whole_goal("plain", dataset=Dataset("0001", 3, 5, (), None)))
    assert "nothing is known of the layers" in unknown


def test_a_judge_is_shown_with_its_kappa_and_why_it_is_not_used():
    assert "Judges in the newest dataset" not in goal_page(whole_goal("plain"))
    kappa = Kappa(value=-0.12, low=-0.4, high=0.16, items=40, families=38)
    judge = Standing(judge=HOSTILE[0], why="no better than chance", by_finding=kappa, asked=40)
    page = goal_page(whole_goal("plain", judges=(judge,)))
    assert "-0.12 (-0.40 to 0.16), 40 items" in page
    assert "no better than chance" in page
    assert HOSTILE[0] not in page


def test_a_goal_without_a_past_says_so_part_by_part():
    empty = whole_goal(
        "plain",
        trials=(),
        champion=None,
        dataset=None,
        accounts=(),
        effects=(),
        costs=(),
        alerts=(),
        reviews=(),
        turns=(),
        stop=None,
    )
    assert goal_page(empty).count("Nothing yet.") == 12


def test_intervals_stand_beside_the_rates_and_in_the_picture():
    page = goal_page(whole_goal("plain"))
    assert "37.5 % (13.7-69.4)" in page
    assert "95 % Wilson intervals" in page


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), max_size=70),
    st.floats(0, 1),
)
def test_a_picture_stays_within_its_frame(rates, wanted):
    points = [Point(f"{i:04d}-a", r, *sorted((a, b))) for i, (r, a, b) in enumerate(rates)]
    reader = read(rates_chart(points, wanted, "title"))
    dots = [name for name, _ in reader.shape].count("circle")
    numbers = [float(v) for v in reader.values if v.replace(".", "").isdigit()]
    assert dots == len(points)
    assert all(0 <= n <= 640 for n in numbers)


def test_a_bar_beyond_its_limit_is_full_and_not_wider():
    assert 'width="100.0"' in share_bar(3.0, "t")
    assert 'width="0.0"' in share_bar(-1.0, "t")


def luminance(colour):
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1])
def test_texts_have_the_contrast_that_wcag_asks_for(theme):
    colours = dict(re.findall(r"--(\w+): (#\w{6})", STYLESHEET.split("@media")[theme]))
    for name in ("ink", "quiet", "link", "good", "bad", "warn"):
        for ground in ("paper", "panel"):
            light, dark = sorted((luminance(colours[name]), luminance(colours[ground])))[::-1]
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ground)
