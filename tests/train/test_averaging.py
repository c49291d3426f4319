import pytest
import torch
from torch import nn

from latimer.errors import InputError
from latimer.tensors import load_weights, weights_of
from latimer.train.checkpoint.averaging import Checkpoints, mean_of


def weights(value: float):
    return {"w": torch.full((2, 3), value), "steps": torch.tensor(int(value))}


def test_the_mean_is_that_of_every_element():
    mean = mean_of([weights(1.0), weights(2.0), weights(6.0)])
    assert torch.equal(mean["w"], torch.full((2, 3), 3.0))
    assert mean["w"].dtype == torch.float32
    assert mean["steps"] == 1  # whole numbers are not averaged


def test_averaging_linear_models_averages_their_outputs():
    torch.manual_seed(0)
    networks = [nn.Linear(4, 2) for _ in range(3)]
    average = nn.Linear(4, 2)
    load_weights(average, mean_of(weights_of(network) for network in networks))
    inputs = torch.randn(5, 4)
    expected = torch.stack([network(inputs) for network in networks]).mean(0)
    assert torch.allclose(average(inputs), expected, atol=1e-6)


def test_the_best_are_kept_and_their_files_as_long_as_a_state_names_them(tmp_path):
    pool, candidates = Checkpoints(tmp_path, 2), []
    for update, bleu in enumerate([3.0, 1.0, 2.0, 5.0, 0.5], 1):
        candidates = pool.offer(candidates, bleu, update, weights(bleu))
        names = {path.name for path in tmp_path.iterdir()}
        assert {candidate.file for candidate in candidates} <= names
        pool.remove_others(candidates)
    assert [(c.update, c.bleu) for c in candidates] == [(4, 5.0), (1, 3.0)]
    pool.remove_others(candidates)
    assert {path.name for path in tmp_path.iterdir()} == {c.file for c in candidates}
    assert torch.equal(pool.average(candidates)["w"], torch.full((2, 3), 4.0))


def test_files_of_the_state_before_the_last_stay(tmp_path):
    pool = Checkpoints(tmp_path, 1)
    first = pool.offer([], 1.0, 1, weights(1.0))
    pool.remove_others(first)
    second = pool.offer(first, 2.0, 2, weights(2.0))
    pool.remove_others(second)
    assert len(list(tmp_path.iterdir())) == 2


def test_of_equals_the_newer_stands_first(tmp_path):
    pool = Checkpoints(tmp_path, 2)
    older = pool.offer([], 1.0, 1, weights(1.0))
    assert [c.update for c in pool.offer(older, 1.0, 2, weights(2.0))] == [2, 1]


def test_a_missing_checkpoint_is_named(tmp_path):
    pool = Checkpoints(tmp_path, 1)
    candidates = pool.offer([], 1.0, 1, weights(1.0))
    (tmp_path / candidates[0].file).unlink()
    with pytest.raises(InputError, match=candidates[0].file):
        pool.average(candidates)
