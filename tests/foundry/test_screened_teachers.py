"""What a teacher is asked and what is taken from it pass the Warden."""

import json

import dagster as dg
import pytest
from fakes.goal_folder import write_goal
from fakes.openai_server import FakeOpenAI, Says
from foundry_cases import SAFE_SHELL, VULNERABLE_SHELL

from forgemind_assets.factory import build_definitions
from forgemind_assets.foundry.screened_teachers import ANSWERS, PROMPTS, ScreenedTeachers
from forgemind_assets.foundry.strategies.base import Heard, Inquiry, Question, Reply
from forgemind_assets.foundry.strategies.prompts import load_template
from forgemind_assets.foundry.strategies.teacher_pairs import PairPrompt, build_requests
from forgemind_assets.foundry.tables import read_rows
from forgemind_assets.goal_loading import GOALS, load_goal
from forgemind_assets.records import DataSettings, Plan, TrialSettings
from forgemind_assets.warden.policy import LayerPolicy, Policy
from forgemind_assets.warden.policy_files import default_policy, effective_policy
from forgemind_assets.warden.scan_report import layer_verdict
from forgemind_assets.warden.screening import summary_of
from resources.data_room import make_raw
from resources.workshop import Workshop

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
CALM = json.dumps(
    {"vulnerable_code": VULNERABLE_SHELL.split("\n"), "repaired_code": SAFE_SHELL.split("\n")}
)
LEAK = json.dumps({"vulnerable_code": [f'TOKEN = "{TOKEN}"'], "repaired_code": ["TOKEN = None"]})


def question(text, slice=""):
    messages = ({"role": "system", "content": "Write code."}, {"role": "user", "content": text})
    return Question(messages, {}, 100, 0.5, seed=1, slice=slice)


class Teacher:
    """Answers by the text of the question, and keeps what it was asked."""

    def __init__(self, answers=None):
        self.asked, self._answers = [], answers or {}

    def __call__(self, inquiries):
        return [self._one(inquiry) for inquiry in inquiries]

    def _one(self, inquiry):
        texts = [q.messages[-1]["content"] for q in inquiry.questions]
        self.asked += texts
        for _ in texts:
            inquiry.on_reply()
        replies = [Reply(self._answers.get(text, CALM), f"key of {text}") for text in texts]
        return Heard(replies)


def ask(teachers, *texts, slice=""):
    replied = []
    questions = [question(text, slice) for text in texts]
    (heard,) = teachers([Inquiry("own", questions, lambda text: True, lambda: replied.append(1))])
    replies = heard.replies
    assert len(replied) == len(texts) == len(replies)
    return replies


def test_a_forbidden_prompt_is_not_sent_and_the_others_are():
    own = Teacher()
    teachers = ScreenedTeachers(own, default_policy())
    first, stopped, last = ask(teachers, "one", f"use {TOKEN}", "three")
    assert own.asked == ["one", "three"]
    assert (first.text, first.key, last.key) == (CALM, "key of one", "key of three")
    assert (stopped.text, stopped.key) == (None, "")
    assert stopped.held.startswith("forbidden_secrets_")
    assert teachers.held[PROMPTS].total() == 1
    assert not teachers.held[ANSWERS]


def test_an_answer_that_is_held_back_has_no_text_and_is_counted():
    teachers = ScreenedTeachers(Teacher({"two": LEAK, "three": None}), default_policy())
    first, held, failed = ask(teachers, "one", "two", "three")
    assert first.text == CALM
    assert (held.text, held.key) == (None, "key of two")
    assert held.held.startswith("forbidden_secrets_")
    assert (failed.text, failed.held) == (None, "")
    assert teachers.held[ANSWERS].total() == 1
    assert not teachers.held[PROMPTS]
    assert TOKEN not in repr(teachers.layers)


def test_the_layers_of_several_batches_are_added_up():
    teachers = ScreenedTeachers(Teacher({"two": LEAK}), default_policy())
    ask(teachers, "one")
    ask(teachers, "two", "three")
    (secrets,) = [one for one in teachers.layers[ANSWERS] if one.layer == "secrets"]
    assert (secrets.passages, secrets.ran, sum(secrets.findings.values())) == (3, 3, 1)
    (prompts,) = [one for one in teachers.layers[PROMPTS] if one.layer == "secrets"]
    assert (prompts.passages, prompts.ran) == (6, 6)


def test_thresholds_of_the_slice_that_is_asked_for_count():
    weak = 'db_password = "Kiosk!Lamp44"'
    strict = LayerPolicy(teacher_prompts="required", quarantine_at=0.5, drop_at=0.8)
    lenient = {"CWE-798": {"quarantine_at": 0.9, "drop_at": 0.9}}
    spared = LayerPolicy.model_validate(strict.model_dump() | {"by_slice": lenient})
    for policy, held in ((strict, True), (spared, False)):
        teachers = ScreenedTeachers(Teacher(), Policy(layers={"secrets": policy}))
        (reply,) = ask(teachers, weak, slice="CWE-798")
        assert bool(reply.held) == held


