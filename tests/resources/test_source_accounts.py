"""What the Brain reads of the sources: sums over the iterations, and effects measured on dev."""

import pytest

from forgemind_assets.brain.data_budget import effect_factor
from forgemind_assets.foundry.accounts import SliceSource, SourceAccount
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.records import DataSettings, Plan, TestResult, TrialSettings
from forgemind_assets.trial_grounds.report import summarise, write_report
from resources.history import read_sources
from resources.source_accounts import sources_so_far

GOAL, SLICES, CASES = "g", ("x", "y"), 20
PAIRS = "teacher_pairs"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def publish_dev(store, key, passed):
    results = [
        TestResult(
            case_id=f"{name}{n}",
            family=f"{name}{n}",
            slice=name,
            prompt="p",
            answer="a",
            passed=n < passed[name],
            reason="r",
        )
        for name in SLICES
        for n in range(CASES)
    ]
    report = summarise(
        results,
        goal=GOAL,
        suite="dev",
        suite_hash="h",
        model=key,
        model_hash="m",
        prompt_variant="short",
        constant=("a", 0.1),
    )
    with store.publish(GOAL, "canary_report", f"{key}-a", {}) as folder:
        write_report(report, results, folder)


def accounts(kept):
    taught = [
        SourceAccount(strategy=PAIRS, teacher=name, asked=10, kept=count, dollars=0.5, seconds=20.0)
        for name, count in kept.items()
    ]
    return [*taught, SourceAccount(strategy="seed_expansion", rows=90, kept=90)]


def publish(store, number, lucky=None):
    """An iteration whose rows of the slice `lucky` come from one teacher, the others' from two."""
    key = f"{number:04d}"
    plan = Plan(
        iteration=key,
        hypothesis="h",
        expected_effect="e",
        data=DataSettings() if lucky else None,
        trials=(TrialSettings(name="a"),),
    )
    with store.publish(GOAL, "plan", key, {}) as folder:
        (folder / "plan.json").write_text(plan.model_dump_json())
    if lucky is None:
        return
    made = accounts({"good": 10, "bad": 6})
    with store.publish(GOAL, "raw_dataset", key, {"accounts": [a.model_dump() for a in made]}):
        pass
    sources = [
        SliceSource(slice=name, strategy=PAIRS, teacher=teacher, kept=count)
        for name in SLICES
        for teacher, count in (
            ("good", 8 if name == lucky else 2),
            ("bad", 2 if name == lucky else 4),
        )
    ]
    meta = {
        "accounts": [one.model_dump() for one in made],
        "slice_sources": [one.model_dump() for one in sources],
        "sources_so_far": sources_so_far(store, GOAL, key, made),
    }
    with store.publish(GOAL, "filtered_dataset", key, meta):
        pass


def test_asked_kept_and_cost_are_summed_over_the_iterations_up_to_this_one(store):
    for number in (1, 2, 3):
        publish(store, number, "x")
    found = {one.teacher: one for one in read_sources(GOAL, store, "0002")}
    assert set(found) == {"good", "bad"}
    good = found["good"]
    assert (good.asked, good.kept, good.dollars, good.seconds) == (20, 20, 1.0, 40.0)
    assert (good.effect_low, good.effect_high) == (None, None)
    assert read_sources(GOAL, store, "0003")[0].asked == 30
    assert read_sources(GOAL, store, "0004") == ()


def test_an_effect_that_is_measured_on_dev_reaches_the_budget(store):
    passed = {"x": 4, "y": 4}
    publish(store, 0)
    publish_dev(store, "0000", passed)
    for number in range(1, 7):
        lucky = SLICES[number % 2]
        publish(store, number, lucky)
        passed[lucky] += 3
        publish_dev(store, f"{number:04d}", passed)
    found = {one.teacher: one for one in read_sources(GOAL, store, "0006")}
    assert found["good"].effect_low > 0
    assert found["bad"].effect_high < 0
    assert effect_factor(found["good"]) > 1 > effect_factor(found["bad"])
