"""Targeted against uniform rows on the default goal: the same number, three trainings of each.

What the product does in its second iteration. A first model is trained on rows spread over the
slices as dev is; the planner reads its dev result and says where the next rows go. Then both sides
train on from that model with the settings of that plan: `targeted` on rows spread as the planner
says, `uniform` on rows spread as before. Each seed draws other rows and another order; of one seed
the two sides share all rows that both want. Both are put to dev, case by case, never to the gate.

Rows are rewritten seeds, with no teacher; `--home` adds the rows that teachers wrote in a finished
run. A training is as long as its rows, whatever the pace of the machine: `max_seconds` of the goal
is not used, and its 3,000 rows are cut to `--rows`, so that all fits into about half an hour on two
cores. What is done is kept in `--work`; the next call goes on from there.

    .venv/bin/python tests/bench/targeted.py --work /tmp/targeted
"""

import argparse
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]

from targeted_rows import make_rows, taught_rows  # noqa: E402

from forgemind_assets.brain import planner  # noqa: E402
from forgemind_assets.brain.state import (  # noqa: E402
    IterationState,
    Score,
    State,
    TrialState,
    Work,
)
from forgemind_assets.errors import ForgeMindError  # noqa: E402
from forgemind_assets.goal import Goal  # noqa: E402
from forgemind_assets.goal_loading import load_cases, load_goal, load_seeds  # noqa: E402
from forgemind_assets.home import Home  # noqa: E402
from forgemind_assets.prompting import load_task_prompt, task_messages  # noqa: E402
from forgemind_assets.records import Plan, Row, TrainSettings  # noqa: E402
from forgemind_assets.trial_grounds.evaluation import evaluate  # noqa: E402
from forgemind_assets.trial_grounds.graders.registry import open_grader  # noqa: E402
from forgemind_assets.trial_grounds.report import Rate, Report, summarise  # noqa: E402
from forgemind_assets.trial_grounds.statistics import (  # noqa: E402
    Paired,
    bootstrap_interval,
    over_seeds,
    pair,
)

GOAL = REPOSITORY / "benchmarks" / "python_security"
SIDES = ("uniform", "targeted")
EVERY_SECONDS = 10.0


@dataclass(frozen=True)
class Trained:
    """One model: its adapter, the rows of each slice it was trained on, and its dev result."""

    adapter: Path
    rows: dict[str, int]
    passed: dict[str, bool]
    report: Report
    seconds: float


class Bench:
    """Trains and tests in a folder, and passes over what is done."""

    def __init__(self, goal: Goal, work: Path, base: Path) -> None:
        self.goal, self.work, self.base = goal, work, base
        self.began = time.monotonic()
        self.cases = load_cases(goal, "dev")
        self.families = {case.id: case.family for case in self.cases}

    def say(self, what: str) -> None:
        """One line of progress."""
        print(f"{(time.monotonic() - self.began) / 60:6.1f} min  {what}", flush=True)

    def trained(
        self, name: str, rows: list[Row], settings: TrainSettings, variant: str, start: Path | None
    ) -> Trained:
        """The model `name`; trained and tested now where it is not there yet."""
        folder = self.work / name
        done = folder / "dev.json"
        if not done.is_file():
            seconds = self._train(name, folder, rows, settings, variant, start)
            self._test(name, folder, rows, variant, seconds)
        found = json.loads(done.read_text(encoding="utf-8"))
        report = Report.model_validate(found["report"])
        return Trained(
            folder / "adapter", found["rows"], found["passed"], report, found["train_seconds"]
        )

    def _train(
        self,
        name: str,
        folder: Path,
        rows: list[Row],
        settings: TrainSettings,
        variant: str,
        start: Path | None,
    ) -> float:
        from forgemind_assets.forge.batching import Kin
        from forgemind_assets.forge.manifest import read_manifest
        from forgemind_assets.forge.training import TrainProgress, train

        if (folder / "adapter" / "manifest.json").is_file():
            return float(read_manifest(folder / "adapter")["seconds"])
        seeds = {seed.id: seed for seed in load_seeds(self.goal)}
        prompt = load_task_prompt(self.goal.folder / self.goal.spec.prompts, variant)
        told = [0.0]

        def on_progress(now: TrainProgress) -> None:
            if now.seconds - told[0] >= EVERY_SECONDS or now.step == now.steps:
                told[0] = now.seconds
                left = f"{now.seconds_left / 60:.1f} min left"
                self.say(f"{name}: {now.step}/{now.steps} steps, loss {now.loss:.3f}, {left}")

        result = train(
            [(task_messages(prompt, row.input, seeds), row.answer) for row in rows],
            settings,
            self.base,
            folder / "adapter",
            folder / "work",
            start_adapter=start,
            kin=[Kin(row.family, row.slice) for row in rows],
            base_name=self.goal.spec.limits.base_model,
            on_progress=on_progress,
        )
        return result.seconds

    def _test(self, name: str, folder: Path, rows: list[Row], variant: str, seconds: float) -> None:
        from resources.predictor import LocalModel

        spec = self.goal.spec
        seeds = {seed.id: seed for seed in load_seeds(self.goal)}
        prompt = load_task_prompt(self.goal.folder / spec.prompts, variant)
        results = evaluate(
            self.cases,
            [task_messages(prompt, case.input, seeds) for case in self.cases],
            lambda: LocalModel(self.base, folder / "adapter"),
            open_grader(spec.task.grader, spec.task.grader_options),
            max_new_tokens=spec.task.max_answer_tokens,
            journal=folder / "answers.jsonl",
        )
        report = summarise(
            results,
            goal=self.goal.name,
            suite="dev",
            suite_hash="",
            model=name,
            model_hash="",
            prompt_variant=variant,
            canary_ids=frozenset(case.id for case in self.cases if case.canary),
        )
        found = {
            "rows": dict(Counter(row.slice for row in rows)),
            "passed": {one.case_id: one.passed is True for one in results},
            "report": report.model_dump(mode="json"),
            "train_seconds": seconds,
        }
        partial = folder / "dev.json.partial"
        partial.write_text(json.dumps(found), encoding="utf-8")
        partial.replace(folder / "dev.json")
        self.say(f"{name}: {report.pass_rate:.1%} of {len(self.cases)} dev cases")


