"""Models averaged, against the same arithmetic written out tensor by tensor."""

import pytest
import torch

from latimer.errors import InputError
from latimer.model.folder import load_model
from latimer.tensors import weights_of
from latimer.train.checkpoint.model_average import average_models
from tiny_model import save_tiny_model, tiny_vocabulary


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Three models of one vocabulary and one kind, and some of others."""
    folder = tmp_path_factory.mktemp("models")
    vocabulary = tiny_vocabulary()
    for seed in range(3):
        save_tiny_model(folder / f"{seed}", vocabulary=vocabulary, seed=seed)
    save_tiny_model(folder / "wide", vocabulary=vocabulary, decoder_size=24)
    save_tiny_model(folder / "relu", vocabulary=vocabulary, cell="rnn_relu")
    save_tiny_model(folder / "rnn", vocabulary=vocabulary, cell="rnn")
    save_tiny_model(folder / "foreign", vocabulary=tiny_vocabulary(seed=5))
    return folder


def weights(folder):
    return weights_of(load_model(folder).network)


def test_the_mean_of_two(folders):
    found = average_models([folders / "0", folders / "1"])
    one, two = weights(folders / "0"), weights(folders / "1")
    for name, tensor in weights_of(found.network).items():
        wanted = (one[name].double() + two[name].double()) / 2
        assert not torch.equal(one[name], two[name]) or name.endswith("bias")
        torch.testing.assert_close(tensor.double(), wanted, rtol=1e-6, atol=1e-7)
    assert found.config.scores.known() == {"models": 2, "extrapolation": 1.0}


@pytest.mark.parametrize("extrapolation", [0.5, 1.0, 2.5])
def test_a_start_and_how_far_to_go_from_it(folders, extrapolation):
    found = average_models([folders / "0", folders / "1"], folders / "2", extrapolation)
    one, two, start = (weights(folders / name) for name in "012")
    for name, tensor in weights_of(found.network).items():
        mean = (one[name].double() + two[name].double()) / 2
        wanted = start[name].double() + extrapolation * (mean - start[name].double())
        torch.testing.assert_close(tensor.double(), wanted, rtol=1e-6, atol=1e-6)


def test_one_model_may_go_further_by_itself(folders):
    found = average_models([folders / "0"], folders / "1", 1.0)
    for name, tensor in weights_of(found.network).items():
        assert torch.equal(tensor, weights(folders / "0")[name])


@pytest.mark.parametrize(
    ("others", "settings", "complaint"),
    [
        (["foreign"], {}, r"foreign: another vocabulary than that of .*0; .*one start"),
        (["wide"], {}, r"wide: another network than that of .*0; "),
        (["rnn"], {"start": "relu"}, r"rnn: another network than that of .*0; "),
        (["1"], {"start": "foreign"}, r"foreign: another vocabulary"),
        (["gone"], {}, r"gone: no such model folder"),
        ([], {}, r"at least two models expected, or one and its start"),
        (["1"], {"extrapolation": 2.0}, r"extrapolation 2 needs a start: name the model"),
        (["1"], {"start": "2", "extrapolation": 0.0}, r"extrapolation: more than 0 .*, not 0"),
        (["1"], {"start": "2", "extrapolation": float("nan")}, r"extrapolation: .*, not nan"),
        (["1"], {"start": "2", "extrapolation": 101.0}, r"at most 100 expected, not 101"),
    ],
)
def test_what_cannot_be_averaged_is_refused(folders, others, settings, complaint):
    if "start" in settings:
        settings = {**settings, "start": folders / settings["start"]}
    with pytest.raises(InputError, match=complaint):
        average_models([folders / "0", *(folders / name for name in others)], **settings)


def test_networks_of_the_same_shapes_may_still_differ(folders):
    """A cell with tanh and one with ReLU have the same weights and mean something else by them."""
    shapes = [
        {name: tensor.shape for name, tensor in weights(folders / kind).items()}
        for kind in ("rnn", "relu")
    ]
    assert shapes[0] == shapes[1]
    with pytest.raises(InputError, match="relu: another network than that of"):
        average_models([folders / "rnn", folders / "relu"])
