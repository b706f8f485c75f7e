"""A whole installation in a temporary folder: tiny model, small goal, Dagster instance."""

from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from fakes.goal_folder import write_goal
from fakes.tiny_model import write_catalogue, write_tiny_model
from typer.testing import CliRunner

from forgemind_assets.cli.main import app
from forgemind_assets.factory import build_definitions
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_goal
from resources.workshop import Workshop


@dataclass
class Installation:
    """Everything that a loop needs."""

    goal: Goal
    workshop: Workshop
    definitions: dg.Definitions
    instance: dg.DagsterInstance


def install(folder: Path, instance: dg.DagsterInstance, environment, changes=None) -> Installation:
    """Builds it. `environment` is pytest's monkeypatch, for environment variables only."""
    model = folder / "tiny"
    if not model.exists():
        write_tiny_model(model)
    environment.setenv(
        "FORGEMIND_CATALOGUE", str(write_catalogue(folder / "c.yaml", "tiny", model))
    )
    environment.setenv("FORGEMIND_HOME", str(folder / "home"))
    environment.setenv("FORGEMIND_MODELS", str(folder / "models"))
    environment.delenv("MLFLOW_TRACKING_URI", raising=False)
    changes = {
        "limits.base_model": "tiny",
        "success.canary_pass_rate": 0.0,
        "search": {"rows": 24, "epochs": 1, "rank": 2, "batch_size": 4, "teacher_requests": 0},
        "strategies": [{"name": "seed_expansion"}],
        "teachers": [],
    } | (changes or {})
    goal = load_goal(write_goal(folder / "goal", changes))
    workshop = Workshop(home_root=str(folder / "home"), models_root=str(folder / "models"))
    return Installation(goal, workshop, build_definitions([goal], workshop), instance)


def forgemind(place: Installation, *arguments: str):
    """What the command line answers; GOAL stands for the installation's goal."""
    words = [str(place.goal.folder) if a == "GOAL" else a for a in arguments]
    return CliRunner().invoke(app, words)
