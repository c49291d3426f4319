"""Minimum Bayes risk: the translation that is on average most like all that the model might write.

Kumar & Byrne (2004); with samples both as candidates and as evidence, Eikema & Aziz (2020).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from latimer.metrics.utilities import Utility, utility_named
from latimer.search.batch import SearchBatch
from latimer.search.hypothesis import Hypothesis
from latimer.search.sampling import sample
from latimer.search.strategies import MinimumBayesRisk


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
