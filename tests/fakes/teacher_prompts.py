"""The shipped prompts of the strategies that rewrite examples, cut down to the small goal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from fakes.goal_folder import SNIPPETS

from forgemind_assets.goal_loading import GOALS

SHIPPED = GOALS / "python_security" / "prompts" / "teacher"
SLICES = [slice_name for slice_name, *_ in SNIPPETS]


def write_prompt(
    folder: Path, name: str, change: Callable[[dict[str, Any]], object] = lambda prompt: None
) -> None:
    """The shipped prompt with the small goal's slices only."""
    words = yaml.safe_load((SHIPPED / "slices.yaml").read_text())
    words["slices"] = {k: v for k, v in words["slices"].items() if k in SLICES}
    prompt = yaml.safe_load((SHIPPED / f"{name}.yaml").read_text())
    if "flips" in prompt:
        prompt["flips"] = {k: v for k, v in prompt["flips"].items() if k in SLICES}
    change(prompt)
    place = folder / "prompts" / "teacher"
    (place / "slices.yaml").write_text(yaml.safe_dump(words, sort_keys=False))
    (place / f"{name}.yaml").write_text(yaml.safe_dump(prompt, sort_keys=False))
