"""What filters are given: models on demand, and the rows that earlier iterations kept."""

from foundry_cases import SEEDS, row, small_goal

from forgemind_assets.foundry.filters.near_duplicates import NearDuplicates
from forgemind_assets.foundry.filters.registry import near_shape
from resources.filter_equipment import open_equipment, remember
from resources.workshop import Workshop


def judged(goal, workshop, iteration, rows):
    with open_equipment(goal, workshop, iteration) as equipment:
        return NearDuplicates(near_shape(goal), equipment.earlier).judge(rows)


def test_rows_that_an_earlier_iteration_kept_count_where_the_goal_says_so(tmp_path):
    goal = small_goal(tmp_path)
    filters = goal.spec.filters.model_copy(update={"near_duplicates_of_earlier": True})
    goal = goal.model_copy(update={"spec": goal.spec.model_copy(update={"filters": filters})})
    workshop = Workshop(home_root=str(tmp_path / "home"), models_root=str(tmp_path / "models"))
    rows = [row(seed.input) for seed in SEEDS]
    assert judged(goal, workshop, "0001", rows) == [None] * len(rows)
    remember(goal, workshop, "0001", rows[:3])
    again = judged(goal, workshop, "0002", rows)
    assert again == ["near_earlier_row"] * 3 + [None] * (len(rows) - 3)
    assert judged(goal, workshop, "0001", rows) == [None] * len(rows)  # the same work done again


def test_without_the_option_nothing_is_looked_up_or_written(tmp_path):
    goal = small_goal(tmp_path)
    workshop = Workshop(home_root=str(tmp_path / "home"), models_root=str(tmp_path / "models"))
    with open_equipment(goal, workshop, "0001") as equipment:
        assert equipment.earlier is None
    remember(goal, workshop, "0001", [row("x = 1\n")])
    assert not list((tmp_path / "home").rglob("near_duplicates.sqlite"))
