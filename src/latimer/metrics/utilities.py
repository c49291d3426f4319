"""How good a translation is if another is right: utilities for minimum Bayes risk, by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from numbers import Real
from typing import Any

from latimer.errors import InputError, SettingError
from latimer.metrics.corpus_scores import METRICS, sentence_score
from latimer.metrics.user_function import user_function

Utility = Callable[[str, str], float]
"""How good a translation, the first, is if the second is right; higher is better."""


def metric_utility(name: str, language: str = "") -> Utility:
    """The sentence score by a metric of `METRICS`; of an error rate, 100 less the rate.

    BLEU is smoothed and has the tokeniser of the language. Equal texts have 100, empty ones as
    well. BLEU and chrF (Popović 2015) lie between 0 and 100; 100 less TER (Snover et al. 2006) may
    be below 0.
    """
    score, is_error = sentence_score(name, language), METRICS[name].is_error

    def utility(text: str, reference: str) -> float:
        if text == reference:
            return 100.0
        return 100.0 - score(text, reference) if is_error else score(text, reference)

    return utility


UTILITIES: dict[str, Callable[[str], Utility]] = {
    name: partial(metric_utility, name) for name in METRICS
}
"""Utilities of texts in a language, by name."""


def utility_named(name: str) -> Callable[[str], Utility]:
    """A utility of `UTILITIES`, or any function of two texts, `module:function`, by language.

    Raises InputError naming what is wrong.
    """
    if name in UTILITIES:
        return UTILITIES[name]
    function = user_function(name, "utility")
    if function is None:
        raise SettingError("utility", name, f"allowed: {', '.join(UTILITIES)}, or module:function")
    return lambda language: partial(_checked, function, name)


def _checked(function: Utility, name: str, text: str, reference: str) -> float:
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
