import pytest
from safetensors.torch import load_file

from forgemind_assets.forge.manifest import read_manifest
from forgemind_assets.forge.training import Race, train
from forgemind_assets.records import TrainSettings

SETTINGS = TrainSettings(
    learning_rate=5e-3, epochs=3, rank=4, alpha=8, batch_size=6, precision="fp32"
)  # of 18 rows: 9 steps
STAYS = ("", "")


def run(base, rows, folder, judge=None, shares=(0.25, 0.5), **changes):
    race = Race(shares, rows[18:], judge, {}) if judge else None
    settings = SETTINGS.model_copy(update=changes)
    return train(
        rows[:18], settings, base, folder / "out", folder / "work", device="cpu", race=race
    )


def test_a_race_changes_no_weight_and_its_rungs_are_recorded(tiny_base, tiny_rows, tmp_path):
    asked = []

    def judge(share, loss):
        asked.append((share, loss))
        return STAYS

    raced = run(tiny_base, tiny_rows, tmp_path / "raced", judge, dropout=0.1)
    alone = run(tiny_base, tiny_rows, tmp_path / "alone", dropout=0.1)
    one, two = (load_file(r.adapter / "adapter_model.safetensors") for r in (raced, alone))
    assert all(one[name].equal(two[name]) for name in two)
    assert [share for share, _ in asked] == [0.25, 0.5]
    assert asked[0][1] > asked[1][1] > 0
    assert raced.rungs == tuple(asked)
    assert read_manifest(raced.adapter)["rungs"] == [list(rung) for rung in asked]
    assert "rungs" not in read_manifest(alone.adapter), "alone, nothing is different"


def test_one_that_cannot_win_ends_at_the_rung_with_the_reason(tiny_base, tiny_rows, tmp_path):
    result = run(tiny_base, tiny_rows, tmp_path, lambda share, _: ("a", f"cannot win at {share}"))
    assert (result.stopped, result.steps, result.planned_steps) == ("cannot_win", 3, 9)
    assert (result.beaten_by, result.cannot_win) == ("a", "cannot win at 0.25")
    assert read_manifest(result.adapter)["cannot_win"] == "cannot win at 0.25"


@pytest.mark.parametrize("still_beaten", [True, False])
def test_run_again_it_is_judged_by_who_is_in_the_race_now(
    tiny_base, tiny_rows, tmp_path, still_beaten
):
    beaten = ("a", "cannot win")
    run(tiny_base, tiny_rows, tmp_path, lambda share, loss: beaten)
    again = run(tiny_base, tiny_rows, tmp_path, lambda s, loss: beaten if still_beaten else STAYS)
    assert again.steps == (3 if still_beaten else 9)
    assert [share for share, _ in again.rungs] == ([0.25] if still_beaten else [0.25, 0.5])


def test_a_plan_too_short_for_its_rungs_is_judged_at_the_later_one(tiny_base, tiny_rows, tmp_path):
    asked = []
    run(tiny_base, tiny_rows, tmp_path, lambda s, loss: asked.append(s) or STAYS, epochs=2 / 3)
    assert asked == [0.5]


def test_after_the_last_step_it_is_judged_once_more_where_the_end_is_a_rung(
    tiny_base, tiny_rows, tmp_path
):
    asked = []

    def judge(share, loss):
        asked.append((share, loss))
        return ("a", "cannot win at the end") if share == 1 else STAYS

    ended = run(tiny_base, tiny_rows, tmp_path, judge, shares=(0.25, 0.5, 1.0))
    assert [share for share, _ in asked] == [0.25, 0.5, 1.0]
    assert (ended.stopped, ended.steps) == ("finished", 9), "it is trained to its end all the same"
    assert (ended.beaten_by, ended.cannot_win) == ("a", "cannot win at the end")
    again = run(tiny_base, tiny_rows, tmp_path, lambda s, loss: STAYS, shares=(0.25, 0.5, 1.0))
    assert again.cannot_win == "", "who was ahead has left the race since"
    assert again.rungs == tuple(asked)
