"""Minimum Bayes risk: the translation that is on average most like all that the model might write.

Kumar & Byrne (2004); with samples both as candidates and as evidence, Eikema & Aziz (2020).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from numbers import Real
from typing import Any

from latimer.errors import InputError
from latimer.metrics.corpus_scores import METRICS, sentence_score
from latimer.metrics.user_function import user_function
from latimer.search.batch import SearchBatch
from latimer.search.hypothesis import Hypothesis
from latimer.search.sampling import sample
from latimer.search.strategies import MinimumBayesRisk

Utility = Callable[[str, str], float]
"""How good a translation, the first, is if the second is right; higher is better."""


def run(search: MinimumBayesRisk, batch: SearchBatch) -> list[list[Hypothesis]]:
    """See `Strategy.runner`; the score of a translation is its mean utility."""
    drawn = sample(
        batch.scorer, batch.source, batch.lengths, search, max_length=batch.limits,
        keys=batch.keys(),
    ).hypotheses()  # fmt: skip
    utility = search.utility
    if isinstance(utility, str):
        utility = utility_named(utility)(batch.language)
    best = []
    for row, several in enumerate(drawn):
        means = expected_utilities([batch.write(row, h.tokens) for h in several], utility)
        # Of equals the most probable, which comes first.
        mean, place = max((mean, -place) for place, mean in enumerate(means))
        best.append([replace(several[-place], score=mean)])
    return best


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
        raise InputError(
            f"utility {name!r}: valid choices: {', '.join(UTILITIES)}, or module:function"
        )
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
