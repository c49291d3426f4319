"""Minimum Bayes risk: the translation that is on average most like all that the model might write.

Kumar & Byrne (2004); with samples both as candidates and as evidence, Eikema & Aziz (2020).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

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


def bleu(text: str, reference: str) -> float:
    """SacreBLEU's smoothed sentence BLEU, 0 to 100."""
    import sacrebleu

    return float(sacrebleu.sentence_bleu(text, [reference]).score)


def chrf(text: str, reference: str) -> float:
    """ChrF of a sentence (Popović 2015), 0 to 100."""
    import sacrebleu

    return float(sacrebleu.sentence_chrf(text, [reference]).score)


UTILITIES: dict[str, Utility] = {"bleu": bleu, "chrf": chrf}
