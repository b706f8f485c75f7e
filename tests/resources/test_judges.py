"""Judges over the wire: who is used, what becomes of rows, what is asked twice and what it costs.

The servers are real and on loopback; the good judge knows the truth, one answers anything, one
says the contrary.
"""

import json

import dagster as dg
import polars as pl
import pytest
from fakes.judged_goal import (
    KEY,
    judged_goal,
    judges_script,
    publish_written,
    teacher,
    written,
)
from fakes.openai_server import FakeOpenAI
from typer.testing import CliRunner

from forgemind_assets.cli.main import app
from forgemind_assets.foundry.assets import build_assets
from forgemind_assets.foundry.tables import read_rows
from forgemind_assets.keys import GoalKeys
from resources.data_room import make_filtered

THREE = {"teachers": ["good", "random", "contrary"], "examples": 50}
RIGHT = [written(n, t) for n, t in enumerate(["CWE-78", "CWE-89", "none"] * 6)]
WRONG = [
    written(100, "none", "CWE-89"),
    written(101, "CWE-78", "none"),
    written(102, "CWE-89", "CWE-78"),
    written(103, "CWE-89", "none"),
]


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv(KEY, "fake-key")
    with FakeOpenAI(judges_script) as one:
        yield one


def filtered(goal, workshop):
    meta = make_filtered(goal, workshop, "0001")
    folder = workshop.store.folder(goal.name, "filtered_dataset", "0001")
    rejected = pl.read_parquet(folder / "rejected.parquet")
    kept = {row.row_id for row in read_rows(folder / "kept.parquet")}
    return meta, kept, dict(rejected.select("row_id", "reason").rows()), folder


def test_the_good_judge_is_used_and_the_others_are_shown(tmp_path, server):
    goal, workshop = publish_written(
        judged_goal(tmp_path / "goal", server, THREE), RIGHT + WRONG, tmp_path / "home"
    )
    meta, kept, rejected, folder = filtered(goal, workshop)
    good, guess, contrary = meta["judges"]
    assert [one["used"] for one in meta["judges"]] == [True, False, False]
    assert (good["by_label"]["value"], good["asked"], good["rows"]) == (1.0, 50 + 22, 22)
    assert guess["why"] == "no better than chance by finding, not used"
    assert contrary["why"] == "worse than chance by finding, not used"
    assert (guess["asked"], contrary["asked"]) == (50, 50)  # nothing once they are not used

    assert kept == {row.row_id for row in RIGHT}
    assert rejected == {row.row_id: "judges_disagree" for row in WRONG}
    votes = pl.read_parquet(folder / "judgements.parquet")
    assert votes["judge"].unique().to_list() == ["good"]
    assert votes.filter(~pl.col("agrees")).height == len(WRONG)


def test_nothing_is_asked_twice(tmp_path, server):
    goal, workshop = publish_written(
        judged_goal(tmp_path / "goal", server, THREE), RIGHT + WRONG, tmp_path / "home"
    )
    first = filtered(goal, workshop)
    version = workshop.store.manifest(goal.name, "filtered_dataset", "0001").version
    asked = len(server.requests)
    assert asked == 3 * 50 + 22
    told = [json.dumps([r["model"], r["messages"]]) for r in server.requests]
    assert len(set(told)) == asked
    again = filtered(goal, workshop)
    assert len(server.requests) == asked
    assert again[1:3] == first[1:3]
    assert workshop.store.manifest(goal.name, "filtered_dataset", "0001").version == version
    untimed = [{k: v for k, v in one.items() if k != "seconds"} for one in again[0]["judges"]]
    assert untimed == [
        {k: v for k, v in one.items() if k != "seconds"} for one in first[0]["judges"]
    ]


def test_judges_see_neither_the_label_nor_the_slice(tmp_path, server):
    goal, workshop = publish_written(
        judged_goal(tmp_path / "goal", server, THREE), RIGHT + WRONG, tmp_path / "home"
    )
    filtered(goal, workshop)
    texts = {row.input.rstrip("\n") for row in RIGHT + WRONG}
    rows = [r for r in server.requests if r["messages"][-1]["content"] in texts]
    assert len(rows) == 22
    for request in rows:
        assert [m["role"] for m in request["messages"]] == ["system", "user"]
        assert request["messages"][0]["content"] == (
            "Review the code. Labels: none, CWE-78, CWE-89."
        )


def test_used_judges_that_do_not_agree_put_a_row_into_quarantine(tmp_path, server):
    both = {"teachers": ["good", "good2"], "examples": 50}

    def doubting(number, body):
        wrong = body["model"] == "good2" and "def " in body["messages"][-1]["content"]
        odd = "_100(" in body["messages"][-1]["content"]
        return judges_script(number, body | {"model": "contrary" if wrong and odd else "good"})

    with FakeOpenAI(doubting) as split:
        goal, workshop = publish_written(
            judged_goal(tmp_path / "goal", split, both), RIGHT + WRONG, tmp_path / "home"
        )
        meta, kept, rejected, _ = filtered(goal, workshop)
    assert [one["used"] for one in meta["judges"]] == [True, True]
    assert rejected.pop(WRONG[0].row_id) == "quarantined_judges_split"
    assert set(rejected.values()) == {"judges_disagree"}
    assert kept == {row.row_id for row in RIGHT}
    assert meta["judges_agree"][0]["kappa"]["value"] < 1


