"""Layers on a model: scores become findings, and a model that did not judge is not run."""

import pytest

from forgemind_assets.warden.layers.registry import make_layer
from forgemind_assets.warden.policy import LayerPolicy, Policy
from forgemind_assets.warden.scan import scan
from forgemind_assets.warden.scan_report import layer_verdict
from forgemind_assets.warden.verdict import NotRun, Passage, Subject

LAYERS = ("detoxify", "openai_moderation", "model_moderation")


class ByWords:
    """Scores a word, and does not judge another."""

    def __init__(self):
        self.seen = []

    def scores(self, texts):
        self.seen += texts
        return [self.judge(text) for text in texts]

    def judge(self, text):
        if "unreachable" in text:
            return NotRun("detoxify", "1", "unreachable", "try again")
        return {"insult": 0.9 if "fool" in text else 0.05, "threat": 0.3}


@pytest.mark.parametrize("name", LAYERS)
def test_scores_become_findings_without_the_text(name):
    layer = make_layer(name, Policy(), {name: ByWords()})
    passages = [Passage("nice"), Passage("you fool"), Passage("unreachable")]
    clean, bad, missed = layer.judge(passages)
    assert [(v.reason, v.score) for v in clean] == [("threat", 0.3)]
    assert [(v.layer, v.reason, v.score) for v in bad] == [
        (name, "insult", 0.9),
        (name, "threat", 0.3),
    ]
    assert not [v for v in bad if "fool" in v.shown]
    assert isinstance(missed, NotRun)


def test_the_model_reads_the_normalised_text():
    model = ByWords()
    make_layer("detoxify", Policy(), {"detoxify": model}).judge([Passage("you f\u200bool")])
    assert model.seen == ["you fool"]


@pytest.mark.parametrize("name", LAYERS)
def test_a_required_layer_without_its_model_fails_its_check_and_holds_every_row_back(name):
    need = LayerPolicy(training_rows="required", quarantine_at=0.5, drop_at=0.8)
    report = scan("training_rows", [Subject("r", {"input": "nice"})], Policy(layers={name: need}))
    told = layer_verdict(report.layers[0])
    assert (told.passed, told.state, told.blocking) == (False, "not_run", True)
    assert report.subjects[0].fate == "quarantine"
