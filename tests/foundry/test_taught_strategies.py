"""The strategies that rewrite examples: from the goal's prompts over a real server to rows."""

import json
from collections import Counter

import polars as pl
import pytest
import yaml
from fakes.goal_folder import goal_spec, write_goal
from fakes.openai_server import FakeOpenAI, Says
from fakes.taught_goal import taught_goal
from fakes.teacher_prompts import SHIPPED, SLICES, write_prompt

from forgemind_assets.brain.champion import Champion
from forgemind_assets.errors import GoalError, UserError
from forgemind_assets.foundry.generate import generate
from forgemind_assets.foundry.strategies.base import Heard, Reply
from forgemind_assets.foundry.strategies.mistakes import Mistake
from forgemind_assets.foundry.strategies.registry import STRATEGIES
from forgemind_assets.foundry.strategies.rewrites import Rewrites
from forgemind_assets.goal import Goal, GoalSpec
from forgemind_assets.goal_loading import GOALS, load_goal, load_seeds
from forgemind_assets.records import DataSettings, Seed
from forgemind_assets.trial_grounds.report import Rate
from resources.dev_errors import DEV_REPORT, mistakes_before
from resources.inquiries import teachers_of
from resources.workshop import Workshop

NAMES = [name for name, kind in STRATEGIES.items() if issubclass(kind, Rewrites)]
FIELDS = {name: yaml.safe_load((SHIPPED / f"{name}.yaml").read_text())["field"] for name in NAMES}
MISTAKES = (
    Mistake(slice="CWE-89", kind="missed", said="none", count=3, cases=4),
    Mistake(slice="safe/CWE-78", kind="false_alarm", said="CWE-89", count=1, cases=4),
)
NEW = [
    "def pick(connection, badge):",
    "    line = f\"SELECT * FROM badges WHERE badge = '{badge}'\"",
    "    return connection.execute(line).fetchone()",
]


def says(name, text=None):
    def script(number, body):
        code = [line.replace("badge", f"badge{number}") for line in NEW]
        return Says(json.dumps({FIELDS[name]: code}) if text is None else text)

    return script


@pytest.fixture
def place(tmp_path, monkeypatch):
    def make(server, name, **options):
        monkeypatch.setenv("PAID_TEACHER_KEY", server.key)
        folder = taught_goal(tmp_path / "goal", server)
        spec = yaml.safe_load((folder / "goal.yaml").read_text())
        spec["limits"]["base_model"] = "smollm2-135m-instruct"
        spec["strategies"] = [{"name": name, "teacher": "paid", "options": options}]
        (folder / "goal.yaml").write_text(yaml.safe_dump(spec))
        write_prompt(folder, name)
        home = str(tmp_path / "home")
        return load_goal(folder), Workshop(home_root=home, models_root=str(tmp_path / "models"))

    return make


def run(goal, workshop, requests=8, mistakes=MISTAKES, **data):
    settings = DataSettings(rows=40, teacher_requests=requests, seed=3, **data)
    ask = teachers_of(goal, workshop, "0001")
    return generate(goal, settings, load_seeds(goal), ask, mistakes=mistakes)


@pytest.mark.parametrize("name", NAMES)
def test_a_strategy_asks_and_makes_rows_with_their_provenance(place, name):
    with FakeOpenAI(says(name)) as server:
        goal, workshop = place(server, name)
        made = run(goal, workshop)
        assert len(server.requests) == 8
        seeds = load_seeds(goal)
        assert all(any(s.input.strip() in q for s in seeds) for q in server.questions)
        assert all("{{" not in question for question in server.questions)
    (account,) = made.accounts
    assert (account.asked, account.answered, account.valid, account.rows) == (8, 8, 8, 8)
    assert account.dollars == pytest.approx(8 * (10 * 1.0 + 5 * 2.0) / 1e6)
    for row in made.rows:
        assert (row.strategy, row.teacher) == (name, "paid")
        assert row.variant in yaml.safe_load((SHIPPED / f"{name}.yaml").read_text())["variants"]
        assert len(row.template) == 16
        assert row.parent.startswith("request:")
        assert row.family in {seed.family for seed in seeds}
        answer = json.loads(row.answer)
        assert answer["cwe"] == row.slice.removeprefix("safe/") or answer["cwe"] == "none"
        if row.slice == "CWE-89":
            assert answer["line"] == 3
    assert run(goal, workshop).rows == made.rows


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ["", "no json", "[1]", '{"other": ["x"]}', "{}", '{"a": '])
def test_an_answer_that_is_garbage_is_counted_and_makes_no_row(place, name, text):
    script = says(name)
    with FakeOpenAI(lambda n, body: Says(text) if n % 2 else script(n, body)) as server:
        goal, workshop = place(server, name)
        (account,) = run(goal, workshop).accounts
    assert (account.asked, account.answered, account.valid, account.rows) == (8, 8, 4, 4)


