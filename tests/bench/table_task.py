"""The fixed task of the table: which rows are learned, which are asked, and one training on them.

Short seeds of `python_security`, never a suite: the model names the risk and whether the code has
it. Families are whole on one side. A pass is an answer that is right from its first to its last
token. It is found without generating: greedy decoding says the expected answer if and only if each
of its tokens is the most probable after those before it, so one forward pass tells.
"""

import copy
import hashlib
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forgemind_assets.errors import TrainingError
from forgemind_assets.forge import adapter
from forgemind_assets.forge.batching import Kin, collate, micro_batches
from forgemind_assets.forge.encoding import Encoded, encode_rows
from forgemind_assets.forge.training_run import TrainingRun, TrainProgress
from forgemind_assets.forge.weights import folder_hash, load_base
from forgemind_assets.prompting import TaskPrompt, load_task_prompt, task_messages
from forgemind_assets.records import Seed, TrainSettings, render_answer

GOAL = Path(__file__).resolve().parents[2] / "benchmarks" / "python_security"
LONGEST = 170
"""Characters of an input; longer seeds are left out, so that a training takes a minute."""

TRAIN_FAMILIES, HELD_FAMILIES = 4, 4
"""Families of each risk, with a flawed and a repaired row each; a risk with fewer is left out."""

EARLIER_LONGEST, EARLIER_FAMILIES = 250, (3, 3)
"""Of the earlier goal: characters of an input, and families of each risk to train and to ask."""

RUNGS = (0.25, 0.5, 1.0)
"""Shares of a training after which it is judged."""

RUNG_CASES = 32
"""Cases that are asked at a rung before the last, which asks all."""


@dataclass(frozen=True)
class Question:
    """How an input is put to the model, and the two keys of what it is to say."""

    prompt: TaskPrompt
    risk: str = "risk"
    flawed: str = "flawed"

    def answer(self, seed: Seed) -> str:
        """The risk, and whether this code has it."""
        flawed = seed.expected["cwe"] != "none"
        return render_answer({self.risk: seed.expected["risk"], self.flawed: flawed})


@dataclass(frozen=True)
class Task:
    """What every configuration is trained and asked on."""

    train: tuple[Seed, ...]
    held: tuple[Seed, ...]
    question: Question

    def digest(self) -> str:
        """SHA-256 (hex) of all inputs and answers, in order."""
        say = self.question.answer
        told = [[[s.input, say(s)] for s in side] for side in (self.train, self.held)]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def load_task(goal: Path = GOAL) -> Task:
    """The table's: families of short seeds."""
    question = Question(load_task_prompt(goal / "prompts", "short"))
    return split(goal, question, (0, LONGEST), TRAIN_FAMILIES, HELD_FAMILIES)


def load_earlier_task(goal: Path = GOAL) -> Task:
    """An earlier goal's: other families, longer, fewer of them, asked in other words.

    Its seeds are longer than all of the table's, so that no family is in both.
    """
    prompt = TaskPrompt(system="Check this Python snippet. Reply in JSON.", user="{{input}}")
    question = Question(prompt, risk="topic", flawed="unsafe")
    return split(goal, question, (LONGEST + 1, EARLIER_LONGEST), *EARLIER_FAMILIES)


def split(goal: Path, question: Question, lengths: tuple[int, int], train: int, held: int) -> Task:
    """Families that come with a flaw and without, so many of each risk on each side."""
    lines = (goal / "seeds.jsonl").read_text(encoding="utf-8").splitlines()
    seeds = [Seed.model_validate_json(line) for line in lines]
    families: dict[str, dict[str, Seed]] = {}
    for seed in seeds:
        if lengths[0] <= len(seed.input) <= lengths[1]:
            families.setdefault(seed.family, {})[seed.slice] = seed
    pairs = [list(of.values()) for _, of in sorted(families.items()) if len(of) == 2]
    random.Random(0).shuffle(pairs)
    by_risk: dict[str, list[list[Seed]]] = {}
    for rows in pairs:
        by_risk.setdefault(rows[0].expected["risk"], []).append(rows)
    enough = [of for _, of in sorted(by_risk.items()) if len(of) >= train + held]
    turns = [[row for of in enough for row in of[turn]] for turn in range(train + held)]
    return Task(
        held=tuple(row for turn in turns[:held] for row in turn),
        train=tuple(row for turn in turns[held:] for row in turn),
        question=question,
    )


@dataclass
class Curve:
    """What one training came to, rung by rung."""

    shares: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    pass_rates: list[float] = field(default_factory=list)
    risk_rates: list[float] = field(default_factory=list)
    train_losses: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    """Of each held case in order, whether the answer was right after the whole training."""

    failure: str = ""
    tokens: int = 0
    train_seconds: float = 0.0
    seconds: float = 0.0
    cpu_seconds: float = 0.0


