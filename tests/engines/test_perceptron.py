"""A perceptron as a translator: windows, refusals, limits, and every search."""

from __future__ import annotations

import pytest

import latimer
from asking import asked
from latimer.engines.neural.engine import NeuralEngine
from latimer.engines.text_translator import TextTranslator
from latimer.errors import InputError
from latimer.model.card import model_card
from latimer.model.folder import Model, save_model
from latimer.search.strategies import Beam, DiverseBeam, Sampling
from latimer.text.vocabulary.subwords import EOS
from latimer.text.vocabulary.vocabulary import Vocabulary
from tiny_model import sentences, tiny_model

SLOTS = 8
PERCEPTRON = {"kind": "perceptron", "attention": "none", "slots": SLOTS, "hidden": 20}


def perceptron(slots: int = SLOTS, seed: int = 0) -> Model:
    """With random weights that hardly ever choose the end."""
    made = tiny_model(seed=seed, **{**PERCEPTRON, "slots": slots})
    made.network.output.bias.data[EOS] = -9.0
    return made


@pytest.fixture(scope="module")
def model() -> Model:
    return perceptron()


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    place = tmp_path_factory.mktemp("perceptron") / "model"
    save_model(place, model, model_card(model.config, command="latimer train perceptron"))
    return place


TEXTS = sentences(12, seed=4)


def pieces_of(model: Model, text: str) -> int:
    return len(model.vocabulary.encode_source(text)[0])


def test_a_text_that_does_not_fit_is_translated_in_windows(model):
    translator = TextTranslator(NeuralEngine(model))
    text = " ".join(TEXTS)
    (found,) = translator.translate([text], Beam(1))
    assert found.parts > pieces_of(model, text) / SLOTS
    (document,) = (translator._segmented(text, 1),)
    assert "".join(document.segments).replace(" ", "") == text.replace(" ", "")
    assert all(pieces_of(model, segment) < SLOTS for segment in document.segments)
    apart = translator.translate(document.segments, Beam(1))
    assert found.text == " ".join(one.text for one in apart)


@pytest.mark.parametrize("slots", [4, 5, SLOTS])
def test_lengths_at_and_over_the_slots(slots):
    """The last text that fits is translated whole, and the first that does not is cut."""
    model = perceptron(slots)
    translator = TextTranslator(NeuralEngine(model))
    words = [word for text in TEXTS for word in text.split()]
    texts = [
        text for n in range(1, 9) for text in (" ".join(words[:n]), " ".join(words[n : 2 * n]))
    ]
    sizes = [pieces_of(model, text) for text in texts]
    assert slots - 1 in sizes or slots in sizes
    for size, found in zip(sizes, translator.translate(texts, Beam(1)), strict=True):
        assert (found.parts > 1) == (size > slots - 1), size


def test_words_longer_than_a_window_are_cut_inside(model):
    word = "kalominersutivazobrelquin" * 3
    (found,) = TextTranslator(NeuralEngine(model)).translate([word], Beam(1))
    assert found.parts > 1


def test_no_window_holds_a_character_of_too_many_pieces():
    translator = TextTranslator(NeuralEngine(perceptron(2)))
    with pytest.raises(
        InputError, match=r"text '.+' has \d pieces, .* takes 1 at a time; no window"
    ):
        translator.translate(["Kalo miner"])


def test_refusing_is_a_setting(folder, model):
    refusing = latimer.load(folder, too_long="refuse")
    assert refusing.translate(["Ka."])[0].parts == 1
    with pytest.raises(InputError) as refused:
        refusing.translate(["Ka.", " ".join(TEXTS)])
    size = pieces_of(model, " ".join(TEXTS))
    assert f"has {size} pieces, and this model takes {SLOTS - 1} at a time" in str(refused.value)
    assert "engine.too_long to windows" in str(refused.value)
    with pytest.raises(InputError, match=r"engine\.too_long is 'cut'.*windows, refuse"):
        latimer.load(folder, too_long="cut")


@pytest.mark.parametrize("search", [Beam(1), Beam(4, nbest=3), Sampling(5, seed=3), DiverseBeam(4)])
@pytest.mark.parametrize("max_length", [None, 3, 100])
def test_no_search_writes_more_than_there_are_slots(model, search, max_length, monkeypatch):
    written = []
    decode = Vocabulary.decode_target

    def counted(self, tokens, table):
        written.append(len(tokens))
        return decode(self, tokens, table)

    monkeypatch.setattr(Vocabulary, "decode_target", counted)
    TextTranslator(NeuralEngine(model)).translate(TEXTS, **asked(search, max_length=max_length))
    assert max(written) == min(SLOTS, max_length or SLOTS)


def test_a_longer_minimum_than_the_slots_is_refused(model):
    translator = TextTranslator(NeuralEngine(model))
    with pytest.raises(
        InputError, match=f"min_length is 9; it does not fit into max_length {SLOTS}"
    ):
        translator.translate(["Ka."], **asked(min_length=9))
    with pytest.raises(InputError, match=f"do not fit into max_length {SLOTS}"):
        translator.translate(["Ka."], **asked(must=["kalo miner " * 4]))


def test_a_saved_one_translates_as_before(folder, model):
    expected = TextTranslator(NeuralEngine(model)).translate(TEXTS, Beam(3))
    loaded = latimer.load(folder, precision="fp32").translate(TEXTS, Beam(3))
    assert [one.text for one in loaded] == [one.text for one in expected]
    rough = latimer.load(folder, precision="int8").translate(TEXTS, Beam(3))
    assert [one.parts for one in rough] == [one.parts for one in expected]


def test_an_ensemble_takes_what_all_its_models_take(model):
    small, large = perceptron(SLOTS), perceptron(SLOTS + 4, seed=1)
    engine = NeuralEngine(large, small)
    assert (engine.longest, engine.constraints.max_length) == (SLOTS - 1, SLOTS)
    texts = TextTranslator(engine).translate(TEXTS, Beam(2))
    assert all(one.text for one in texts)
