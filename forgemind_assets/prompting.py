"""Prompt templates: files of the goal that turn an input into chat messages.

A task prompt `prompts/task/<variant>.yaml` has the keys `system` and `user`; `{{input}}` in
`user` stands for the case's input. `shots` may list seed ids that are shown before it as
examples. The text is substituted, never evaluated.
"""

from pathlib import Path

import yaml
from pydantic import Field

from forgemind_assets.records import Record, Seed, render_answer

Message = dict[str, str]


class TaskPrompt(Record):
    """How an input is put to the model that is trained and tested."""

    system: str = ""
    user: str = Field(pattern=r"\{\{input\}\}")
    shots: tuple[str, ...] = ()


def load_task_prompt(prompts: Path, variant: str) -> TaskPrompt:
    """Reads one variant. Raises FileNotFoundError or pydantic's ValidationError."""
    text = (prompts / "task" / f"{variant}.yaml").read_text(encoding="utf-8")
    return TaskPrompt.model_validate(yaml.safe_load(text))


def task_messages(prompt: TaskPrompt, text: str, seeds: dict[str, Seed]) -> list[Message]:
    """Chat messages for one input: system, the shots, then the input itself."""
    messages = [{"role": "system", "content": prompt.system}] if prompt.system else []
    for seed_id in prompt.shots:
        seed = seeds[seed_id]
        messages.append({"role": "user", "content": fill(prompt.user, seed.input)})
        messages.append({"role": "assistant", "content": render_answer(seed.expected)})
    messages.append({"role": "user", "content": fill(prompt.user, text)})
    return messages


def fill(template: str, text: str) -> str:
    """Puts `text` where the template says `{{input}}`."""
    return template.replace("{{input}}", text)
