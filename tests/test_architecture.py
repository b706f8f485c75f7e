"""The import rules of the house, proved by reading the code: who may know what."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from forgemind_assets.home import REPOSITORY

PILLARS = ("brain", "forge", "foundry", "lorekeeper", "trial_grounds", "warden")
ORCHESTRATION = {"assets.py", "checks.py"}
PURE_TOP = ("errors", "goal", "home", "partitions", "prompting", "records")
HEAVY = {
    "accelerate",
    "bandit",
    "bitsandbytes",
    "datasets",
    "detoxify",
    "great_expectations",
    "matplotlib",
    "mlflow",
    "peft",
    "torch",
    "transformers",
    "wandb",
    "xllamacpp",
}
# Who may open a suite: the loader, the tests of a model, and the door through which the filter
# of training rows learns yes or no.
LOADER = {"forgemind_assets/goal_files.py", "forgemind_assets/goal_loading.py"}
DOOR = "forgemind_assets/foundry/filters/suite_texts.py"
# Who closes the gates for the Foundry, and what they are closed with.
CLOSER, CLOSED = "forgemind_assets/goal.py", "forgemind_assets/goal_suites.py"
MAY_READ_CASES = LOADER | {
    "forgemind_assets/cli/evaluate.py",
    "forgemind_assets/cli/subjects.py",
    "forgemind_assets/trial_grounds/assets.py",
    "resources/attacks.py",
    "resources/examiner.py",
    "resources/training_seeds.py",
    "resources/sealed.py",
    "resources/tripwires.py",
}
READERS = {"load_cases", "read_suite", "read_records", "load_suite"}
MAY_USE_THE_DOOR = {
    "forgemind_assets/foundry/filters/decontamination.py",
    "forgemind_assets/foundry/filters/registry.py",
}


@dataclass(frozen=True)
class Import:
    """One import: what, on which line, and whether it happens when the module loads."""

    name: str
    line: int
    at_load: bool


def sources(*folders: str) -> list[Path]:
    return [p for folder in folders for p in sorted((REPOSITORY / folder).rglob("*.py"))]


def shown(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> list[Import]:
    return list(found_in(tree(path), at_load=True))


def found_in(node: ast.AST, *, at_load: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, at_load) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            names = [f"{child.module or '.'}.{alias.name}" for alias in child.names]
            yield from (Import(name, child.lineno, at_load) for name in names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from found_in(ast.Module(child.orelse, []), at_load=at_load)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from found_in(child, at_load=at_load and not inside)


def pure_modules() -> list[Path]:
    pillars = sources(*(f"forgemind_assets/{pillar}" for pillar in PILLARS))
    top = [p for p in (REPOSITORY / "forgemind_assets").glob("*.py") if is_pure_top(p)]
    return [p for p in pillars if p.name not in ORCHESTRATION] + sorted(top)


def is_pure_top(path: Path) -> bool:
    return any(path.stem == name or path.stem.startswith(f"{name}_") for name in PURE_TOP)


def offences(paths: list[Path], roots: set[str], *, at_load_only: bool = False) -> list[str]:
    return [
        f"{shown(path)}:{item.line} imports {item.name}"
        for path in paths
        for item in imports(path)
        if item.name.split(".")[0] in roots and (item.at_load or not at_load_only)
    ]


def test_the_reader_of_imports_sees_every_kind(tmp_path: Path):
    path = tmp_path / "module.py"
    path.write_text(
        "import torch.nn\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import mlflow\n"
        "else:\n    import peft\nclass A:\n    import bandit\n    def f(self):\n"
        "        from datasets import load\ntry:\n    import gguf\nexcept ImportError:\n    pass\n"
    )
    found = {(item.name, item.at_load) for item in imports(path)}
    assert found == {
        ("torch.nn", True),
        ("typing.TYPE_CHECKING", True),
        ("peft", True),
        ("bandit", True),
        ("datasets.load", False),
        ("gguf", True),
    }


def test_there_is_code_in_every_pillar_that_is_read():
    assert len(pure_modules()) > 30
    for pillar in ("brain", "forge", "foundry", "lorekeeper", "trial_grounds"):
        assert any(f"/{pillar}/" in str(path) for path in pure_modules()), pillar


def test_inside_the_pillars_only_assets_and_checks_import_dagster():
    assert offences(pure_modules(), {"dagster"}) == []


def test_pure_modules_know_no_effects():
    assert offences(pure_modules(), {"resources", "sensors"}) == []


def test_the_pages_are_pure_rendering():
    code = sources("forgemind_assets/dashboard")
    assert len(code) > 5
    assert offences(code, {"dagster", "resources", "sensors", "starlette", "sqlalchemy"}) == []


def test_pure_modules_do_not_import_the_graph_above_them():
    above = ("cli", "dashboard", "definitions", "factory", "keys")
    found = [
        f"{shown(path)}:{item.line} imports {item.name}"
        for path in pure_modules()
        for item in imports(path)
        if item.name.startswith(tuple(f"forgemind_assets.{name}" for name in above))
        or item.name.split(".")[-1] in ("assets", "checks")
    ]
    assert found == []


def test_nothing_heavy_is_imported_when_a_module_loads():
    code = sources("forgemind_assets", "resources", "sensors")
    assert offences(code, HEAVY, at_load_only=True) == []


def test_resources_do_not_import_the_graph():
    found = [
        f"{shown(path)}:{item.line} imports {item.name}"
        for path in sources("resources")
        for item in imports(path)
        if item.name.startswith(("forgemind_assets.cli", "forgemind_assets.definitions"))
        or item.name.split(".")[0] == "sensors"
    ]
    assert found == []


def test_imports_are_absolute_and_packages_have_no_code():
    code = sources("forgemind_assets", "resources", "sensors")
    relative = [
        f"{shown(path)}:{node.lineno}"
        for path in code
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    packages = [path for path in code if path.name == "__init__.py"]
    with_code = [
        shown(path)
        for path in packages
        if any(not isinstance(node, ast.Expr) for node in tree(path).body)
    ]
    assert (relative, with_code) == ([], [])


def names_used(path: Path) -> set[str]:
    nodes = list(ast.walk(tree(path)))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return names | {item.name.split(".")[-1] for item in imports(path)}


def test_only_named_modules_open_a_suite():
    code = sources("forgemind_assets", "resources", "sensors")
    readers = {shown(path) for path in code if names_used(path) & READERS}
    assert readers - MAY_READ_CASES == set()


def test_only_the_loader_knows_where_the_suites_lie():
    code = sources("forgemind_assets", "resources", "sensors")
    found = {
        shown(path)
        for path in code
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute | ast.Name)
        and ast.unparse(node).endswith("spec.suites")
    }
    # a check that is there only where the goal has the optional suite
    asked = REPOSITORY / "forgemind_assets" / "trial_grounds" / "checks.py"
    assert asked.read_text(encoding="utf-8").count("spec.suites") == 1
    assert "spec.suites.impossible is not None" in asked.read_text(encoding="utf-8")
    found -= {shown(asked)}
    assert found - LOADER - {DOOR, CLOSER} == set()


def test_the_foundry_and_the_brain_reach_no_module_that_opens_a_suite():
    rooms = MAY_READ_CASES - LOADER
    doors = tuple(path.removesuffix(".py").replace("/", ".") for path in rooms)
    code = sources("forgemind_assets/brain", "forgemind_assets/foundry")
    found = [
        f"{shown(path)}:{item.line} imports {item.name}"
        for path in code
        for item in imports(path)
        if item.name.startswith(doors)
    ]
    assert found == []


def test_the_door_to_the_suites_is_used_by_the_decontamination_filter_only():
    door = DOOR.removesuffix(".py").replace("/", ".")
    users = {
        shown(path)
        for path in sources("forgemind_assets", "resources", "sensors")
        for item in imports(path)
        if item.name.startswith(door)
    }
    assert users <= MAY_USE_THE_DOOR


def test_what_a_teacher_is_told_of_mistakes_comes_from_dev_alone():
    gates = {"benchmark_report", "adversarial_report", "full", "sealed", "input", "prompt"}
    strategies = sources("forgemind_assets/foundry/strategies")
    reader = REPOSITORY / "resources" / "dev_errors.py"
    assert len(strategies) > 10
    found = {
        f"{shown(path)}:{node.lineno}"
        for path, forbidden in [(reader, gates), *((p, gates - {"input"}) for p in strategies)]
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and node.value in forbidden
    }
    assert found == set()


def test_an_advisor_is_told_what_past_trials_hold_and_nothing_of_a_case_or_the_gate():
    """Of a trial `advice.py` reads dials and what came of it; no module there opens a suite."""
    gates = {"benchmark_report", "adversarial_report", "full", "sealed", "dev", "input", "prompt"}
    search = sources("forgemind_assets/brain/search")
    asking = REPOSITORY / "resources" / "advisor.py"
    code = [*search, asking]
    assert len(search) > 12
    assert [shown(path) for path in code if names_used(path) & READERS] == []
    named = {
        f"{shown(path)}:{node.lineno}"
        for path in code
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and node.value in gates
    }
    assert named == set()
    question = tree(REPOSITORY / "forgemind_assets/brain/search/advice.py")
    read = {
        node.attr
        for node in ast.walk(question)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "trial"
    }
    assert read == {"values", "score", "finished", "goal"}
    fields = {"base_model", "rows", "first", "count", "trials", "seed"}
    told = {
        node.attr
        for node in ast.walk(question)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "brief"
    }
    assert told == fields
    entered = next(
        node
        for node in tree(asking).body
        if isinstance(node, ast.FunctionDef) and node.name == "_reply"
    )
    assert "goal.with_gates_closed()" in ast.unparse(entered)


def test_the_paths_behind_the_closed_suites_are_taken_by_the_door_alone():
    users = {
        shown(path)
        for path in sources("forgemind_assets", "resources", "sensors")
        if "for_decontamination" in names_used(path)
    }
    assert users == {DOOR, CLOSED}


def test_the_foundry_is_entered_with_the_gates_closed():
    """Every function of the data room that takes a goal closes it before anything else."""
    room = tree(REPOSITORY / "resources" / "data_room.py")
    entered = {
        node.name: ast.unparse(node.body[1])
        for node in room.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("make_")
    }
    assert entered == dict.fromkeys(
        ("make_raw", "make_filtered"), "goal = goal.with_gates_closed()"
    )


def test_the_sealed_suite_is_opened_in_one_place_that_promotions_alone_use():
    code = sources("forgemind_assets", "resources", "sensors")
    opened = {
        shown(path)
        for path in code
        for node in ast.walk(tree(path))
        if opens_a_suite(node, "sealed")
    }
    assert opened == {"resources/sealed.py"}
    users = {
        shown(path)
        for path in code
        for item in imports(path)
        if item.name.startswith("resources.sealed.")
    }
    assert users == {"resources/promotions.py", "forgemind_assets/cli/evaluate.py"}
    evaluate = REPOSITORY / "forgemind_assets" / "cli" / "evaluate.py"
    taken = {i.name for i in imports(evaluate) if i.name.startswith("resources.sealed.")}
    assert taken == {"resources.sealed.is_sealed"}, "which tells whether a file is the sealed one"


def opens_a_suite(node: ast.AST, suite: str) -> bool:
    """Whether a node is a call of a reader with this suite's name."""
    return (
        isinstance(node, ast.Call)
        and ast.unparse(node.func).split(".")[-1] in READERS
        and any(isinstance(a, ast.Constant) and a.value == suite for a in node.args)
    )


