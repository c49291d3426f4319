"""Noisy-channel reranking against the models' own log-probabilities, and through the command."""

import math

import pytest
import torch
from torch import Tensor

from asking import channel_of, translator_of
from channel_models import made
from latimer.engines.neural.noisy_channel import NoisyChannel
from latimer.errors import InputError, SettingError
from latimer.search.noisy_channel import channel_scores
from latimer.search.strategies import Beam, Sampling
from latimer.text.vocabulary.subwords import BOS, EOS
from tiny_model import sentences, speaking, tiny_model

TEXTS = sentences(6, seed=9)


@pytest.fixture(scope="module")
def models():
    return made()


def by_steps(model, target: str, source: str | None = None) -> tuple[float, int]:
    """Log P of a text a step at a time, and its labels."""
    if source is None:
        read, (pieces,) = [EOS], model.vocabulary.encode_targets([target])
    else:
        read, pieces = model.vocabulary.encode_pair(source, target)
        read = [*read, EOS]
    state, total = model.network.start(torch.tensor([read]), torch.tensor([len(read)])), 0.0
    for token, label in zip([BOS, *pieces], [*pieces, EOS], strict=True):
        scores, state = model.network.step(state, torch.tensor([token]))
        total += float(scores.double().log_softmax(1)[0, label])
    return total, len(pieces) + 1


def test_the_score_by_hand():
    def one(value: float) -> Tensor:
        return torch.tensor([value], dtype=torch.float64)

    found = channel_scores(
        one(-6.0), one(-10.0), one(-8.0), one(3), one(5), channel_weight=0.5, language_weight=0.25
    )
    assert float(found) == pytest.approx(-6 / 3 + (0.5 * -10 + 0.25 * -8) / 5)


@pytest.mark.parametrize("with_language_model", [True, False])
def test_scores_are_those_of_the_three_models_and_the_best_of_the_beam_wins(
    models, with_language_model
):
    direct, reverse, language = models
    language = language if with_language_model else None
    channel = NoisyChannel(direct, reverse, language, channel_weight=0.7, language_weight=0.3)
    translator = translator_of(direct)
    lists = translator.translate(TEXTS, Beam(6, nbest=6))
    found = channel_of(channel).translate(TEXTS, Beam(6, nbest=3))
    changed = 0
    for text, several, one in zip(TEXTS, lists, found, strict=True):
        expected = {}
        for candidate in {several.text, *(other.text for other in several.alternatives)}:
            forward, t = by_steps(direct, candidate, text)
            backward, s = by_steps(reverse, text, candidate)
            fluent = by_steps(language, candidate)[0] if language else 0.0
            expected[candidate] = forward / t + (0.7 * backward + 0.3 * fluent) / s
        ranked = sorted(expected, key=lambda candidate: -expected[candidate])
        shown = [one.text, *(other.text for other in one.alternatives)]
        assert shown == ranked[:3]
        scores = [one.score, *(other.score for other in one.alternatives)]
        assert scores == pytest.approx([expected[text] for text in shown], rel=1e-4)
        changed += one.text != several.text
    assert changed


def test_lines_and_blanks_are_ranked_part_by_part(models):
    channel = NoisyChannel(*models)
    translator = channel_of(channel)
    one, two = (t.text for t in translator.translate(TEXTS[:2]))
    found = translator.translate([f"{TEXTS[0]}\n\n{TEXTS[1]}", ""])
    assert [t.text for t in found] == [f"{one}\n\n{two}", ""]


def test_what_does_not_go_together_is_refused(models):
    direct, reverse, language = models
    with pytest.raises(InputError, match="translates en → de, which is not the way back from en"):
        NoisyChannel(direct, direct)
    with pytest.raises(InputError, match="the reverse model is a language model"):
        NoisyChannel(direct, language)
    with pytest.raises(InputError, match="the language model is a translator"):
        NoisyChannel(direct, reverse, direct)
    for weight in (-1.0, math.nan):
        with pytest.raises(InputError, match="weight of the channel: 0 to 100"):
            NoisyChannel(direct, reverse, channel_weight=weight)


@pytest.mark.parametrize("search", [Beam(1), Sampling(3)])
def test_there_must_be_something_to_choose_from(models, search):
    with pytest.raises(SettingError, match=r"engine\.reverse") as refused:
        channel_of(NoisyChannel(*models)).translate([], search)
    assert refused.value.field in ("search.width", "search.kind")


def test_a_language_model_of_another_language_is_refused(models):
    direct, reverse, language = models
    english = speaking(
        tiny_model(language.vocabulary, kind="language_model", attention="none"), "", "en"
    )
    with pytest.raises(InputError, match="target language of the language model is en"):
        NoisyChannel(direct, reverse, english)