@pytest.mark.parametrize("stage", [PROMPTS, ANSWERS])
def test_nothing_passes_a_required_layer_without_its_model(stage):
    need = {stage: "required", "quarantine_at": 0.5}
    own = Teacher()
    teachers = ScreenedTeachers(own, Policy(layers={"detoxify": LayerPolicy.model_validate(need)}))
    (reply,) = ask(teachers, "one")
    assert reply.held == "quarantined_detoxify_not_run_model_missing"
    assert own.asked == ([] if stage == PROMPTS else ["one"])
    (layer,) = teachers.layers[stage]
    assert not layer_verdict(layer).passed


def test_where_nothing_was_asked_no_layer_claims_to_have_judged():
    teachers = ScreenedTeachers(Teacher(), default_policy())
    told = [layer_verdict(one) for one in teachers.layers[PROMPTS] if one.need != "off"]
    assert {(one.state, one.passed) for one in told} == {("no_texts", True)}


def test_the_shipped_prompts_pass():
    goal = load_goal(GOALS / "python_security")
    prompt = load_template(goal, "teacher_pairs", PairPrompt).prompt
    questions = [question for question, _ in build_requests(prompt, {}, 240, 1)]
    teachers = ScreenedTeachers(Teacher(), effective_policy(goal.spec.policy))
    teachers([Inquiry("own", questions, lambda text: True, lambda: None)])
    assert teachers.held[PROMPTS] == {}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The small goal with a teacher of which every third answer leaks a key."""
    with FakeOpenAI(lambda n, body: Says(LEAK if n % 3 == 2 else CALM)) as server:
        monkeypatch.setenv("PAID_TEACHER_KEY", server.key)
        teacher = {
            "name": "paid", "kind": "openai", "model": "writer", "base_url": server.base_url,
            "api_key_env": "PAID_TEACHER_KEY", "concurrency": 1,
            "prices": {"input": 0.0, "output": 0.0}, "terms": "own_model",
        }  # fmt: skip
        yield (
            tmp_path,
            server,
            {
                "teachers": [teacher],
                "strategies": [{"name": "teacher_pairs", "teacher": "paid"}],
            },
        )


def opened(folder, changes):
    goal = load_goal(write_goal(folder / "goal", changes))
    workshop = Workshop(home_root=str(folder / "home"), models_root=str(folder / "models"))
    plan = Plan(
        iteration="0001",
        hypothesis="h",
        expected_effect="e",
        data=DataSettings(rows=12, teacher_requests=6),
        trials=(TrialSettings(name="a"),),
    )
    with workshop.store.publish(goal.name, "plan", "0001", {}) as where:
        (where / "plan.json").write_text(plan.model_dump_json())
    return goal, workshop


def evaluations(goal, workshop, raise_on_error=True):
    """The raw dataset's checks, as the graph runs them."""
    definitions = build_definitions([goal], workshop)
    key = dg.AssetKey([goal.name, "raw_dataset"])
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions(f"{goal.name}__iteration", ["0001"])
        job = definitions.resolve_implicit_global_asset_job_def()
        made = job.execute_in_process(
            asset_selection=[key],
            partition_key="0001",
            instance=instance,
            raise_on_error=raise_on_error,
        )
    return made, {e.check_name: e for e in made.get_asset_check_evaluations()}


def test_the_raw_dataset_counts_what_was_held_back_and_its_checks_show_it(place):
    folder, server, changes = place
    goal, workshop = opened(folder, changes)
    meta = make_raw(goal, workshop, "0001")
    assert sum(meta["answers_held_back"].values()) == 2
    assert meta["prompts_held_back"] == {}
    (account,) = meta["accounts"]
    assert (account["asked"], account["answered"], account["answers_held"]) == (6, 6, 2)
    where = workshop.store.folder(goal.name, "raw_dataset", "0001")
    rows = read_rows(where / "rows.parquet")
    assert len(rows) == 8
    assert {(row.licence, row.terms) for row in rows} == {(None, "own_model")}
    assert sum(summary_of(where, "teacher_answers", "secrets").subjects.values()) == 2
    assert summary_of(where, "teacher_prompts", "secrets").passages == 24
    assert all(TOKEN.encode() not in path.read_bytes() for path in where.iterdir())
    assert len(server.requests) == 6


@pytest.mark.filterwarnings("default")  # great_expectations' are not ours to mend
def test_the_checks_of_both_stages_stand_on_the_raw_dataset(place):
    folder, _, changes = place
    made, checks = evaluations(*opened(folder, changes))
    assert made.success
    names = {"secrets", "personal_data", "goal_rules", "injection"}
    assert {f"safety_{stage}_{one}" for stage in ("prompts", "answers") for one in names} < set(
        checks
    )
    assert "safety_prompts_code_rules" not in checks
    assert checks["safety_answers_secrets"].passed
    assert checks["safety_answers_secrets"].metadata["state"].value == "findings"


def test_a_required_layer_without_its_model_stops_the_step_and_nothing_is_sent(place):
    folder, server, changes = place
    layer = {"detoxify": {"teacher_prompts": "required"}}
    changes |= {
        "policy": {"layers": layer},
        "strategies": [{"name": "seed_expansion"}, {"name": "teacher_pairs", "teacher": "paid"}],
    }
    made, checks = evaluations(*opened(folder, changes), raise_on_error=False)
    assert not made.success
    failed = checks["safety_prompts_detoxify"]
    assert (failed.passed, failed.blocking) == (False, True)
    assert "not run on 24 texts" in failed.description
    assert server.requests == []
