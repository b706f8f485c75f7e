"""`forgemind fork` on a goal with two concluded iterations: what the new line is and knows."""

import json
import multiprocessing
import shutil

import dagster as dg
import pytest
from fakes.forks import at, build_history, contents, fork_and_die
from fakes.installation import Installation, forgemind

from forgemind_assets.brain.decide import Prepare, decide
from forgemind_assets.factory import build_definitions
from forgemind_assets.goal_loading import load_goal
from resources.dashboard_data import Source
from resources.forks import read_fork
from resources.history import read_state
from resources.registrations import open_registrations

SETS = ("--set", "search.learning_rate=0.002", "--set", "search.rows=48")
LINE = "small_goal_fork_0001"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as environment:
        build_history(folder, environment)
    return folder


@pytest.fixture
def place(built, tmp_path, monkeypatch):
    """A copy of it that a test may spoil."""
    shutil.copytree(built, tmp_path / "copy", symlinks=True)
    with at(tmp_path / "copy", monkeypatch) as place:
        yield place


def fork(place, *more):
    done = forgemind(place, "fork", "GOAL", "--from", "1", "--json", *more)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def line_of(place, told) -> Installation:
    goal = load_goal(place.goal.folder / told["forked_from"]["file"])
    definitions = build_definitions([goal], place.workshop)
    return Installation(goal, place.workshop, definitions, place.instance)


def originals(place):
    """All that belongs to the original: its artefacts, its folder, its entries."""
    events = open_registrations(place.workshop.home).events("small_goal")
    spent = place.workshop.ledger().spent_by_scope("small_goal", "api")
    files = contents(place.workshop.store.root / "small_goal")
    folder = {k: v for k, v in contents(place.goal.folder).items() if "fork" not in k}
    return files, folder, events, spent


def test_the_new_line_has_the_same_past_and_goes_on_with_what_was_set(place):
    before = originals(place)
    told = fork(place, *SETS)
    line, store = line_of(place, told), place.workshop.store
    assert originals(place) == before
    assert (line.goal.name, told["made"]) == (LINE, True)
    assert line.goal.spec.search.learning_rate == 0.002
    assert line.goal.spec.limits == place.goal.spec.limits

    old = read_state(place.goal, place.instance, place.workshop, before="0002")
    new = read_state(line.goal, place.instance, place.workshop)
    assert [it.key for it in new.iterations] == ["0000", "0001"]
    for one, other in zip(old.iterations, new.iterations, strict=True):
        same = {"plan", "champion", "champion_full", "leader", "hours", "yields", "rows_kept"}
        assert one.model_dump(include=same) == other.model_dump(include=same)
        assert [t.full for t in one.trials.values()] == [t.full for t in other.trials.values()]
    assert new.hours_used == old.hours_used
    assert new.api_dollars == 0.25, "what was paid up to 0001, of 0.5 in all"

    decision = decide(line.goal.spec, new)
    assert isinstance(decision, Prepare)
    assert decision.plan.model_dump(mode="json") == told["next_plan"]
    assert decision.plan.iteration == "0002"
    assert decision.plan.hypothesis.startswith(
        "Forked from small_goal 0001 with search.learning_rate 0.002, search.rows 48. "
    )
    assert decision.plan.data.rows == 48
    training = decision.plan.trials[0].training
    assert (training.learning_rate, training.start_from) == (0.002, "0001-a")

    for asset in ("plan", "raw_dataset", "filtered_dataset", "champion"):
        assert store.partitions(LINE, asset)[-1] == "0001"
        copy, source = (store.verify(name, asset, "0001") for name in (LINE, "small_goal"))
        assert copy.version == source.version
        assert copy.meta["forked_from"]["goal"] == "small_goal"
    assert store.partitions(LINE, "adapter") == ["0000-a", "0000-b", "0001-a"]
    entry = store.read_json(LINE, "registry_entry", "0001", "entry.json")
    assert (entry["version"], entry["promoted"]) == (None, False)
    assert open_registrations(place.workshop.home).events(LINE) == []


