"""The ledger of effects: handed on beside the champion, and told by `forgemind why`."""

from fakes.goal_spec import spec_of

from forgemind_assets.brain.assets import effects_table
from forgemind_assets.brain.planner import first_plan
from forgemind_assets.brain.slice_effects import SliceRecord
from forgemind_assets.brain.state import State
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.trial_grounds.report import Rate
from resources import slice_ledger
from resources.lineage import Lineage
from resources.slice_ledger import SliceLedger, read_ledger

GOAL = "g"
LEDGER = SliceLedger(
    iterations=(
        SliceRecord(
            iteration="0001",
            own={"x": 100, "y": 100},
            rows={"x": 100, "y": 100},
            dev={"x": Rate(passed=48, total=80), "y": Rate(passed=5, total=10)},
        ),
        SliceRecord(
            iteration="0002",
            start_from="0001",
            own={"x": 50, "y": 150},
            rows={"x": 150, "y": 250},
            dev={"x": Rate(passed=56, total=70), "y": Rate(passed=5, total=10)},
        ),
    )
)


def concluded(store):
    for key in ("0001", "0002"):
        with store.publish(GOAL, "plan", key, {}) as folder:
            plan = first_plan(spec_of(), State(), key)
            (folder / "plan.json").write_text(plan.model_dump_json())
        with store.publish(GOAL, "champion", key, {}) as folder:
            (folder / "champion.json").write_text("{}")
            if key == "0002":
                (folder / slice_ledger.FILE).write_text(LEDGER.model_dump_json())


def test_a_ledger_is_read_as_written_and_an_iteration_from_before_has_none(tmp_path):
    store = Store(tmp_path / "store")
    concluded(store)
    assert read_ledger(store, GOAL, "0002") == LEDGER.iterations
    assert read_ledger(store, GOAL, "0001") == ()


def test_the_table_and_why_tell_what_the_rows_did_to_each_slice(tmp_path):
    home = Home(root=tmp_path, models=tmp_path / "models")
    concluded(Store(home.store))
    text = effects_table(LEDGER, "0002")
    assert "| x | 0001 | 50 | +20 (+5 to +33) |" in text
    assert effects_table(LEDGER, "0001") == "Nothing to compare with yet."
    steps = {step.what: step.facts for step in Lineage(home, GOAL).why("0002").steps}
    assert list(steps["slices of dev, against 0001"].items()) == [
        ("x", "+20 (+5 to +33) points with 50 more rows"),
        ("y", "+0 (-37 to +37) points with 150 more rows"),
    ]


def test_why_says_what_the_rows_were_expected_to_bring(tmp_path):
    home = Home(root=tmp_path, models=tmp_path / "models")
    store = Store(home.store)
    plan = first_plan(spec_of(), State(), "0001")
    for key, more in (("0001", {}), ("0002", {"rows_gain": (0.03, 0.01, 0.06)})):
        with store.publish(GOAL, "plan", key, {}) as folder:
            (folder / "plan.json").write_text(plan.model_copy(update=more).model_dump_json())
    assert "rows" not in Lineage(home, GOAL).why("0001").facts
    told = Lineage(home, GOAL).why("0002").facts["rows"]
    assert told == "The rows are expected to bring +3.0 points of dev (80 % interval 1.0 to 6.0)."
