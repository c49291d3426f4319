"""What a phase began with, kept beside the state."""

import pytest
import torch

from latimer.errors import InputError
from latimer.tensors import weights_of
from latimer.train.checkpoint.start import initial_network
from tiny_model import tiny_model


def test_what_each_phase_began_with_is_kept(tmp_path):
    first, second, now = (tiny_model(seed=seed).network for seed in (1, 2, 3))
    for phase, network in enumerate((first, second)):
        begun = initial_network(tmp_path, network, fresh=True, phase=phase)
        assert begun is not network
        assert not any(parameter.requires_grad for parameter in begun.parameters())
    for phase, network in enumerate((first, second)):
        found, expected = (
            weights_of(initial_network(tmp_path, now, fresh=False, phase=phase)),
            network,
        )
        for name, tensor in weights_of(expected).items():
            assert torch.equal(found[name], tensor)
    assert initial_network(tmp_path, now, fresh=False, phase=2) is None
    (tmp_path / "start.safetensors").write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"start\.safetensors: truncated"):
        initial_network(tmp_path, now, fresh=False)
