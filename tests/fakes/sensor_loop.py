"""Stands for Dagster's daemon: applies what the Brain's sensor asks for, run by run."""

from forgemind_assets.cli.headless import execute
from resources.runs import RunSpec
from sensors.brain import tick


def sensor_loop(place, ticks=60):
    """Applies the sensor's answers as the daemon would, until it asks for nothing more."""
    spent = set()
    for _ in range(ticks):
        result = tick(place.goal, place.instance, place.workshop)
        if not result.run_requests:
            return result.skip_reason.skip_message
        for request in result.dynamic_partitions_requests:
            name = request.partitions_def_name
            place.instance.add_dynamic_partitions(name, list(request.partition_keys))
        for request in result.run_requests:
            assert request.run_key not in spent
            spent.add(request.run_key)
            spec = RunSpec(
                goal=place.goal.name,
                phase=request.job_name.rsplit("__", 1)[1],
                partition=request.partition_key,
                partitions_name="unused",
                assets=tuple(key.path[-1] for key in request.asset_selection),
                run_key=request.run_key,
                tags={k: v for k, v in request.tags.items() if k.startswith("forgemind/")},
                run_config=request.run_config,
            )
            execute(place.definitions, place.instance, spec)
    raise AssertionError("the sensor never stopped")
