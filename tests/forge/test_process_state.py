import math

from forgemind_assets.forge.hardware import without_denormals


def test_denormals_count_again_when_training_is_over():
    import torch

    tiny = math.ulp(0.0)
    with without_denormals():
        assert (torch.tensor([tiny], dtype=torch.float64) * 1.0).item() in (0.0, tiny)
    assert tiny * 1.0 == tiny
    assert (torch.tensor([tiny], dtype=torch.float64) * 1.0).item() == tiny
