"""The recipes named after papers: each builds at its full size, and has the paper's numbers."""

import math

import pytest
import torch

from latimer.nn.names import ATTENTIONS
from latimer.recipe import Recipe, load_any_recipe, load_recipe, recipe_names
from networks import build_from_keys

FILES = [f"data.{part}.{side}=x" for part in ("train", "dev") for side in ("source", "target")]
PAPERS = ["elman1990", "cho2014", "sutskever2014", "bahdanau2015", "luong2015", "gnmt2016"]
NETWORKS = [name for name in recipe_names() if isinstance(load_any_recipe(name, FILES), Recipe)]
SIZES = {"embedding": 8, "encoder_size": 8, "decoder_size": 8, "readout": 8, "attention_size": 8}


def keywords(name):
    recipe = load_recipe(name, FILES)
    joint = recipe.subwords.joint or recipe.model.kind == "language_model"
    vocab = recipe.subwords.size
    sizes = {"source_vocab": vocab, "target_vocab": vocab if joint else vocab + 1}
    return {**recipe.model.model_dump(), **sizes}


def test_every_paper_has_a_recipe_of_its_size_and_a_small_one():
    assert {*PAPERS, *(f"{name}-small" for name in PAPERS), "small"} <= set(recipe_names())


@pytest.mark.parametrize("name", NETWORKS)
def test_every_recipe_builds_at_its_own_size(name):
    with torch.device("meta"):
        network = build_from_keys(**keywords(name))
    assert sum(p.numel() for p in network.parameters()) > 100_000


@pytest.mark.parametrize("name", NETWORKS)
def test_every_recipe_trains_at_a_reduced_size(name):
    sizes = SIZES | {"source_vocab": 12, "target_vocab": 12, "dropout": 0.0}
    options = {**keywords(name), **sizes}
    if options["attention"] == "luong_dot":
        options["encoder_size"] = 4
    network = build_from_keys(**options)
    torch.manual_seed(0)
    source, targets = torch.randint(4, 12, (3, 5)), torch.randint(4, 12, (3, 4))
    logits = network.decode(network.encode(source, torch.tensor([5, 3, 1])), targets)
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    assert loss.item() == pytest.approx(math.log(12), abs=1.5)
    loss.backward()
    # A softmax over single weights of zero length gives no gradient; all others must have one.
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


def gates(cell):
    return {"rnn": 1, "gru": 3, "lstm": 4}[cell]


def layer(cell, inputs, size):
    """Weights of a layer: both products and two biases."""
    return gates(cell) * size * (inputs + size + 2)


def test_weights_of_the_papers_are_those_counted_by_hand():
    """Sizes from the papers' own text, counted layer by layer, apart from the builder."""
    counted = {
        # two vocabularies and an output of 15,000; readout reads state, vector and word
        "cho2014": 15_000 * 100 + 15_001 * 100 + layer("gru", 100, 1000)
        + layer("gru", 100 + 1000, 1000) + 1001 * 1000 + (2100 + 1) * 500 + 15_001 * 501,
        "sutskever2014": 80_000 * 1000 + 80_001 * 1000 + 8 * layer("lstm", 1000, 1000)
        + 1001 * 1000 + 80_001 * 1001,
        "bahdanau2015": 30_000 * 620 + 30_001 * 620 + 2 * layer("gru", 620, 1000)
        + layer("gru", 620 + 2000, 1000) + 1000 * 1000 + 2001 * 1000 + 1000
        + 2001 * 1000 + (1000 + 2000 + 620 + 1) * 500 + 30_001 * 501,
        "luong2015": 50_000 * 1000 + 50_001 * 1000 + 7 * layer("lstm", 1000, 1000)
        + layer("lstm", 2000, 1000) + 1000 * 1000 + 1000 * 1000 + 1000
        + (2000 + 1) * 1000 + 50_001 * 1001,
        "gnmt2016": 2 * 32_000 * 1024 + 2 * layer("lstm", 1024, 1024) + layer("lstm", 2048, 1024)
        + 6 * layer("lstm", 1024, 1024) + 8 * layer("lstm", 2048, 1024) + 8 * 1025 * 2048
        + 2 * 1024 * 1024 + 1024 + 1024 + (3 * 1024 + 1) * 1024 + 32_000 * 1025,
    }  # fmt: skip
    for name, weights in counted.items():
        with torch.device("meta"):
            network = build_from_keys(**keywords(name))
        assert sum(p.numel() for p in network.parameters()) == weights, name
    assert 270e6 < counted["gnmt2016"] < 310e6


@pytest.mark.parametrize("name", ["gnmt2016", "gnmt2016-small"])
def test_gnmt_is_searched_as_the_paper_does(name):
    # Wu et al. 2016, table 2: α = β = 0.2 is best without reinforcement learning.
    search = load_recipe(name, FILES).search
    assert (search.normalisation, search.alpha, search.coverage_penalty) == ("gnmt", 0.2, 0.2)


def test_the_recipes_use_every_kind_of_reading_but_those_named_in_comments():
    used = {load_recipe(name, FILES).model.attention for name in NETWORKS}
    assert used <= set(ATTENTIONS)
    assert {"none", "bahdanau", "luong_local", "luong_general"} <= used
