"""Significance of the difference between two systems on the same sentences.

Paired bootstrap resampling (Koehn 2004, "Statistical significance tests for machine translation
evaluation"): the test set is resampled with replacement many times, and both systems are scored on
each sample. A sample only needs the counts of each sentence that sacreBLEU sums to a corpus score,
so that nothing is tokenised twice. `latimer.metrics.resampling` draws the samples, and has the
tests of sacreBLEU for many systems at once.

The p-value is two-sided: the share of samples whose difference is at least as far from the mean of
all samples as the observed difference is from 0, with one added to both counts. Up to sampling
noise it agrees with the interval: p < 0.05 where 0 is outside. `sacrebleu --paired-bs` takes
absolute values first and counts one tail only, which gives about half of this p-value for large
differences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from latimer.errors import InputError
from latimer.metrics.corpus_scores import METRICS, check_metrics, sacrebleu_metric
from latimer.metrics.resampling import Floats, resampled_sums

SAMPLES = 1000
LEVEL = 0.05
"""Significance level: below this p-value a difference is called clear."""


@dataclass(frozen=True)
class Comparison:
    """Two systems on the same sentences, by one metric."""

    metric: str
    sentences: int
    first: float
    """The score of the first system, as `corpus_scores` gives it."""
    second: float
    low: float
    """Lower bound of the 95 % bootstrap interval of the difference."""
    high: float
    """Upper bound of that interval."""
    p_value: float
    """Two-sided; see the docstring of this module. 1 for a single sentence."""
    signature: str
    """sacreBLEU's description of the metric."""

    @property
    def difference(self) -> float:
        """Second minus first, also for TER, where lower is better."""
        return self.second - self.first

    @property
    def clear(self) -> bool:
        """Whether the difference is significant (p < 0.05)."""
        return self.p_value < LEVEL

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "metric": self.metric,
            "sentences": self.sentences,
            "first": self.first,
            "second": self.second,
            "difference": self.difference,
            "interval": [self.low, self.high],
            "p_value": self.p_value,
            "clear": self.clear,
            "signature": self.signature,
        }


def compare(
    first: Sequence[str],
    second: Sequence[str],
    references: Sequence[str],
    metric: str = "bleu",
    *,
    language: str = "",
    samples: int = SAMPLES,
    seed: int = 1,
) -> Comparison:
    """Compare the translations of two systems, raw, detokenised text, with one reference a line.

    `metric` is a name in `corpus_scores.METRICS`, `language` the code of the target language,
    which chooses BLEU's tokeniser. The same `seed` draws the same sentences. Raises
    InputError for lists of unequal length, an empty corpus, an unknown metric or no samples.
    """
    check_metrics([metric])
    if samples < 1:
        raise InputError(f"samples is {samples}; at least 1 is needed")
    if not len(first) == len(second) == len(references):
        raise InputError(
            f"{len(first)} and {len(second)} translations, but {len(references)} references; "
            "all three must have the same number of lines"
        )
    if not references:
        raise InputError("nothing to compare: no translations and no references")
    scorer = sacrebleu_metric(metric, language)
    counts = [sentence_counts(scorer, system, references) for system in (first, second)]
    before, after = (corpus_score(scorer, each) for each in counts)
    drawn = _draws(counts, score_of_counts(metric), samples, seed)
    differences = drawn[:, 1] - drawn[:, 0]
    low, high = np.quantile(differences, [0.025, 0.975])
    alone = len(references) == 1
    return Comparison(
        metric,
        len(references),
        before,
        after,
        float(low),
        float(high),
        1.0 if alone else _p_value(differences, after - before),
        str(scorer.get_signature()),
    )


def score_of_counts(metric: str) -> Callable[[Floats], Floats]:
    """Corpus scores `[rows]` from summed counts `[rows, counts]`, by a metric of `METRICS`."""
    module, _, name = METRICS[metric].of_counts.partition(":")
    score: Callable[[Floats], Floats] = getattr(import_module(module), name)
    return score


def _p_value(differences: Floats, observed: float) -> float:
    """The two-sided p-value of `observed`, given the differences `[samples]` of the draws."""
    further = np.abs(differences - differences.mean()) >= abs(observed)
    return float((further.sum() + 1) / (len(differences) + 1))


def sentence_counts(scorer: Any, system: Sequence[str], references: Sequence[str]) -> Floats:
    """What sacreBLEU's metric counts in each sentence, `[sentences, counts]`."""
    counts = scorer._extract_corpus_statistics(list(system), [list(references)])
    return np.array(counts, dtype=np.float64)


def corpus_score(scorer: Any, counts: Floats) -> float:
    """The corpus score from the counts of all sentences, by sacreBLEU's metric itself."""
    sums = counts.sum(0)
    whole = sums.astype(np.int64) if (sums == sums.round()).all() else sums
    return float(scorer._compute_score_from_stats(whole.tolist()).score)


def _draws(
    counts: Sequence[Floats], score: Callable[[Floats], Floats], samples: int, seed: int
) -> Floats:
    """The scores of both systems on the same draws, `[samples, 2]`."""
    sums = resampled_sums(np.concatenate(counts, axis=1), samples, seed)
    return np.stack([score(each) for each in np.split(sums, 2, axis=1)], axis=1)


def bleu_of_counts(counts: Floats) -> Floats:
    """Corpus BLEU, 0 to 100, `[rows]`, from counts `[rows, 2 + 2 * order]`.

    These are the lengths of system and reference, the n-grams that match, and all n-grams. Smoothed
    as sacreBLEU does by default ("exp": Chen & Cherry 2014, method 3).
    """
    written, wanted = counts[:, 0], counts[:, 1]
    order = (counts.shape[1] - 2) // 2
    correct, total = counts[:, 2 : 2 + order], counts[:, 2 + order :]
    missing = (correct == 0) & (total > 0)
    halved = correct + missing * 0.5 ** missing.cumsum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(halved / total).mean(1)
        penalty = np.minimum(0.0, 1 - wanted / written)
        score = 100 * np.exp(logs + penalty)
    # Where there is no n-gram of some order at all, or no match of any, the score is 0.
    return np.where(correct.any(1) & (total > 0).all(1), score, 0.0)


def chrf_of_counts(counts: Floats, beta: float = 2.0) -> Floats:
    """Corpus chrF (Popović 2015), 0 to 100, `[rows]`, from counts `[rows, 3 * order]`.

    For each order these are the n-grams of the system, of the reference, and of both. Orders that
    one side lacks are left out, as sacreBLEU does by default.
    """
    written, wanted, both = (counts[:, k::3] for k in range(3))
    there = (written > 0) & (wanted > 0)
    orders = np.maximum(there.sum(1), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(there, both / written, 0.0).sum(1) / orders
        recall = np.where(there, both / wanted, 0.0).sum(1) / orders
        score = 100 * (1 + beta**2) * precision * recall / (beta**2 * precision + recall)
    return np.where(precision + recall > 0, score, 0.0)


def ter_of_counts(counts: Floats) -> Floats:
    """Corpus TER (Snover et al. 2006), 0 and more, `[rows]`, from edits and reference lengths."""
    edits, wanted = counts[:, 0], counts[:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(wanted > 0, 100 * edits / wanted, 100.0 * (edits > 0))
