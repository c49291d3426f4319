"""Scores beside those of copying and of a translation memory."""

import pytest

from latimer.engines.translator import Translation
from latimer.formats.pair import Pair
from latimer.metrics.corpus_scores import corpus_scores
from latimer.quickstart.scores import METRICS, score, unaided
from latimer.text.nearest import TranslationMemory

TRAIN = [Pair("Open the old door now", "Malfer la olda pordo nun"), Pair("Stop", "Halt")]
TEST = [
    Pair("Open the new door now", "Malfer la nova pordo nun"),
    Pair("Stop it", "Halt lin"),
]


def translate(sources):
    return [Translation(source, "Malfer la nova pordo nun", 0.0) for source in sources]


def test_the_memory_and_the_source_are_scored_as_the_translator_is():
    part = unaided(TEST, TranslationMemory(TRAIN), "xx")
    scored = score(translate, part)
    recalled = ["Malfer la olda pordo nun", "Halt"]
    references = [pair.target for pair in TEST]
    assert part.recalled == recalled
    for texts, found in (
        (recalled, part.memory),
        ([pair.source for pair in TEST], part.copying),
        (["Malfer la nova pordo nun"] * 2, scored.model),
    ):
        assert found == corpus_scores(texts, references, METRICS, language="xx")
    facts = scored.as_dict()["chrf"]
    assert facts["memory"] == part.memory["chrf"].value
    against = scored.against(part.recalled)
    assert against.first == part.memory["bleu"].value
    assert against.second == pytest.approx(scored.bleu)
