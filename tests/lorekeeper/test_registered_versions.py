"""Registered versions through the command line: listed, promoted, rolled back, and refused."""

import json
import shutil

import dagster as dg
import pytest
from fakes.approvals import ApprovalsList
from fakes.artefacts import change_a_byte
from fakes.installation import forgemind, install
from fakes.trials import conclude, publish_plan, publish_trial

from forgemind_assets.cli.subjects import find_subject
from forgemind_assets.errors import AlteredArtefact, PromotionRefused, StoreError, UserError
from forgemind_assets.forge.assets import make_adapter
from forgemind_assets.foundry.tables import write_rows
from forgemind_assets.lorekeeper.promotion import Promotion
from forgemind_assets.records import Row
from forgemind_assets.warden.policy import Approval, Policy
from resources import promotions
from resources.examiner import subject_of
from resources.registry import STABLE, Registry
from resources.training_room import planned_trial, training_inputs

# Warnings of mlflow and great_expectations are not ours to mend.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Versions 1 and 2, both of which met the goal; 2 is stable."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as environment, dg.instance_for_test() as instance:
        place = install(folder, instance, environment)
        for key, passed in (("0000", 2), ("0001", 18), ("0002", 24)):
            publish_plan(place, key)
            publish_trial(place, f"{key}-a", passed)
            conclude(place, key)
    return folder


@pytest.fixture
def place(built, tmp_path, monkeypatch):
    """A copy of it that a test may spoil."""
    shutil.copytree(built, tmp_path / "copy", symlinks=True)
    with dg.instance_for_test() as instance:
        yield install(tmp_path / "copy", instance, monkeypatch)


def listed(place):
    return json.loads(forgemind(place, "registry", "list", "GOAL", "--json").stdout)


def adapter(place, trial):
    return place.workshop.store.folder("small_goal", "adapter", trial)


def test_versions_are_listed_with_aliases_reports_and_signatures(place):
    found = listed(place)
    assert found["warning"] is None
    one, two = found["versions"]
    assert (one["version"], one["aliases"], one["signature"]) == ("1", [], "valid")
    assert (two["version"], two["aliases"]) == ("2", ["candidate", "stable"])
    assert two["reports"] == {
        "dev": 1.0,
        "full": 1.0,
        "adversarial": None,
    }
    shown = json.loads(forgemind(place, "registry", "show", "GOAL", "2", "--json").stdout)
    actions = [event["action"] for event in shown["events"]]
    assert actions == ["registered", "sealed_opened", "sealed_read", "promoted"]
    assert shown["events"][-1]["stable_before"] == "1"
    assert shown["manifest"]["settings"] == {"rank": 2}
    assert len(shown["key_id"]) == 16
    text = forgemind(place, "registry", "show", "GOAL", "2")
    assert "valid" in text.stdout
    assert "promoted" in text.stdout
    assert "0002-a" in forgemind(place, "registry", "list", "GOAL").stdout


def test_rollback_moves_stable_and_is_recorded(place):
    done = forgemind(place, "registry", "rollback", "GOAL", "--to", "1", "--reason", "2 is worse")
    assert done.exit_code == 0, done.output
    registry = Registry(place.workshop.home)
    assert registry.version_of("small_goal", STABLE).version == "1"
    assert find_subject(place.goal, place.workshop, "stable").name == "0001-a"
    events = json.loads(forgemind(place, "registry", "show", "GOAL", "1", "--json").stdout)
    last = events["events"][-1]
    assert (last["action"], last["reason"], last["stable_before"]) == (
        "rolled_back",
        "2 is worse",
        "2",
    )
    again = forgemind(place, "registry", "rollback", "GOAL", "--to", "1", "--reason", "x")
    assert again.exit_code == 1
    assert "already" in again.output
    back = forgemind(place, "registry", "promote", "GOAL", "2", "--reason", "mended", "--json")
    assert json.loads(back.stdout)["stable"] == "2"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("rollback", "GOAL", "--to", "9", "--reason", "x"), 2, "expected one of 1, 2"),
        (("show", "GOAL", "9"), 2, "expected one of 1, 2"),
        (("rollback", "GOAL", "--to", "1", "--reason", " "), 2, "expected why"),
    ],
)
def test_a_mistake_says_what_there_is(place, arguments, code, words):
    done = forgemind(place, "registry", *arguments)
    assert done.exit_code == code
    assert words in done.output


def test_one_changed_byte_is_refused_by_every_way_to_load(place):
    folder = adapter(place, "0002-a")
    change_a_byte(folder / "adapter_model.safetensors")
    for load in (
        lambda: subject_of(place.goal, place.workshop, "0002-a"),
        lambda: find_subject(place.goal, place.workshop, "stable"),
        lambda: find_subject(place.goal, place.workshop, "0002"),
        lambda: find_subject(place.goal, place.workshop, ""),
    ):
        with pytest.raises(AlteredArtefact, match=r"adapter_model\.safetensors: expected SHA-256"):
            load()
    assert [v["signature"] for v in listed(place)["versions"]] == ["valid", "refused"]
    suite = place.goal.folder / "suites" / "dev.jsonl"
    done = forgemind(place, "evaluate", f"{place.goal.folder}@stable", "--suite", str(suite))
    assert done.exit_code == 1
    assert "expected SHA-256" in done.output


