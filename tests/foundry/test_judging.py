"""Judges without a wire: votes, the table of decisions, and who is good enough to be used."""

import json
import random

import pytest
from fakes.goal_spec import spec_of
from fakes.judged_goal import answer, code, opinion, seeds, truth_of, written
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.errors import BudgetExceeded, TeacherError
from forgemind_assets.foundry.filters.judged_label import JudgedLabel, word_on
from forgemind_assets.foundry.filters.verified_label import VerifiedLabel
from forgemind_assets.foundry.judging.decision import DISAGREE, SPLIT, decide
from forgemind_assets.foundry.judging.panel import Panel
from forgemind_assets.foundry.judging.prompt import JudgePrompt, JudgeTemplate, WorkedVote
from forgemind_assets.foundry.judging.standing import Example, measured
from forgemind_assets.foundry.judging.votes import Vote, read_vote, render_vote, vote_schema
from forgemind_assets.foundry.pipeline import run_filters
from forgemind_assets.foundry.strategies.base import Heard, Reply
from forgemind_assets.foundry.verifiers.base import Verifier
from forgemind_assets.foundry.verifiers.verdict import Verdict
from forgemind_assets.goal import Goal
from forgemind_assets.records import Seed

LABELS = ("none", "CWE-78", "CWE-89")
SEEDS = [Seed.model_validate(one) for one in seeds(30)]
PROMPT = JudgePrompt(version=1, system="Labels: {{labels}}.", request="{{input}}")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('{"label": "CWE-78", "confidence_percent": 70}', Vote("CWE-78", 70)),
        ('sure: {"confidence_percent": 0, "label": "none"}.', Vote("none", 0)),
        ('{"label": "CWE-79", "confidence_percent": 70}', None),
        ('{"label": ["none"], "confidence_percent": 70}', None),
        ('{"label": "none", "confidence_percent": 101}', None),
        ('{"label": "none", "confidence_percent": true}', None),
        ('{"label": "none"}', None),
        ("none", None),
    ],
)
def test_a_vote_is_read_or_counted_as_none(text, read):
    assert read_vote(text, LABELS) == read


def test_what_is_asked_for_is_what_is_read():
    from jsonschema import validate

    answer = render_vote("CWE-89", 55)
    validate(json.loads(answer), vote_schema(LABELS))
    assert read_vote(answer, LABELS) == Vote("CWE-89", 55)


VOTES = st.lists(st.booleans(), max_size=5)
WORDS = st.sampled_from(["agrees", "refutes", "silent"])
OBJECTIONS = st.sampled_from([None, "not_confirmed"])


@given(WORDS, OBJECTIONS, VOTES, st.booleans())
def test_the_table_of_decisions(word, objection, votes, trusted):
    found = decide(word, objection, votes, trusted=trusted)
    if word == "agrees":
        assert found is None
    elif word == "refutes" or not votes:
        assert found == objection
    elif all(votes):
        assert found == (None if trusted else objection)
    elif any(votes):
        assert found == SPLIT
    else:
        assert found == DISAGREE


