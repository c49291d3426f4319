"""Minimum Bayes risk by hand, and through the translator with a metric of one's own."""

import pytest
import sacrebleu

import latimer
from latimer.errors import SettingError
from latimer.metrics.utilities import UTILITIES
from latimer.search.mbr import expected_utilities
from latimer.search.strategies import MinimumBayesRisk, Sampling
from tiny_model import save_tiny_model


def test_expected_utilities_by_hand():
    def same_length(text, other):
        return -float(abs(len(text) - len(other)))

    found = expected_utilities(["a", "bbb", "a", "cccc"], same_length)
    assert found == [-5 / 4, -5 / 4, -5 / 4, -7 / 4]
    assert expected_utilities([], same_length) == []


def test_utilities_are_sacrebleus():
    pair = "the door is open", "the door was open"
    assert UTILITIES["bleu"]("de")(*pair) == sacrebleu.sentence_bleu(pair[0], [pair[1]]).score
    assert UTILITIES["ter"]("de")(*pair) == 100 - sacrebleu.sentence_ter(pair[0], [pair[1]]).score
    assert UTILITIES["chrf"]("de")(*pair) == sacrebleu.sentence_chrf(pair[0], [pair[1]]).score


@pytest.mark.parametrize(("language", "tokenise"), [("ja", "char"), ("zh-Hans", "zh")])
def test_words_are_cut_as_in_the_language(language, tokenise):
    pair = "私は犬が好きです", "私は猫が好きです"
    score = sacrebleu.sentence_bleu(pair[0], [pair[1]], tokenize=tokenise).score
    assert UTILITIES["bleu"](language)(*pair) == score > 0


@pytest.mark.parametrize("name", UTILITIES)
def test_the_empty_translation_is_chosen_where_most_samples_are_empty(name):
    others = [f"the {word} is open" for word in ["door", "gate", "shop", "road", "mind", "sea"]]
    utility = UTILITIES[name]("en")
    means = expected_utilities([""] * 20 + others * 2, utility)
    assert means[0] == pytest.approx(100 * 20 / 32)
    assert max(means) == means[0]


def test_the_translator_takes_the_text_that_is_most_like_the_others(tmp_path):
    save_tiny_model(tmp_path / "model")
    translator = latimer.load(tmp_path / "model", precision="fp32")
    calls = []

    def closeness(text, other):
        calls.append((text, other))
        return -float(abs(len(text) - len(other)))

    texts = ["Kalo suti.", "Mira tonu suka?"]
    drawn = translator.translate(texts, Sampling(12, seed=4))
    found = translator.translate(texts, MinimumBayesRisk(12, seed=4, utility=closeness))
    for sampled, chosen in zip(drawn, found, strict=True):
        several = [sampled.text, *(other.text for other in sampled.alternatives)]
        assert len(several) == 12
        means = {t: sum(-abs(len(t) - len(o)) for o in several) / 12 for t in several}
        assert chosen.score == pytest.approx(max(means.values()))
        assert means[chosen.text] == pytest.approx(chosen.score)
    assert all(isinstance(text, str) for pair in calls for text in pair)


def test_settings_that_cannot_be():
    with pytest.raises(SettingError, match=r"'meteor'; allowed: bleu, chrf, .*, or module:func"):
        MinimumBayesRisk(utility="meteor")
    with pytest.raises(SettingError, match="no_such_module"):
        MinimumBayesRisk(utility="no_such_module:function")
