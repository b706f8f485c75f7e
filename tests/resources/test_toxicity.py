"""Detoxify on tiny models of its own architecture: windows, conversion, and what is refused."""

import hashlib
import pickle
from itertools import pairwise
from pathlib import Path

import pytest
from fakes.hub_server import FakeHub
from fakes.tiny_detoxify import LABELS, write_base, write_checkpoint

from forgemind_assets.errors import DownloadError, HashMismatch, NotAvailable
from forgemind_assets.forge.catalogue import CATALOGUE, Checkpoint, HubSource, ModelEntry
from forgemind_assets.home import Home
from resources.checkpoints import convert_detoxify
from resources.models import ModelStore
from resources.toxicity import TOXIC_LABELS, Toxicity, Windows, open_toxicity

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
REVISION = "b" * 40
STANDARD = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(autouse=True)
def one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A base folder, a checkpoint, and the checkpoint as a folder of safetensors."""
    root = tmp_path_factory.mktemp("detoxify")
    base = write_base(root / "base")
    checkpoint = write_checkpoint(root / "tiny.ckpt", base)
    converted = convert_detoxify(checkpoint, sha(checkpoint), base, root / "clean")
    return base, checkpoint, converted


def test_short_texts_score_as_the_package_itself_scores_them(made, tmp_path):
    from detoxify import Detoxify

    base, _, converted = made
    # the package's own loader needs the base's path in the checkpoint, and a model it unpickles:
    # this one was written a moment ago by the test
    own = write_checkpoint(tmp_path / "own.ckpt", base, model_type=str(base))
    package = Detoxify(checkpoint=str(own))
    texts = ["you are a nice person", "shut up you fool", ""]
    theirs = package.predict(texts)
    ours = Toxicity(converted).scores(texts)
    for number, scores in enumerate(ours):
        assert set(scores) == set(STANDARD) == set(theirs)
        for label, score in scores.items():
            assert score == pytest.approx(theirs[label][number], abs=1e-6)


def test_what_stands_after_the_first_window_counts(made):
    model = Toxicity(made[2], Windows(tokens=32, overlap=8, batch=3))
    one = Toxicity(made[2], Windows(tokens=512, overlap=8))
    quiet = "nice person " * 100
    passages = ["fool " * 6, "shut up you fool fool fool"]
    alone = one.scores([quiet[:60], *passages])
    loud = max(passages, key=lambda p: one.scores([p])[0]["toxicity"])
    before, after = model.scores([quiet, quiet + loud])
    assert alone[0].keys() == before.keys()
    assert any(after[label] != pytest.approx(before[label], abs=1e-6) for label in after)
    assert all(after[label] >= before[label] - 1e-6 for label in after)


def test_windows_cover_every_token_and_share_the_overlap(made):
    model = Toxicity(made[2], Windows(tokens=16, overlap=4))
    text = " ".join(f"nice person you fool {n % 7}" for n in range(40))
    whole = model._tokenizer(text, add_special_tokens=False)["input_ids"]
    windows = [ids[1:-1] for ids in model._cut(text)]
    rebuilt = list(windows[0])
    for left, right in pairwise(windows):
        assert left[-4:] == right[:4]
        rebuilt += right[4:]
    assert rebuilt == whole
    assert all(len(ids) <= 14 for ids in windows)


def test_scores_do_not_depend_on_the_batch_or_on_the_neighbours(made):
    texts = ["fool", "you are a nice person " * 9, "shut up", "nice " * 70]
    first = Toxicity(made[2], Windows(tokens=32, overlap=8, batch=1)).scores(texts)
    told = []
    second = Toxicity(made[2], Windows(tokens=32, overlap=8, batch=4)).scores(
        texts, lambda *done: told.append(done)
    )
    for one, other in zip(first, second, strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    assert told[-1][0] == told[-1][1] > len(texts)


def test_a_window_is_no_longer_than_the_model_has_positions_for(made):
    model = Toxicity(made[2])
    assert model.windows.tokens == 64
    assert model.windows.overlap == 31
    assert model.scores(["fool " * 500])[0]["toxicity"] > 0


def test_no_texts_give_no_scores(made):
    assert Toxicity(made[2]).scores([]) == []


def test_the_conversion_keeps_every_weight_and_writes_safetensors_only(made):
    import torch
    from safetensors.torch import load_file

    _, checkpoint, converted = made
    kept = load_file(converted / "model.safetensors")
    given = torch.load(checkpoint, weights_only=True)["state_dict"]
    assert set(given) <= set(kept) | {"bert.embeddings.position_ids"}
    assert all(torch.equal(kept[name], given[name]) for name in kept)
    suffixes = {p.suffix for p in converted.rglob("*") if p.is_file()}
    assert suffixes <= {".json", ".safetensors", ".txt"}


def test_a_checkpoint_with_other_bytes_is_deleted_and_never_unpickled(made, tmp_path):
    base, _, _ = made
    trace = tmp_path / "executed"
    evil = tmp_path / "evil.ckpt"
    evil.write_bytes(pickle.dumps(Bomb(str(trace))))
    with pytest.raises(HashMismatch):
        convert_detoxify(evil, "0" * 64, base, tmp_path / "out")
    assert not evil.exists()
    assert not trace.exists()


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: str):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (Path(self.path),))


def test_the_bomb_goes_off_where_nothing_holds_it_back(tmp_path):
    pickle.loads(pickle.dumps(Bomb(str(tmp_path / "executed"))))
    assert (tmp_path / "executed").exists()


def test_a_checkpoint_with_code_in_it_is_refused_though_its_hash_is_right(made, tmp_path):
    import torch

    base, _, _ = made
    trace = tmp_path / "executed"
    evil = tmp_path / "evil.ckpt"
    torch.save({"config": {}, "state_dict": Bomb(str(trace))}, evil)
    with pytest.raises(DownloadError, match="refused, not only tensors"):
        convert_detoxify(evil, sha(evil), base, tmp_path / "out")
    assert not trace.exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_name": "GPT2LMHeadModel"}, "no architecture of detoxify"),
        ({"tokenizer_name": "AutoTokenizer"}, "no architecture of detoxify"),
        ({"drop": "classifier.weight"}, r"no weights, or others, for classifier\.weight"),
        ({"classes": LABELS[:3]}, "6 classes, 3 labels"),
    ],
)
def test_a_checkpoint_that_is_no_whole_detoxify_model_is_refused(made, tmp_path, changes, message):
    base, _, _ = made
    file = write_checkpoint(tmp_path / "odd.ckpt", base, **changes)
    with pytest.raises(DownloadError, match=message):
        convert_detoxify(file, sha(file), base, tmp_path / "out")


def test_a_folder_without_all_weights_is_not_available(made, tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file

    folder = tmp_path / "holes"
    shutil.copytree(made[2], folder)
    state = load_file(folder / "model.safetensors")
    del state["classifier.bias"]
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(NotAvailable, match="expected weights for") as caught:
        Toxicity(folder)
    assert caught.value.reason == "weights_unusable"


def test_a_folder_without_a_model_is_not_available(tmp_path):
    tmp_path.joinpath("config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(NotAvailable):
        Toxicity(tmp_path)


def test_scores_that_are_no_numbers_are_not_available(made):
    model = Toxicity(made[2])
    model._model.classifier.bias.data.fill_(float("nan"))
    with pytest.raises(NotAvailable, match="no number"):
        model.scores(["fool"])


def test_labels_of_who_a_text_speaks_of_are_no_toxicity(made, tmp_path):
    import json
    import shutil

    folder = tmp_path / "unbiased"
    shutil.copytree(made[2], folder)
    config = json.loads((folder / "config.json").read_text())
    config["id2label"]["3"] = "female"
    config["label2id"] = {v: int(k) for k, v in config["id2label"].items()}
    (folder / "config.json").write_text(json.dumps(config))
    scores = Toxicity(folder).scores(["fool"])[0]
    assert "female" not in scores
    assert set(scores) == set(STANDARD) - {"threat"} <= TOXIC_LABELS


@pytest.fixture
def home(tmp_path):
    return Home(root=tmp_path / "home", models=tmp_path / "models")


def test_without_weights_the_layer_is_not_run_and_nothing_is_fetched(home):
    with FakeHub("unitary/toxic-bert", REVISION, {}) as hub:
        with pytest.raises(NotAvailable, match="models pull detoxify-original") as caught:
            open_toxicity(ModelStore(home, endpoint=hub.url))
        assert hub.paths == []
    assert caught.value.reason == "weights_missing"


def release_entry(hub: FakeHub, checkpoint: Path, base: Path) -> ModelEntry:
    names = sorted(p.name for p in base.iterdir())
    return ModelEntry(
        name="tiny-detoxify",
        licence="Apache-2.0",
        architecture="bert",
        roles=("classifier",),
        parameters=1000,
        release=Checkpoint(
            url=f"{hub.url}/a/b/resolve/{REVISION}/{checkpoint.name}",
            size=checkpoint.stat().st_size,
            sha256=sha(checkpoint),
            base=HubSource(repository="a/b", revision=REVISION, files=tuple(names)),
        ),
    )


def test_a_release_is_fetched_converted_once_and_then_needs_no_network(made, home):
    base, checkpoint, converted = made
    files = {p.name: p.read_bytes() for p in [*base.iterdir(), checkpoint]}
    told = []
    with FakeHub("a/b", REVISION, files) as hub:
        entry = release_entry(hub, checkpoint, base)
        store = ModelStore(home, {entry.name: entry}, endpoint=hub.url)
        folder = store.pull(entry.name, lambda *done: told.append(done))
    assert told[-1] == (entry.release.size, entry.release.size)
    assert store.state(entry.name) == "clean"
    store.verify(entry.name)
    assert not [p for p in home.models.rglob("*") if p.suffix in (".ckpt", ".part")]
    assert sha(folder / "model.safetensors") == sha(converted / "model.safetensors")
    again = ModelStore(home, {entry.name: entry}, endpoint="http://127.0.0.1:9")
    assert open_toxicity(again, entry.name).scores(["fool"])[0].keys() == set(STANDARD)


def test_a_release_with_other_bytes_is_refused_and_a_later_pull_mends_it(made, home):
    base, checkpoint, _ = made
    files = {p.name: p.read_bytes() for p in [*base.iterdir(), checkpoint]}
    other = files[checkpoint.name][:-1] + b"?"
    with FakeHub("a/b", REVISION, files | {checkpoint.name: other}) as hub:
        entry = release_entry(hub, checkpoint, base)
        store = ModelStore(home, {entry.name: entry}, endpoint=hub.url)
        with pytest.raises(HashMismatch):
            store.pull(entry.name)
    with pytest.raises(NotAvailable):
        open_toxicity(store, entry.name)
    with FakeHub("a/b", REVISION, files) as hub:
        entry = release_entry(hub, checkpoint, base)
        store = ModelStore(home, {entry.name: entry}, endpoint=hub.url)
        assert store.pull(entry.name).is_dir()


@pytest.mark.parametrize("extra", [b"more", None])
def test_a_release_that_is_longer_or_shorter_than_it_should_be_is_refused(made, home, extra):
    base, checkpoint, _ = made
    data = checkpoint.read_bytes()
    files = {p.name: p.read_bytes() for p in base.iterdir()}
    files[checkpoint.name] = data + extra if extra else data[:-10]
    with FakeHub("a/b", REVISION, files) as hub:
        entry = release_entry(hub, checkpoint, base)
        store = ModelStore(home, {entry.name: entry}, endpoint=hub.url)
        with pytest.raises(DownloadError, match=r"more than the|expected \d+ bytes"):
            store.pull(entry.name)


def test_a_hub_repository_of_safetensors_is_taken_as_it_is(made, home):
    _, _, converted = made
    files = {p.name: p.read_bytes() for p in converted.iterdir()}
    source = HubSource(repository="a/b", revision=REVISION, files=tuple(sorted(files)))
    entry = CATALOGUE["detoxify-original"].model_copy(update={"hub": source})
    with FakeHub("a/b", REVISION, files) as hub:
        store = ModelStore(home, {entry.name: entry}, endpoint=hub.url)
        store.pull(entry.name)
    model = open_toxicity(store)
    assert model.scores(["fool"])[0].keys() == set(STANDARD)
    assert len(model.version) == 16
