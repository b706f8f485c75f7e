"""Signatures: what they cover, what breaks them, and what the message says."""

import json
import multiprocessing
import os
import stat

import pytest
from fakes.artefacts import write_adapter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forgemind_assets.errors import AlteredArtefact, StoreError, UnsafeArtefact
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper import hashing
from forgemind_assets.lorekeeper.signing import (
    Signature,
    canonical_json,
    sign_folder,
    verify_folder,
)
from resources.signing_key import open_key

VERSION = "ab" * 32


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home", tmp_path / "models")


@pytest.fixture
def folder(tmp_path):
    return write_adapter(tmp_path / "adapter")


@pytest.fixture
def key(home):
    return open_key(home)


@pytest.fixture
def signature(folder, key):
    return sign_folder(folder, key, goal="g", trial="0001-a", adapter_version=VERSION)


def verify(folder, signature, key, **changes):
    verify_folder(
        folder, signature, **({"goal": "g", "trial": "0001-a", "public": key.public} | changes)
    )


def test_an_untouched_folder_holds_also_after_the_signature_was_stored(folder, signature, key):
    stored = Signature.model_validate_json(signature.model_dump_json())
    verify(folder, stored, key)


@pytest.mark.parametrize(
    "name", ["adapter_model.safetensors", "adapter_config.json", "manifest.json"]
)
def test_one_changed_byte_names_file_hashes_and_remedy(folder, signature, key, name):
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(AlteredArtefact) as caught:
        verify(folder, signature, key)
    message = str(caught.value)
    assert str(folder / name) in message
    assert signature.statement.files[name].sha256 in message
    assert hashing.hash_file(folder / name).sha256 in message
    assert "forgemind registry rollback g" in message


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_any_changed_bit_is_found_even_with_the_old_times(folder, signature, key, place, bit):
    path = folder / "adapter_model.safetensors"
    before, times = path.read_bytes(), path.stat()
    data = bytearray(before)
    data[place % len(data)] ^= 1 << bit
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(AlteredArtefact, match=r"adapter_model\.safetensors: expected SHA-256"):
        verify(folder, signature, key)
    path.write_bytes(before)
    verify(folder, signature, key)


def test_a_missing_and_an_extra_file_are_named(folder, signature, key):
    (folder / "note.txt").write_text("x")
    with pytest.raises(AlteredArtefact, match=r"note\.txt: expected no such file"):
        verify(folder, signature, key)
    (folder / "note.txt").unlink()
    (folder / "manifest.json").unlink()
    with pytest.raises(AlteredArtefact, match=r"manifest\.json: expected SHA-256 \w+, found no"):
        verify(folder, signature, key)


@pytest.mark.parametrize("changes", [{"goal": "other"}, {"trial": "0002-a"}])
def test_a_signature_does_not_count_for_another_goal_or_trial(folder, signature, key, changes):
    with pytest.raises(AlteredArtefact, match="counts for its own adapter only"):
        verify(folder, signature, key, **changes)


def test_a_foreign_key_and_an_edited_statement_are_refused(folder, signature, key, tmp_path):
    foreign = open_key(Home(tmp_path / "elsewhere", tmp_path))
    with pytest.raises(AlteredArtefact, match="expected the key"):
        verify(folder, signature, foreign)
    (folder / "manifest.json").write_text("{}")
    entry = hashing.hash_file(folder / "manifest.json")
    said = signature.statement
    forged = said.model_copy(update={"files": said.files | {"manifest.json": entry}})
    with pytest.raises(AlteredArtefact, match="the signature was edited"):
        verify(folder, signature.model_copy(update={"statement": forged}), key)


def test_links_and_kinds_that_an_adapter_does_not_need_are_not_signed(folder, key, tmp_path):
    def sign():
        sign_folder(folder, key, goal="g", trial="0001-a", adapter_version=VERSION)

    (folder / "run.py").write_text("")
    with pytest.raises(UnsafeArtefact, match=r"run\.py: refused"):
        sign()
    (folder / "run.py").unlink()
    outside = tmp_path / "outside.json"
    outside.write_text("{}")
    (folder / "extra.json").symlink_to(outside)
    with pytest.raises(UnsafeArtefact, match="found a link to"):
        sign()
    (folder / "extra.json").unlink()
    os.link(outside, folder / "extra.json")
    with pytest.raises(UnsafeArtefact, match="2 hard links"):
        sign()


def test_canonical_json_does_not_depend_on_order_and_refuses_nan():
    assert canonical_json({"b": 1, "a": "ü"}) == '{"a":"ü","b":1}'.encode()
    with pytest.raises(ValueError):
        canonical_json({"a": float("nan")})


def test_an_unchanged_file_is_read_once(folder):
    path = folder / "manifest.json"
    old = path.stat().st_mtime_ns - 10**10
    os.utime(path, ns=(old, old))
    before = hashing._hash_once.cache_info()
    first = hashing.hash_file(path)
    young = hashing._hash_once.cache_info()
    assert young.misses == before.misses, "a file that is seconds young is not remembered"
    mark = (path.stat().st_ino, path.stat().st_size, old, path.stat().st_ctime_ns)
    assert hashing._hash_once(path.absolute(), mark) == first
    assert hashing._hash_once(path.absolute(), mark) == first
    after = hashing._hash_once.cache_info()
    assert (after.misses - young.misses, after.hits - young.hits) == (1, 1)


def test_the_key_is_private_from_the_first_byte_and_stays_the_same(home, key):
    private = home.root / "keys" / "signing.key"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(private.parent.stat().st_mode) == 0o700
    assert open_key(home).public == key.public
    assert b"PUBLIC KEY" in (home.root / "keys" / "signing.pub").read_bytes()
    assert "PRIVATE" not in repr(key)


def test_a_key_that_others_may_read_is_refused(home, key):
    private = home.root / "keys" / "signing.key"
    private.chmod(0o640)
    with pytest.raises(StoreError, match=r"expected mode 0600, found 0640.*chmod 600"):
        open_key(home)


def test_a_lost_damaged_or_exchanged_key_is_named(home, key, tmp_path):
    private = home.root / "keys" / "signing.key"
    text = private.read_bytes()
    private.write_bytes(b"no key")
    with pytest.raises(StoreError, match="expected an Ed25519 private key"):
        open_key(home)
    open_key(Home(tmp_path / "b", tmp_path))
    private.write_bytes((tmp_path / "b" / "keys" / "signing.key").read_bytes())
    with pytest.raises(StoreError, match="expected the public half"):
        open_key(home)
    private.unlink()
    with pytest.raises(StoreError, match="expected the private key"):
        open_key(home)
    private.symlink_to(tmp_path / "b" / "keys" / "signing.key")
    with pytest.raises(StoreError, match="found a link"):
        open_key(home)
    private.unlink()
    private.write_bytes(text)
    private.chmod(0o600)
    assert open_key(home).public == key.public


def public_of(root):
    return open_key(Home(root, root)).public


def test_processes_that_make_the_key_at_once_get_the_same_one(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        found = pool.map(public_of, [tmp_path / "fresh"] * 8)
        pool.close()
        pool.join()
    assert len(set(found)) == 1


def test_the_statement_is_readable_without_us(signature):
    said = json.loads(signature.model_dump_json())["statement"]
    assert (said["goal"], said["trial"], said["format"]) == ("g", "0001-a", "forgemind-adapter/1")
