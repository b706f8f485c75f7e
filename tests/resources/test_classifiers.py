"""The models behind the layers are opened when they are needed, and a missing one says so."""

from fakes.goal_spec import spec_of

from forgemind_assets.errors import NotAvailable
from forgemind_assets.goal import Goal
from forgemind_assets.warden.verdict import NotRun
from resources.classifiers import Lazily, open_classifiers
from resources.moderation import NotJudged
from resources.workshop import Workshop


def test_nothing_here_means_nothing_judged(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    goal = Goal(spec=spec_of(), folder=tmp_path, version="0" * 64)
    workshop = Workshop(home_root=str(tmp_path / "home"), models_root=str(tmp_path / "models"))
    opened = open_classifiers(goal, workshop, "0001")
    told = {name: one.scores(["a", "b"]) for name, one in opened.items()}
    assert {name: [r.reason for r in one] for name, one in told.items()} == {
        "detoxify": ["weights_missing"] * 2,
        "openai_moderation": ["key_missing"] * 2,
        "model_moderation": ["no_teacher"] * 2,
    }
    assert all(isinstance(r, NotRun) and r.layer == n for n, one in told.items() for r in one)


def test_a_model_is_opened_once_with_its_first_text():
    opened = []

    def open_it():
        opened.append(1)
        return lambda texts: [NotJudged("odd") if t == "?" else {"hate": 0.1} for t in texts]

    layer = Lazily("x", open_it)
    assert opened == []
    assert layer.scores(["a", "?"]) == [{"hate": 0.1}, NotRun("x", "1", "odd", "")]
    layer.scores(["b"])
    assert opened == [1]


def test_a_model_that_cannot_be_opened_is_tried_once():
    tried = []

    def open_it():
        tried.append(1)
        raise NotAvailable("weights_missing", "pull them")

    layer = Lazily("x", open_it)
    for _ in range(2):
        assert layer.scores(["a"]) == [NotRun("x", "1", "weights_missing", "pull them")]
    assert tried == [1]
