"""The three lines for every outcome, from bad to good."""

from dataclasses import replace

import pytest

from latimer.metrics.significance import Comparison
from latimer.quickstart.verdict import Commands, Evidence, too_few, verdict

READY = Commands("TRANSLATE", lambda minutes: f"TRAIN {minutes}", "ADD")


def against(other: float, bleu: float, p_value: float = 0.001) -> Comparison:
    return Comparison("bleu", 1012, other, bleu, bleu - other, bleu - other, p_value, "sig")


def evidence(copying: float, memory: float, bleu: float, **changes: object) -> Evidence:
    facts = {"unseen": True, "pairs": 34_000, "updates": 401, "minutes": 6.0}
    return Evidence(against(copying, bleu), against(memory, bleu), **{**facts, **changes})


def test_good():
    assert verdict(evidence(11.1, 24.0, 36.42), READY) == [
        "This translator scores BLEU 36.4 of 100 on 1,012 sentences it has never seen.",
        "Copying the source scores 11.1, the nearest sentence of your text 24.0: "
        "it is worth using, as a draft that people correct.",
        "Next: translate your file: TRANSLATE",
    ]


@pytest.mark.parametrize(
    ("facts", "worth", "following"),
    [
        pytest.param(
            evidence(4.0, 9.0, 15.0),
            "it is better than both, but most of its sentences will need correcting.",
            "Next: train for 15 minutes in total: TRAIN 15",
            id="weak",
        ),
        pytest.param(
            evidence(4.0, 24.0, 15.0),
            "it is worse than looking up the nearest sentence: 401 updates were too few here.",
            "Next: train for 15 minutes in total: TRAIN 15",
            id="worse than the memory",
        ),
        pytest.param(
            replace(evidence(4.0, 24.0, 24.5), memory=against(24.0, 24.5, 0.3)),
            "it is not clearly better than looking up the nearest sentence: "
            "401 updates were too few here.",
            "Next: train for 15 minutes in total: TRAIN 15",
            id="like the memory",
        ),
        pytest.param(
            evidence(11.1, 24.0, 3.0),
            "it is worse than copying the source: 401 updates were too few here.",
            "Next: train for 15 minutes in total: TRAIN 15",
            id="worse than copying",
        ),
        pytest.param(
            replace(evidence(11.1, 9.0, 11.5), copying=against(11.1, 11.5, 0.05)),
            "it is not clearly better than copying the source: 401 updates were too few here.",
            "Next: train for 15 minutes in total: TRAIN 15",
            id="like copying",
        ),
        pytest.param(
            evidence(4.0, 24.0, 15.0, minutes=15.0, pairs=4_000),
            "it is worse than looking up the nearest sentence: 401 updates were too few here.",
            "Next: train for 60 minutes in total: TRAIN 60",
            id="after the first step",
        ),
        pytest.param(
            evidence(4.0, 24.0, 15.0, minutes=59.9, pairs=4_000),
            "it is worse than looking up the nearest sentence: 4,000 pairs were too few here.",
            "Next: train on more text, 10,000 pairs or more in total: ADD",
            id="after an hour",
        ),
        pytest.param(
            evidence(4.0, 24.0, 2.0, pairs=640),
            "it is worse than copying the source: 640 pairs are too few to learn a translator "
            "from; a translation memory, or more text, helps more.",
            "Next: train on more text, 10,000 pairs or more in total: ADD",
            id="hardly any text",
        ),
    ],
)
def test_bad(facts, worth, following):
    lines = verdict(facts, READY)
    assert len(lines) == 3
    scores = (
        f"Copying the source scores {facts.copying.first:.1f}, "
        f"the nearest sentence of your text {facts.memory.first:.1f}: "
    )
    assert lines[1:] == [scores + worth, following]


def test_little_text_that_was_learnt_all_the_same_is_not_called_too_little():
    lines = verdict(evidence(4.0, 70.0, 95.0, pairs=640), READY)
    assert "worth using" in lines[1]
    assert lines[2].endswith("TRANSLATE")


def test_text_that_chose_the_best_model_is_not_called_unseen():
    facts = replace(against(4.0, 30.0), sentences=1)
    lines = verdict(replace(evidence(4.0, 9.0, 30.0, unseen=False), copying=facts), READY)
    assert lines[0].endswith("BLEU 30.0 of 100 on 1 sentence it has not learnt from.")


def test_where_nothing_could_be_tested_nothing_is_claimed():
    lines = verdict(None, READY)
    assert len(lines) == 3
    assert lines[1].startswith("Its quality is unknown")
    assert lines[2].endswith("ADD")


def test_few_pairs_are_called_few_before_training():
    assert "300 pairs are few" in (too_few(300) or "")
    assert "1 pair is few" in (too_few(1) or "")
    assert too_few(1_000) is None
