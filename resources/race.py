"""A race of an iteration's trials: each shows in a file of its own how far it has come.

The trials run in processes of their own, side by side or one after the other, on one machine or on
several that share the home folder. A file is written whole by its trial alone and read by the
others; one that is killed and goes on writes the same again.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from forgemind_assets.brain.decide import Decision, Train, broke_off, races
from forgemind_assets.brain.state import State
from forgemind_assets.faults import fault
from forgemind_assets.goal import Goal
from forgemind_assets.lorekeeper.store import write_atomic
from forgemind_assets.partitions import split_trial
from forgemind_assets.records import Plan
from forgemind_assets.trial_grounds.racing import Beaten, Standing, beaten_at_rung, beaten_on_cases
from resources.workshop import Workshop


@dataclass(frozen=True)
class Race:
    """One trial's part in the race of its iteration."""

    folder: Path
    trial: str
    field: tuple[str, ...]
    seed: str

    def at_rung(self, share: float, loss: float) -> tuple[str, str]:
        """Shows the loss at a share of the training.

        Returns the rival that the trial cannot win against, and why; two empty texts if it can.
        """
        own = self._read(self.trial) or Standing(trial=self.trial)
        rungs = (*(rung for rung in own.rungs if rung[0] < share), (share, loss))
        own = self._write(own.model_copy(update={"rungs": rungs}))
        beaten = beaten_at_rung(own, self.rivals(), field=len(self.field))
        return (beaten.by, beaten.reason) if beaten else ("", "")

    def after(self, cases: dict[str, bool], order: list[str], fixed: int) -> Beaten | None:
        """Shows the cases answered so far. Returns why the trial cannot win any more, if so."""
        own = self._read(self.trial) or Standing(trial=self.trial)
        own = self._write(own.model_copy(update={"cases": cases}))
        return beaten_on_cases(own, self.rivals(), order, fixed, field=len(self.field))

    def rivals(self) -> list[Standing]:
        """The others that have shown something, in the order of their names."""
        others = (self._read(name) for name in self.field if name != self.trial)
        return [standing for standing in others if standing is not None]

    def withdraw(self) -> None:
        """Leaves the race: a trial that failed must not keep others out.

        Those that it has put out already are tried again (`brain/decide.py`).
        """
        self._file(self.trial).unlink(missing_ok=True)

    def _file(self, trial: str) -> Path:
        return self.folder / f"{trial}.json"

    def _read(self, trial: str) -> Standing | None:
        try:
            return Standing.model_validate_json(self._file(trial).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValidationError):
            return None

    def _write(self, own: Standing) -> Standing:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomic(self._file(self.trial), own.model_dump_json())
        fault("race.shown")
        return own


def clear_of_dead(goal: Goal, workshop: Workshop, decision: Decision, state: State) -> None:
    """Takes out of a race who has broken off for good, before the others of it go on.

    A process that was killed, or whose disk was full, could not leave by itself, and would put out
    the rivals that are tried again for its sake.
    """
    it = state.last
    if not isinstance(decision, Train) or it is None or it.plan is None or not races(it.plan):
        return
    names = tuple(one.name for one in it.plan.trials)
    folder = workshop.work(goal.name, it.key) / "race"
    for name, trial in it.trials.items():
        if broke_off(trial):
            Race(folder, name, names, "").withdraw()


def open_race(goal: Goal, workshop: Workshop, trial: str) -> Race | None:
    """The race that a trial is part of; None for one that is alone, or a baseline."""
    iteration, name = split_trial(trial)
    plan = Plan.model_validate(workshop.store.read_json(goal.name, "plan", iteration, "plan.json"))
    if not races(plan):
        return None
    return Race(
        folder=workshop.work(goal.name, iteration) / "race",
        trial=name,
        field=tuple(one.name for one in plan.trials),
        seed=f"{goal.version}/{iteration}",
    )