def test_dagster_shows_what_is_inherited(place):
    fork(place, *SETS)
    assert place.instance.get_dynamic_partitions(f"{LINE}__iteration") == ["0000", "0001"]
    wanted = dg.AssetRecordsFilter(
        asset_key=dg.AssetKey([LINE, "benchmark_report"]), asset_partitions=["0001-a"]
    )
    (record,) = place.instance.fetch_materializations(wanted, limit=5).records
    shown = record.asset_materialization
    assert shown.metadata["inherited_from"].value == "small_goal 0001-a"
    version = place.workshop.store.manifest(LINE, "benchmark_report", "0001-a").version
    assert shown.tags["dagster/data_version"] == version


def test_the_contract_keeps_comments_and_says_where_it_comes_from(place):
    file = place.goal.folder / "goal.yaml"
    text = file.read_text().replace("search:\n", "# Why these.\nsearch:\n")
    file.write_text(text)
    told = fork(place, *SETS, "--name", "other_road")
    made = (place.goal.folder / "goal.other_road.yaml").read_text()
    assert "# Why these.\n" in made
    assert made.startswith("# Forked from small_goal 0001 with search.learning_rate 0.002")
    assert told["next_command"].endswith("goal.other_road.yaml")


def test_a_dry_run_says_the_same_and_writes_nothing(place):
    before = contents(place.workshop.store.root), contents(place.goal.folder)
    told = fork(place, *SETS, "--dry-run")
    assert (contents(place.workshop.store.root), contents(place.goal.folder)) == before
    made = fork(place, *SETS)
    assert made.pop("made")
    assert not told.pop("made")
    assert made == told


def test_people_read_what_it_is(place):
    done = forgemind(place, "fork", "GOAL", "--from", "0001", *SETS)
    assert done.exit_code == 0, done.output
    assert f"{LINE} is a new line from small_goal 0001" in done.output
    assert "0.25 of $1.00 for APIs" in done.output
    assert "next       iteration 0002: Forked from small_goal 0001 with" in done.output
    assert "Go on with: forgemind run " in done.output


def test_the_same_again_is_done_already_and_another_gets_another_name(place):
    first = fork(place, *SETS)
    after = contents(place.workshop.store.root)
    again = fork(place, *SETS)
    assert (again["name"], again["already_there"]) == (LINE, True)
    assert contents(place.workshop.store.root) == after
    other = fork(place, "--set", "search.rows=30")
    assert (first["already_there"], other["name"]) == (False, f"{LINE}_2")
    (place.goal.folder / first["forked_from"]["file"]).unlink()
    assert fork(place, *SETS)["name"] == LINE, "killed before its last step"
    assert line_of(place, first).goal.name == LINE

    taken = forgemind(
        place, "fork", "GOAL", "--from", "1", "--set", "search.rows=7", "--name", LINE
    )
    assert taken.exit_code == 2
    assert f"expected a free name or the same fork again, found '{LINE}' taken" in taken.output


def test_all_mistakes_are_told_at_once_and_nothing_is_written(place):
    before = contents(place.workshop.home.store), contents(place.goal.folder)
    wrong = (
        "search.rows=many", "search.lerning_rate=1", "success.pass_rate=0.1",
        "limits.base_model=other", "policy.approval.promotion_to_stable=false", "rows",
    )  # fmt: skip
    options = [word for one in wrong for word in ("--set", one)]
    done = forgemind(place, "fork", "GOAL", "--from", "9", "--name", "../x", *options)
    assert done.exit_code == 2
    told = " ".join(done.output.split())
    line = (place.goal.folder / "goal.yaml").read_text().split("\n").index("  rows: 24") + 1
    for message in (
        f"goal.yaml:{line}: search.rows: expected a whole number, found 'many' (by --set)",
        "found the unknown key 'lerning_rate'; did you mean learning_rate?",
        "--set success.pass_rate: a fork may not change it: what counts as success",
        "--set limits.base_model: a fork may not change it: the inherited adapters fit",
        "--set policy.approval.promotion_to_stable: a fork may not change it",
        "--set rows: expected key=value such as search.learning_rate=0.002",
        "--from: expected a concluded iteration of small_goal: 0000, 0001, 0002; found '9'",
        "--name: expected small letters, digits and _, such as small_goal_b, found '../x'",
    ):
        assert message in told
    assert (contents(place.workshop.home.store), contents(place.goal.folder)) == before


