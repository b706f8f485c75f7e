"""What one look at an installation sees: every check, partition and run, once."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from fakes.goal_folder import write_goal
from fakes.webhook_server import FakeReceiver

from forgemind_assets.brain.decide import Stop
from forgemind_assets.errors import SettingsError
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.home import Home
from forgemind_assets.warden.reviews import Question, Reviewer, Subject
from resources import alert_watch
from resources.alert_watch import Post, delivering, look
from resources.ledger import Ledger
from resources.outbox_tables import alerts, deliveries
from resources.outcome import write_outcome
from resources.review_tables import reviews as review_table
from resources.reviews import open_reviews
from resources.workshop import Workshop
from sensors.reviewer_alerts import build_alert_sensor

ROOT = Path(__file__).resolve().parents[2]
GOAL = "small_goal"
PARTS = dg.DynamicPartitionsDefinition(name="small_goal__trial")
KEY = dg.AssetKey([GOAL, "canary_report"])
SECRET = "sk-planted-0123456789abcdef"
HOOK_SETTINGS = "alerts:\n  webhooks:\n    - {name: team, url_env: TEST_HOOK}\n"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("FORGEMIND_SETTINGS", raising=False)
    monkeypatch.delenv("FORGEMIND_LEDGER_URL", raising=False)
    return Home(root=tmp_path / "home", models=tmp_path / "models")


@pytest.fixture
def goal(tmp_path):
    return load_goal(write_goal(tmp_path / "goal", {"limits.api_dollars_per_goal": 10}))


@pytest.fixture
def instance(tmp_path):
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        instance.add_dynamic_partitions("small_goal__trial", ["0001-a", "0001-b", "0002-a"])
        yield instance


def watch(goals, instance, home):
    """One look that takes the time it takes: no test is judged by the clock."""
    return alert_watch.watch(goals, instance, home, seconds=float("inf"))


def checked_job(count, message="too low"):
    """A job that makes one asset and evaluates `count` checks on it, all failing."""

    @dg.asset(key=KEY, partitions_def=PARTS)
    def report():
        """A report."""

    specs = [dg.AssetCheckSpec(f"check_{n}", asset=KEY, partitions_def=PARTS) for n in range(count)]

    @dg.multi_asset_check(specs=specs, can_subset=False)
    def checks():
        for spec in specs:
            yield dg.AssetCheckResult(
                passed=False,
                asset_key=KEY,
                check_name=spec.name,
                severity=dg.AssetCheckSeverity.WARN,
                description=message,
                metadata={"pass_rate": 0.5, "needed": 0.9},
            )

    definitions = dg.Definitions(
        assets=[report],
        asset_checks=[checks],
        jobs=[dg.define_asset_job("small_goal__train", executor_def=dg.in_process_executor)],
    )
    return definitions.resolve_job_def("small_goal__train")


@dg.job(name="small_goal__train")
def empty_job():
    """A job whose runs are reported, not executed."""


def failed_run(instance, **tags):
    run = instance.create_run_for_job(empty_job, tags=tags)
    instance.report_run_failed(run, f"failed with {SECRET}")
    return run


def tags(attempt, trial="a"):
    return {
        "forgemind/goal": GOAL,
        "forgemind/iteration": "0001",
        "forgemind/phase": "train",
        "forgemind/trial": trial,
        "forgemind/attempt": str(attempt),
        "dagster/partition": f"0001-{trial}",
    }


def inbox(home):
    return [one.alert for one in Post.open(home).outbox.read_inbox(limit=1000)]


def test_sixty_checks_on_three_partitions_are_all_seen_in_one_tick(goal, home, instance):
    job = checked_job(20)
    for partition in ("0001-a", "0001-b", "0002-a"):
        job.execute_in_process(instance=instance, partition_key=partition)
    first = watch([goal], instance, home)
    assert first.new == 60
    found = inbox(home)
    assert len({(a.partition, a.title) for a in found}) == 60
    assert {a.partition for a in found} == {"0001-a", "0001-b", "0002-a"}
    assert {a.figure for a in found} == {"pass_rate = 0.5"}
    assert len((home.logs / "alerts.log").read_text().splitlines()) == 60
    second = watch([goal], instance, home)
    assert (second.new, second.delivered, second.waiting) == (0, 0, 0)


def test_fifty_runs_that_end_within_a_second_are_all_seen(goal, home, instance):
    watch([goal], instance, home)
    runs = [failed_run(instance) for _ in range(50)]
    assert watch([goal], instance, home).new == 50
    links = {a.link.rsplit("/", 1)[1] for a in inbox(home)}
    assert links == {run.run_id for run in runs}


def test_a_run_is_told_of_when_its_work_will_not_be_tried_again(goal, home, instance):
    for attempt in (1, 2):
        failed_run(instance, **tags(attempt))
        failed_run(instance, **tags(attempt, trial="b"))
        assert watch([goal], instance, home).new == 0
    last = failed_run(instance, **tags(3))
    stopped = failed_run(instance, **tags(3, trial="b"))
    instance.add_run_tags(stopped.run_id, {"forgemind/interrupted": "true"})
    assert watch([goal], instance, home).new == 1
    (found,) = inbox(home)
    assert (found.kind, found.goal, found.partition) == ("run_failed", GOAL, "0001-a")
    assert found.link.endswith(last.run_id)
    assert "3 failed runs" in found.figure


def test_three_failures_that_are_read_together_are_one_alert(goal, home, instance):
    runs = [failed_run(instance, **tags(attempt)) for attempt in (1, 2, 3)]
    assert watch([goal], instance, home).new == 1
    assert inbox(home)[0].link.endswith(runs[2].run_id)
    fourth = failed_run(instance, **tags(4))
    assert watch([goal], instance, home).new == 1, "tried again by hand"
    assert inbox(home)[1].link.endswith(fourth.run_id)


def test_a_failed_check_of_a_run_that_goes_on_is_told_of_now_and_once(goal, home, instance):
    done = checked_job(2).execute_in_process(instance=instance, partition_key="0001-a")
    going = instance.create_run_for_job(empty_job)
    for record in instance.get_records_for_run(
        done.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records:
        event = record.event_log_entry.dagster_event
        instance.report_dagster_event(event, run_id=going.run_id)
    watch([goal], instance, home)
    assert len(inbox(home)) == 2, "the other run has not started"
    start = dg.DagsterEvent(
        event_type_value=dg.DagsterEventType.RUN_START.value, job_name=going.job_name
    )
    instance.report_dagster_event(start, run_id=going.run_id)
    assert watch([goal], instance, home).new == 2
    instance.report_run_failed(instance.get_run_by_id(going.run_id), "later")
    assert watch([goal], instance, home).new == 1, "only that the run has failed"


def test_budget_stop_and_open_review_are_told_of_once(goal, home, instance):
    ledger = Ledger(f"sqlite:///{home.root / 'ledger.db'}")
    ledger.settle(ledger.reserve(GOAL, "0001", "api", 8.5, limit=10), 8.5)
    ledger.reserve(GOAL, "0001", "api", 1.5, limit=10)
    ledger.settle(ledger.reserve(GOAL, "0001-a", "gpu", 0.6, limit=1, per="scope"), 0.6)
    write_outcome(home, GOAL, Stop("limit reached: 2 of 2 iterations", goal_met=False))
    me = Reviewer(name="ada", source="flag", account="ada", host="here")
    subject = Subject(goal=GOAL, partition="0002", version="rows")
    open_reviews(home).ask(
        Question(kind="quarantined_rows", subject=subject, reason="12 rows", asked_by=me)
    )
    assert watch([goal], instance, home).new == 4
    assert watch([goal], instance, home).new == 0
    kinds = sorted((a.kind, a.partition or "", a.severity) for a in inbox(home))
    assert kinds == [
        ("approval_needed", "0002", "warning"),
        ("budget_warning", "", "warning"),
        ("budget_warning", "0001-a", "info"),
        ("stopped", "", "warning"),
    ]


def test_review_records_that_were_edited_are_told_of(goal, home, instance):
    me = Reviewer(name="ada", source="flag", account="ada", host="here")
    subject = Subject(goal=GOAL, partition="0002", version="rows")
    open_reviews(home).ask(
        Question(kind="quarantined_rows", subject=subject, reason="12 rows", asked_by=me)
    )
    with sqlite3.connect(home.root / "ledger.db") as connection:
        connection.execute(f"UPDATE {review_table.name} SET goal = 'another'")
    connection.close()
    watch([goal], instance, home)
    watch([goal], instance, home)
    (found,) = inbox(home)
    assert "was altered" in found.title


def test_the_first_look_at_an_old_installation_leaves_old_runs_alone(goal, home, instance):
    failed_run(instance)
    old = "UPDATE event_logs SET timestamp = datetime('now', '-3 days')"
    with instance.event_log_storage.index_connection() as connection:
        connection.execute(sa.text(old))
    failed_run(instance)
    assert watch([goal], instance, home).new == 1


def test_nothing_is_lost_while_the_settings_are_broken(goal, home, instance):
    home.root.mkdir()
    home.settings.write_text("alerts: {webhooks: 5}\n")
    failed_run(instance)
    with pytest.raises(SettingsError, match=r"settings\.yaml:1"):
        watch([goal], instance, home)
    home.settings.unlink()
    assert watch([goal], instance, home).new == 1


def test_the_sensor_ticks(goal, home, instance):
    failed_run(instance)
    sensor = build_alert_sensor([goal])
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    workshop = Workshop(home_root=str(home.root), models_root=str(home.models))
    with dg.build_sensor_context(instance=instance, resources={"workshop": workshop}) as context:
        answer = sensor(context)
    assert answer.skip_message == "1 new alerts, 2 delivered, 0 to be tried"


def test_no_secret_of_the_environment_stands_in_a_table_or_a_log(
    goal, home, instance, monkeypatch, tmp_path
):
    home.root.mkdir()
    home.settings.write_text(HOOK_SETTINGS)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    with FakeReceiver(down=1) as server:
        monkeypatch.setenv("TEST_HOOK", server.url)
        failed_run(instance)
        checked_job(1, f"judge said {SECRET}").execute_in_process(
            instance=instance, partition_key="0001-a"
        )
        assert watch([goal], instance, home).waiting == 2
    found = b"".join(p.read_bytes() for p in home.root.rglob("*") if p.is_file())
    assert b"[OPENAI_API_KEY]" in found
    assert SECRET.encode() not in found
    assert b"services/T0" not in found
    assert SECRET not in str([body for _, _, body in server.posts])


CHILD = """
import os, signal, sys
from pathlib import Path
import dagster as dg
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.home import Home
from resources import alert_watch
from resources.alerts import Outbox

