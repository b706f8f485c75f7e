"""What the leader on dev got wrong on dev, for the strategies that teach it: counts only.

Only the report on `dev` is opened, and of it neither inputs nor ids, and the counts of an attack
on the leader, which is made of dev: nothing of a gate, and no text of a case, can reach a teacher
from here. Nor does who is champion: that is decided on the gate, and data that followed it would
follow the gate, where the error budget of the loop rests on candidates that know nothing of it.
"""

from collections.abc import Sequence

import polars as pl

from forgemind_assets.brain.champion import Champion
from forgemind_assets.foundry.strategies.answers import AnswerShape
from forgemind_assets.foundry.strategies.mistakes import Mistake, mistakes_of
from forgemind_assets.goal import Goal
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.records import Seed
from forgemind_assets.trial_grounds.attack.report import ASSET as ATTACK_REPORT
from forgemind_assets.trial_grounds.attack.report import read_attack

DEV_REPORT = "canary_report"


def mistakes_before(
    goal: Goal, store: Store, iteration: str, seeds: Sequence[Seed]
) -> tuple[Mistake, ...]:
    """Mistakes of the leader before an iteration, on dev and where it was attacked, on attacks.

    None where nobody leads yet.
    """
    trial = leader_before(goal, store, iteration)
    if trial is None:
        return ()
    attacked = store.exists(goal.name, ATTACK_REPORT, trial)
    on_attacks = (
        read_attack(store.folder(goal.name, ATTACK_REPORT, trial)).mistakes if attacked else ()
    )
    if not store.exists(goal.name, DEV_REPORT, trial):
        return on_attacks
    cases = store.folder(goal.name, DEV_REPORT, trial) / "cases.parquet"
    frame = pl.read_parquet(cases, columns=["slice", "answer", "passed"])
    shape = AnswerShape.of(goal, seeds)
    return (*mistakes_of(frame.iter_rows(), shape, goal.spec.task.labels), *on_attacks)


def leader_before(goal: Goal, store: Store, iteration: str) -> str | None:
    """The trial that led on dev before an iteration; None where there is none yet."""
    earlier = [key for key in store.partitions(goal.name, "champion") if key < iteration]
    if not earlier:
        return None
    text = store.read_json(goal.name, "champion", earlier[-1], "champion.json")
    found = Champion.model_validate(text)
    return found.leader or found.trial
