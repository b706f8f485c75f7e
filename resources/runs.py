"""From a decision to the runs that carry it out: the same for both drivers."""

from dataclasses import dataclass, field, replace
from typing import Any

from forgemind_assets.brain.decide import Conclude, Decision, Prepare, Promote, Test, Train
from forgemind_assets.partitions import BASELINE, iterations_name, trial_key, trials_name
from resources.run_tags import (
    AT_ONCE_TAG,
    ATTEMPT_TAG,
    GOAL_TAG,
    ITERATION_TAG,
    PHASE_TAG,
    TRIAL_TAG,
)

PREPARE = ("goal", "plan", "raw_dataset", "filtered_dataset")
PREPARE_BASELINE = ("goal", "plan")
RACE = ("adapter", "canary_report")
TEST = ("benchmark_report", "adversarial_report")
TRIAL = (*RACE, *TEST)
CONCLUDE = ("champion", "registry_entry")
PROMOTE = ("registry_entry",)
PHASES = {
    "prepare": PREPARE,
    "train": TRIAL,
    "test": TEST,
    "conclude": CONCLUDE,
    "promote": PROMOTE,
}


@dataclass(frozen=True)
class RunSpec:
    """One run: which job, on which partition, under which key and tags."""

    goal: str
    phase: str
    partition: str
    partitions_name: str
    assets: tuple[str, ...]
    run_key: str
    tags: dict[str, str]
    run_config: dict[str, Any] = field(default_factory=dict)

    @property
    def job(self) -> str:
        """Name of the job that holds the phase's assets."""
        return job_name(self.goal, self.phase)


def job_name(goal: str, phase: str) -> str:
    """`python_security`, `train` -> `python_security__train`."""
    return f"{goal}__{phase}"


def runs_for(goal: str, decision: Decision) -> list[RunSpec]:
    """The runs of a decision; none for one that waits or stops."""
    match decision:
        case Prepare(plan, attempt):
            spec = _spec(goal, "prepare", plan.iteration, None, attempt)
            config = {"plan_json": plan.model_dump_json()}
            return [replace(spec, run_config={"ops": {f"{goal}__plan": {"config": config}}})]
        case Train(iteration, trials, gate, at_once):
            specs = [_spec(goal, "train", iteration, name, n) for name, n in trials]
            return [
                shared(spec, at_once) if gate else shared(race(spec), at_once) for spec in specs
            ]
        case Test(iteration, trial, attempt):
            return [_spec(goal, "test", iteration, trial, attempt)]
        case Conclude(iteration, attempt):
            return [_spec(goal, "conclude", iteration, None, attempt)]
        case Promote(iteration, attempt):
            return [_spec(goal, "promote", iteration, None, attempt)]
        case _:
            return []


def race(spec: RunSpec) -> RunSpec:
    """The run of a trial that races others: it ends before the gate."""
    return replace(spec, assets=RACE)


def shared(spec: RunSpec, at_once: int) -> RunSpec:
    """The run of a trial that shares the machine with others; alone, it has all of it."""
    return replace(spec, tags=spec.tags | {AT_ONCE_TAG: str(at_once)}) if at_once > 1 else spec


def _spec(goal: str, phase: str, iteration: str, trial: str | None, attempt: int) -> RunSpec:
    parts = [goal, iteration, phase, *([trial] if trial else []), str(attempt)]
    tags = {
        GOAL_TAG: goal,
        ITERATION_TAG: iteration,
        PHASE_TAG: phase,
        ATTEMPT_TAG: str(attempt),
    }
    if trial:
        tags[TRIAL_TAG] = trial
    prepare = PREPARE_BASELINE if iteration == BASELINE else PREPARE
    return RunSpec(
        goal=goal,
        phase=phase,
        partition=trial_key(iteration, trial) if trial else iteration,
        partitions_name=trials_name(goal) if trial else iterations_name(goal),
        assets=prepare if phase == "prepare" else PHASES[phase],
        run_key=":".join(parts),
        tags=tags,
    )