class Dying(Outbox):
    calls = 0
    def add(self, *args, **more):
        Dying.calls += 1
        if Dying.calls == {at} and not {after}:
            os.kill(os.getpid(), signal.SIGKILL)
        new = super().add(*args, **more)
        if Dying.calls == {at}:
            os.kill(os.getpid(), signal.SIGKILL)
        return new

home = Home(root=Path({root!r}), models=Path({root!r}))
post = alert_watch.Post.open(home)
post = alert_watch.Post(Dying(home.ledger_url), post.channels, post.notifiers, post.ui, {{}})
with dg.DagsterInstance.from_ref(dg.DagsterInstance.get().get_ref()) as instance:
    alert_watch.look(post, [load_goal({goal!r})], instance, home)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("at", "after"), [(1, False), (2, False), (2, True)])
def test_a_look_that_is_killed_anywhere_loses_and_doubles_nothing(
    goal, home, instance, tmp_path, at, after
):
    for _ in range(3):
        failed_run(instance)
    code = CHILD.format(at=at, after=after, root=str(home.root), goal=str(goal.folder))
    environment = os.environ | {"DAGSTER_HOME": instance.root_directory}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=False)
    assert done.returncode == -9
    watch([goal], instance, home)
    assert len(inbox(home)) == 3
    with Post.open(home).outbox._engine.begin() as connection:
        counts = [
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (alerts, deliveries)
        ]
    assert counts == [3, 6]


def test_what_was_not_delivered_is_delivered_while_a_long_run_works(
    goal, home, instance, monkeypatch
):
    home.root.mkdir()
    home.settings.write_text(HOOK_SETTINGS)
    failed_run(instance)
    with FakeReceiver() as server:
        monkeypatch.setenv("TEST_HOOK", server.url)
        post = Post.open(home)
        assert len(look(post, [goal], instance, home)) == 1
        with delivering(home, seconds=0.01):
            while post.outbox.waiting(post.notifiers):
                pass
    assert len(server.accepted) == 1
