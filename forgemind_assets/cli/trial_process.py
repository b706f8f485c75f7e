"""The process of one run that stands beside others; what to do comes on its standard input.

Its last line of output is `{"failures": [...]}`. Told to stop, it marks its run as interrupted.
"""

import json
import sys
from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._serdes import deserialize_value

from forgemind_assets.quiet import quieten

INTERRUPTED = 130


def main() -> None:
    """Carries out the run."""
    quieten()
    from forgemind_assets.cli.headless import carry_out_here
    from forgemind_assets.factory import build_definitions
    from forgemind_assets.goal_loading import load_goal
    from resources.runs import RunSpec
    from resources.workshop import Workshop

    asked = json.load(sys.stdin)
    workshop = Workshop(home_root=asked["home"], models_root=asked["models"])
    definitions = build_definitions([load_goal(Path(asked["goal"]))], workshop)
    spec = RunSpec(**asked["spec"] | {"assets": tuple(asked["spec"]["assets"])})
    ref = deserialize_value(asked["instance"], InstanceRef)
    with dg.DagsterInstance.from_ref(ref) as instance:
        try:
            messages = carry_out_here(definitions, instance, spec)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
    print(json.dumps({"failures": messages}))


if __name__ == "__main__":
    main()
