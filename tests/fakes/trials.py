"""Published trials of a small installation: plans, adapters, reports, and their conclusion."""

import json

from fakes.artefacts import write_adapter

from forgemind_assets.brain import planner
from forgemind_assets.brain.state import IterationState, Score, State, TrialState, Work
from forgemind_assets.forge.assets import make_adapter
from forgemind_assets.foundry.tables import write_rejected, write_rows
from forgemind_assets.goal_loading import load_cases, load_seeds
from forgemind_assets.records import Row, TestResult
from forgemind_assets.trial_grounds.evaluation import append_journal
from forgemind_assets.trial_grounds.report import Rate, summarise, write_report
from resources import promotions
from resources.examiner import Subject
from resources.registry import ADAPTER_TAG, TRIAL_TAG, Registry
from resources.sealed import answers_file


def publish_report(place, asset, trial, passed, total=24, constant=0.25):
    """`constant`: pass rate of always giving one answer; a base below it cannot do the task."""
    results = [
        TestResult(
            case_id=f"c{i}",
            family=f"f{i}",
            slice="CWE-89",
            prompt="p",
            answer="a",
            passed=i < passed,
            reason="right_label" if i < passed else "wrong_label",
        )
        for i in range(total)
    ]
    report = summarise(
        results,
        goal=place.goal.name,
        suite="full",
        suite_hash="h",
        model=trial,
        model_hash=place.workshop.store.manifest(place.goal.name, "adapter", trial).version,
        prompt_variant="short",
        constant=("a", constant),
    )
    with place.workshop.store.publish(place.goal.name, asset, trial, {"seconds": 1.0}) as folder:
        write_report(report, results, folder)


def publish_trial(place, trial, passed, wrong_on_sealed=0):
    store, name = place.workshop.store, place.goal.name
    with store.publish(name, "adapter", trial, {}) as folder:
        write_adapter(folder, passed)
    publish_reports(place, trial, passed)
    answer_sealed(place, trial, wrong_on_sealed)


def answer_sealed(place, trial, wrong=0):
    """Answers to the sealed suite as an opening that was cut off left them; no model is asked.

    The last `wrong` of them are wrong.
    """
    manifest = place.workshop.store.manifest(place.goal.name, "adapter", trial)
    subject = Subject(trial, place.goal.folder, None, "short", manifest.version)
    file = answers_file(place.goal, place.workshop, subject)
    cases = load_cases(place.goal, "sealed")
    for number, case in enumerate(cases):
        right = case.expected["cwe"]
        other = "CWE-78" if right != "CWE-78" else "CWE-89"
        label = right if number < len(cases) - wrong else other
        append_journal(file, case.id, json.dumps({"cwe": label}))


def train_trial(place, trial, passed):
    """Trains the tiny model on rows made of the seeds, as the plan of the iteration says."""
    store, name, key = place.workshop.store, place.goal.name, trial.split("-")[0]
    rows = [
        Row.make(
            family=seed.family,
            slice=seed.slice,
            input=seed.input,
            expected=seed.expected,
            strategy="seed_expansion",
        )
        for seed in load_seeds(place.goal)
    ]
    facts = {"yields": {}, "rows_kept": len(rows), "rows_rejected": 0}
    with store.publish(name, "filtered_dataset", key, facts) as folder:
        write_rows(rows, folder / "kept.parquet")
        write_rejected([], folder / "rejected.parquet")
    meta = {}
    with store.publish(name, "adapter", trial, meta) as folder:
        meta.update(make_adapter(place.goal, place.workshop, trial, folder))
    publish_reports(place, trial, passed)


def publish_reports(place, trial, passed):
    for asset in ("canary_report", "benchmark_report"):
        publish_report(place, asset, trial, passed)


def publish_plan(place, key):
    spec = place.goal.spec
    state = State()
    if key != "0000":
        dev = Score(overall=Rate(passed=1, total=24), slices={"CWE-89": Rate(passed=1, total=24)})
        trial = TrialState(work=Work(status="succeeded", attempts=1), dev=dev, full=dev)
        state = State(iterations=(IterationState(key="0000", trials={"a": trial}),))
    plan = planner.baseline_plan(spec) if key == "0000" else planner.propose(spec, state, key)
    with place.workshop.store.publish(place.goal.name, "plan", key, {}) as folder:
        (folder / "plan.json").write_text(plan.model_dump_json())


def conclude(place, key):
    place.instance.add_dynamic_partitions("small_goal__iteration", [key])
    job = place.definitions.resolve_job_def("small_goal__conclude")
    assert job.execute_in_process(instance=place.instance, partition_key=key).success
    return place.workshop.store.read_json(place.goal.name, "registry_entry", key, "entry.json")


def promote_by_run(place, key="0001"):
    """Materialises `registry_entry` alone, as a person may in the UI; the run's result."""
    place.instance.add_dynamic_partitions("small_goal__iteration", [key])
    job = place.definitions.resolve_job_def("small_goal__promote")
    return job.execute_in_process(instance=place.instance, partition_key=key, raise_on_error=False)


def register_by_hand(place, trial):
    """A version of a trial that never became champion, as a person might register it."""
    goal, home = place.goal.name, place.workshop.home
    adapter = place.workshop.store.manifest(goal, "adapter", trial).version
    signature = promotions.sign(place.workshop, goal, trial)
    client = Registry(home).client()
    if not client.search_registered_models(f"name = '{goal}'"):
        client.create_registered_model(goal)
    tags = {TRIAL_TAG: trial, ADAPTER_TAG: adapter}
    made = str(client.create_model_version(goal, source="file:///nowhere", tags=tags).version)
    promotions.note_registration(place.workshop, goal, made, signature, "ada")
    return made
