import json
import signal
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from forgemind_assets.errors import TrainingError
from forgemind_assets.forge import adapter
from forgemind_assets.forge.batching import Kin
from forgemind_assets.forge.manifest import read_manifest
from forgemind_assets.forge.training import train
from forgemind_assets.forge.weights import folder_hash, load_base
from forgemind_assets.home import REPOSITORY
from forgemind_assets.records import TrainSettings

SETTINGS = TrainSettings(
    learning_rate=5e-3, epochs=3, rank=4, alpha=8, batch_size=6, precision="fp32"
)


class Killed(BaseException):
    """Stands for the end of the process."""


def run(tiny_base, rows, tmp_path, settings=SETTINGS, *, name="run", **options):
    return train(
        rows,
        settings,
        tiny_base,
        tmp_path / name / "out",
        tmp_path / name / "work",
        device="cpu",
        **options,
    )


def weights(result):
    return load_file(result.adapter / "adapter_model.safetensors")


def killed_after(step):
    def progress(now):
        if now.step == step:
            raise Killed

    return progress


def assert_identical(one, two):
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_training_lowers_the_loss_and_leaves_a_complete_folder(tiny_base, tiny_rows, tmp_path):
    seen = []
    result = run(
        tiny_base,
        tiny_rows,
        tmp_path,
        dev_rows=tiny_rows[:4],
        on_progress=seen.append,
        base_name="tiny",
        dataset_version="v1",
        dollars_per_hour=3600.0,
    )
    facts = read_manifest(result.adapter)
    assert [now.step for now in seen] == list(range(1, 13))
    assert facts["losses"][-1][1] < 0.7 * facts["losses"][0][1]
    assert len(facts["dev_losses"]) == 3
    assert facts["base"] == {"name": "tiny", "sha256": folder_hash(tiny_base)}
    assert facts["dataset_version"] == "v1"
    assert facts["settings"] == SETTINGS.model_dump()
    assert facts["tokens"] == result.tokens > 0
    assert facts["dollars"] == pytest.approx(result.seconds)
    assert facts["packages"]["torch"]
    assert facts["hardware"]["device"] == "cpu"
    names = {path.name for path in result.adapter.iterdir()}
    assert names == {
        "adapter_model.safetensors",
        "adapter_config.json",
        "manifest.json",
        "loss_curve.png",
    }
    config = json.loads((result.adapter / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "tiny"


def test_peft_loads_the_adapter_and_it_predicts_the_answers(tiny_base, tiny_rows, tmp_path):
    from forgemind_assets.forge.encoding import encode_rows
    from forgemind_assets.forge.engine import PeftEngine

    result = run(tiny_base, tiny_rows, tmp_path, dev_rows=tiny_rows)
    model, tokenizer = load_base(tiny_base, precision="fp32", device="cpu")
    loaded = adapter.load(model, result.adapter)
    rows = encode_rows(tokenizer, tiny_rows, max_length=512).rows
    loss = PeftEngine(loaded, device="cpu", precision="fp32").loss_sum(rows)
    labels = sum(len(row.ids) - row.label_start for row in rows)
    assert loss / labels == pytest.approx(result.dev_loss, rel=1e-4)


@pytest.mark.parametrize("dropout", [0.0, 0.2], ids=["by hand", "through peft, with dropout"])
def test_a_killed_and_resumed_run_ends_with_bit_identical_weights(
    tiny_base, tiny_rows, tmp_path, dropout
):
    settings = SETTINGS.model_copy(update={"dropout": dropout})
    whole = run(tiny_base, tiny_rows, tmp_path, settings, name="whole")
    assert whole.resumed_at is None
    for step in (5, 8):
        with pytest.raises(Killed):
            run(
                tiny_base,
                tiny_rows,
                tmp_path,
                settings,
                on_progress=killed_after(step),
                checkpoint_seconds=0,
            )
    resumed = run(tiny_base, tiny_rows, tmp_path, settings)
    assert resumed.resumed_at == 8
    assert_identical(weights(whole), weights(resumed))
    losses = [read_manifest(result.adapter)["losses"] for result in (whole, resumed)]
    assert losses[0] == losses[1]


def test_work_since_the_last_checkpoint_is_done_again_to_the_same_end(
    tiny_base, tiny_rows, tmp_path
):
    whole = run(tiny_base, tiny_rows, tmp_path, name="whole")
    with pytest.raises(Killed):
        run(
            tiny_base,
            tiny_rows,
            tmp_path,
            on_progress=killed_after(3),
            checkpoint_seconds=0,
        )
    with pytest.raises(Killed):
        run(tiny_base, tiny_rows, tmp_path, on_progress=killed_after(7))
    resumed = run(tiny_base, tiny_rows, tmp_path)
    assert resumed.resumed_at == 3
    assert_identical(weights(whole), weights(resumed))


def test_a_run_killed_while_publishing_publishes_again_without_training(
    tiny_base, tiny_rows, tmp_path
):
    first = run(tiny_base, tiny_rows, tmp_path)
    before = weights(first)
    (first.adapter / "manifest.json").unlink()
    again = run(tiny_base, tiny_rows, tmp_path)
    assert again.resumed_at == again.steps == 12
    assert_identical(before, weights(again))


def test_a_checkpoint_of_other_rows_is_not_continued(tiny_base, tiny_rows, tmp_path):
    run(tiny_base, tiny_rows, tmp_path)
    assert run(tiny_base, tiny_rows[:-1], tmp_path).resumed_at is None


def test_the_seed_decides_the_adapter(tiny_base, tiny_rows, tmp_path):
    other = SETTINGS.model_copy(update={"seed": 1})
    results = [
        run(tiny_base, tiny_rows, tmp_path, settings, name=name)
        for name, settings in [("a", SETTINGS), ("b", SETTINGS), ("c", other)]
    ]
    assert_identical(weights(results[0]), weights(results[1]))
    name = next(iter(weights(results[0])))
    assert not torch.equal(weights(results[0])[name], weights(results[2])[name])


def test_a_run_continues_from_an_earlier_adapter(tiny_base, tiny_rows, tmp_path):
    first = run(tiny_base, tiny_rows, tmp_path, name="first")
    second = run(tiny_base, tiny_rows, tmp_path, name="second", start_adapter=first.adapter)
    losses = [read_manifest(result.adapter)["losses"] for result in (first, second)]
    assert losses[1][0][1] < 0.7 * losses[0][0][1]


def test_an_adapter_of_another_rank_is_refused(tiny_base, tiny_rows, tmp_path):
    first = run(tiny_base, tiny_rows, tmp_path, name="first")
    wider = SETTINGS.model_copy(update={"rank": 8})
    with pytest.raises(TrainingError, match="has rank 4, the settings say 8"):
        run(tiny_base, tiny_rows, tmp_path, wider, start_adapter=first.adapter)


def test_a_time_limit_shortens_the_plan_and_the_rate_still_falls_to_zero(
    tiny_base, tiny_rows, tmp_path
):
    settings = SETTINGS.model_copy(update={"epochs": 100.0, "batch_size": 1, "max_seconds": 2.0})
    seen = []
    result = run(tiny_base, tiny_rows, tmp_path, settings, on_progress=seen.append)
    assert result.stopped == "max_seconds"
    assert 8 < result.steps < result.planned_steps == 2400
    assert result.seconds < 4.0
    assert seen[-1].learning_rate < 0.5 * settings.learning_rate
    assert read_manifest(result.adapter)["shortened_to_steps"] >= result.steps


def test_early_stopping_keeps_the_adapter_with_the_lowest_dev_loss(tiny_base, tiny_rows, tmp_path):
    settings = SETTINGS.model_copy(
        update={"learning_rate": 0.05, "epochs": 40.0, "early_stop_patience": 2}
    )
    dev = [(messages, "no") for messages, _ in tiny_rows[:4]]
    result = run(tiny_base, tiny_rows, tmp_path, settings, dev_rows=dev)
    facts = read_manifest(result.adapter)
    assert result.stopped == "early_stop"
    assert result.steps < result.planned_steps
    assert facts["best_dev_loss"] == min(loss for _, loss in facts["dev_losses"])
    model, tokenizer = load_base(tiny_base, precision="fp32", device="cpu")
    from forgemind_assets.forge.encoding import encode_rows
    from forgemind_assets.forge.engine import PeftEngine

    loaded = adapter.load(model, result.adapter)
    rows = encode_rows(tokenizer, dev, max_length=512).rows
    loss = PeftEngine(loaded, device="cpu", precision="fp32").loss_sum(rows)
    labels = sum(len(row.ids) - row.label_start for row in rows)
    assert loss / labels == pytest.approx(facts["best_dev_loss"], rel=1e-4)


def test_early_stopping_without_dev_rows_is_refused_not_ignored(tiny_base, tiny_rows, tmp_path):
    settings = SETTINGS.model_copy(update={"early_stop_patience": 2})
    with pytest.raises(TrainingError, match="early_stop_patience=2 needs dev rows"):
        run(tiny_base, tiny_rows, tmp_path, settings)


def test_rows_that_are_all_too_long_are_an_error_with_the_numbers(tiny_base, tiny_rows, tmp_path):
    settings = SETTINGS.model_copy(update={"max_length": 32})
    with pytest.raises(TrainingError, match="24 given, 24 of them longer than max_length=32"):
        run(tiny_base, tiny_rows, tmp_path, settings)


def test_a_loss_that_is_not_finite_stops_the_run(tiny_base, tiny_rows, tmp_path):
    model, tokenizer = load_base(tiny_base, precision="fp32", device="cpu")
    with torch.no_grad():
        model.model.norm.weight.fill_(float("nan"))
    model.save_pretrained(tmp_path / "broken")
    tokenizer.save_pretrained(tmp_path / "broken")
    with pytest.raises(TrainingError, match=r"loss nan .* at step 1 of 12"):
        run(tmp_path / "broken", tiny_rows, tmp_path)


KILLED_RUN = """
import json, os, signal, sys
from pathlib import Path
import torch
from forgemind_assets.forge.training import train
from forgemind_assets.records import TrainSettings

base, rows, settings, folder = sys.argv[1:]
torch.set_num_threads(1)
train(
    json.loads(rows),
    TrainSettings.model_validate_json(settings),
    Path(base),
    Path(folder, "out"),
    Path(folder, "work"),
    device="cpu",
    checkpoint_seconds=0,
    on_progress=lambda now: now.step == 7 and os.kill(os.getpid(), signal.SIGKILL),
)
"""


@pytest.mark.slow
def test_a_run_ended_by_sigkill_goes_on_in_another_process(tiny_base, tiny_rows, tmp_path):
    whole = run(tiny_base, tiny_rows, tmp_path, name="whole")
    arguments = [str(tiny_base), json.dumps(tiny_rows), SETTINGS.model_dump_json()]
    done = subprocess.run(
        [sys.executable, "-c", KILLED_RUN, *arguments, str(tmp_path / "run")],
        cwd=REPOSITORY,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "run" / "out").exists()
    resumed = run(tiny_base, tiny_rows, tmp_path)
    assert resumed.resumed_at == 7
    assert_identical(weights(whole), weights(resumed))


@pytest.mark.slow
def test_a_4_bit_base_trains_through_the_same_loop(tiny_base, tiny_rows, tmp_path):
    settings = SETTINGS.model_copy(update={"quantisation": "nf4", "epochs": 2.0})
    result = run(tiny_base, tiny_rows, tmp_path, settings)
    facts = read_manifest(result.adapter)
    assert facts["losses"][-1][1] < facts["losses"][0][1]
    assert facts["engine"] == "transformers"


def test_contrast_batches_change_the_order_and_refused_rows_leave_it(
    tiny_base, tiny_rows, tmp_path
):
    settings = SETTINGS.model_copy(update={"contrast_batches": True, "epochs": 1.0})
    with pytest.raises(TrainingError, match="contrast_batches needs the kin of each of"):
        run(tiny_base, tiny_rows, tmp_path, settings, name="none")
    long = ([{"role": "user", "content": "x" * 20_000}], "y")
    rows = [long, *tiny_rows]
    kin = [Kin("long", "a"), *(Kin(str(i // 2), "ab"[i % 2]) for i in range(len(tiny_rows)))]
    result = run(tiny_base, rows, tmp_path, settings, name="kin", kin=kin)
    assert (result.rows, result.refused_rows) == (len(tiny_rows), 1)
    other = [*kin[2:], Kin("last", "b")]
    shifted = run(tiny_base, tiny_rows, tmp_path, settings, name="other", kin=other)
    one, two = weights(result), weights(shifted)
    assert any(not torch.equal(one[name], two[name]) for name in one)
