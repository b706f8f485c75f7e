"""The composition root: every goal's graph, and the resources it works with.

Goals are the folders `benchmarks/*/goal.yaml`, and the files named in `FORGEMIND_GOALS`
(separated like PATH).
"""

from forgemind_assets.factory import build_definitions
from forgemind_assets.goal_loading import goal_files, unique_goals
from forgemind_assets.quiet import quieten
from resources.workshop import Workshop

quieten()
defs = build_definitions(unique_goals(goal_files()), Workshop())
