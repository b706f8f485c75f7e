"""The composition root: every goal's graph, and the resources it works with.

Goals are the folders `benchmarks/*/goal.yaml`, and the files named in `FORGEMIND_GOALS`
(separated like PATH).
"""

import os
from pathlib import Path

from forgemind_assets.factory import build_definitions
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.home import REPOSITORY
from forgemind_assets.quiet import quieten
from resources.workshop import Workshop


def goal_files() -> list[Path]:
    """The goals of this code location."""
    shipped = sorted((REPOSITORY / "benchmarks").glob("*/goal.yaml"))
    named = os.environ.get("FORGEMIND_GOALS", "")
    return [*shipped, *(Path(p) for p in named.split(os.pathsep) if p)]


def unique_goals(paths: list[Path]) -> list[Goal]:
    """Loads goals; of two files with the same goal name, the one named last counts."""
    return list({goal.name: goal for goal in map(load_goal, paths)}.values())


quieten()
defs = build_definitions(unique_goals(goal_files()), Workshop())
