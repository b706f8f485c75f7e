"""An advisor's answers, made of the schema that it was asked with, and a goal that asks one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from fakes.openai_server import FakeOpenAI, Says
from fakes.taught_goal import taught_goal

from forgemind_assets.brain import planner
from forgemind_assets.brain.assets import build_assets
from forgemind_assets.brain.state import State
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.keys import GoalKeys
from forgemind_assets.records import Plan
from resources.workshop import Workshop

KEY = "PAID_TEACHER_KEY"


def candidate(body: dict[str, Any], place: float = 0.3, **turned: Any) -> dict[str, Any]:
    """One that fits the schema: each range at a place between its ends, 0 to 1."""
    schema = body["response_format"]["json_schema"]["schema"]
    asked = schema["properties"]["candidates"]["items"]["properties"]
    values = {name: _value(dial, place) for name, dial in asked.items() if name != "reason"}
    return values | {"reason": "fewer steps, larger ones"} | turned


def _value(dial: dict[str, Any], place: float) -> Any:
    if "enum" in dial:
        return dial["enum"][round(place * (len(dial["enum"]) - 1))]
    if dial["type"] == "boolean":
        return place > 0.5
    value = dial["minimum"] + place * (dial["maximum"] - dial["minimum"])
    return round(value) if dial["type"] == "integer" else value


def says(*candidates: dict[str, Any]) -> Says:
    """The answer that names them."""
    return Says(json.dumps({"candidates": list(candidates)}))


def advised_goal(folder: Path, teacher: FakeOpenAI, **search: Any) -> Path:
    """The small goal; its paid teacher suggests what is tried beside the first of three trials."""
    return taught_goal(
        folder,
        teacher,
        {"limits.base_model": "smollm2-135m-instruct"},
        **({"trials": 3, "advisor": "paid", "epochs": 1, "rank": 16} | search),
    )


@dataclass
class Place:
    """A goal whose plans ask a teacher, and where they are published."""

    goal: Goal
    workshop: Workshop

    @classmethod
    def at(cls, folder):
        home = {"home_root": str(folder / "home"), "models_root": str(folder / "models")}
        return cls(load_goal(folder / "goal"), Workshop(**home))

    def plan(self, key="0001", given=""):
        """The plan of an iteration, made by the real asset, and its metadata."""
        goal, asset = self.goal, build_assets(self.goal, GoalKeys(self.goal.name))[1]
        config = {"ops": {asset.op.name: {"config": {"plan_json": given}}}}
        with dg.instance_for_test() as instance:
            instance.add_dynamic_partitions(f"{goal.name}__iteration", [key])
            made = dg.materialize(
                [asset],
                partition_key=key,
                instance=instance,
                resources={"workshop": self.workshop},
                run_config=config,
            )
            shown = made.asset_materializations_for_node(asset.op.name)[0].metadata
        text = self.workshop.store.read_json(goal.name, "plan", key, "plan.json")
        return Plan.model_validate(text), {name: entry.value for name, entry in shown.items()}

    def given(self, key="0001"):
        """The plan that a tick hands to the run; nobody was asked for it."""
        return planner.propose(self.goal.spec, State(), key).model_dump_json()
