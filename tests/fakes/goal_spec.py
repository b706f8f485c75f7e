"""A small goal contract for tests that need no folder."""

from forgemind_assets.goal import GoalSpec


def spec_of(**changes):
    """A valid contract; `changes` replace whole sections."""
    entry = {
        "name": "small",
        "task": {
            "description": "label",
            "labels": ["none", "x", "y"],
            "answer_schema": {"type": "object"},
            "grader_options": {"label_key": "label"},
        },
        "success": {"pass_rate": 0.9},
        "limits": {
            "base_model": "smollm2-135m-instruct",
            "gpu_dollars_per_try": 1,
            "api_dollars_per_goal": 0,
            "max_iterations": 3,
            "hours": 2,
        },
        "strategies": [{"name": "seed_expansion"}],
        "policy": {"approval": {"promotion_to_stable": False}},
        "suites": {
            "dev": "suites/dev.jsonl",
            "full": "suites/full.jsonl",
            "adversarial": "suites/adversarial.jsonl",
            "sealed": "suites/sealed.jsonl",
        },
    }
    return GoalSpec.model_validate(entry | changes)
