"""The Dagster instance of an installation."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import yaml
from filelock import FileLock

from forgemind_assets.home import REPOSITORY, Home
from forgemind_assets.lorekeeper.store import write_atomic
from resources.places import places

POOLS = ("forgemind_training", "forgemind_evaluation")


def prepare_dagster_home(home: Home) -> None:
    """Makes `DAGSTER_HOME` with the shipped settings and points the environment at it.

    The instance is opened once under a lock: two processes that open a fresh SQLite home at the
    same time break it for good.
    """
    home.dagster.mkdir(parents=True, exist_ok=True)
    home.run.mkdir(parents=True, exist_ok=True)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ["FORGEMIND_HOME"] = str(home.root)
    with FileLock(home.run / "dagster.lock"):
        write_settings(home, places(home))
        with dg.DagsterInstance.get() as instance:
            instance.get_runs(limit=1)
            instance.all_asset_keys()
            instance.schedule_storage  # noqa: B018  opening it creates its tables
            for pool in POOLS:
                # a pool has no limit until the first of its steps ran: two runs of one tick passed
                instance.event_log_storage.initialize_concurrency_limit_to_default(pool)


def write_settings(home: Home, at_once: int) -> None:
    """Writes the shipped settings with room for so many trials at once."""
    settings = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text(encoding="utf-8"))
    limits = settings["concurrency"]
    limits["pools"]["default_limit"] = at_once
    limits["runs"]["max_concurrent_runs"] = max(limits["runs"]["max_concurrent_runs"], at_once + 2)
    write_atomic(home.dagster / "dagster.yaml", yaml.safe_dump(settings, sort_keys=False))


@contextmanager
def open_instance(home: Home) -> Iterator[dg.DagsterInstance]:
    """The instance of this home."""
    prepare_dagster_home(home)
    with dg.DagsterInstance.get() as instance:
        yield instance
