"""Rows of earlier iterations that join in are judged again, under the policy of the day."""

import pytest
from fakes.datasets import publish_raw
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.foundry.filters.length import Length
from forgemind_assets.foundry.pipeline import Rejected, judge_again
from forgemind_assets.foundry.tables import read_rows, rejection_reasons, write_rows
from forgemind_assets.goal_terms import origins_of
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.records import DataSettings, Plan, Row
from forgemind_assets.warden.policy import GoalRule, Policy
from forgemind_assets.warden.screening import read_stages
from forgemind_assets.warden.terms import stated
from resources.data_room import make_filtered
from resources.lineage import Lineage
from resources.reviews import open_reviews
from resources.training_room import training_rows

CODE = """def depot(db, zebra_depot):
    return db.execute("SELECT name FROM depots WHERE id = ?", (zebra_depot,)).fetchone()
"""
SECOND = Plan(
    iteration="0002",
    hypothesis="more of the same",
    expected_effect="better",
    data=DataSettings(reuse_iterations=("0001",)),
    trials=(),
)
MARKED = Row.make(
    family="depot",
    slice="safe/CWE-89",
    input=CODE,
    expected={"cwe": "none", "line": None, "fix": None},
    strategy="by_hand",
)


@pytest.fixture
def published(tmp_path):
    """Two raw datasets, of which the first has a marked row and is filtered; the second's plan."""
    goal, workshop = publish_raw(tmp_path)
    publish_raw(tmp_path, "0002", seed=2)
    raw = workshop.store.folder(goal.name, "raw_dataset", "0001")
    rows = [*read_rows(raw / "rows.parquet"), *stated([MARKED], origins_of(goal.spec))]
    meta = workshop.store.manifest(goal.name, "raw_dataset", "0001").meta
    with workshop.store.publish(goal.name, "raw_dataset", "0001", meta) as folder:
        write_rows(rows, folder / "rows.parquet")
    make_filtered(goal, workshop, "0001")
    with workshop.store.publish(goal.name, "plan", "0002", {}) as folder:
        (folder / "plan.json").write_text(SECOND.model_dump_json())
    return goal, workshop


def tightened(goal, score):
    """The goal with a rule that the first iteration's marked row breaks."""
    rule = GoalRule(name="zebra", pattern="zebra_depot", score=score)
    spec = goal.spec.model_copy(update={"policy": Policy(rules=(rule,))})
    return goal.model_copy(update={"spec": spec})


def ids(rows):
    return [row.row_id for row in rows]


def kept_of(goal, workshop, key):
    return read_rows(workshop.store.folder(goal.name, "filtered_dataset", key) / "kept.parquet")


def test_under_the_same_policy_every_reused_row_is_trained_on(published):
    goal, workshop = published
    meta = make_filtered(goal, workshop, "0002")
    first = kept_of(goal, workshop, "0001")
    assert MARKED.row_id in ids(first)
    assert (meta["reused"]["rows_kept"], meta["reused"]["rows_rejected"]) == (len(first), 0)
    both = [*first, *kept_of(goal, workshop, "0002")]
    assert training_rows(goal.name, workshop.store, SECOND) == both


@pytest.mark.parametrize(("score", "word"), [(1.0, "forbidden"), (0.6, "quarantined")])
def test_a_policy_tightened_since_drops_the_reused_row_with_its_reason(published, score, word):
    goal, workshop = published
    meta = make_filtered(tightened(goal, score), workshop, "0002")
    first = kept_of(goal, workshop, "0001")
    trained = ids(training_rows(goal.name, workshop.store, SECOND))
    assert MARKED.row_id not in trained
    assert set(ids(first)) - {MARKED.row_id} <= set(trained)
    assert (meta["reused"]["rows_kept"], meta["reused"]["rows_rejected"]) == (len(first) - 1, 1)
    folder = workshop.store.folder(goal.name, "filtered_dataset", "0002")
    (told,) = rejection_reasons(folder / "reused_rejected.parquet")
    assert (told["stage"], told["reason"]) == ("safety", f"{word}_goal_rules_zebra")
    own = meta["rows_kept"] + meta["rows_rejected"]
    raw = workshop.store.folder(goal.name, "raw_dataset", "0002") / "rows.parquet"
    assert own == len(read_rows(raw)), "the iteration's own rows are counted apart"

    layers = read_stages(folder)["training_rows"]
    (rules,) = (layer for layer in layers if layer.layer == "goal_rules")
    assert dict(rules.subjects) == {"drop" if word == "forbidden" else "quarantine": 1}
    assert rules.passages >= 2 * (own + len(first)), "inputs and answers of both lots were judged"
    asked = open_reviews(workshop.home).state(goal.name)
    assert [one.question.kind for one in asked] == ["quarantined_rows"] * (word == "quarantined")
    lineage = Lineage(workshop.home, goal.name).why(MARKED.row_id)
    verdicts = {step.what: step.facts.get("verdict") for step in lineage.steps}
    assert verdicts["dataset 0001"] == "kept"
    assert verdicts["dataset 0002"] == f"rejected by safety: {word}_goal_rules_zebra"


def test_a_dataset_from_before_this_was_done_is_trained_on_as_it_was(published):
    goal, workshop = published
    make_filtered(goal, workshop, "0002")
    store = workshop.store
    second = kept_of(goal, workshop, "0002")
    with store.publish(goal.name, "filtered_dataset", "0002", {}) as folder:
        write_rows(second, folder / "kept.parquet")
    first = kept_of(goal, workshop, "0001")
    assert training_rows(goal.name, Store(store.root), SECOND) == [*first, *second]


def test_an_iteration_that_reuses_nothing_says_nothing_of_it(published):
    goal, workshop = published
    assert "reused" not in workshop.store.manifest(goal.name, "filtered_dataset", "0001").meta


class Drops:
    """An objecting stage that drops the rows of these numbers, by itself."""

    each = True

    def __init__(self, name, numbers):
        self.name, self._numbers = name, {str(n) for n in numbers}

    def judge(self, rows):
        return ["no" if row.input in self._numbers else None for row in rows]


NUMBERS = st.frozensets(st.integers(0, 7))


@given(st.integers(0, 8), NUMBERS, NUMBERS)
def test_kept_and_dropped_are_the_input_also_where_nothing_is_left(count, terms, safety):
    rows = [MARKED.model_copy(update={"input": str(n), "row_id": f"{n}"}) for n in range(count)]
    stages = [Drops("source_terms", terms), Length(10, 20), Drops("safety", safety)]
    result = judge_again(rows, stages)
    assert [stage.stage for stage in result.funnel] == ["source_terms", "safety"]
    assert sorted(ids([*result.kept, *(one.row for one in result.rejected)])) == sorted(ids(rows))
    assert set(ids(result.kept)) == set(ids(rows)) - {str(n) for n in terms | safety}
    assert all(isinstance(one, Rejected) and one.hidden for one in result.rejected)
