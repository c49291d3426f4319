"""The size of network and training for a text."""

import pytest

from latimer.formats.pair import Pair
from latimer.quickstart.outlook import Cut, outlook
from latimer.quickstart.sizing import LEAST_UPDATES, PASSES, fitted
from latimer.recipe import load_recipe

FILES = [f"data.{part}.{side}=x" for part in ("train", "dev") for side in ("source", "target")]
RECIPE = load_recipe("quickstart", FILES)
BATCH, UPDATES = RECIPE.training.batch_tokens, RECIPE.training.max_updates


def text(pairs, characters=30):
    return [Pair("x" * characters, "y" * (characters - 10))] * pairs


def test_enough_text_has_what_the_recipe_says():
    found = fitted(text(40_000), BATCH, UPDATES)
    assert found["training.max_updates"] == UPDATES
    assert not any(key.startswith(("model.", "subwords.")) for key in found)


@pytest.mark.parametrize("pairs", [1, 300, 1_000, 2_000, 5_000, 9_999, 18_000, 100_000])
def test_every_size_is_a_recipe(pairs):
    found = fitted(text(pairs), BATCH, UPDATES)
    whole = load_recipe("quickstart", [*FILES, *(f"{key}={value}" for key, value in found.items())])
    assert whole.training.validate_every * 4 <= whole.training.max_updates <= UPDATES


def test_less_text_never_has_a_larger_network_or_more_updates():
    sizes = [fitted(text(pairs), BATCH, UPDATES) for pairs in (500, 5_000, 50_000)]
    widths = [found.get("model.decoder_size", RECIPE.model.decoder_size) for found in sizes]
    assert widths == sorted(widths)
    updates = [found["training.max_updates"] for found in sizes]
    assert updates == sorted(updates)
    assert updates[0] >= LEAST_UPDATES


def test_a_short_text_is_not_read_more_often_than_helps():
    pairs, characters = 2_000, 60
    found = fitted(text(pairs, characters), BATCH, UPDATES)
    passes = found["training.max_updates"] * BATCH * 3 / (pairs * characters)
    assert passes == pytest.approx(PASSES, rel=0.01)


def test_a_training_cut_short_says_what_is_missing():
    cut = Cut(600, 1_800, 18.0, "training had 0.7 of 2 cores")
    told = outlook(cut, "latimer quickstart --minutes {minutes}")
    assert "600 of 1,800 updates: training had 0.7 of 2 cores" in told
    assert "about 36 minutes" in told
    assert "some 6 BLEU more" in told
    assert told.endswith("latimer quickstart --minutes 54")
