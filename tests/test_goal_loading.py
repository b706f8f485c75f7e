"""Loading goals from disk: what compiles, what is refused, and how it is said."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.goal_folder import (
    REMOVE,
    goal_spec,
    records,
    set_path,
    write_goal,
    write_records,
    write_teacher_prompt,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from forgemind_assets.errors import GoalError, Problem
from forgemind_assets.goal_loading import (
    find_goal,
    goal_files,
    load_cases,
    load_goal,
    load_seeds,
    read_suite,
    suite_sizes,
)

SECRET = "sk-proj-abcdefghijklmnopqrstuvwx"
TWIN = {"kind": "embedded", "model": "qwen2.5-coder-1.5b-instruct"}


def problems_of(path: Path) -> list[str]:
    with pytest.raises(GoalError) as caught:
        load_goal(path)
    assert caught.value.exit_code == 2
    return [str(problem) for problem in caught.value.problems]


def line_of(path: Path, text: str) -> int:
    lines = path.read_text().split("\n")
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_a_goal_loads_from_its_folder_and_from_its_file(tmp_path: Path):
    folder = write_goal(tmp_path / "small")
    goal = load_goal(folder)
    assert goal == load_goal(folder / "goal.yaml")
    assert (goal.name, goal.folder, goal.file) == ("small_goal", folder.resolve(), "goal.yaml")


def test_a_goal_loads_from_a_file_of_another_name_in_the_same_folder(tmp_path: Path):
    folder = write_goal(tmp_path / "small")
    other = folder / "goal.large.yaml"
    other.write_text((folder / "goal.yaml").read_text().replace("small_goal", "large_goal"))
    goal = load_goal(other)
    assert (goal.name, goal.file) == ("large_goal", "goal.large.yaml")
    assert goal.version != load_goal(folder).version


def test_the_sets_are_read(tmp_path: Path):
    goal = load_goal(write_goal(tmp_path))
    assert [len(load_cases(goal, name)) for name in ("dev", "full", "canary")] == [16, 24, 4]
    assert all(case.canary for case in load_cases(goal, "canary"))
    assert {seed.slice for seed in load_seeds(goal)} == {
        "CWE-78",
        "CWE-89",
        "safe/CWE-78",
        "safe/CWE-89",
    }
    sizes = suite_sizes(goal)
    assert (sizes["full"].cases, sizes["full"].families, sizes["dev"].canary) == (24, 6, 4)


@pytest.mark.parametrize(
    "change",
    [
        lambda f: (f / "goal.yaml").write_text((f / "goal.yaml").read_text() + "# more\n"),
        lambda f: write_records(f, "sealed", records("sealed")[1:]),
        lambda f: write_records(f, "seeds", records("seeds")[::-1]),
        lambda f: (f / "prompts" / "task" / "extra.yaml").write_text("user: '{{input}}'\n"),
    ],
    ids=["goal.yaml", "suite", "seeds", "prompts"],
)
def test_the_version_follows_the_content(tmp_path: Path, change: Callable[[Path], Any]):
    folder = write_goal(tmp_path / "one")
    before = load_goal(folder).version
    assert load_goal(write_goal(tmp_path / "two")).version == before
    (folder / "notes.txt").write_text("not part of the goal")
    assert load_goal(folder).version == before
    change(folder)
    assert load_goal(folder).version != before


def test_all_problems_are_reported_at_once_in_the_order_of_their_lines(tmp_path: Path):
    folder = write_goal(
        tmp_path,
        {
            "name": "Small Goal",
            "success.pass_rate": 1.5,
            "limits.hours": "two",
            "limits.quantisation": "4bits",
            "limits.hour": 3,
            "suites.full": REMOVE,
        },
    )
    found = problems_of(folder)
    file = folder / "goal.yaml"
    assert [text.split(": ")[1] for text in found] == [
        "name",
        "success.pass_rate",
        "limits.quantisation",
        "limits.hours",
        "limits.hour",
        "suites.full",
    ]
    assert f"{file}:{line_of(file, 'hour: 3')}: limits.hour: expected one of base_model" in found[4]
    assert "found the unknown key 'hour'; did you mean hours?" in found[4]
    assert "expected a number at most 1, found the number 1.5" in found[1]
    assert "did you mean 4bit?" in found[2]
    assert "expected a number, found 'two'" in found[3]
    assert "expected text, found nothing" in found[5]


def places(value: Any, before: str = "") -> list[str]:
    """The dotted key of every place in a goal."""
    if not isinstance(value, dict | list):
        return []
    found = []
    for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
        found += [f"{before}{step}", *places(inner, f"{before}{step}.")]
    return found


odd_values = st.sampled_from(
    [REMOVE, None, True, -1, 0, 1e308, "", "none", "x\x00y", [], {}, [[]], [None], {"a": {"b": []}}]
) | st.text(max_size=12)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(places(goal_spec())), odd_values, min_size=1, max_size=2))
def test_no_value_at_any_place_makes_loading_raise_anything_else(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[str, Any]
):
    nested = sorted(changes, key=len, reverse=True)
    try:
        folder = write_goal(tmp_path_factory.getbasetemp() / "odd", {k: changes[k] for k in nested})
    except (KeyError, IndexError, TypeError, UnicodeEncodeError):
        return
    problems: tuple[Problem, ...] = ()
    try:
        load_goal(folder)
    except GoalError as error:
        problems = error.problems
    assert all(problem.line for problem in problems if problem.file.endswith(".yaml"))


def test_one_wrong_section_hides_no_problem_of_another(tmp_path: Path):
    changes = {
        "success.pass_rate": "high",
        "limits.base_model": "nothing-like-it",
        "suites.dev": 5,
        "suites.full": "suites/fulll.jsonl",
        "search.prompt_variants": ["shrt"],
        "teachers.0.modle": "x",
    }
    folder = write_goal(tmp_path, changes)
    break_line(folder, "sealed", 2, "{")
    write_records(folder, "seeds", changed("seeds", 0, expected={"cwe": "CWE-1"}))
    found = problems_of(folder)
    for key in (
        "success.pass_rate",
        "limits.base_model",
        "suites.dev",
        "suites.full",
        "search.prompt_variants[0]",
        "teachers[0].modle",
        "expected.cwe",
    ):
        assert any(f": {key}: " in text for text in found), key
    assert any("sealed.jsonl:2: " in text for text in found)


@pytest.mark.parametrize(
    ("changes", "key", "message"),
    [
        ({"limits.base_model": "smollm2-135m"}, "limits.base_model", "did you mean smollm2-135m-"),
        ({"teachers.0.model": "qwen2.5-coder-1.5b"}, "teachers[0].model", "mean qwen2.5-coder-1.5"),
        ({"strategies.1.teacher": "embeded"}, "strategies[1].teacher", "did you mean embedded?"),
        ({"strategies.0.name": "seed_expanson"}, "strategies[0].name", "mean seed_expansion?"),
        ({"task.grader": "json_lable"}, "task.grader", "did you mean json_label?"),
        ({"task.grader_options.lable_key": "cwe"}, "task.grader_options.lable_key", "label_key?"),
        ({"task.grader_options.label_key": "cwee"}, "task.grader_options.label_key", "mean cwe?"),
        ({"filters.verifiers": ["python_securty"]}, "filters.verifiers[0]", "python_security?"),
        ({"filters.verifiers": [{"name": "regx"}]}, "filters.verifiers[0]", "did you mean regex?"),
        ({"filters.verifiers": [5]}, "filters.verifiers[0]", "a verifier's name, or a mapping"),
        ({"filters.verifiers": "parser"}, "filters.verifiers", "expected a list of mappings"),
        ({"filters.verifiers": ["parser"]}, "filters.verifiers[0].options.syntax", "parser needs"),
        ({"filters.verifiers": [{"name": "parser", "option": {}}]}, "filters.verifiers[0].option",
         "did you mean options?"),
        ({"filters.verifiers": [{"name": "parser", "options": {"syntax": "json", "off": "input"}}]},
         "filters.verifiers[0].options.off", "did you mean of?"),
        ({"filters.verifiers": [{"name": "regex", "options": {"must": ["("]}}]},
         "filters.verifiers[0].options.must[0]", "expected a regular expression"),
        ({"filters.verifiers": [{"name": "json_schema", "options": {"shema": {}}}]},
         "filters.verifiers[0].options.shema", "did you mean schema?"),
        ({"filters.verifiers": [{"name": "sql_result"}]}, "filters.verifiers[0].options",
         "expected one of expected_query"),
        ({"task.grader_options": {}}, "filters.verifiers[0]", "which python_security reads"),
        ({"search.prompt_variants": ["shrt"]}, "search.prompt_variants[0]", "did you mean short?"),
        ({"success.suite": "ful"}, "success.suite", "found the unknown value 'ful'"),
        ({"suites.dev": "suites/deev.jsonl"}, "suites.dev", "did you mean suites/dev.jsonl?"),
        ({"seeds": "seed.jsonl"}, "seeds", "did you mean seeds.jsonl?"),
        ({"prompts": "promts"}, "prompts", "did you mean prompts?"),
        ({"seeds": "../seeds.jsonl"}, "seeds", "expected a path within the goal's folder"),
        ({"seeds": "/etc/passwd"}, "seeds", "expected a path within the goal's folder"),
        ({"success.alpha": 0.7}, "success.alpha", "at most 0.5"),
        ({"success.canary_pass_rate": 0.8}, "success.canary_pass_rate", "at most success.pass"),
        ({"limits.gpu_dollars_per_hour": 2, "limits.gpu_dollars_per_try": 0},
         "limits.gpu_dollars_per_try", "no try can run"),
        ({"search.train_seconds": 4000}, "search.train_seconds", "expected at most limits.hours"),
        ({"filters.max_class_share": 0.3}, "filters.max_class_share", "at least 1/3"),
        ({"filters.min_input_chars": 5000}, "filters.min_input_chars", "at most max_input_chars"),
        ({"filters.repetition": {"of": "prose"}}, "filters.repetition.of", "expected code, found"),
        ({"filters.language": {"allowed": ["en"]}}, "filters.language.of", "expected comments"),
        ({"filters.language": {"allowed": ["english"], "of": "comments"}},
         "filters.language.allowed[0]", "an ISO 639 code of a language, such as en"),
        ({"filters.language": {"allowed": []}}, "filters.language.allowed", "at least 1 item"),
        ({"filters.perplexty": {}}, "filters.perplexty", "did you mean perplexity?"),
        ({"filters.semantic_duplicates": {"cosin": 0.9}}, "filters.semantic_duplicates.cosin",
         "did you mean cosine?"),
        ({"filters.decontamination_similarity": 0}, "filters.decontamination_similarity",
         "more than 0, found the number 0"),
        ({"filters.diversity": {}}, "filters.diversity.rows", "a whole number, found nothing"),
        ({"filters.max_family_share": 1.5}, "filters.max_family_share", "at most 1"),
        ({"task.max_answer_tokens": 256}, "task.max_answer_tokens", "less than search.max_length"),
        ({"task.labels": ["none", "CWE-78", "CWE-89", "none"]}, "task.labels[3]", "each name once"),
        ({"strategies.1.teacher": REMOVE}, "search.teacher_requests", "no strategy has a teacher"),
        ({"strategies.1.teacher": REMOVE}, "strategies[1].teacher", "teacher_pairs asks a teacher"),
        ({"strategies.0.teacher": "embedded"}, "strategies[0].teacher", "seed_expansion asks none"),
        ({"strategies.1.teachers": ["embedded"]}, "strategies[1].teachers", "found both"),
        ({"strategies.1": {"name": "teacher_pairs", "teachers": ["embedded", "embeded"]}},
         "strategies[1].teachers[1]", "did you mean embedded?"),
        ({"strategies.1": {"name": "teacher_pairs", "teachers": ["embedded", "embedded"]}},
         "strategies[1].teachers[1]", "expected each name once"),
        ({"strategies.1": {"name": "teacher_pairs", "teachers": []}}, "strategies[1].teacher",
         "expected one of embedded, found nothing"),
        ({"strategies.1": {"name": "teacher_pairs", "teachers": "embedded"}},
         "strategies[1].teachers", "expected a list of texts"),
        ({"strategies.0.teachers": ["embedded"]}, "strategies[0].teachers", "asks none"),
        ({"strategies.0.options": {"max_char": 900}}, "strategies[0].options.max_char",
         "did you mean max_chars?"),
        ({"strategies.0.options": {"max_chars": 0}}, "strategies[0].options.max_chars",
         "greater than 0"),
        ({"strategies.1.options": {"variant": ["a"]}}, "strategies[1].options.variant",
         "did you mean variants?"),
        ({"strategies.1.options": {"variants": []}}, "strategies[1].options.variants",
         "at least 1 item"),
        ({"teachers": [TWIN | {"name": "one"}, TWIN | {"name": "two"}],
          "strategies.1": {"name": "teacher_pairs", "teachers": ["one", "two"]}},
         "strategies[1].teachers[1]", "expected teachers of different models"),
        ({"strategies.0": {"name": "teacher_pairs", "teacher": "embedded"}},
         "strategies[1].name", "expected each name once"),
        ({"teachers.0.api_key_env": "KEY"}, "teachers[0].api_key_env", "expected nothing for an"),
        ({"success.pass_rate": 1, "success.confidence": 0.95}, "success.confidence", "below 1"),
        ({"task.answer_schema": {"type": "object"}}, "task.answer_schema", "with properties"),
        ({"task.answer_schema.properties.fix.type": "txt"}, "task.answer_schema", "properties.fix"),
        ({"task.answer_schema.required": ["cw"]}, "task.answer_schema", "names from properties"),
        ({"strategies": []}, "strategies", "expected at least 1 item, found none"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)  # fmt: skip
def test_contradictions_and_unknown_names(
    tmp_path: Path, changes: dict[str, Any], key: str, message: str
):
    found = problems_of(write_goal(tmp_path, changes))
    assert any(f": {key}: " in text and message in text for text in found), found


def paid(**changes: Any) -> dict[str, Any]:
    teacher = {
        "name": "embedded",
        "kind": "openai",
        "model": "gpt-4o-mini",
        "api_key_env": "OPENAI_API_KEY",
        "prices": {"input": 0.15, "output": 0.6},
        "terms": "training_allowed",
        **changes,
    }
    kept = {key: value for key, value in teacher.items() if value is not REMOVE}
    return {"teachers.0": kept, "limits.api_dollars_per_goal": 5}


def test_a_paid_teacher_within_a_limit_is_fine(tmp_path: Path):
    assert load_goal(write_goal(tmp_path, paid())).spec.teachers[0].base_url is None


@pytest.mark.parametrize(
    ("changes", "key", "message"),
    [
        (paid(api_key_env=REMOVE), "teachers[0].api_key_env", "name of the environment variable"),
        (paid(prices=REMOVE), "teachers[0].prices", "dollars per million tokens"),
        (paid(base_url="api.host/v1"), "teachers[0].base_url", "an address such as"),
        (paid() | {"limits.api_dollars_per_goal": 0}, "limits.api_dollars_per_goal", "is paid"),
    ],
    ids=["no key", "no prices", "no scheme", "no budget"],
)
def test_a_paid_teacher_needs_key_prices_and_a_budget(
    tmp_path: Path, changes: dict[str, Any], key: str, message: str
):
    found = problems_of(write_goal(tmp_path, changes))
    assert len(found) == 1
    assert f": {key}: " in found[0]
    assert message in found[0]


@pytest.mark.parametrize(
    "changes",
    [
        paid(api_key_env=SECRET),
        paid(api_key_env="AIzaSyA1b2C3d4E5f6G7h8I9j0KlMnOpQrStUvW"),
        paid(api_key_env="hunter2 with spaces"),
        paid(api_key=SECRET),
        paid(base_url=f"https://user:{SECRET}@host/v1"),
        paid(base_url=f"https://host/v1?key={SECRET}"),
        {"strategies.1.options": {"key": SECRET}},
        {SECRET: 1},
    ],
    ids=["env", "google", "spaces", "key", "user", "query", "options", "as a key"],
)
def test_a_secret_in_the_goal_is_refused_and_not_repeated(tmp_path: Path, changes: dict[str, Any]):
    found = "\n".join(problems_of(write_goal(tmp_path, changes)))
    for word in ("abcdefghijkl", "A1b2C3", "hunter2"):
        assert word not in found


def break_line(folder: Path, name: str, number: int, text: str) -> Path:
    path = set_path(folder, name)
    lines = path.read_text().split("\n")
    lines[number - 1] = text
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("name", ["dev", "full", "adversarial", "sealed", "seeds"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"id": "x", ', "expected one JSON object, found broken JSON at column 13"),
        ("", "expected one JSON object, found an empty line"),
        ("[1]", "expected one JSON object, found another value"),
        ('{"id": "a", "id": "b"}', "found the key 'id' twice"),
        ('{"id": NaN}', "found NaN, which is not JSON"),
    ],
    ids=["broken", "empty", "list", "twice", "nan"],
)
def test_a_broken_line_is_named(tmp_path: Path, name: str, text: str, message: str):
    folder = write_goal(tmp_path)
    path = break_line(folder, name, 3, text)
    found = [text for text in problems_of(folder) if f"{path}:3: " in text]
    assert len(found) == 1
    assert message in found[0]


def changed(name: str, index: int, **fields: Any) -> list[dict[str, Any]]:
    rows = records(name)
    rows[index] = rows[index] | fields
    return rows


@pytest.mark.parametrize(
    ("name", "fields", "key", "message"),
    [
        ("full", {"input": 5}, "input", "expected text, found the number 5"),
        ("full", {"input": ""}, "input", "expected at least 1 letter"),
        ("full", {"expected": "CWE-89"}, "expected", "expected a mapping, found text"),
        ("dev", {"canary": "yes"}, "canary", "expected true or false, found text"),
        ("full", {"canary": True}, "canary", "expected canary cases in the dev set only"),
        ("full", {"expected": {"cwe": "CWE-80"}}, "expected.cwe", "did you mean CWE-89?"),
        ("full", {"expected": {}}, "expected.cwe", "found the unknown label nothing"),
        ("full", {"expected": {"cwe": "none", "line": 99}}, "expected.line", "line from 1 to "),
        ("full", {"id": "dev-orders-cwe-89"}, "id", "dev-orders-cwe-89 also in "),
        ("full", {"id": "full-airport-cwe-89"}, "id", "expected ids that are unique"),
        ("full", {"family": "dev-orders"}, "family", "found 1 of its families: dev-orders"),
        ("seeds", {"family": "sealed-lighthouse"}, "family", "sealed-lighthouse"),
        ("seeds", {"note": "x"}, "note", "found the unknown key 'note'"),
        ("seeds", {"expected": {"cwe": "CWE-89", "line": 1}}, "expected.fix", "found nothing"),
        ("seeds", {"expected": {"cwe": "CWE-89", "line": True, "fix": "x"}}, "expected.line",
         "expected integer or null, found true"),
        ("seeds", {"expected": {"cwe": "none", "line": None, "fix": None, "why": 1}},
         "expected.why", "found the unknown key 'why'"),
    ],
)  # fmt: skip
def test_a_record_that_does_not_fit_is_named(
    tmp_path: Path, name: str, fields: dict[str, Any], key: str, message: str
):
    folder = write_goal(tmp_path)
    write_records(folder, name, changed(name, 1, **fields))
    found = problems_of(folder)
    wanted = f"{set_path(folder, name)}:2: {key}: "
    assert any(text.startswith(wanted) and message in text for text in found), found


def test_a_case_never_leaks_through_a_message(tmp_path: Path):
    folder = write_goal(tmp_path)
    marker = "SELECT_TOP_SECRET_CASE"
    write_records(
        folder, "sealed", changed("sealed", 0, input=marker, expected=marker, family=7, id=[marker])
    )
    break_line(folder, "full", 2, '{"input": "' + marker + '"')
    assert marker not in "\n".join(problems_of(folder))


def test_many_broken_lines_are_cut_short(tmp_path: Path):
    folder = write_goal(tmp_path)
    set_path(folder, "full").write_text("broken\n" * 50)
    found = [text for text in problems_of(folder) if "full.jsonl" in text]
    assert len(found) == 21
    assert "and 30 more problems" in found[-1]


def test_an_empty_suite_and_a_dev_set_without_canary_are_problems(tmp_path: Path):
    folder = write_goal(tmp_path)
    set_path(folder, "sealed").write_text("")
    write_records(folder, "dev", [row | {"canary": False} for row in records("dev")])
    found = problems_of(folder)
    assert any("sealed.jsonl:1: expected one JSON object a line, found none" in t for t in found)
    assert any("dev.jsonl: canary: expected at least one canary case" in t for t in found)


def test_prompts_are_checked(tmp_path: Path):
    folder = write_goal(tmp_path)
    task = folder / "prompts" / "task"
    (task / "few_shot.yaml").unlink()
    (task / "short.yaml").write_text("sytem: hello\nuser: no placeholder\n")
    (task / "zero_shot.yaml").write_text('user: "{{input}}"\nshots: [seeds-school-cwe-8]\n')
    (folder / "prompts" / "teacher" / "pairs.yaml").write_text("a: [\n")
    found = "\n".join(problems_of(folder))
    assert "prompts: expected task/few_shot.yaml" in found
    assert "short.yaml:1: sytem: " in found
    assert "did you mean system?" in found
    assert "short.yaml:2: user: expected text with {{input}} where the input goes" in found
    assert "zero_shot.yaml:2: shots[0]: expected the id of a seed" in found
    assert "teacher/pairs.yaml:2: expected well-formed YAML" in found


def test_a_strategy_that_asks_a_teacher_needs_its_prompt(tmp_path: Path):
    folder = write_goal(tmp_path)
    (folder / "prompts" / "teacher" / "teacher_pairs.yaml").unlink()
    (found,) = problems_of(folder)
    assert "strategies[1].name: expected the prompt teacher/teacher_pairs.yaml" in found


def test_the_prompt_of_a_strategy_is_checked_against_what_the_strategy_reads(tmp_path: Path):
    folder = write_goal(tmp_path)
    path = write_teacher_prompt(folder)
    text = path.read_text(encoding="utf-8").replace("applications:", "aplications:")
    path.write_text(text, encoding="utf-8")
    found = problems_of(folder)
    assert any(
        "teacher_pairs.yaml" in line and "did you mean applications?" in line for line in found
    )


@pytest.mark.parametrize("content", ["", "a: [1\n", "just text\n", "- a\n- b\n", "null\n"])
def test_a_file_that_is_no_mapping_is_one_problem(tmp_path: Path, content: str):
    folder = write_goal(tmp_path)
    (folder / "goal.yaml").write_text(content)
    found = problems_of(folder)
    assert len(found) == 1
    assert "goal.yaml:" in found[0]


def test_an_unknown_goal_names_the_nearest():
    with pytest.raises(GoalError, match="did you mean python_security"):
        find_goal("python_securty")


def test_any_suite_file_can_be_read(tmp_path: Path):
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in records("dev")))
    assert len(read_suite(path)) == 16
    path.write_text("{}\n{\n")
    with pytest.raises(GoalError) as caught:
        read_suite(path)
    assert {problem.line for problem in caught.value.problems} == {1, 2}
    with pytest.raises(GoalError, match="No such file"):
        read_suite(tmp_path / "none.jsonl")


@pytest.mark.parametrize("file", ["goal.yaml", "goal.llama3-8b.yaml", "goal.two_teachers.yaml"])
def test_the_shipped_goals_load(file: str):
    path = find_goal("python_security").with_name(file)
    assert len(load_goal(path).version) == 64


def test_the_goal_of_two_teachers_differs_from_the_first_in_its_teachers_alone():
    first, second = (
        load_goal(find_goal("python_security").with_name(file)).spec
        for file in ("goal.yaml", "goal.two_teachers.yaml")
    )
    changed = {name for name, value in first if getattr(second, name) != value}
    assert changed == {"name", "teachers", "strategies"}
    assert second.strategies[1].asked == ("embedded", "small")


def test_the_shipped_large_goal_is_the_seed_example():
    spec = load_goal(find_goal("python_security").with_name("goal.llama3-8b.yaml")).spec
    assert spec.limits.base_model == "llama-3-8b"
    assert spec.limits.quantisation == "4bit"
    assert spec.limits.gpu_dollars_per_try == 50
    assert spec.teachers[0].api_key_env == "OPENAI_API_KEY"


def test_a_goal_named_in_the_environment_is_found_by_its_name(tmp_path: Path, monkeypatch):
    folder = write_goal(tmp_path / "elsewhere")
    monkeypatch.setenv("FORGEMIND_GOALS", str(folder))
    assert find_goal("small_goal") == folder / "goal.yaml"
    assert folder / "goal.yaml" in goal_files()
    with pytest.raises(GoalError, match="did you mean small_goal"):
        find_goal("smal_goal")
