"""Evaluation speed against a loop of single `model.generate` calls: same prompts, same answers.

Cases per second, loading left out. The adapter is trained here for a few steps, so that answers
have the form and length of real ones. In fp32 every answer must be equal.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]

import bench_rows  # noqa: E402
from training import base_folder, settings_for  # noqa: E402

LIMIT = 40
PRECISIONS = ("bf16", "fp32")


def single(model, tokenizer, prompts) -> tuple[dict[int, str], float]:
    """Answers of one `generate` call a prompt, and seconds."""
    import torch

    from forgemind_assets.forge.encoding import prompt_ids

    answers, started = {}, time.perf_counter()
    for index, prompt in enumerate(prompts):
        ids = torch.tensor([prompt_ids(tokenizer, prompt)])
        mask = torch.ones_like(ids)
        out = model.generate(
            input_ids=ids, attention_mask=mask, max_new_tokens=LIMIT, do_sample=False
        )
        text = tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
        answers[index] = text.strip()
    return answers, time.perf_counter() - started


def batched(model, tokenizer, prompts) -> tuple[dict[int, str], float]:
    """Answers of our batched generation, and seconds."""
    from forgemind_assets.forge.inference import generate

    started = time.perf_counter()
    answers = dict(generate(model, tokenizer, prompts, max_new_tokens=LIMIT))
    return answers, time.perf_counter() - started


def measure(adapter: Path, precision: str, prompts: list, alone: int) -> dict[str, float]:
    """Cases per second of both sides, and the share of equal answers."""
    from forgemind_assets.forge.inference import merge_and_load

    model, tokenizer = merge_and_load(base_folder(), adapter, precision=precision, device="cpu")
    batched(model, tokenizer, prompts[:16])
    ours, seconds = batched(model, tokenizer, prompts)
    theirs, their_seconds = single(model, tokenizer, prompts[:alone])
    again, more_seconds = batched(model, tokenizer, prompts)
    if again != ours:
        raise SystemExit("two runs over the same prompts gave different answers")
    return {
        "cases_per_second": 2 * len(prompts) / (seconds + more_seconds),
        "single_cases_per_second": alone / their_seconds,
        "equal_answers": sum(ours[i] == theirs[i] for i in theirs) / alone,
    }


def main() -> None:
    """Prints the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=160)
    parser.add_argument("--alone", type=int, default=40, help="prompts of the single loop")
    given = parser.parse_args()
    from forgemind_assets.forge.training import train

    rows = bench_rows.rows(given.cases)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        settings = settings_for(16).model_copy(update={"epochs": 2.0})
        train(rows, settings, base_folder(), out / "adapter", out / "work")
        prompts = [messages for messages, _ in rows]
        found = {p: measure(out / "adapter", p, prompts, given.alone) for p in PRECISIONS}
    if found["fp32"]["equal_answers"] < 1:
        raise SystemExit(f"fp32 answers differ: {json.dumps(found)}")
    chosen = found["bf16"]
    result = {
        "name": "evaluation",
        "value": round(chosen["cases_per_second"] / chosen["single_cases_per_second"], 2),
        "unit": "times the cases/s of single generate calls, bf16",
        "higher_is_better": True,
        "peers": {"single_generate": round(chosen["single_cases_per_second"], 2)},
        "details": found,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