def test_nobody_judges_rows_of_its_own_model_under_whatever_name(tmp_path, server):
    both = {"teachers": ["good", "twin"], "examples": 50}
    author, twin = (teacher(n, server) | {"model": "good-one"} for n in ("author", "twin"))
    changes = {
        "teachers": [author, teacher("good", server), twin],
        "strategies": [
            {"name": "teacher_pairs", "teacher": "author"},
            {"name": "paraphrase", "teacher": "good"},
        ],
    }
    folder = judged_goal(tmp_path / "goal", server, both, changes)
    paraphrase = {"version": 1, "system": "s", "variants": {"a": "{{input}}"}, "field": "x"}
    (folder / "prompts" / "teacher" / "paraphrase.yaml").write_text(json.dumps(paraphrase))
    own = written(200, "none", "CWE-89", author="good")
    goal, workshop = publish_written(folder, [*RIGHT, *WRONG, own], tmp_path / "home")
    meta, kept, rejected, _ = filtered(goal, workshop)
    good, shadow = meta["judges"]
    assert (good["used"], shadow["used"]) == (True, True)
    assert (good["rows"], shadow["rows"]) == (22, 1)  # the twin: only what `good` wrote
    assert set(rejected) == {row.row_id for row in [*WRONG, own]}
    assert kept == {row.row_id for row in RIGHT}


def test_no_more_rows_are_asked_about_than_the_goal_allows(tmp_path, server):
    few = THREE | {"max_rows": 5}
    goal, workshop = publish_written(
        judged_goal(tmp_path / "goal", server, few), RIGHT + WRONG, tmp_path / "home"
    )
    meta, kept, rejected, _ = filtered(goal, workshop)
    assert meta["judges"][0]["rows"] == 5
    assert len(kept) + len(rejected) == 22
    assert set(rejected.values()) <= {"judges_disagree"}


def test_a_judge_that_cannot_be_paid_or_reached_leaves_the_rows_and_says_so(tmp_path, server):
    poor = {"teachers": ["good"], "examples": 50}
    changes = {
        "teachers": [teacher("author", server), teacher("good", server, dollars=1e6)],
        "limits.api_dollars_per_goal": 0.01,
    }
    goal, workshop = publish_written(
        judged_goal(tmp_path / "goal", server, poor, changes), RIGHT + WRONG, tmp_path / "home"
    )
    meta, kept, rejected, _ = filtered(goal, workshop)
    assert len(server.requests) == 0
    assert (len(kept), rejected) == (22, {})
    (judge,) = meta["judges"]
    assert judge["used"] is False
    assert judge["why"].startswith("not used: ")
    stage = next(one for one in meta["funnel"] if one["stage"] == "judged_label")
    assert stage["reasons"] == "did not run: no judge is known to be better than chance"
    assert workshop.ledger().spent(goal.name, "api") == 0


def test_what_judges_cost_is_reserved_and_counted(tmp_path, server):
    paid = {"teachers": ["good"], "examples": 50}
    prices = teacher("good", server, dollars=1.0)
    changes = {"teachers": [teacher("author", server), prices]}
    goal, workshop = publish_written(
        judged_goal(tmp_path / "goal", server, paid, changes), RIGHT, tmp_path / "home"
    )
    meta, _, _, _ = filtered(goal, workshop)
    one = 15 / 1e6  # 10 tokens in and 5 out, a dollar a million
    assert meta["judges"][0]["dollars"] == pytest.approx((50 + 18) * one)
    assert workshop.ledger().spent(goal.name, "api") == pytest.approx((50 + 18) * one)


def test_the_report_the_card_and_the_metadata_show_each_judge(tmp_path, server, monkeypatch):
    folder = judged_goal(tmp_path / "goal", server, THREE)
    goal, workshop = publish_written(folder, RIGHT + WRONG, tmp_path / "home")
    asset = build_assets(goal, GoalKeys(goal.name))[1]
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions(f"{goal.name}__iteration", ["0001"])
        made = dg.materialize(
            [asset], partition_key="0001", instance=instance, resources={"workshop": workshop}
        )
        shown = made.asset_materializations_for_node(asset.op.name)[0].metadata
    assert "worse than chance by finding, not used" in shown["judges"].value
    assert "good, contrary" in shown["judges_agree"].value
    assert "## Judges" in shown["data_card"].value
    assert "1.00 (1.00 to 1.00), 50 items" in shown["data_card"].value
    monkeypatch.setenv("FORGEMIND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "300")
    run = CliRunner().invoke(app, ["teachers", "report", str(folder)])
    assert run.exit_code == 0, run.output
    assert "Judges of iteration 0001" in run.output
    assert "no better than chance by finding, not used" in run.output
    told = CliRunner().invoke(app, ["teachers", "report", str(folder), "--json"])
    judges = json.loads(told.output)[goal.name]["judges"]
    assert [one["judge"] for one in judges["standings"]] == THREE["teachers"]
    assert len(judges["pairs"]) == 3


def test_a_goal_without_judges_asks_nobody(tmp_path, server):
    folder = judged_goal(tmp_path / "goal", server, THREE)
    text = (folder / "goal.yaml").read_text(encoding="utf-8")
    (folder / "goal.yaml").write_text(text[: text.index("\njudges:")] + "\n", encoding="utf-8")
    goal, workshop = publish_written(folder, RIGHT + WRONG, tmp_path / "home")
    meta, kept, rejected, place = filtered(goal, workshop)
    assert (len(kept), rejected, len(server.requests)) == (22, {}, 0)
    assert "judges" not in meta
    assert not (place / "judgements.parquet").exists()