def first_of(bench: Bench, rows: int) -> Plan:
    """The plan of the first iteration: slices as often as in dev."""
    totals = Counter(case.slice for case in bench.cases)
    shape = Score(
        overall=Rate(passed=0, total=len(bench.cases)),
        slices={name: Rate(passed=0, total=count) for name, count in totals.items()},
    )
    untrained = IterationState(key="0000", trials={"a": TrialState(dev=shape)})
    plan = planner.first_plan(bench.goal.spec, State(iterations=(untrained,)), "0001")
    assert plan.data is not None
    return plan.model_copy(update={"data": plan.data.model_copy(update={"rows": rows})})


def second_of(bench: Bench, plan: Plan, first: Trained) -> Plan:
    """What the planner says after the first model: the weights and the settings to go on with."""
    done = Work(status="succeeded", attempts=1)
    trial = TrialState(work=done, dev=Score.of(first.report))
    it = IterationState(
        key="0001",
        plan=plan,
        prepare=done,
        trials={plan.trials[0].name: trial},
        conclude=done,
        leader=f"0001-{plan.trials[0].name}",
        slice_rows=first.rows,
    )
    return planner.propose(bench.goal.spec, State(iterations=(it,)), "0002")


def kept_plan(file: Path, make: Callable[[], Plan]) -> Plan:
    """The plan in `file`, made now where there is none: one comparison has one plan."""
    if not file.is_file():
        partial = file.with_suffix(".partial")
        partial.write_text(make().model_dump_json(indent=1), encoding="utf-8")
        partial.replace(file)
    return Plan.model_validate_json(file.read_text(encoding="utf-8"))


def settings_of(plan: Plan, seed: int) -> TrainSettings:
    """The plan's settings with another seed, and without a limit that the clock decides."""
    settings = plan.trials[0].training
    assert settings is not None
    return settings.model_copy(update={"seed": seed, "max_seconds": None})


def measure(bench: Bench, rows: int, seeds: int, taught: list[Row]) -> dict[str, object]:
    """Trains what is missing and compares."""
    plan = first_of(bench, rows)
    assert plan.data is not None
    uniform = plan.data.slice_weights
    variant = plan.trials[0].prompt_variant
    drawn = make_rows(bench.goal, uniform, rows, 0, taught, bench.say)
    first = bench.trained("first", drawn, settings_of(plan, 0), variant, None)
    after = kept_plan(bench.work / "plan.json", lambda: second_of(bench, plan, first))
    assert after.data is not None
    bench.say(f"the planner: {after.hypothesis}")
    weights = {"uniform": uniform, "targeted": after.data.slice_weights}
    found: dict[str, list[Trained]] = {side: [] for side in SIDES}
    for seed in range(1, seeds + 1):
        settings = settings_of(after, seed)
        for side in SIDES:
            drawn = make_rows(bench.goal, weights[side], rows, seed, taught)
            found[side].append(
                bench.trained(f"{side}-{seed}", drawn, settings, variant, first.adapter)
            )
    return record(bench, first, found, weights, settings_of(after, 0), rows)


