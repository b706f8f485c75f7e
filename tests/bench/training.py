"""Training speed against TRL's SFTTrainer: same model, rows, precision and rank.

Speed is real (unpadded) tokens per second over one epoch, loading left out, each run in a process
of its own, ours before and after the peers. The loss is compared in fp32 on the same batches with
the same adapter. Needs the base model's weights, and TRL in `.venv-peers`:

    python3 -m venv .venv-peers
    .venv-peers/bin/pip install trl==1.16.0 torch==2.13.0 transformers==5.23.* peft==0.21.*
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]

import bench_rows  # noqa: E402

from forgemind_assets.home import Home  # noqa: E402
from forgemind_assets.records import TrainSettings  # noqa: E402

PEERS = REPOSITORY / ".venv-peers" / "bin" / "python"
RANK, ALPHA = 16, 32


def base_folder() -> Path:
    """The clean base model: FORGEMIND_TEST_BASE, or the model cache."""
    given = os.environ.get("FORGEMIND_TEST_BASE")
    return Path(given or Home.from_environment().models / "smollm2-135m-instruct" / "clean")


def settings_for(batch_size: int) -> TrainSettings:
    """What both sides share, and the batch size."""
    return TrainSettings(rank=RANK, alpha=ALPHA, epochs=1, batch_size=batch_size)


def ours(batch_size: int) -> dict:
    """One epoch of our trainer."""
    from forgemind_assets.forge.training import train

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        result = train(
            bench_rows.rows(),
            settings_for(batch_size),
            base_folder(),
            out / "out",
            out / "work",
        )
    return {
        "tokens_per_second": result.tokens_per_second,
        "seconds": result.seconds,
        "batch_size": batch_size,
    }


def our_losses(adapter_folder: str) -> dict:
    """Loss of fixed batches in fp32 under a fixed adapter that is not at zero; saves it."""
    import torch

    from forgemind_assets.forge import adapter
    from forgemind_assets.forge.encoding import encode_rows
    from forgemind_assets.forge.llama_engine import LlamaEngine
    from forgemind_assets.forge.weights import load_base

    model, tokenizer = load_base(base_folder(), precision="fp32", device="cpu")
    rows = encode_rows(tokenizer, bench_rows.rows(), max_length=512).rows
    peft_model = adapter.attach(model, settings_for(16))
    generator = torch.Generator().manual_seed(0)
    for name, parameter in adapter.trainable(peft_model).items():
        if "lora_B" in name:
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.02
    adapter.export(peft_model, Path(adapter_folder), "base")
    engine = LlamaEngine(peft_model, device="cpu", precision="fp32", rows=rows)
    batches = [list(range(start, start + 8)) for start in (0, 40, 80, 120)]
    losses = []
    for batch in batches:
        chosen = [rows[i] for i in batch]
        labels = sum(len(row.ids) - row.label_start for row in chosen)
        losses.append(engine.loss_sum(chosen) / labels)
    return {
        "losses": losses,
        "batches": batches,
        "rows": [[list(row.ids), row.label_start] for row in rows],
    }


def in_a_process(*command: str) -> dict:
    """The JSON object that a process prints last."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def this(*arguments: str) -> dict:
    """This script in a process of its own."""
    return in_a_process(sys.executable, __file__, *arguments)


def compare(rounds: int) -> dict:
    """Runs both sides in turn."""
    with tempfile.TemporaryDirectory() as folder:
        adapter_folder, job_file = str(Path(folder) / "adapter"), Path(folder) / "job.json"
        exact = this("--losses", adapter_folder)
        job = {"base": str(base_folder()), "rows": exact["rows"], "rank": RANK, "alpha": ALPHA}

        def peer(**task: object) -> dict:
            job_file.write_text(json.dumps(job | task), encoding="utf-8")
            return in_a_process(
                str(PEERS), str(Path(__file__).parent / "peer_trl.py"), str(job_file)
            )

        theirs = peer(task="loss", adapter=adapter_folder, batches=exact["batches"])["losses"]
        gap = max(abs(a - b) for a, b in zip(exact["losses"], theirs, strict=True))
        runs = {"ours": [this("--ours", "16")], "ours_batch_8": [], "default": [], "bf16": []}
        for _ in range(rounds):
            runs["default"].append(peer(task="speed", dtype=None))
            runs["ours_batch_8"].append(this("--ours", "8"))
            runs["bf16"].append(peer(task="speed", dtype="bfloat16"))
            runs["ours"].append(this("--ours", "16"))
    speed = {k: statistics.median(r["tokens_per_second"] for r in v) for k, v in runs.items()}
    best = max(speed["default"], speed["bf16"])
    return {
        "name": "training",
        "value": round(speed["ours"] / best, 2),
        "unit": "times the real tokens/s of TRL SFTTrainer",
        "higher_is_better": True,
        "peers": {
            "trl_defaults": round(speed["default"], 1),
            "trl_defaults_bf16_weights": round(speed["bf16"], 1),
        },
        "details": {
            "tokens_per_second": round(speed["ours"], 1),
            "tokens_per_second_batch_8": round(speed["ours_batch_8"], 1),
            "fp32_loss_gap": gap,
            "fp32_losses": exact["losses"],
            "runs": {k: [round(r["tokens_per_second"], 1) for r in v] for k, v in runs.items()},
            "rows": len(exact["rows"]),
            "tokens_per_row": sum(len(ids) for ids, _ in exact["rows"]) / len(exact["rows"]),
        },
    }


def main() -> None:
    """Prints the measurement, or one side of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", type=int, metavar="BATCH")
    parser.add_argument("--losses", metavar="ADAPTER")
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    if given.ours:
        result = ours(given.ours)
    elif given.losses:
        result = our_losses(given.losses)
    else:
        if not PEERS.is_file():
            raise SystemExit(f"expected TRL in {PEERS.parents[1]}; see the head of this file")
        result = compare(given.rounds)
        if result["details"]["fp32_loss_gap"] > 1e-3:
            raise SystemExit(f"the losses differ: {json.dumps(result)}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
