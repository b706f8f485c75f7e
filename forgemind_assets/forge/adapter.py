"""LoRA adapters on a base model, through peft."""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from forgemind_assets.errors import TrainingError
from forgemind_assets.forge.checkpoint import full_disk_is_clear
from forgemind_assets.forge.safe_files import check_adapter_folder
from forgemind_assets.records import TrainSettings


def attach(model: Any, settings: TrainSettings, start_adapter: Path | None = None) -> Any:
    """Puts a trainable LoRA adapter on every linear layer but the output head.

    The new adapter's values come from `settings.seed`; with `start_adapter` they are read from
    there. Adapter weights are fp32 whatever the base's precision.

    Raises:
        TrainingError: `start_adapter` has another rank than the settings.
        UnsafeArtefact: `start_adapter` is no plain LoRA adapter; nothing was loaded.
    """
    if start_adapter is not None:
        check_adapter_folder(start_adapter)
    import torch
    from peft import LoraConfig, PeftModel, get_peft_model

    torch.manual_seed(settings.seed)
    if start_adapter is not None:
        with quiet_peft():
            peft_model: Any = PeftModel.from_pretrained(model, start_adapter, is_trainable=True)
        found = peft_model.peft_config["default"].r
        if found != settings.rank:
            raise TrainingError(
                f"the adapter at {start_adapter} has rank {found}, the settings say "
                f"{settings.rank}; continue with the same rank, or start from the base"
            )
        return peft_model
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    with quiet_peft():
        return get_peft_model(model, config)


def trainable(peft_model: Any) -> dict[str, Any]:
    """The adapter's parameters by name, in a fixed order."""
    return {n: p for n, p in peft_model.named_parameters() if p.requires_grad}


def export(peft_model: Any, out: Path, base_name: str) -> None:
    """Writes `adapter_model.safetensors` and `adapter_config.json` in peft's format.

    peft's own `save_pretrained` asks a model hub about the base model; this does not.

    Raises:
        StoreError: the disk is full.
    """
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    config = copy.copy(peft_model.peft_config["default"])
    config.base_model_name_or_path = base_name
    config.inference_mode = True
    config.target_modules = sorted(config.target_modules)  # a set: its order is chance
    state = get_peft_model_state_dict(peft_model, save_embedding_layers=False)
    tensors = {name: tensor.contiguous().cpu() for name, tensor in state.items()}
    with full_disk_is_clear(out):
        out.mkdir(parents=True, exist_ok=True)
        save_file(tensors, out / "adapter_model.safetensors", metadata={"format": "pt"})
        config.save_pretrained(out)


def load(model: Any, folder: Path) -> Any:
    """The model with the adapter in `folder` beside it, for evaluation.

    Raises:
        UnsafeArtefact: the folder holds no plain LoRA adapter; nothing was loaded.
    """
    check_adapter_folder(folder)
    from peft import PeftModel

    with quiet_peft():
        return PeftModel.from_pretrained(model, folder).eval()


@contextmanager
def quiet_peft() -> Iterator[None]:
    """Hides a notice that peft 0.21 causes by reading an attribute that transformers renamed."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message=".*is_gradient_checkpointing", category=FutureWarning
        )
        yield
