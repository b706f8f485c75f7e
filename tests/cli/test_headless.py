"""The headless driver: what a run in this process leaves behind."""

import signal
from contextlib import contextmanager

import dagster as dg
import pytest

from forgemind_assets.cli.headless import execute
from forgemind_assets.cli.main import interrupt
from resources.runs import RunSpec

PLACES = "small__iteration"
SPEC = RunSpec("small", "prepare", "0001", PLACES, ("plan",), "small:0001:prepare:1", {})


def definitions(fails):
    @dg.asset(key_prefix="small", partitions_def=dg.DynamicPartitionsDefinition(name=PLACES))
    def plan():
        if fails:
            raise ValueError("broken")

    job = dg.define_asset_job("small__prepare", [plan], executor_def=dg.in_process_executor)
    return dg.Definitions(assets=[plan], jobs=[job])


@contextmanager
def answering(number, handler):
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("fails", [False, True])
def test_a_run_in_the_background_of_a_shell_can_still_be_told_to_end(fails):
    with (
        dg.instance_for_test() as instance,
        answering(signal.SIGINT, signal.SIG_IGN),
        answering(signal.SIGTERM, interrupt),
    ):
        assert execute(definitions(fails), instance, SPEC).success is not fails
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
