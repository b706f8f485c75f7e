import json

import pytest

from forgemind_assets.errors import StoreError
from forgemind_assets.lorekeeper.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def put(store, text, partition="0001"):
    with store.publish("g", "report", partition, {"n": 1}) as folder:
        (folder / "a.json").write_text(json.dumps(text))


def test_published_artefact_reads_back_and_verifies(store):
    put(store, {"x": 1})
    assert store.read_json("g", "report", "0001", "a.json") == {"x": 1}
    assert store.verify("g", "report", "0001").meta == {"n": 1}


def test_an_exception_in_the_middle_leaves_the_version_before_it(store):
    put(store, "old")
    with pytest.raises(OSError, match="disk"), store.publish("g", "report", "0001", {}) as folder:
        (folder / "a.json").write_text('"half')
        raise OSError("disk full")
    assert store.read_json("g", "report", "0001", "a.json") == "old"
    assert [p.name for p in (store.root / "g/report/0001").iterdir() if ".tmp" in p.name] == []


def test_nothing_published_is_an_error_that_says_what_to_do(store):
    with pytest.raises(StoreError, match="materialise it first"):
        store.folder("g", "report", "0001")


def test_one_changed_byte_is_found(store):
    put(store, "text")
    path = store.folder("g", "report", "0001") / "a.json"
    path.write_text('"tExt"')
    with pytest.raises(StoreError, match=r"a\.json"):
        store.verify("g", "report", "0001")


def test_second_publication_replaces_the_first_and_same_content_has_the_same_version(store):
    put(store, "one")
    first = store.manifest("g", "report", "0001").version
    put(store, "two")
    assert store.manifest("g", "report", "0001").version != first
    put(store, "one")
    assert store.manifest("g", "report", "0001").version == first
    folders = [p for p in (store.root / "g/report/0001").iterdir() if p.is_dir()]
    assert [p.name for p in folders] == [first[:16]]


@pytest.mark.parametrize("name", ["..", "a/b", "", "."])
def test_a_name_that_leaves_the_store_is_refused(store, name):
    with pytest.raises(StoreError, match="not a name"):
        store.address("g", "report", name)


def test_partitions_are_listed_in_order_without_incomplete_ones(store):
    put(store, 1, "0002")
    put(store, 1, "0001")
    (store.root / "g/report/0003").mkdir()
    assert store.partitions("g", "report") == ["0001", "0002"]
