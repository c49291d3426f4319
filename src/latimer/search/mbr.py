"""Minimum Bayes risk: the translation that is on average most like all that the model might write.

Kumar & Byrne (2004); with samples both as candidates and as evidence, Eikema & Aziz (2020).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from latimer.metrics.report import tokeniser

Utility = Callable[[str, str], float]
"""How good a translation, the first, is if the second is right; higher is better."""


def expected_utilities(texts: Sequence[str], utility: Utility) -> list[float]:
    """The mean utility of each text over all of them, itself included, in order.

    Equal texts are compared once. With n different ones that is n² calls.
    """
    times = Counter(texts)
    of = {
        text: sum(count * utility(text, other) for other, count in times.items()) / len(texts)
        for text in times
    }
    return [of[text] for text in texts]


def bleu(language: str = "") -> Utility:
    """SacreBLEU's smoothed sentence BLEU, 0 to 100, with the tokeniser of a language.

    Equal texts have 100, empty ones as well.
    """
    from sacrebleu.metrics.bleu import BLEU

    metric = BLEU(tokenize=tokeniser(language), effective_order=True)
    return partial(_likeness, metric)


def chrf(language: str = "") -> Utility:
    """ChrF of a sentence (Popović 2015), 0 to 100, which is the same for every language.

    Equal texts have 100, empty ones as well.
    """
    from sacrebleu.metrics.chrf import CHRF

    return partial(_likeness, CHRF())


def _likeness(metric: Any, text: str, reference: str) -> float:
    return 100.0 if text == reference else float(metric.sentence_score(text, [reference]).score)


UTILITIES: dict[str, Callable[[str], Utility]] = {"bleu": bleu, "chrf": chrf}
"""Utilities of texts in a language, by name."""
