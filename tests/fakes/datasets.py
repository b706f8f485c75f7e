"""A small installation with a raw dataset, made without a model or a server."""

from pathlib import Path

from fakes.goal_folder import write_goal

from forgemind_assets.foundry.strategies.seed_expansion import expand
from forgemind_assets.foundry.tables import write_rows
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_goal, load_seeds
from forgemind_assets.goal_terms import origins_of
from forgemind_assets.records import Row
from forgemind_assets.warden.terms import stated
from resources.workshop import Workshop


def publish_raw(
    folder: Path, iteration: str = "0001", extra: int = 2, seed: int = 1
) -> tuple[Goal, Workshop]:
    """The small goal with rows expanded from its seeds, and `extra` rows that no filter keeps."""
    goal = load_goal(write_goal(folder / "goal"))
    workshop = Workshop(home_root=str(folder / "home"), models_root=str(folder / "models"))
    seeds = load_seeds(goal)
    rows = expand(seeds, {one.slice: 8 for one in seeds}, seed)
    rows += [too_short(n) for n in range(extra)]
    account = {"strategy": "seed_expansion", "asked": len(rows), "rows": len(rows)}
    with workshop.store.publish(
        goal.name, "raw_dataset", iteration, {"accounts": [account]}
    ) as place:
        write_rows(stated(rows, origins_of(goal.spec)), place / "rows.parquet")
    return goal, workshop


def too_short(number: int) -> Row:
    """A row under the shortest input that a goal accepts."""
    return Row.make(
        family="short",
        slice="safe/CWE-89",
        input=f"x = {number}\n",
        expected={"cwe": "none", "line": None, "fix": None},
        strategy="seed_expansion",
    )
