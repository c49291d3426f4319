"""Features of candidates, worked by hand."""

import math

import numpy as np
import pytest

from latimer.engines.combined.candidates import Describer, Found
from latimer.engines.combined.features import DEFAULT_WEIGHTS, FEATURES, weight_array
from latimer.engines.combined.lexical import UNEXPLAINED, Lexicon
from latimer.engines.engine import Output
from latimer.engines.phrases.folder import load_model
from latimer.errors import InputError
from latimer.statistical.phrases.phrase_table import PhraseTable
from latimer.statistical.tokens.side import Side

LN = np.log


@pytest.fixture(scope="module")
def model(phrases):
    return load_model(phrases)


def described(model, found, log_probs, **scales):
    candidates = Describer(model, **scales).describe(found, log_probs)
    columns = dict(zip(FEATURES, candidates.features.T.tolist(), strict=True))
    return candidates.texts, columns


def test_each_candidate_has_all_features_whoever_found_it(model):
    found = Found(
        "The small lamp opens in the hall.",
        [Output("La eta lumo en halo malfer.", -2.0), Output("La eta lumo en malfer halo.", -3.0)],
        [Output("La ega lumo.", -9.0), Output("La eta lumo en halo malfer.", -9.0)],
        5,
    )
    texts, columns = described(model, found, [LN(0.25), LN(0.75), LN(0.01)])
    assert texts == [
        "La ega lumo.", "La eta lumo en halo malfer.", "La eta lumo en malfer halo."
    ]  # fmt: skip
    assert columns["network"] == pytest.approx([LN(0.25), LN(0.75), LN(0.01)])
    assert columns["phrases"] == [-1.0, 0.0, -1.0]
    assert columns["in_phrases"] == [0.0, 1.0, 1.0]
    assert columns["in_network"] == [1.0, 1.0, 0.0]
    assert columns["words"] == [4.0, 7.0, 7.0]
    # Phrases: P = e / (1 + e) and 1 / (1 + e); seven words in both, of which four are expected.
    first = math.e / (1 + math.e)
    assert columns["phrases_1"] == pytest.approx([3.0, 7.0, 7.0])
    # la eta, eta lumo, lumo en are in both; en halo, halo malfer, malfer . in the first alone.
    assert columns["phrases_2"] == pytest.approx([0.0, 3 + 3 * first, 3 + 3 * (1 - first)])
    # Network: P = 1/4 and 3/4; la, lumo and the stop are in both, ega in the first alone.
    assert columns["network_1"] == pytest.approx([3 + 0.25, 3 + 4 * 0.75, 3 + 4 * 0.75])
    assert columns["network_4"] == pytest.approx([0.25, 4 * 0.75, 0.75])
    ids = [[model.target.id(t) for t in model.target.split(text)] for text in texts]
    assert columns["language"] == pytest.approx([model.language_model.score(one) for one in ids])


def test_posteriors_grow_sharper_with_their_scale(model):
    outputs = [Output("La lumo.", 0.0), Output("La pordo.", LN(0.5))]
    found = Found("The lamp.", outputs, [], 2)
    _, columns = described(model, found, [-1.0, -1.0], phrases_scale=2.0)
    assert columns["phrases_1"] == pytest.approx([2 + 0.8, 2 + 0.2])
    assert columns["network_1"] == [0.0, 0.0]


def test_those_that_are_not_ranked_count_for_posteriors(model):
    outputs = [Output("La lumo.", 0.0), Output("La pordo.", 0.0), Output("La halo.", LN(2))]
    texts, columns = described(model, Found("The lamp.", outputs, [], 1), [-1.0])
    assert texts == ["La lumo."]
    assert columns["phrases_1"] == pytest.approx([2 + 1 / 4])


def test_where_nothing_was_found_there_is_an_empty_text(model):
    texts, columns = described(model, Found("The lamp.", [], [], 2), [-1.0])
    assert texts == [""]
    assert columns["words"] == [0.0]


def test_model_1_of_both_directions():
    source, target = Side(["a", "b"], None, None), Side(["x", "y"], None, None)
    source.casing = target.casing = None
    # Options: a → x (1/2, 1/4), a → y (1/8, 1/16), a → x y, and a b → y, of which two count.
    table = PhraseTable(
        np.array([0, 0, 1], np.int32), np.array([0, 1, 3]), np.array([0, 3, 4]),
        np.array([0, 1, 0, 1, 1], np.int32), np.array([0, 1, 2, 4, 5]),
        np.log(np.array([[1 / 2, 1 / 4, 1, 1], [1 / 8, 1 / 16, 1, 1], [1] * 4, [1] * 4])).astype(
            np.float32
        ),
        np.zeros((4, 6), np.float32), np.ones(4, np.int32), np.full(5, -1, np.int8),
    )  # fmt: skip
    lexicon = Lexicon(table, source, target)
    u = UNEXPLAINED
    found = lexicon.scores(["a", "b", "7"], [["x", "y"], ["7"], []])
    forward = [LN((u + 1 / 2) / 4) + LN((u + 1 / 8) / 4), LN((u + 1) / 4), 0.0]
    backward = [
        LN((u + 1 / 4 + 1 / 16) / 3) + 2 * LN(u / 3), 2 * LN(u / 2) + LN((u + 1) / 2), 3 * LN(u)
    ]  # fmt: skip
    assert found[:, 0] == pytest.approx(forward, rel=1e-6)
    assert found[:, 1] == pytest.approx(backward, rel=1e-6)


def test_weights_by_name():
    assert weight_array(DEFAULT_WEIGHTS).tolist() == list(DEFAULT_WEIGHTS.values())
    with pytest.raises(InputError, match="no feature 'speed'"):
        weight_array({**DEFAULT_WEIGHTS, "speed": 1.0})
    with pytest.raises(InputError, match="weights: words is missing"):
        weight_array({name: 1.0 for name in FEATURES if name != "words"})
