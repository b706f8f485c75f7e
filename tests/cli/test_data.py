"""`forgemind data`: a card is shown, a version leaves the store whole, and DVC can carry it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from fakes.datasets import publish_raw
from typer.testing import CliRunner

from forgemind_assets.cli.main import app
from forgemind_assets.lorekeeper.store import hash_files
from resources.data_room import make_filtered
from resources.dataset_export import export_dataset

FILES = {"safety.json", "kept.parquet", "rejected.parquet", "card.json", "card.md", "manifest.json"}


@pytest.fixture
def made(tmp_path, monkeypatch):
    goal, workshop = publish_raw(tmp_path)
    make_filtered(goal, workshop, "0001")
    monkeypatch.setenv("FORGEMIND_HOME", str(tmp_path / "home"))
    return goal, workshop


def forgemind(*arguments):
    return CliRunner().invoke(app, ["data", *map(str, arguments)])


def test_the_card_is_shown_as_a_page_and_as_json(made):
    goal, _ = made
    page = forgemind("card", goal.folder, "1")
    assert page.exit_code == 0, page.output
    assert page.output.startswith("# Data card: small_goal, iteration 0001")
    data = json.loads(forgemind("card", goal.folder, "0001", "--json").output)
    assert data["rows_in"] == data["rows_kept"] + data["rows_rejected"] > 0


def test_an_unknown_iteration_names_those_that_there_are(made):
    goal, _ = made
    for iteration in ("7", "x", ".."):
        result = forgemind("card", goal.folder, iteration)
        assert result.exit_code == 2
        assert "expected one of 0001" in result.output


def test_a_dataset_from_before_there_were_cards_says_what_to_do(made):
    goal, workshop = made
    (workshop.store.folder(goal.name, "filtered_dataset", "0001") / "card.json").unlink()
    result = forgemind("card", goal.folder, "1")
    assert result.exit_code == 2
    assert "materialise the asset small_goal/filtered_dataset" in result.output


def test_an_export_holds_the_same_bytes_as_the_store(made, tmp_path):
    goal, workshop = made
    target = tmp_path / "out" / "v1"
    told = json.loads(forgemind("export", goal.folder, "1", "--to", target, "--json").output)
    source = workshop.store.manifest(goal.name, "filtered_dataset", "0001")
    found = hash_files(target)
    assert set(found) == FILES
    assert {n: e for n, e in found.items() if n != "manifest.json"} == source.files
    manifest = json.loads((target / "manifest.json").read_text())
    assert manifest["version"] == told["version"] == source.version
    assert str(tmp_path) not in (target / "manifest.json").read_text()
    assert [p.name for p in target.parent.iterdir()] == ["v1"]


def test_the_same_version_again_changes_nothing_and_an_altered_export_is_mended(made, tmp_path):
    goal, workshop = made
    target = tmp_path / "v1"
    assert export_dataset(workshop.store, goal.name, "0001", target).changed
    assert not export_dataset(workshop.store, goal.name, "0001", target).changed
    before = hash_files(target)
    (target / "kept.parquet").write_bytes(b"altered")
    assert export_dataset(workshop.store, goal.name, "0001", target).changed
    assert hash_files(target) == before


@pytest.mark.parametrize("name", ["notes.txt", "manifest.json"])
def test_a_folder_with_anything_else_in_it_is_left_alone(made, tmp_path, name):
    goal, _ = made
    target = tmp_path / "mine"
    target.mkdir()
    (target / name).write_text("{}")
    result = forgemind("export", goal.folder, "1", "--to", target)
    assert result.exit_code == 2
    assert "name another folder with --to" in result.output
    assert [p.name for p in target.iterdir()] == [name]


def test_a_file_that_was_added_to_an_export_is_not_swept_away(made, tmp_path):
    goal, workshop = made
    target = tmp_path / "v1"
    export_dataset(workshop.store, goal.name, "0001", target)
    (target / "notes.txt").write_text("mine")
    result = forgemind("export", goal.folder, "1", "--to", target)
    assert result.exit_code == 2
    assert "also notes.txt" in result.output
    assert (target / "notes.txt").read_text() == "mine"


def test_an_altered_dataset_is_not_exported(made, tmp_path):
    goal, workshop = made
    folder = workshop.store.folder(goal.name, "filtered_dataset", "0001")
    (folder / "kept.parquet").write_bytes(b"altered")
    result = forgemind("export", goal.folder, "1", "--to", tmp_path / "v1")
    assert result.exit_code == 1
    assert "was altered after it was published" in result.output
    assert not (tmp_path / "v1").exists()


def test_without_dvc_nothing_is_written_and_the_message_says_how_to_install_it(
    made, tmp_path, monkeypatch
):
    goal, _ = made
    monkeypatch.setenv("PATH", str(tmp_path))
    result = forgemind("export", goal.folder, "1", "--to", tmp_path / "v1", "--dvc")
    if result.exit_code == 0:
        pytest.skip("dvc is installed beside this Python")
    assert result.exit_code == 2
    assert "forgemind[dvc]" in result.output
    assert not (tmp_path / "v1").exists()


@pytest.fixture
def dvc(monkeypatch, tmp_path):
    """Runs the real `dvc` in a folder; its own settings lie in the test's folder."""
    command = shutil.which("dvc")
    if command is None:
        pytest.skip("there is no `dvc` command on the PATH (pip install dvc)")
    for name in ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "DVC_SITE_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")

    def run(folder: Path, *arguments: str) -> str:
        done = subprocess.run(
            [command, *arguments], cwd=folder, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.slow
def test_a_version_is_pushed_and_pulled_elsewhere_by_the_real_dvc(made, tmp_path, dvc):
    goal, _ = made
    work, remote = tmp_path / "work", tmp_path / "remote"
    result = forgemind("export", goal.folder, "1", "--to", work / "v1", "--dvc")
    assert result.exit_code == 0, result.output
    assert "began a DVC project" in result.output
    dvc(work, "remote", "add", "-d", "local", str(remote))
    dvc(work, "push")
    assert any(remote.rglob("*"))
    before = hash_files(work / "v1")

    other = tmp_path / "other"
    other.mkdir()
    shutil.copytree(work / ".dvc", other / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    shutil.copy(work / "v1.dvc", other / "v1.dvc")
    dvc(other, "pull")
    assert hash_files(other / "v1") == before

    again = forgemind("export", goal.folder, "1", "--to", work / "v1", "--dvc", "--json")
    assert json.loads(again.output)["changed"] is False
    assert "up to date" in dvc(work, "status")


@pytest.mark.slow
def test_in_a_git_repository_the_data_is_ignored_and_the_dvc_file_is_not(made, tmp_path, dvc):
    goal, _ = made
    root = tmp_path / "repo"
    root.mkdir()
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    result = forgemind("export", goal.folder, "1", "--to", root / "data" / "v1", "--dvc")
    assert result.exit_code == 0, result.output

    def ignored(path: str) -> bool:
        asked = subprocess.run(["git", "check-ignore", "-q", path], cwd=root)
        return asked.returncode == 0

    assert ignored("data/v1/kept.parquet")
    assert not ignored("data/v1.dvc")
    text = (root / "data" / "v1.dvc").read_text()
    assert ".dir" in text
    assert "nfiles: 5" in text
    assert os.fspath(tmp_path) not in text
