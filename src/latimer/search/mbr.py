"""Minimum Bayes risk: the translation that is on average most like all that the model might write.

Kumar & Byrne (2004); with samples both as candidates and as evidence, Eikema & Aziz (2020).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from numbers import Real
from typing import Any

from latimer.errors import InputError
from latimer.metrics.report import tokeniser
from latimer.metrics.user_function import own_function

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


def ter(language: str = "") -> Utility:
    """100 less the translation edit rate (Snover et al. 2006), which may be below 0.

    Equal texts have 100, empty ones as well.
    """
    from sacrebleu.metrics.ter import TER

    metric = TER()

    def utility(text: str, reference: str) -> float:
        if text == reference:
            return 100.0
        return 100.0 - float(metric.sentence_score(text, [reference]).score)

    return utility


def _likeness(metric: Any, text: str, reference: str) -> float:
    return 100.0 if text == reference else float(metric.sentence_score(text, [reference]).score)


UTILITIES: dict[str, Callable[[str], Utility]] = {"bleu": bleu, "chrf": chrf, "ter": ter}
"""Utilities of texts in a language, by name."""


def utility_named(name: str) -> Callable[[str], Utility]:
    """A utility of `UTILITIES`, or any function of two texts, `module:function`, by language.

    Raises InputError naming what is wrong.
    """
    if name in UTILITIES:
        return UTILITIES[name]
    function = own_function(name, "utility")
    if function is None:
        raise InputError(
            f"utility {name!r}: valid choices: {', '.join(UTILITIES)}, or module:function"
        )
    return lambda language: partial(_own, function, name)


def _own(function: Utility, name: str, text: str, reference: str) -> float:
    try:
        value: Any = function(text, reference)
    except (Exception, SystemExit) as error:
        raise InputError(
            f"the utility {name} failed for {text!r} and {reference!r}: "
            f"{type(error).__name__}: {error}"
        ) from error
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise InputError(
            f"the utility {name} gave {value!r} for {text!r} and {reference!r}; "
            "a finite number is expected"
        )
    return float(value)
