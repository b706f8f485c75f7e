import errno

import pytest
import torch

from forgemind_assets.errors import StoreError
from forgemind_assets.forge import checkpoint

POSITION = {"fingerprint": "a", "step": 3}


def test_a_checkpoint_comes_back_as_it_was_written(tmp_path):
    tensors = {"x": torch.arange(4.0), "step": torch.tensor(3.0)}
    checkpoint.save(tmp_path, 3, tensors, POSITION)
    found, position = checkpoint.load(tmp_path, "a")
    assert position == POSITION
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


def test_only_the_newest_is_kept(tmp_path):
    for step in (1, 2):
        checkpoint.save(tmp_path, step, {"x": torch.zeros(1)}, {**POSITION, "step": step})
    assert [p.name for p in checkpoint.checkpoints(tmp_path)] == ["step-00000002"]


def test_a_checkpoint_of_another_run_is_left_out(tmp_path):
    checkpoint.save(tmp_path, 1, {"x": torch.zeros(1)}, POSITION)
    assert checkpoint.load(tmp_path, "b") is None


def test_a_half_written_checkpoint_is_not_seen(tmp_path):
    (tmp_path / ".partial-1").mkdir()
    assert checkpoint.load(tmp_path, "a") is None


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left"), RuntimeError("No space left on device")]
)
def test_a_full_disk_says_where_and_how_to_go_on(tmp_path, error):
    with (
        pytest.raises(StoreError, match=r"no space left on the disk of .*goes on"),
        checkpoint.full_disk_is_clear(tmp_path),
    ):
        raise error


def test_another_error_passes_unchanged(tmp_path):
    with pytest.raises(PermissionError), checkpoint.full_disk_is_clear(tmp_path):
        raise PermissionError(errno.EACCES, "no")
