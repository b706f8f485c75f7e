import pytest

from forgemind_assets.errors import StoreError
from forgemind_assets.forge.manifest import draw_curve, read_manifest, write_manifest


def test_a_manifest_comes_back_as_it_was_written(tmp_path):
    write_manifest(tmp_path, {"tokens": 3})
    assert read_manifest(tmp_path) == {"tokens": 3}
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_a_folder_without_manifest_did_not_finish(tmp_path):
    with pytest.raises(StoreError, match="did not finish"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("dev", [[], [(2, 0.8)]])
def test_the_curve_is_a_picture(tmp_path, dev):
    path = draw_curve(tmp_path, [(1, 1.0), (2, 0.5)], dev)
    assert path.read_bytes().startswith(b"\x89PNG")
