"""TRL's SFTTrainer on given token rows. Runs in `.venv-peers`; prints one JSON object last.

Usage: peer_trl.py JOB.json, with the keys `task` (`speed` or `loss`), `base`, `rows`
([[ids, label_start], …]), `batches` ([[row, …], …], for `loss`), `adapter` (for `loss`),
`rank`, `alpha` and `dtype` (None: what TRL does by default).
"""

import json
import sys
import tempfile
import time
from pathlib import Path


def trainer_for(job, folder):
    import torch
    from datasets import Dataset
    from peft import LoraConfig, PeftModel
    from trl import SFTConfig, SFTTrainer

    rows = [
        {"input_ids": ids, "labels": [-100] * start + ids[start:]} for ids, start in job["rows"]
    ]
    options = {"output_dir": folder, "num_train_epochs": 1, "report_to": [], "seed": 0}
    options["use_cpu"] = not torch.cuda.is_available()  # bf16, TRL's default, is refused without
    lora = LoraConfig(
        r=job["rank"],
        lora_alpha=job["alpha"],
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    model = job["base"]
    if job["task"] == "loss":
        from transformers import AutoModelForCausalLM

        loaded = AutoModelForCausalLM.from_pretrained(job["base"], dtype=torch.float32)
        model, lora = PeftModel.from_pretrained(loaded, job["adapter"], is_trainable=True), None
        options["bf16"] = False
    elif job["dtype"]:
        options["model_init_kwargs"] = {"dtype": job["dtype"]}
    return SFTTrainer(
        model=model,
        args=SFTConfig(**options),
        train_dataset=Dataset.from_list(rows),
        peft_config=lora,
    )


def speed(job, folder):
    trainer = trainer_for(job, folder)
    tokens = sum(len(ids) for ids, _ in job["rows"])
    started = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - started
    return {
        "tokens_per_second": tokens / seconds,
        "seconds": seconds,
        "batch_size": trainer.args.per_device_train_batch_size,
    }


def losses(job, folder):
    import torch

    trainer = trainer_for(job, folder)
    trainer.model.eval()
    dataset, found = trainer.train_dataset, []
    with torch.no_grad():
        for batch in job["batches"]:
            inputs = trainer.data_collator([dataset[i] for i in batch])
            found.append(float(trainer.compute_loss(trainer.model, inputs)))
    return {"losses": found}


def main():
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        result = losses(job, folder) if job["task"] == "loss" else speed(job, folder)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
