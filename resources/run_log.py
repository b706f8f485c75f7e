"""Where runs log: a file in the home folder, so that the terminal shows progress instead."""

import logging

import dagster as dg

from forgemind_assets.home import Home


@dg.logger(description="Writes the runs' messages to runs.log in the home folder.")
def run_log(context: dg.InitLoggerContext) -> logging.Logger:
    """The logger that takes the place of Dagster's console logger."""
    folder = Home.from_environment().logs
    folder.mkdir(parents=True, exist_ok=True)
    log = logging.Logger("forgemind")  # noqa: LOG001  Dagster wants one of its own for each run
    handler = logging.FileHandler(folder / "runs.log", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    return log
