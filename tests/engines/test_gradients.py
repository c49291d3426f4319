"""The gradient that reaches a source position, against small changes of the embedding itself."""

import math

import pytest
import torch

from latimer.analysis.gradients import by_distance, source_gradients
from latimer.engines.neural.scoring import score_texts
from latimer.errors import InputError
from tiny_model import sentences, tiny_model

FIXED = {"attention": "none", "encoder_directions": "forward"}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("tied", ["all", "none"])
def test_norms_are_those_of_finite_differences(reverse, tied):
    model = tiny_model(**FIXED, reverse_source=reverse, tied=tied)
    model.network.double()
    source, target = sentences(2, seed=5)
    (norms,) = source_gradients(model, [(source, target)])
    pieces, _ = model.vocabulary.encode_source(source)
    assert len(norms) == len(pieces) + 1
    read = range(len(pieces))
    order = [*(reversed(read) if reverse else read), len(pieces)]
    for position in (0, len(pieces) - 1, len(pieces)):
        direction = torch.randn(16, dtype=torch.double)
        # The norm bounds every directional derivative, and is reached along the gradient.
        slopes = []
        for axis in [*torch.eye(16, dtype=torch.double), direction]:
            changed = [_log_prob(model, source, target, order.index(position), s * axis)
                       for s in (1e-5, -1e-5)]  # fmt: skip
            slopes.append((changed[0] - changed[1]) / 2e-5)
        *gradient, slope = slopes
        assert math.hypot(*gradient) == pytest.approx(float(norms[position]), rel=1e-4)
        assert abs(slope) <= float(norms[position] * direction.norm()) * 1.0001


def _log_prob(model, source, target, step, change):
    """log P when what the encoder reads at `step` is moved by `change`."""
    encoder, calls = model.network.encoder, []

    def move(_, __, output):
        calls.append(output)
        if len(calls) > 1:
            return output
        moved = output.clone()
        moved[step] += change
        return moved

    hook = encoder.embedding.register_forward_hook(move)
    try:
        (score,) = score_texts(model, [target], [source])
    finally:
        hook.remove()
    return score.log_prob


def test_means_are_geometric_and_count_from_the_end():
    norms = [torch.tensor([1.0, 4.0, 2.0]), torch.tensor([16.0, 8.0])]
    assert by_distance(norms).tolist() == pytest.approx([1.0, 2.0, 0.5])
    assert by_distance(norms, least=2).tolist() == pytest.approx([1.0, 2.0])
    assert len(by_distance([])) == 0


def test_a_language_model_is_refused():
    model = tiny_model(kind="language_model", attention="none")
    with pytest.raises(InputError, match="reads no source"):
        source_gradients(model, [("a", "b")])
