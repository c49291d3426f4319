"""Descriptions of networks: what is built from them, and what is refused before it is built."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from latimer.nn.description import NetworkDescription
from latimer.nn.names import ATTENTIONS, CELLS, DECODERS, Part
from networks import NETWORKS, build_from_keys
from tiny_model import SIZES

DRAWN = {
    "bahdanau": (-0.294705, 185165),
    "bahdanau, deep": (28.898936, 77891),
    "bahdanau, plain cell": (-3.687738, 504495),
    "cho": (5.638454, 543092),
    "sutskever": (3.550433, 243538),
    "vector, copied": (5.203444, 884358),
    "dot": (2.698035, 536497),
    "general, fed": (3.602458, 995942),
    "concat": (-12.038716, 282308),
    "concat, fed": (2.476533, 458892),
    "local": (5.485729, 584553),
    "coverage": (18.597633, 179690),
    "gnmt": (14.856862, 594846),
    "normalised": (-35.712250, 646162),
    "normalised, fed": (14.767761, 885389),
    "bahdanau, lexicon": (13.736895, 704845),
    "folded, lexicon": (17.450998, 671230),
    "general, fed, lexicon": (4.355876, 155338),
    "local, lexicon": (5.485729, 584553),
    "coverage, lexicon": (3.398013, 224505),
    "language model": (0.643094, 697957),
}
"""Of networks with seed 5: a sum of all weights (`weighed`), and the random number after them.

They are those of a single function that built all networks before there were descriptions, so that
a recipe and its seed still mean the same network.
"""


def weighed(network: nn.Module) -> float:
    """A sum of all weights in which each place counts with another factor."""
    total = 0.0
    for tensor in network.state_dict().values():
        flat = tensor.double().flatten()
        total += float((flat * torch.arange(1, len(flat) + 1).double().sin()).sum())
    return total


@pytest.mark.parametrize("name", DRAWN)
def test_a_seed_gives_the_same_weights(name: str) -> None:
    torch.manual_seed(5)
    network = build_from_keys(source_vocab=11, target_vocab=11, **(SIZES | NETWORKS[name]))
    total, after = DRAWN[name]
    assert weighed(network) == pytest.approx(total, abs=1e-4)
    assert int(torch.randint(10**6, ())) == after


def test_every_part_can_be_loaded() -> None:
    assert all(callable(part.load()) for part in (*CELLS.values(), *DECODERS.values()))
    assert all(callable(Part(a.path).load()) for a in ATTENTIONS.values() if a.path)
    assert all(callable(Part(a.layer).load()) for a in ATTENTIONS.values())


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"cel": "gru"}, "cel: Extra inputs are not permitted"),
        ({"cell": "gruu"}, "cell: Input should be 'gru', 'lstm', "),
        ({"embedding": 0}, "embedding: Input should be greater than or equal to 1"),
        ({"embedding": "256"}, "embedding: Input should be a valid integer"),
        ({"readout": 128}, "model.tied: 'all' needs model.readout (128) to equal"),
        ({"attention": "luong_dot"}, None),
        ({"attention": "luong_dot", "encoder_size": 7}, "model.attention: 'luong_dot' needs model"),
        ({"input_feeding": True}, "model.input_feeding: true does not go with"),
    ],
)
def test_an_entry_is_checked_before_anything_is_built(
    entry: dict[str, Any], message: str | None
) -> None:
    if message is None:
        assert NetworkDescription.model_validate(entry).attention == entry["attention"]
        return
    with pytest.raises(ValidationError) as refused:
        NetworkDescription.model_validate(entry)
    (first,) = refused.value.errors()
    place = "".join(f"{part}: " for part in first["loc"])
    assert f"{place}{first['msg']}".startswith(message)
