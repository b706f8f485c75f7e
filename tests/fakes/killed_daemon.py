"""One look of Dagster's own sensor daemon at the paper goal, killed where Dagster can kill itself.

    python -m fakes.killed_daemon FOLDER HOME POINT

POINT is one of Dagster's crash points of a sensor tick, or `-` for none. As a module it is also
the code location that the daemon loads: `defs`.
"""

import logging
import os
import signal
import sys
from pathlib import Path

import dagster as dg
from fakes.paper_trials import paper_definitions, paper_goal, prepare_environment

from forgemind_assets.quiet import quieten
from resources.workshop import Workshop

POINTS = ("TICK_CREATED", "TICK_HELD", "RUN_IDS_RESERVED", "RUN_CREATED", "RUN_LAUNCHED")
SENSOR = "small_goal__brain"


def code_location(folder: Path) -> dg.Definitions:
    """The paper goal with its sensor, which is on."""
    goal = paper_goal(folder, trials=3, iterations=2)
    workshop = Workshop(home_root=os.environ["FORGEMIND_HOME"], models_root=str(folder / "models"))
    return paper_definitions(goal, workshop)


def look(folder: Path, point: str) -> None:
    """One iteration of the daemon over all sensors."""
    from dagster._core.test_utils import create_test_daemon_workspace_context
    from dagster._core.workspace.load_target import ModuleTarget
    from dagster._daemon.sensor import execute_sensor_iteration

    flags = {SENSOR: {point: signal.SIGKILL}} if point != "-" else None
    target = ModuleTarget("fakes.killed_daemon", "defs", str(folder), "paper")
    with (
        dg.DagsterInstance.get() as instance,
        create_test_daemon_workspace_context(target, instance) as context,
    ):
        logger = logging.getLogger("daemon")
        for error in execute_sensor_iteration(context, logger, None, None, debug_crash_flags=flags):
            if error is not None:
                raise SystemExit(str(error))


def main() -> None:
    """Looks once."""
    quieten()
    folder, home, point = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    prepare_environment(folder, os.environ.__setitem__)
    os.environ["FORGEMIND_HOME"] = str(home)
    os.environ["DAGSTER_HOME"] = str(home / "dagster")
    os.environ["FORGEMIND_DRIVE"] = "small_goal"
    os.environ["PAPER_FOLDER"] = str(folder)
    look(folder, point)


if __name__ == "__main__":
    main()
elif "PAPER_FOLDER" in os.environ:
    defs = code_location(Path(os.environ["PAPER_FOLDER"]))
