"""Sentences from a language model: what is refused before one is drawn."""

import pytest

from latimer.engines.neural import memory
from latimer.engines.neural.sampling import draw_sentences
from latimer.errors import InputError
from latimer.search.strategies import Sampling
from tiny_model import tiny_model


@pytest.fixture(scope="module")
def model():
    return tiny_model(kind="language_model", attention="none")


def test_sentences_begin_with_the_prefix(model):
    drawn = draw_sentences(model, Sampling(5, seed=2), prefix=" Kalo  su")
    assert len(drawn) == 5
    assert all(text.startswith("Kalo su") for text in drawn)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prefix": "<b>Kalo"}, "prefix is '<b>Kalo'; it holds the placeholder '<b>'"),
        ({"prefix": "f\udcfcr"}, "prefix: not valid Unicode"),
        ({"prefix": "Kalo suti", "max_length": 2}, "do not fit into max_length 2"),
    ],
)
def test_impossible_settings_are_refused(model, settings, message):
    with pytest.raises(InputError) as refused:
        draw_sentences(model, Sampling(3), **settings)
    assert message in str(refused.value)


def test_more_than_memory_holds_is_refused(model, monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda device: 10_000_000)
    assert len(draw_sentences(model, Sampling(3), max_length=5)) == 3
    with pytest.raises(InputError) as refused:
        draw_sentences(model, Sampling(4000))
    message = str(refused.value)
    assert message.startswith("4000 sentences and max_length 100: the search would take about 0.")
    assert message.endswith(" GB are free on cpu; set their number or max_length lower")
