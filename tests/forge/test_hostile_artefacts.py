"""Hostile artefacts: every one is refused before a library opens it, and none is executed.

Each payload that could run writes a canary file if it does. A child process tries to load all of
them with `torch`, `transformers` and `peft` at hand, and tells whether one of these was imported.
"""

import json
import os
import pickle
import shutil
import subprocess
import sys

import pytest
from fakes.artefacts import LORA, adapter_config, weights, write_adapter
from fakes.hostile import (
    ADAPTERS,
    CONFIG,
    MODELS,
    REMOTE,
    Payload,
    put,
    spoil,
    write_sound_model,
)

from forgemind_assets.errors import DownloadError, ForgeMindError, UnsafeArtefact
from forgemind_assets.forge.safe_files import check_adapter_folder, check_model_folder
from forgemind_assets.home import REPOSITORY
from resources.model_hub import check_folder


@pytest.fixture
def model(tmp_path):
    folder = write_sound_model(tmp_path / "model")
    check_model_folder(folder)
    check_folder(folder)
    return folder


@pytest.mark.parametrize("name", MODELS)
def test_a_hostile_model_is_refused(model, canary, name):
    file, content, words = MODELS[name]
    spoil(model, file, content, canary)
    with pytest.raises(UnsafeArtefact) as caught:
        check_model_folder(model)
    assert words in str(caught.value)
    assert str(model / file) in str(caught.value)
    with pytest.raises(DownloadError, match="refused"):
        check_folder(model)


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_hostile_adapter_is_refused(tmp_path, name):
    changes, words = ADAPTERS[name]
    folder = write_adapter(tmp_path / "adapter")
    check_adapter_folder(folder)
    put(folder, "adapter_config.json", adapter_config(**changes))
    with pytest.raises(UnsafeArtefact) as caught:
        check_adapter_folder(folder)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("adapter_model.bin", b"pickle"),
        ("run.sh", b"#!/bin/sh"),
        ("optimizer.safetensors", weights()),
        ("adapter_model.safetensors", weights(("base_model.model.lm_head.weight",))),
        ("adapter_model.safetensors", weights((LORA.format("A"),), dtype="I64")),
    ],
)
def test_an_adapter_holds_lora_matrices_and_nothing_else(tmp_path, file, content):
    folder = write_adapter(tmp_path / "adapter")
    put(folder, file, content)
    with pytest.raises(UnsafeArtefact, match="refused"):
        check_adapter_folder(folder)


@pytest.mark.e2e
def test_the_templates_of_the_weights_on_this_machine_are_accepted():
    from forgemind_assets.home import Home

    found = [p for p in Home.from_environment().models.glob("*/clean") if p.is_dir()]
    assert found
    for folder in found:
        check_model_folder(folder)


def test_links_devices_and_shared_files_are_refused(model, tmp_path):
    outside = tmp_path / "outside.json"
    outside.write_text("{}")
    (model / "extra.json").symlink_to(outside)
    with pytest.raises(UnsafeArtefact, match="leaves the model's folder"):
        check_model_folder(model)
    (model / "extra.json").unlink()
    (model / "extra").symlink_to(tmp_path)
    with pytest.raises(UnsafeArtefact, match="leaves the model's folder"):
        check_model_folder(model)
    (model / "extra").unlink()
    os.link(outside, model / "extra.json")
    with pytest.raises(UnsafeArtefact, match="2 hard links"):
        check_model_folder(model)
    (model / "extra.json").unlink()
    os.mkfifo(model / "extra.json")
    with pytest.raises(UnsafeArtefact, match="not a plain file"):
        check_model_folder(model)
    (model / "extra.json").unlink()
    (model / "extra.json").symlink_to(model / "nowhere.json")
    with pytest.raises(UnsafeArtefact, match="leads nowhere"):
        check_model_folder(model)


def test_a_folder_that_changes_is_looked_at_again(model):
    check_model_folder(model)
    put(model, "config.json", CONFIG | {"auto_map": REMOTE})
    with pytest.raises(UnsafeArtefact, match="auto_map"):
        check_model_folder(model)


CHILD = """
import json, sys
from pathlib import Path
from forgemind_assets.errors import ForgeMindError
from forgemind_assets.forge import adapter, weights
heavy = ("torch", "transformers", "peft", "safetensors", "tokenizers", "numpy")
refused = []
for folder in map(Path, sys.argv[1:]):
    load = weights.load_base if (folder / "config.json").exists() else None
    try:
        load(folder) if load else adapter.load(None, folder)
    except ForgeMindError as error:
        refused.append(folder.name)
print(json.dumps([refused, sorted(set(heavy) & set(sys.modules))]))
"""


def test_loading_them_all_executes_nothing_and_opens_no_library(tmp_path, model, canary):
    """The real loaders, in a process of their own, with every library installed."""
    folders = []
    for n, (file, content, _) in enumerate(MODELS.values()):
        folder = tmp_path / f"model{n}"
        shutil.copytree(model, folder)
        spoil(folder, file, content, canary)
        folders.append(folder)
    for n, (changes, _) in enumerate(ADAPTERS.values()):
        folder = write_adapter(tmp_path / f"adapter{n}")
        put(folder, "adapter_config.json", adapter_config(**changes))
        folders.append(folder)
    assert len(folders) >= 30
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *map(str, folders)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    refused, opened = json.loads(done.stdout)
    assert refused == [folder.name for folder in folders]
    assert opened == []


def test_the_canary_sings_where_a_payload_is_executed(tmp_path):
    """The proof above would notice: the same payloads do run where nothing refuses them."""
    canary = tmp_path / "canary"
    pickle.loads(pickle.dumps(Payload(canary)))
    assert canary.exists()


def test_an_architecture_that_transformers_does_not_have_is_refused(model):
    from forgemind_assets.forge.weights import load_base

    put(model, "config.json", CONFIG | {"architectures": ["EvilForCausalLM"]})
    with pytest.raises(UnsafeArtefact, match="EvilForCausalLM"):
        load_base(model, device="cpu")
    put(model, "config.json", CONFIG | {"model_type": "evil"})
    with pytest.raises(UnsafeArtefact, match="found architectures"):
        load_base(model, device="cpu")


def test_every_refusal_is_an_error_of_ours():
    assert issubclass(UnsafeArtefact, ForgeMindError)
