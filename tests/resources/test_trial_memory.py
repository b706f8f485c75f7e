import pytest

from forgemind_assets.brain.search.memory import PastTrial
from forgemind_assets.lorekeeper.store import Store
from resources.trial_memory import FILE, TrialMemory, earlier_goals, read_memory


def trial(name, goal=""):
    return PastTrial(name=name, values={"learning_rate": 0.004}, score=0.5, goal=goal)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def conclude(store, goal, iteration, memory):
    with store.publish(goal, "champion", iteration, {}) as folder:
        (folder / "champion.json").write_text("{}")
        if memory:
            (folder / FILE).write_text(memory.model_dump_json())


def test_what_was_published_is_read_back(store):
    memory = TrialMemory(base_model="smol", trials=(trial("0001-a"), trial("0002-b", "other")))
    conclude(store, "mine", "0002", memory)
    assert read_memory(store, "mine", "0002") == memory


def test_an_iteration_concluded_by_an_older_version_has_no_memory(store):
    conclude(store, "mine", "0002", None)
    assert read_memory(store, "mine", "0002") is None


def test_earlier_goals_on_the_same_base_hand_on_their_own_newest_trials(store):
    conclude(store, "sql", "0001", TrialMemory(base_model="smol", trials=(trial("old"),)))
    newest = (trial("0001-a"), trial("0002-a"), trial("0007-a", "first_of_all"))
    conclude(store, "sql", "0002", TrialMemory(base_model="smol", trials=newest))
    conclude(store, "big", "0001", TrialMemory(base_model="llama", trials=(trial("0001-a"),)))
    conclude(store, "mine", "0000", TrialMemory(base_model="smol", trials=(trial("0001-c"),)))
    conclude(store, "silent", "0001", None)
    found = earlier_goals(store, "mine", "smol")
    assert [(t.name, t.goal) for t in found] == [("0001-a", "sql"), ("0002-a", "sql")]


def test_a_store_without_goals_has_no_earlier_ones(store):
    assert earlier_goals(store, "mine", "smol") == ()