def test_an_attack_reads_dev_and_no_other_suite():
    module = tree(REPOSITORY / "resources" / "attacks.py")
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    opened = [call for call in calls if ast.unparse(call.func).split(".")[-1] in READERS]
    assert [ast.unparse(call) for call in opened] == ["load_cases(goal, 'dev')"]
    proposals = REPOSITORY / "resources" / "attack_proposals.py"
    others = [*sources("forgemind_assets/trial_grounds/attack"), proposals]
    assert len(others) > 8
    assert [shown(path) for path in others if names_used(path) & READERS] == []


def test_the_texts_of_attacks_are_read_for_people_only():
    report = "forgemind_assets.trial_grounds.attack.report."
    readers = {
        shown(path)
        for path in sources("forgemind_assets", "resources", "sensors")
        for item in imports(path)
        if item.name == f"{report}TEXTS" or item.name == "resources.attacks.read_outcomes"
    }
    assert readers == {"resources/attacks.py", "resources/attack_proposals.py"}


def test_no_test_patches_what_it_tests():
    words = ("mock.patch", "monkeypatch.setattr", "import mock", "MagicMock")
    found = [
        shown(path)
        for path in sources("tests")
        if path != Path(__file__) and any(word in path.read_text("utf-8") for word in words)
    ]
    assert found == []


@pytest.mark.parametrize("package", ["resources", "sensors"])
def test_the_generic_top_level_names_are_ours(package: str):
    code = f"import {package}; print({package}.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()) == REPOSITORY / package / "__init__.py"


def test_importing_every_pure_module_loads_neither_dagster_nor_anything_heavy():
    names = [shown(path).removesuffix(".py").replace("/", ".") for path in pure_modules()]
    modules = sorted(name.removesuffix(".__init__") for name in names)
    code = (
        "import sys\nfrom importlib import import_module\n"
        f"for name in {modules!r}: import_module(name)\n"
        f"print(sorted({HEAVY | {'dagster', 'openai'}!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