def test_a_byte_changed_with_the_stores_manifest_is_still_refused(place):
    """Who can write the store can make its hashes agree, but has no key to sign them."""
    store = place.workshop.store
    source = adapter(place, "0002-a")
    with store.publish("small_goal", "adapter", "0002-a", {}) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        change_a_byte(folder / "adapter_model.safetensors")
    store.verify("small_goal", "adapter", "0002-a")
    with pytest.raises(AlteredArtefact, match="altered after it was registered"):
        subject_of(place.goal, place.workshop, "0002-a")
    with pytest.raises(AlteredArtefact, match="altered after it was registered"):
        promotions.sign(place.workshop, "small_goal", "0002-a")


def test_an_altered_version_is_not_promoted_or_rolled_back_to(place):
    change_a_byte(adapter(place, "0001-a") / "adapter_config.json")
    for verb in (("rollback", "GOAL", "--to", "1"), ("promote", "GOAL", "1")):
        done = forgemind(place, "registry", *verb, "--reason", "x")
        assert done.exit_code == 1
        assert "adapter_config.json" in done.output
    assert Registry(place.workshop.home).version_of("small_goal", STABLE).version == "2"


def test_a_stable_that_others_moved_is_shown_and_not_loaded(place):
    client = Registry(place.workshop.home).client()
    client.set_registered_model_alias("small_goal", "stable", "1")
    assert "moved outside of ForgeMind" in listed(place)["warning"]
    assert "moved outside" in forgemind(place, "registry", "list", "GOAL").stdout.replace("\n", " ")
    with pytest.raises(PromotionRefused, match="moved outside of ForgeMind"):
        find_subject(place.goal, place.workshop, "stable")
    done = forgemind(place, "registry", "promote", "GOAL", "2", "--reason", "put right")
    assert done.exit_code == 0, done.output
    assert find_subject(place.goal, place.workshop, "stable").name == "0002-a"


def test_the_registry_moves_stable_by_permission_only(place):
    registry = Registry(place.workshop.home)
    two = registry.get("small_goal", "2")
    facts = {"goal": "small_goal", "version": "1", "reason": "r"}
    with pytest.raises(PromotionRefused, match="not made stable"):
        registry.make_stable(Promotion(**facts, adapter_hash=two.adapter_version, promote=False))
    with pytest.raises(PromotionRefused, match="expected the permitted adapter"):
        registry.make_stable(Promotion(**facts, adapter_hash=two.adapter_version, promote=True))
    assert registry.version_of("small_goal", STABLE).version == "2"


def test_consent_is_asked_by_every_way_that_moves_stable(place, tmp_path):
    policy = Policy(approval=Approval(promotion_to_stable=True))
    spec = place.goal.spec.model_copy(update={"policy": policy})
    goal = place.goal.model_copy(update={"spec": spec})
    said = ApprovalsList()
    given = {"reason": "x", "by": "ada", "approvals": said}
    with pytest.raises(PromotionRefused, match="asks for a person's consent"):
        promotions.roll_back(goal, place.workshop, "1", **given)
    assert not promotions.promote(goal, place.workshop, "1", **given).promote
    weights = Registry(place.workshop.home).get("small_goal", "1").adapter_version
    said.give("small_goal", "1", weights, by="grace")
    assert promotions.roll_back(goal, place.workshop, "1", **given).promote
    shown = json.loads(forgemind(place, "registry", "show", "GOAL", "1", "--json").stdout)
    assert shown["events"][-1]["approval"]["reviewers"] == ["grace"]


def test_an_altered_adapter_is_not_trained_further(place):
    plan, chosen = planned_trial(place.goal, place.workshop, "0002-a")
    with place.workshop.store.publish("small_goal", "filtered_dataset", "0002", {}) as folder:
        row = Row.make(family="f", slice="s", input="x", expected={}, strategy="seed_expansion")
        write_rows([row], folder / "kept.parquet")
    settings = chosen.training.model_copy(update={"start_from": "0001-a"})

    def inputs():
        return training_inputs(place.goal, place.workshop, "0002-a", plan, settings, "short")

    assert inputs().start == adapter(place, "0001-a")
    change_a_byte(adapter(place, "0001-a") / "adapter_model.safetensors")
    with pytest.raises(AlteredArtefact, match=r"adapter_model\.safetensors"):
        inputs()


def test_what_is_registered_is_not_trained_over(place, tmp_path):
    with pytest.raises(StoreError, match="registered as version 2"):
        make_adapter(place.goal, place.workshop, "0002-a", tmp_path)


def test_a_goal_without_versions_says_so(tmp_path, monkeypatch):
    with dg.instance_for_test() as instance:
        place = install(tmp_path, instance, monkeypatch)
        assert "no registered version yet" in forgemind(place, "registry", "list", "GOAL").stdout
        with pytest.raises(UserError, match="expected one of none yet"):
            Registry(place.workshop.home).get("small_goal", "1")