def record(
    bench: Bench,
    first: Trained,
    found: Mapping[str, list[Trained]],
    weights: Mapping[str, Mapping[str, float]],
    settings: TrainSettings,
    rows: int,
) -> dict[str, object]:
    """The measurement: the difference of the two sides on dev, with its interval."""
    pairs = [
        pair(uniform.passed, targeted.passed, bench.families)
        for uniform, targeted in zip(found["uniform"], found["targeted"], strict=True)
    ]
    rates = {side: fmean(one.report.pass_rate for one in models) for side, models in found.items()}
    details: dict[str, object] = {
        "gain_points": round(100 * (rates["targeted"] - rates["uniform"]), 2),
        **interval_of(pairs),
        "dev_cases": len(bench.cases),
        "families": len(set(bench.families.values())),
        "rows_each_training": rows,
        "first_model": round(first.report.pass_rate, 4),
        "dev_pass_rates": {
            side: [round(one.report.pass_rate, 4) for one in models]
            for side, models in found.items()
        },
        "gained_and_lost": [[one.gained, one.lost] for one in pairs],
        "slices": slices_of(first, found, weights),
        "settings": settings.model_dump(mode="json"),
        "train_seconds": {
            "first": round(first.seconds),
            **{side: [round(one.seconds) for one in models] for side, models in found.items()},
        },
    }
    return {
        "name": "targeted",
        "value": round(rates["targeted"] / rates["uniform"], 4) if rates["uniform"] else None,
        "unit": "dev pass rate over that of uniform rows, the same number of rows",
        "higher_is_better": True,
        "peers": {"uniform": round(rates["uniform"], 4)},
        "details": details,
    }


def interval_of(pairs: list[Paired]) -> dict[str, object]:
    """The interval of the gain in points: over seeds and families, and for one seed over families.

    With three seeds Student's t has two degrees of freedom, so the interval over seeds is wide. The
    second one takes the mean of the seeds as one result and says nothing of other seeds.
    """
    summed = Paired(
        tuple(sum(nets) for nets in zip(*(one.net for one in pairs), strict=True)),
        tuple(sum(counts) for counts in zip(*(one.cases for one in pairs), strict=True)),
    )
    of_these = bootstrap_interval(summed)
    found: dict[str, object] = {
        "interval_95_points_of_these_seeds": [100 * of_these.low, 100 * of_these.high]
    }
    if len(pairs) > 1:
        over = over_seeds(pairs)
        found["interval_95_points"] = [100 * over.interval.low, 100 * over.interval.high]
        found["points_between_seeds"] = 100 * over.between_seeds
    return {
        key: [round(b, 2) for b in value] if isinstance(value, list) else value
        for key, value in found.items()
    }


def slices_of(
    first: Trained, found: Mapping[str, list[Trained]], weights: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, object]]:
    """Of each slice the rows over uniform ones, and the dev pass rate before and of both sides."""
    told: dict[str, dict[str, object]] = {}
    for name, rate in first.report.slices.items():
        told[name] = {
            "times_uniform_rows": round(weights["targeted"][name] / weights["uniform"][name], 2),
            "first": round(rate.rate, 2),
            **{
                side: round(fmean(one.report.slices[name].rate for one in models), 2)
                for side, models in found.items()
            },
        }
    return told


def open_work(work: Path, facts: dict[str, object]) -> None:
    """Makes the folder, or refuses one that holds another comparison."""
    work.mkdir(parents=True, exist_ok=True)
    file = work / "comparison.json"
    if not file.exists():
        file.write_text(json.dumps(facts, indent=1), encoding="utf-8")
        return
    before = json.loads(file.read_text(encoding="utf-8"))
    other = [key for key in facts if before.get(key) != facts[key]]
    if other:
        raise SystemExit(
            f"{file} was begun with another {', '.join(other)}: give another --work, or remove it"
        )


def main() -> None:
    """Goes on with the comparison and prints it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    home = Home.from_environment()
    parser.add_argument(
        "--work", type=Path, default=home.root / "bench" / "targeted", help="folder to go on in"
    )
    parser.add_argument("--rows", type=int, default=1200, help="rows of each training")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each side")
    parser.add_argument("--home", type=Path, help="home of a finished run, for its teachers' rows")
    given = parser.parse_args()
    if given.rows < 1 or given.seeds < 1:
        parser.error("--rows and --seeds: expected whole numbers of at least 1")
    goal = load_goal(GOAL)
    taught = taught_rows(given.home, goal.name) if given.home else []
    ids = "".join(sorted(row.row_id for row in taught))
    open_work(
        given.work,
        {
            "rows": given.rows,
            "goal_version": goal.version,
            "taught": hashlib.sha256(ids.encode()).hexdigest()[:16],
        },
    )
    from resources.models import ModelStore

    try:
        base = ModelStore(home).clean(goal.spec.limits.base_model)
        bench = Bench(goal, given.work, base)
        result = measure(bench, given.rows, given.seeds, taught)
    except ForgeMindError as error:
        raise SystemExit(str(error)) from error
    print(json.dumps(result))


if __name__ == "__main__":
    main()