def standing(say, count=60, by="label", judges=1, labels=("none", "CWE-78", "CWE-89")):
    rng = random.Random(7)
    examples = [
        Example(id=str(n), family=str(n // 2), label=rng.choice(labels)) for n in range(count)
    ]
    votes = {one.id: Vote(say(one.label), 50) for one in examples}
    return measured("j", examples, votes, by=by, harmless="none", judges=judges)


def test_a_judge_that_knows_is_used_and_one_that_says_always_the_same_is_not():
    assert standing(lambda label: label).used
    same = standing(lambda label: "none")
    assert (same.used, same.why) == (False, "no better than chance by finding, not used")


def test_who_knows_the_subject_and_not_whether_it_is_a_weakness_is_not_used():
    # of each subject half of the examples are harmless; the judge always names the subject
    examples = [
        Example(id=str(n), family=str(n), label=subject if n % 2 else "none")
        for n, subject in ((n, LABELS[1 + n // 2 % 2]) for n in range(80))
    ]
    votes = {one.id: Vote(LABELS[1 + int(one.id) // 2 % 2], 90) for one in examples}
    found = measured("j", examples, votes, by="label", harmless="none")
    assert found.by_label.low > 0
    assert (found.used, found.why) == (False, "no better than chance by finding, not used")


def test_who_only_tells_weak_from_harmless_is_used_where_the_goal_asks_for_no_more():
    rng = random.Random(1)

    def blurred(label):
        return "none" if label == "none" else rng.choice(LABELS[1:])

    only = standing(blurred, by="finding")
    assert only.used
    assert only.by_finding.value == 1


@pytest.mark.parametrize(
    ("count", "labels", "why"),
    [
        (19, LABELS, "measured on 19 examples, 20 are needed"),
        (20, ("CWE-78",), "0 of the examples of one kind, 5 are needed"),
    ],
)
def test_few_examples_show_nothing(count, labels, why):
    found = standing(lambda label: label, count=count, labels=labels)
    assert (found.used, found.why) == (False, f"not used: {why}")


def test_guessing_judges_are_hardly_ever_used():
    rng, used, runs = random.Random(11), 0, 400
    for number in range(runs):
        said = ["none"] * (1 + number % 4) + ["CWE-78", "CWE-89"]
        used += standing(lambda _, said=said: rng.choice(said)).used
    assert used / runs <= 0.04


def test_the_interval_allows_for_the_number_of_judges():
    rng = random.Random(5)

    def middling(label):
        return label if rng.random() < 0.6 else rng.choice(LABELS)

    one = standing(middling)
    rng = random.Random(5)
    five = standing(middling, judges=5)
    assert five.by_label.value == one.by_label.value
    assert five.by_label.low < one.by_label.low
    assert five.by_label.confidence == pytest.approx(0.99)


class Judges:
    """An `Ask` that answers as `opinion` says, or fails; it counts what it is asked."""

    def __init__(self, failing=(), silent=()):
        self.failing, self.silent = dict(failing), silent
        self.asked = []

    def __call__(self, inquiries):
        return [
            self.hear(one.teacher, one.questions, one.usable, one.on_reply) for one in inquiries
        ]

    def hear(self, teacher, questions, usable, on_reply):
        if teacher in self.failing:
            skipped = [Reply(None, "key", asked=False) for _ in questions]
            return Heard(skipped, self.failing[teacher])
        return Heard(self.replies(teacher, questions, usable, on_reply))

    def replies(self, teacher, questions, usable, on_reply):
        replies = []
        for question in questions:
            self.asked.append((teacher, question))
            label = opinion(teacher, question.messages[-1]["content"])
            text = None if teacher in self.silent else render_vote(label, 80)
            assert text is None or usable(text)
            replies.append(Reply(text, f"key-{len(self.asked)}", dollars=0.5, seconds=2.0))
            on_reply()
        return replies


class Middling(Judges):
    """The one of that name is right more often than not on examples, and right on single rows."""

    def replies(self, teacher, questions, usable, on_reply):
        replies = super().replies("good", questions, usable, on_reply)
        if teacher != "middling" or len(questions) < 20:
            return replies
        rng = random.Random(4)
        drawn = [rng.random() < 0.65 for _ in replies]
        return [
            r if sure else Reply(render_vote(rng.choice(LABELS), 50), r.key)
            for r, sure in zip(replies, drawn, strict=True)
        ]


def goal_of(tmp_path, names, **judges):
    teachers = [{"name": n, "kind": "embedded", "model": n} for n in ("author", *names)]
    task = {
        "description": "review",
        "labels": list(LABELS),
        "answer_schema": {"type": "object"},
        "grader_options": {"label_key": "cwe"},
    }
    spec = spec_of(
        task=task, teachers=teachers, judges={"teachers": list(names), "examples": 50, **judges}
    )
    return Goal(spec=spec, folder=tmp_path, version="0" * 64)


def panel_of(tmp_path, ask, *names, seeds=SEEDS, prompt=PROMPT, **judges):
    goal = goal_of(tmp_path, names, **judges)
    return Panel(goal, seeds, JudgeTemplate(prompt, LABELS, "0" * 16), ask)


class Silent(Verifier):
    """Confirms a claim of no weakness, refutes line 9, and finds nothing otherwise."""

    needs_label = True

    def explain(self):
        return "a test"

    def check(self, claim, programs):
        if claim.line == 9:
            return Verdict(False, "refuted")
        if claim.label == "none":
            return Verdict(True, "no_finding")
        return Verdict(False, "not_confirmed", silent=True)


RIGHT, WRONG = written(1, "CWE-78"), written(2, "none", "CWE-78")
HARMLESS = written(3, "CWE-89", "none")
REFUTED = written(4, "CWE-78").model_copy(
    update={"row_id": "refuted", "answer": '{"cwe": "CWE-78", "line": 9}'}
)


def judged(panel, rows):
    verified = VerifiedLabel(Silent(), spares=panel.trusts_any)
    stage = JudgedLabel(panel, [verified])
    result = run_filters(rows, [verified, stage])
    fates = {one.row.row_id: one.reason for one in result.rejected}
    assert len(result.kept) + len(result.rejected) == len(rows)
    return [fates.get(row.row_id) for row in rows], result


def test_a_trusted_judge_saves_what_the_verifier_looked_for_in_vain(tmp_path):
    ask = Judges()
    fates, result = judged(panel_of(tmp_path, ask, "good"), [RIGHT, WRONG, HARMLESS, REFUTED])
    assert fates == [None, DISAGREE, None, "refuted"]
    # whom the verifier has a word on is not asked about, even where the label is wrong
    rows = [q.messages[-1]["content"] for _, q in ask.asked[50:]]
    assert sorted(rows) == sorted(row.input.rstrip("\n") for row in (RIGHT, WRONG))
    assert result.funnel[-1].alone == 1


def test_one_that_is_used_and_not_trusted_leaves_the_objection_and_is_not_asked(tmp_path):
    ask = Middling()
    panel = panel_of(tmp_path, ask, "middling")
    fates, _ = judged(panel, [RIGHT, WRONG, HARMLESS])
    assert fates == ["not_confirmed", "not_confirmed", None]
    (standing,) = panel.known()
    assert standing.used
    assert not panel.is_trusted("middling")
    assert len(ask.asked) == 50


def test_a_trusted_judge_lends_no_trust_to_another_where_it_has_no_vote(tmp_path):
    own = written(5, "CWE-78", author="good")
    panel = panel_of(tmp_path, Middling(), "good", "middling")
    fates, _ = judged(panel, [RIGHT, own])
    assert panel.is_trusted("good")
    assert [one.used for one in panel.known()] == [True, True]
    votes = {(one.row_id, one.judge): one.agrees for one in panel.judgements}
    assert votes[own.row_id, "middling"]
    assert (own.row_id, "good") not in votes
    assert fates[1] == "not_confirmed"


def test_without_a_silent_verifier_nobody_is_asked(tmp_path):
    ask = Judges()
    panel = panel_of(tmp_path, ask, "good")
    assert judged(panel, [HARMLESS, REFUTED])[0] == [None, "refuted"]
    assert (ask.asked, panel.known(), panel.pairs()[:1]) == ([], (), ())


@pytest.mark.parametrize("error", [TeacherError("no answer"), BudgetExceeded("no money")])
def test_a_judge_that_fails_is_not_used_and_the_others_are(tmp_path, error):
    panel = panel_of(tmp_path, Judges({"gone": error}), "gone", "good")
    gone, good = panel.standings().values()
    assert (gone.used, gone.why, gone.asked) == (False, f"not used: {error}", 0)
    assert good.used


def test_answers_that_do_not_come_are_counted_and_no_vote(tmp_path):
    (found,) = panel_of(tmp_path, Judges(silent=("mute",)), "mute").standings().values()
    assert (found.asked, found.answered, found.read) == (50, 0, 0)
    assert found.why == "not used: measured on 0 examples, 20 are needed"


def test_a_question_that_the_policy_holds_back_is_not_counted_as_asked(tmp_path):
    class Held(Judges):
        def replies(self, teacher, questions, usable, on_reply):
            given = super().replies(teacher, questions[1:], usable, on_reply)
            return [Reply(None, "", held="secret"), *given]

    (found,) = panel_of(tmp_path, Held(), "good").standings().values()
    assert (found.asked, found.read, found.used) == (49, 49, True)


def test_the_examples_are_the_same_in_each_iteration_and_none_is_in_the_prompt(tmp_path):
    shown = WorkedVote(input=SEEDS[0].input, label="none")
    prompt = PROMPT.model_copy(update={"examples": (shown,)})
    asked = []
    for _ in range(2):
        ask = Judges()
        panel_of(tmp_path, ask, "good", prompt=prompt, examples=60).standings()
        asked.append([q.messages[-1]["content"] for _, q in ask.asked])
    assert asked[0] == asked[1]
    assert len(asked[0]) == len(SEEDS) - 1
    assert SEEDS[0].input.rstrip("\n") not in asked[0]


def test_fewer_examples_are_the_first_of_more(tmp_path):
    def chosen(count):
        ask = Judges()
        panel_of(tmp_path, ask, "good", examples=count).standings()
        return [q.messages[-1]["content"] for _, q in ask.asked]

    assert chosen(40)[:20] == chosen(20)


def test_judges_agree_with_each_other_as_far_as_both_have_spoken(tmp_path):
    panel = panel_of(tmp_path, Judges(), "good", "good2", "contrary", "random")
    panel.standings()
    told = {(one.first, one.second): one.kappa for one in panel.pairs()}
    assert len(told) == 6
    assert told["good", "good2"].value == 1
    assert told["good", "contrary"].value < 0
    assert told["good", "contrary"].items == 50


def test_form_says_nothing_of_the_label():
    form = VerifiedLabel(Silent())
    assert word_on(RIGHT, [form]) == ("silent", "not_confirmed")
    assert word_on(HARMLESS, [form]) == ("agrees", None)
    assert word_on(REFUTED, [form]) == ("refutes", "refuted")
    assert word_on(HARMLESS, []) == ("silent", None)

    class Form(Silent):
        of_form = True

    assert word_on(HARMLESS, [VerifiedLabel(Form())]) == ("silent", None)


def test_the_fake_judges_are_what_they_are_said_to_be():
    texts = [code(n, truth) for n in range(40) for truth in LABELS]
    assert all(opinion("good", text) == truth_of(text) for text in texts)
    assert all(opinion("contrary", text) != truth_of(text) for text in texts)
    right = sum(opinion("random", text) == truth_of(text) for text in texts)
    assert 20 <= right <= 60
    assert answer("none")["line"] is None