def test_an_answer_that_repeats_the_example_makes_no_row(place):
    def parrot(number, body):
        code = body["messages"][-1]["content"].split("```python\n")[1].split("```")[0]
        return Says(json.dumps({"rewritten_code": code.split("\n")}))

    with FakeOpenAI(parrot) as server:
        (account,) = run(*place(server, "paraphrase")).accounts
    assert (account.answered, account.valid) == (8, 0)


def test_the_first_requests_of_a_slice_are_the_same_however_many_there_are(place):
    with FakeOpenAI(says("paraphrase")) as server:
        goal, workshop = place(server, "paraphrase")
        run(goal, workshop, requests=4)
        run(goal, workshop, requests=12, slice_weights={"CWE-89": 2.0})
        assert len(server.requests) == 12


def test_a_twin_has_the_answer_of_the_other_slice_and_the_family_of_its_source(place):
    with FakeOpenAI(says("contrast_pairs")) as server:
        goal, workshop = place(server, "contrast_pairs", variants=["minimal"])
        rows = run(goal, workshop).rows
        counts = Counter(row.slice for row in rows)
        assert counts == dict.fromkeys(SLICES, 2)
        questions = server.questions
    flipped = [q for q in questions if 'answer {"cwe": "CWE-89", "fix"' in q]
    assert len(flipped) == 2
    assert all("VALUES" in q or "name = ?" in q for q in flipped)


def test_failures_are_told_by_slice_and_kind_as_often_as_they_are_made(place):
    with FakeOpenAI(says("failure_driven")) as server:
        made = run(*place(server, "failure_driven"))
        told = Counter("harmless." in q for q in server.questions)
        assert any("it named CWE-89 where the code is safe" in q for q in server.questions)
    assert Counter(row.slice for row in made.rows) == {"CWE-89": 6, "safe/CWE-78": 2}
    assert told == {True: 6, False: 2}


def test_without_known_mistakes_nothing_is_asked_about_failures(place):
    with FakeOpenAI(says("failure_driven")) as server:
        (account,) = run(*place(server, "failure_driven"), mistakes=()).accounts
        assert server.requests == []
    assert (account.asked, account.rows) == (0, 0)


def test_adversarial_goes_where_the_champion_was_fooled_and_everywhere_before(place):
    with FakeOpenAI(says("adversarial")) as server:
        goal, workshop = place(server, "adversarial", variants=["trick"])
        assert Counter(r.slice for r in run(goal, workshop, mistakes=()).rows) == dict.fromkeys(
            SLICES, 2
        )
        rows = run(goal, workshop).rows
    assert Counter(row.slice for row in rows) == {"CWE-89": 6, "safe/CWE-78": 2}


def attacked(kind, count, attack="moved", slice_name="safe/CWE-89"):
    return Mistake(slice=slice_name, kind=kind, said="CWE-89", count=count, cases=10, attack=attack)


def test_what_fooled_the_champion_in_an_attack_goes_before_its_mistakes_on_dev(place):
    found = (*MISTAKES, attacked("false_alarm", 4), attacked("other", 6, slice_name="CWE-78"))
    words = yaml.safe_load((SHIPPED / "adversarial.yaml").read_text())["attacks"]["moved"]
    with FakeOpenAI(says("adversarial")) as server:
        goal, workshop = place(server, "adversarial", variants=["trick"])
        rows = run(goal, workshop, requests=40, mistakes=found).rows
        told = Counter(words in question for question in server.questions)
    assert {row.slice for row in rows} == {"safe/CWE-89"}
    assert 10 <= told[True] <= 30  # half of them, by chance
    with FakeOpenAI(says("adversarial")) as server:
        unread = (*MISTAKES, attacked("other", 6, slice_name="CWE-78"))
        rows = run(*place(server, "adversarial", variants=["trick"]), mistakes=unread).rows
    assert Counter(row.slice for row in rows) == {"CWE-89": 6, "safe/CWE-78": 2}


def test_an_attack_whose_kind_the_prompt_has_no_words_for_keeps_the_prompts_tricks(place):
    with FakeOpenAI(says("adversarial")) as server:
        goal, workshop = place(server, "adversarial", variants=["trick"])
        run(goal, workshop, mistakes=(attacked("false_alarm", 4, attack="written/lie"),))
        lures = yaml.safe_load((SHIPPED / "adversarial.yaml").read_text())["tricks"]["lure"]
        assert all(any(lure in q for lure in lures) for q in server.questions)