class Bed:
    """The base model and the encoded task, loaded once for many trainings."""

    def __init__(self, base: Path, task: Task, *, device: str, precision: str) -> None:
        self.device, self.precision = device, precision
        self._model, self.tokenizer = load_base(base, precision=precision, device=device)
        self.base_hash, self._task = folder_hash(base), task
        prompt, every = task.question.prompt, task.train + task.held
        self._messages = {s.id: task_messages(prompt, s.input, {}) for s in every}
        self._held = encode_rows(self.tokenizer, self._rows(task.held), max_length=512).rows
        key = task.question.risk
        starts = [f'{{"{key}": "{s.expected["risk"]}' for s in task.held]
        self._risk_labels = [
            len(self.tokenizer(text, add_special_tokens=False)["input_ids"]) for text in starts
        ]

    def _rows(self, seeds: Sequence[Seed]) -> list[tuple[list[dict[str, str]], str]]:
        return [(self._messages[s.id], self._task.question.answer(s)) for s in seeds]

    def train(
        self, settings: TrainSettings, work: Path, kind: type[TrainingRun] = TrainingRun
    ) -> Curve:
        """Trains one configuration with the product's loop and judges it at every rung."""
        started, worked = time.monotonic(), time.process_time()
        model = adapter.attach(copy.deepcopy(self._model), settings)
        rows = encode_rows(
            self.tokenizer,
            self._rows(self._task.train),
            max_length=settings.max_length,
            answer_weights=settings.answer_weights,
        ).rows
        kin = tuple(Kin(family=s.family, slice=s.slice) for s in self._task.train)
        run = kind(
            peft_model=model,
            settings=settings,
            rows=rows,
            dev=(),
            device=self.device,
            precision=self.precision,
            work=work,
            checkpoint_seconds=1e9,
            fingerprint="table",
            kin=kin if settings.contrast_batches else (),
        )
        curve = Curve()
        due = {max(1, round(share * run.planned)): share for share in RUNGS}

        def judge_at_rung(now: TrainProgress) -> None:
            if now.step in due:
                self._note(curve, run, due[now.step])

        try:
            run.loop(judge_at_rung)
        except TrainingError as error:
            curve.failure = str(error)
        curve.tokens, curve.train_seconds = run.position.tokens, run.position.seconds
        curve.seconds = time.monotonic() - started
        curve.cpu_seconds = time.process_time() - worked
        return curve

    def _note(self, curve: Curve, run: TrainingRun, share: float) -> None:
        held = self._held if share == 1 else self._held[:RUNG_CASES]
        run.model.eval()
        loss, hits = judge(run.model, held, self.device, self.precision)
        run.model.train()
        right = [all(of[:-1]) for of in hits]
        risks = [all(of[:n]) for of, n in zip(hits, self._risk_labels, strict=False)]
        curve.shares.append(share)
        curve.steps.append(run.position.step)
        curve.losses.append(loss)
        curve.right = right if share == 1 else []
        curve.pass_rates.append(sum(right) / len(right))
        curve.risk_rates.append(sum(risks) / len(risks))
        curve.train_losses.append(run.position.losses[-1][1])


def judge(
    model: Any, rows: Sequence[Encoded], device: str, precision: str
) -> tuple[float, list[list[bool]]]:
    """Mean loss of a label token, and of each row's labels which are the most probable tokens.

    The last label is the end mark. It counts in the loss, not for being right: a grader reads the
    first JSON object of what is said.
    """
    ordered = sorted(range(len(rows)), key=lambda i: len(rows[i].ids))
    total, hits = 0.0, [[False]] * len(rows)
    places = iter(ordered)
    for part in micro_batches([rows[i] for i in ordered], 2048):
        for loss, of in _hits(model, part, device, precision):
            hits[next(places)] = of
            total += loss
    return total / sum(map(len, hits)), hits


def _hits(
    model: Any, rows: Sequence[Encoded], device: str, precision: str
) -> Iterator[tuple[float, list[bool]]]:
    """For each row its summed loss, and for each label whether it is the most probable token."""
    import torch
    from torch.nn import functional

    plain, batch = model.get_base_model(), collate(rows, device)
    kind = device.split(":")[0]
    with (
        torch.no_grad(),
        torch.autocast(kind, dtype=torch.bfloat16, enabled=precision == "bf16"),
    ):
        hidden = plain.get_decoder()(input_ids=batch.ids, use_cache=False).last_hidden_state
        picked = hidden.reshape(-1, hidden.shape[-1])[batch.sources]
        logits = plain.get_output_embeddings()(picked).float()
    sums = functional.cross_entropy(logits, batch.targets, reduction="none")
    hits = logits.argmax(-1) == batch.targets
    sizes = [len(row.ids) - row.label_start for row in rows]
    for loss, hit in zip(sums.split(sizes), hits.split(sizes), strict=True):
        yield float(loss.sum()), hit.tolist()
