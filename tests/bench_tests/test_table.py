import dataclasses

import pytest
import table_earlier
import table_make
import table_task
from fakes.tiny_model import write_tiny_model

from forgemind_assets.errors import TrainingError
from forgemind_assets.forge import adapter
from forgemind_assets.forge.encoding import Encoded
from forgemind_assets.forge.weights import load_base
from forgemind_assets.records import TrainSettings


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "base", embedding_scale=25.0)


@pytest.fixture
def tiny(monkeypatch, base):
    monkeypatch.setenv("FORGEMIND_TEST_BASE", str(base))
    return base


def test_the_design_is_the_same_at_every_call_and_within_its_ranges():
    drawn = table_make.design()
    assert drawn == table_make.design()
    assert len({str(dials) for dials in drawn}) == len(drawn) >= 100
    for dials in drawn:
        assert table_make.LEARNING_RATES[0] <= dials["learning_rate"] <= 3e-2
        table_make.settings_of(dials)


def test_a_shorter_design_is_the_beginning_of_a_longer_one():
    assert table_make.design(16) == table_make.design(32)[:16]


@pytest.mark.parametrize("load", [table_task.load_task, table_task.load_earlier_task])
def test_a_task_has_no_family_on_both_sides_and_each_risk_and_answer_as_often(load):
    task = load()
    families = [{seed.family for seed in side} for side in (task.train, task.held)]
    assert families[0].isdisjoint(families[1])
    for side in (task.train, task.held):
        answers = [task.question.answer(seed) for seed in side]
        assert len({answers.count(answer) for answer in answers}) == 1
        assert all(seed.id.startswith("seed-") for seed in side)


def greedy(model, prompt, count):
    import torch

    ids = list(prompt)
    for _ in range(count):
        with torch.no_grad():
            ids.append(int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    return ids


def test_the_judge_finds_what_greedy_decoding_says_and_each_token_that_differs(base):
    model, _ = load_base(base, precision="fp32", device="cpu")
    wrapped = adapter.attach(model, TrainSettings(rank=4, alpha=8))
    prompts = [[5, 9, 13], [7, 7, 30, 41, 60], [100, 3]]
    said = [greedy(wrapped, prompt, 6) for prompt in prompts]
    rows = [Encoded(tuple(ids), len(p)) for ids, p in zip(said, prompts, strict=True)]
    _, hits = table_task.judge(wrapped, rows, "cpu", "fp32")
    assert hits == [[True] * 6] * 3
    other = list(said[1])
    other[-1] = (other[-1] + 1) % 300
    _, hits = table_task.judge(wrapped, [rows[0], Encoded(tuple(other), 5)], "cpu", "fp32")
    assert hits == [[True] * 6, [True] * 5 + [False]]


def test_a_table_goes_on_where_it_stopped_and_keeps_what_is_there(tmp_path, tiny, capsys):
    out = tmp_path / "table.parquet"
    whole = table_task.load_task()
    task = dataclasses.replace(whole, train=whole.train[:8], held=whole.held[:6])
    table_make.make(out, 1, None, "fp32", task)
    first, facts = table_make.read(out)
    table_make.make(out, 2, None, "fp32", task)
    both, _ = table_make.read(out)
    assert [row["config"] for row in both] == [0, 1]
    assert both[0] == first[0]
    assert facts["held_cases"] == len(both[1]["right"]) == 6
    for row in both:
        assert row["shares"][-1] == 1
        assert row["pass_rates"][-1] == sum(row["right"]) / 6
        assert row["steps"] == sorted(row["steps"])
        assert row["cpu_seconds"] > 0
    assert [p.name for p in tmp_path.iterdir()] == ["table.parquet"]
    assert capsys.readouterr().out.count("configuration 0") == 1


def test_the_earlier_goal_is_other_code_and_its_trials_follow_from_one_another(
    tmp_path, tiny, capsys
):
    task, table = table_task.load_earlier_task(), table_task.load_task()
    families = [{s.family for s in (*of.train, *of.held)} for of in (task, table)]
    assert families[0].isdisjoint(families[1])
    small = dataclasses.replace(task, train=task.train[:8], held=task.held[:4])
    out = tmp_path / "earlier.parquet"
    table_make.make(out, 2, None, "fp32", small, table_earlier.searched)
    rows, _ = table_make.read(out)
    first, second = table_earlier.as_past(rows, "earlier")
    assert first.values == table_earlier.space().centre
    assert second.values == {**second.values, **table_earlier.searched(1, rows[:1])}
    assert first.values != second.values
    assert {first.goal, second.goal} == {"earlier"}


def test_rows_of_another_task_are_not_mixed_in(tmp_path):
    with pytest.raises(SystemExit, match="made with another base_sha256"):
        now = dict.fromkeys(("task_sha256", "base_sha256", "precision", "design_seed"), "x")
        table_make.refuse_other(now | {"base_sha256": "y"}, now, tmp_path / "t.parquet")


class BreaksAtTheSecondStep(table_task.TrainingRun):
    """A training whose loss stops being finite."""

    def _step(self):
        if self.position.step == 1:
            raise TrainingError("loss nan at step 2")
        return super()._step()


def test_a_training_that_breaks_is_a_row_that_says_so(tmp_path, tiny):
    whole = table_task.load_task()
    task = dataclasses.replace(whole, train=whole.train[:8], held=whole.held[:4])
    bed = table_task.Bed(tiny, task, device="cpu", precision="fp32")
    settings = TrainSettings(batch_size=4, epochs=1)
    curve = bed.train(settings, tmp_path, kind=BreaksAtTheSecondStep)
    assert curve.failure == "loss nan at step 2"
    assert curve.shares == [0.5]
    assert curve.right == []