def test_without_a_change_or_where_it_would_stop_at_once_it_is_refused(place):
    none = forgemind(place, "fork", "GOAL", "--from", "1")
    assert none.exit_code == 2
    assert "expected a change such as --set" in none.output
    spent = forgemind(place, "fork", "GOAL", "--from", "2", "--set", "limits.max_iterations=2")
    assert spent.exit_code == 2
    assert "limit reached: 2 of 2 iterations" in spent.output
    assert forgemind(place, "fork", "GOAL", "--from", "2", *SETS).exit_code == 0


@pytest.mark.parametrize(
    ("where", "calls"),
    [("copies", 0), ("copies", 9), ("add_dynamic_partitions", 1),
     ("report_runless_asset_event", 4)],
)  # fmt: skip
def test_killed_half_way_it_shows_nowhere_and_goes_on_when_asked_again(place, where, calls):
    before = originals(place)
    goal, sets = str(place.goal.folder), [SETS[1], SETS[3]]
    process = multiprocessing.get_context("spawn").Process(
        target=fork_and_die, args=(goal, sets, where, calls)
    )
    process.start()
    process.join()
    assert process.exitcode == -9
    assert read_fork(place.workshop.store, LINE) is None
    assert not list(place.goal.folder.glob("goal.fork*"))
    other = fork(place, "--set", "search.rows=31")
    assert other["name"] == f"{LINE}_2", "the name belongs to what was begun"

    told = fork(place, *SETS)
    assert (told["name"], told["already_there"]) == (LINE, False)
    store = place.workshop.store
    for asset, partitions in told["inherited"].items():
        assert store.partitions(LINE, asset) == partitions
        for partition in partitions:
            source = store.manifest("small_goal", asset, partition)
            assert store.verify(LINE, asset, partition).version == source.version
    assert not list(store.root.rglob(".tmp-*"))
    state = read_state(line_of(place, told).goal, place.instance, place.workshop)
    assert state.api_dollars == 0.25, "counted once"
    key = dg.AssetKey([LINE, "plan"])
    wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=["0001"])
    assert len(place.instance.fetch_materializations(wanted, limit=5).records) == 1
    assert originals(place) == before


def test_an_altered_original_is_not_inherited(place):
    folder = place.workshop.store.folder("small_goal", "filtered_dataset", "0001")
    (folder / "kept.parquet").write_bytes(b"other")
    done = forgemind(place, "fork", "GOAL", "--from", "1", *SETS)
    assert done.exit_code == 1
    assert "the filtered_dataset of small_goal, partition 0001, was altered" in done.output
    assert not list(place.goal.folder.glob("goal.fork*"))


def test_status_why_diff_and_the_dashboard_show_the_line(place):
    told = fork(place, *SETS)
    file = str(place.goal.folder / told["forked_from"]["file"])
    status = json.loads(forgemind(place, "status", file, "--json").stdout)[LINE]
    assert status["forked_from"]["iteration"] == "0001"
    assert [t["inherited_from"] for t in status["trials"]] == ["small_goal"] * 3
    shown = forgemind(place, "status", file).output
    assert f"{LINE} was forked from small_goal 0001 with search.learning_rate" in shown
    why = json.loads(forgemind(place, "why", file, "0001-a", "--json").stdout)
    assert why["facts"]["inherited_from"] == "small_goal 0001-a"
    diff = json.loads(forgemind(place, "diff", file, "0", "1", "--json").stdout)
    assert diff["rates"]["full"]["after"]["passed"] == 8
    page = Source(place.workshop.home, [line_of(place, told).goal]).goal(LINE)
    assert page.origin.startswith("forked from small_goal 0001 with")
    assert [line.trial for line in page.trials] == ["0000-a", "0000-b", "0001-a"]


def test_a_fork_can_be_forked(place):
    first = fork(place, *SETS)
    line = line_of(place, first)
    done = forgemind(
        line, "fork", str(line.goal.folder / line.goal.file), "--from", "1", "--set",
        "search.epochs=3", "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    second = line_of(place, json.loads(done.stdout))
    assert second.goal.name == f"{LINE}_fork_0001"
    assert second.goal.spec.search.learning_rate == 0.002
    fork_of = read_state(second.goal, place.instance, place.workshop).fork
    assert (fork_of.goal, fork_of.changed) == (LINE, {"search.epochs": 3})