def test_failures_on_attacks_are_not_told_as_failures_on_dev(place):
    with FakeOpenAI(says("failure_driven")) as server:
        found = (*MISTAKES, attacked("false_alarm", 9))
        made = run(*place(server, "failure_driven"), mistakes=found)
    assert Counter(row.slice for row in made.rows) == {"CWE-89": 6, "safe/CWE-78": 2}


def test_the_plan_chooses_the_wording_before_the_goal(place):
    with FakeOpenAI(says("paraphrase")) as server:
        goal, workshop = place(server, "paraphrase", variants=["other_form"])
        assert {r.variant for r in run(goal, workshop).rows} == {"other_form"}
        chosen = run(goal, workshop, prompt_variants={"paraphrase": ("other_names",)})
        assert {row.variant for row in chosen.rows} == {"other_names"}
        with pytest.raises(UserError, match="unknown variant 'othr_names'; did you mean"):
            run(goal, workshop, prompt_variants={"paraphrase": ("othr_names",)})


@pytest.mark.parametrize(
    ("name", "change", "wanted"),
    [
        (
            "paraphrase",
            lambda p: p["variants"].update(other_form="Rewrite {{inputt}}"),
            [
                "variants.other_form: expected one of",
                "did you mean input?",
                "{{input}}, found none",
            ],
        ),
        ("persona_variation", lambda p: p.pop("personas"), ["personas: expected a list of texts"]),
        (
            "persona_variation",
            lambda p: p["variants"].update(rewrite="{{persona}}: {{input}}"),
            ["variants.rewrite: expected the placeholder {{domain}}, found none"],
        ),
        (
            "contrast_pairs",
            lambda p: p["flips"].update({"CWE-89": "safe/CWE-98"}),
            ["flips.CWE-89: expected one of", "did you mean safe/CWE-89?"],
        ),
        (
            "failure_driven",
            lambda p: p["mistakes"].update(missed="{{sad}}"),
            ["mistakes.missed: expected one of said"],
        ),
        ("adversarial", lambda p: p["tricks"].pop("lure"), ["tricks.lure: expected a list"]),
        (
            "adversarial",
            lambda p: p["attacks"].update(movd="x"),
            ["attacks.movd: expected one of", "did you mean moved?"],
        ),
        (
            "instruction_evolution",
            lambda p: p.update(answer_fields=["fixx"], draws={}),
            ["answer_fields[0]: expected one of", "unknown placeholder 'domain'"],
        ),
    ],
)
def test_goal_check_finds_what_is_wrong_with_a_prompt(tmp_path, name, change, wanted):
    folder = write_goal(tmp_path, {"strategies.1": {"name": name, "teacher": "embedded"}})
    write_prompt(folder, name, change)
    with pytest.raises(GoalError) as caught:
        load_goal(folder)
    found = "\n".join(str(problem) for problem in caught.value.problems)
    assert f"teacher/{name}.yaml:" in found
    for words in wanted:
        assert words in found


def test_goal_check_finds_slices_without_words_and_unknown_variants(tmp_path):
    options = {"variants": ["other_nams"]}
    folder = write_goal(
        tmp_path,
        {"strategies.1": {"name": "paraphrase", "teacher": "embedded", "options": options}},
    )
    write_prompt(folder, "paraphrase")
    place = folder / "prompts" / "teacher" / "slices.yaml"
    words = yaml.safe_load(place.read_text())
    words["slices"]["CWE-98"] = words["slices"].pop("CWE-78")
    del words["slices"]["CWE-89"]["truth"]
    place.write_text(yaml.safe_dump(words))
    with pytest.raises(GoalError) as caught:
        load_goal(folder)
    found = "\n".join(str(problem) for problem in caught.value.problems)
    assert "slices.CWE-98: expected one of" in found
    assert "slices.CWE-89: expected the word truth" in found
    assert "expected words for the slice CWE-78, found none" in found
    assert "strategies[1].options.variants[0]: expected one of other_form, other_names" in found


def test_the_shipped_prompts_cover_every_slice_of_the_goal():
    goal = load_goal(GOALS / "python_security")
    words = yaml.safe_load((SHIPPED / "slices.yaml").read_text())["slices"]
    flips = yaml.safe_load((SHIPPED / "contrast_pairs.yaml").read_text())["flips"]
    slices = {seed.slice for seed in load_seeds(goal)}
    assert len(slices) == 24
    assert set(words) == set(flips) == set(flips.values()) == slices
    assert {s.name for s in goal.spec.strategies} == {"seed_expansion", "teacher_pairs"}


def report(store, asset, trial, cases):
    with store.publish("small_goal", asset, trial, {}) as folder:
        pl.DataFrame(
            cases, schema=["slice", "answer", "passed", "prompt"], orient="row"
        ).write_parquet(folder / "cases.parquet")


