import errno
import json
import os
import random
import shutil

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from latimer import tensors
from latimer.errors import InputError, LatimerError
from latimer.train.checkpoint import randomness, state
from latimer.train.checkpoint.state import Snapshot, load_state, save_state


def snapshot(number: int) -> Snapshot:
    generator = torch.Generator().manual_seed(number)
    return Snapshot(
        {"progress": {"update": number, "best": 1 / 3}},
        {
            "network": {"a.weight": torch.randn(3, 4, generator=generator), "b": torch.ones(2)},
            "network.optimiser": {"0.step": torch.tensor(float(number))},
            "empty": {},
        },
    )


def assert_same(found: Snapshot, expected: Snapshot) -> None:
    assert found.facts == expected.facts
    assert found.tensors.keys() == expected.tensors.keys()
    for group, entries in expected.tensors.items():
        assert found.tensors[group].keys() == entries.keys()
        for name, tensor in entries.items():
            assert torch.equal(found.tensors[group][name], tensor)


def test_a_state_comes_back_as_it_was(tmp_path):
    assert load_state(tmp_path / "none") is None
    for number in (1, 2, 3):
        save_state(tmp_path, snapshot(number))
        found, complaints = load_state(tmp_path)
        assert_same(found, snapshot(number))
        assert complaints == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000002", "000003"]


@pytest.fixture(scope="module")
def two_states(tmp_path_factory):
    folder = tmp_path_factory.mktemp("states")
    save_state(folder, snapshot(1))
    save_state(folder, snapshot(2))
    return folder


FILES = ["state.json", "network.safetensors", "network.optimiser.safetensors"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(name=st.sampled_from(FILES), place=st.floats(0, 1, exclude_max=True), cut=st.booleans())
def test_whatever_is_cut_or_altered_is_refused(two_states, tmp_path_factory, name, place, cut):
    folder = tmp_path_factory.mktemp("copy") / "state"
    shutil.copytree(two_states, folder)
    path = folder / "000002" / name
    content = bytearray(path.read_bytes())
    where = int(place * len(content))
    if cut:
        content = content[:where]
    else:
        content[where] ^= 1
    path.write_bytes(content)
    before = content.decode(errors="replace")
    if name == "state.json" and _same_json(two_states / "000002" / name, before):
        return  # white space
    found, complaints = load_state(folder)
    assert_same(found, snapshot(1))
    assert len(complaints) == 1
    assert str(path) in complaints[0]
    shutil.rmtree(folder.parent)


def _same_json(path, text):
    try:
        return json.loads(path.read_text()) == json.loads(text)
    except ValueError:
        return False


def test_a_missing_file_is_named(two_states, tmp_path):
    folder = tmp_path / "state"
    shutil.copytree(two_states, folder)
    for number in ("000001", "000002"):
        (folder / number / "network.safetensors").unlink()
    with pytest.raises(InputError, match=r"000002/network\.safetensors: missing.*remove"):
        load_state(folder)


def test_what_a_killed_process_left_is_no_state_and_goes_away(tmp_path):
    half = tmp_path / ".unfinished.abc"
    half.mkdir()
    (half / "state.json").write_text("{}")
    assert load_state(tmp_path) is None
    save_state(tmp_path, snapshot(1))
    assert not half.exists()


@pytest.mark.parametrize("full_at", [1, 2, 3])
def test_a_full_disk_leaves_the_earlier_state(tmp_path, monkeypatch, full_at):
    save_state(tmp_path, snapshot(1))
    written = 0

    def write(path, entries):
        nonlocal written
        written += 1
        if written == full_at:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        tensors.write_tensors(path, entries)

    monkeypatch.setattr(state, "write_tensors", write)
    with pytest.raises(LatimerError, match=r"No space left on device.*intact") as caught:
        save_state(tmp_path, snapshot(2))
    assert caught.value.exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["000001"]
    assert_same(load_state(tmp_path)[0], snapshot(1))


def draws():
    return [
        torch.rand(3).tolist(), torch.randn(1).tolist(), np.random.rand(2).tolist(),
        np.random.randn(), random.random(), random.gauss(0, 1),
    ]  # fmt: skip


def test_random_states_come_back():
    device = torch.device("cpu")
    randomness.seed_everything(3)
    np.random.randn(), random.gauss(0, 1)  # each keeps a second normal number for the next call
    states = {name: tensor.clone() for name, tensor in randomness.capture(device).items()}
    expected = draws()
    randomness.seed_everything(4)
    assert draws() != expected
    randomness.restore(states, device)
    assert draws() == expected


def step(network, optimiser):
    optimiser.zero_grad()
    network(torch.linspace(-1, 1, 12).view(3, 4)).pow(2).sum().backward()
    optimiser.step()


def test_an_optimiser_goes_on_bit_by_bit(tmp_path):
    def build():
        torch.manual_seed(0)
        network = nn.Linear(4, 2)
        return network, torch.optim.AdamW(network.parameters(), lr=0.1, fused=True)

    network, optimiser = build()
    for _ in range(3):
        step(network, optimiser)
    tensors.write_tensors(tmp_path / "w", tensors.weights_of(network))
    tensors.write_tensors(tmp_path / "m", tensors.moments_of(optimiser))
    other, other_optimiser = build()
    tensors.load_weights(other, tensors.read_tensors(tmp_path / "w"))
    tensors.load_moments(other_optimiser, tensors.read_tensors(tmp_path / "m"))
    for _ in range(2):
        step(network, optimiser)
        step(other, other_optimiser)
    assert torch.equal(network.weight, other.weight)
    assert torch.equal(network.bias, other.bias)


def test_weights_of_another_network_are_refused():
    with pytest.raises(InputError, match=r"has shape \(.*\), \(.*\) expected"):
        tensors.load_weights(nn.Linear(4, 2), tensors.weights_of(nn.Linear(2, 4)))
    with pytest.raises(InputError, match="'bias'"):
        tensors.load_weights(nn.Linear(4, 2), {"weight": torch.zeros(2, 4)})


def test_tied_weights_are_stored_once():
    layer = nn.Linear(3, 3)
    twice = nn.Sequential(layer, layer)
    assert list(tensors.weights_of(twice)) == ["0.weight", "0.bias"]
