"""Drives the paper goal in forked processes that a fault point kills; asks for each on stdin.

    python -m fakes.killed_loops FOLDER

reads lines `home point:count` (or `home -` for no fault) and answers each with the status of a
process that drove the goal of that home: `-9` where it was killed, `0` where the loop ended. What
is heavy is imported once, before the forks.
"""

import json
import os
import sys
import traceback
from pathlib import Path

from fakes.paper_trials import paper_definitions, paper_goal, prepare_environment

from forgemind_assets.faults import arm
from forgemind_assets.quiet import quieten

TRIALS, ITERATIONS = 3, 2


def child(folder: Path, home: Path, setting: str) -> None:
    """One life of a driver: it ends by the fault, or where the Brain stops."""
    import dagster as dg

    from forgemind_assets.cli.headless import drive
    from forgemind_assets.home import Home
    from resources.instance import prepare_dagster_home
    from resources.workshop import Workshop

    prepare_environment(folder, os.environ.__setitem__)
    goal = paper_goal(folder, trials=TRIALS, iterations=ITERATIONS)
    prepare_dagster_home(Home(root=home, models=folder / "models"))
    workshop = Workshop(home_root=str(home), models_root=str(folder / "models"))
    arm("" if setting == "-" else setting)
    with dg.DagsterInstance.get() as instance:
        drive(goal, paper_definitions(goal, workshop), instance, workshop)


def main() -> None:
    """Serves lines until there are no more."""
    quieten()
    import dagster  # noqa: F401 - before the forks

    import forgemind_assets.cli.headless  # noqa: F401

    folder = Path(sys.argv[1])
    for line in sys.stdin:
        home, setting = line.split()
        (Path(home)).mkdir(parents=True, exist_ok=True)
        (Path(home) / "settings.yaml").write_text("trials_at_once: 1\n", encoding="utf-8")
        pid = os.fork()
        if pid == 0:
            try:
                child(folder, Path(home), setting)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


if __name__ == "__main__":
    main()