def test_mistakes_are_counted_on_dev_alone_and_hold_no_text_of_a_case(tmp_path):
    goal = load_goal(write_goal(tmp_path / "goal"))
    store, seeds = Workshop(home_root=str(tmp_path / "home")).store, load_seeds(goal)
    assert mistakes_before(goal, store, "0001", seeds) == ()
    rate = Rate(passed=1, total=2)
    leader = Champion(trial="0000-a", full={"overall": rate}, dev={"overall": rate}, changed=True,
                      reason="first", hours_used=0.0, iteration_hours=0.0)  # fmt: skip
    with store.publish(goal.name, "champion", "0000", {}) as folder:
        (folder / "champion.json").write_text(leader.model_dump_json())
    none, shell, sql = ('{"cwe": "none"}', '{"cwe": "CWE-78"}', 'Well: {"cwe": "CWE-89"}')
    report(store, DEV_REPORT, "0000-a", [
        ("CWE-89", none, False, "SECRET"), ("CWE-89", sql, True, "SECRET"),
        ("CWE-89", none, False, "SECRET"), ("CWE-89", shell, False, "SECRET"),
        ("safe/CWE-78", sql, False, "SECRET"), ("safe/CWE-78", "SECRET", None, "SECRET"),
        ("safe/CWE-78", '{"cwe": "SECRET"}', False, "SECRET"),
    ])  # fmt: skip
    report(store, "benchmark_report", "0000-a", [("CWE-78", none, False, "GATE")] * 9)
    found = mistakes_before(goal, store, "0001", seeds)
    assert [(m.slice, m.kind, m.said, m.count, m.cases) for m in found] == [
        ("CWE-89", "missed", "none", 2, 4),
        ("safe/CWE-78", "other", "", 2, 3),
        ("CWE-89", "confused", "CWE-78", 1, 4),
        ("safe/CWE-78", "false_alarm", "CWE-89", 1, 3),
    ]
    assert "SECRET" not in str(found)
    assert mistakes_before(goal, store, "0000", seeds) == ()


def test_whose_mistakes_are_taught_is_decided_on_dev_and_the_gate_has_no_say(tmp_path):
    goal = load_goal(write_goal(tmp_path / "goal"))
    store, seeds = Workshop(home_root=str(tmp_path / "home")).store, load_seeds(goal)
    none, rate = '{"cwe": "none"}', {"overall": Rate(passed=1, total=2)}
    report(store, DEV_REPORT, "0001-a", [("CWE-89", none, False, "p")])
    report(store, DEV_REPORT, "0002-a", [("CWE-78", none, False, "p")])
    told = {}
    for verdict, (trial, changed) in {"stays": ("0001-a", False), "new": ("0002-a", True)}.items():
        after = Champion(trial=trial, full=rate, dev=rate, changed=changed, reason="r",
                         leader="0002-a", leader_dev=0.5)  # fmt: skip
        with store.publish(goal.name, "champion", "0002", {}) as folder:
            (folder / "champion.json").write_text(after.model_dump_json())
        told[verdict] = mistakes_before(goal, store, "0003", seeds)
    assert told["stays"] == told["new"]
    assert [one.slice for one in told["new"]] == ["CWE-78"]


def test_a_goal_without_labels_or_code_is_served_too(tmp_path):
    spec = goal_spec()
    spec["task"] = {
        "description": "Questions to SQL",
        "answer_schema": {"type": "object", "properties": {"sql": {"type": "string"}}},
    }
    spec["filters"] = {}
    spec["strategies"] = [{"name": "instruction_evolution", "teacher": "embedded"}]
    goal = Goal(spec=GoalSpec.model_validate(spec), folder=tmp_path, version="0" * 64)
    prompt = {
        "version": 1,
        "system": "Write questions.",
        "field": "question",
        "answer_fields": ["sql"],
        "variants": {"harder": "Harder than {{input}}, answered by {{answer}}"},
    }
    place = tmp_path / "prompts" / "teacher" / "instruction_evolution.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(yaml.safe_dump(prompt))
    towns = Seed(id="s", family="towns", slice="join", input="How many?", expected={"sql": "A"})
    asked = []

    def ask(inquiries):
        (one,) = inquiries
        asked.extend(one.questions)
        answer = '{"question": "How many # of each?", "sql": "B"}'
        assert one.usable(answer)
        assert not one.usable('{"question": "How many of each?"}')
        return [Heard([Reply(answer, "key")])]

    (row,) = generate(goal, DataSettings(rows=1, teacher_requests=1), [towns], ask).rows
    assert asked[0].messages[-1]["content"] == 'Harder than How many?, answered by {"sql": "A"}'
    assert asked[0].json_schema["required"] == ["question", "sql"]
    assert (row.input, row.answer, row.slice) == ("How many # of each?\n", '{"sql": "B"}', "join")
