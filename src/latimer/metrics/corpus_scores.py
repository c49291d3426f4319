"""BLEU, chrF and TER as sacreBLEU computes them, with its signatures (Post 2018).

This is the only module that makes sacreBLEU's metrics. A new metric is an entry in METRICS; one of
your own is a subclass of `sacrebleu.metrics.base.Metric` in a file of this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from latimer.errors import InputError

TOKENISERS = {"zh": "zh", "ja": "char", "th": "char", "km": "char", "lo": "char", "my": "char"}
"""BLEU's tokeniser for languages written without spaces; every other language has `13a`.

Japanese is scored by characters (`char`) because `ja-mecab` needs a dictionary of its own.
"""


def written_without_spaces(language: str | None) -> bool:
    """Whether a language code (`ja`, `zh-Hans`, `zh_CN` …) is in TOKENISERS."""
    return _base(language) in TOKENISERS


def tokeniser(language: str | None) -> str:
    """SacreBLEU's name of BLEU's tokeniser for a language code."""
    return TOKENISERS.get(_base(language), "13a")


def _base(language: str | None) -> str:
    return (language or "").lower().replace("_", "-").split("-")[0]


class Score(NamedTuple):
    """One corpus score."""

    value: float
    """0 to 100 and higher is better for BLEU and chrF; at least 0 and lower is better for TER."""
    signature: str
    """sacreBLEU's description of how it was computed."""


def corpus_scores(
    hypotheses: Sequence[str],
    references: Sequence[str],
    metrics: Sequence[str] = ("bleu", "chrf"),
    *,
    language: str = "",
) -> dict[str, Score]:
    """Score raw, detokenised, cased text against one reference a line.

    `metrics` are names from METRICS (TER takes seconds where the others take milliseconds);
    `language` is the code of the target language, which chooses BLEU's tokeniser. Raises
    InputError for lists of unequal length, an empty corpus or an unknown metric.
    """
    check_metrics(metrics)
    if len(hypotheses) != len(references):
        raise InputError(
            f"{len(hypotheses)} translations but {len(references)} references; "
            "both must have the same number of lines"
        )
    if not references:
        raise InputError("nothing to score: no translations and no references")
    scores = {}
    for name in metrics:
        metric = sacrebleu_metric(name, language)
        value = metric.corpus_score(list(hypotheses), [list(references)]).score
        scores[name] = Score(value, str(metric.get_signature()))
    return scores


def check_metrics(names: Sequence[str]) -> None:
    """Raises InputError for a name that is not in METRICS."""
    for name in names:
        if name not in METRICS:
            raise InputError(f"unknown metric {name!r}; valid choices: {NAMES}")


def sacrebleu_metric(name: str, language: str = "") -> Any:
    """SacreBLEU's metric for scores of a corpus; `name` is in METRICS, `language` a code or ""."""
    return METRICS[name].corpus(language)


def sentence_score(name: str, language: str = "") -> Callable[[str, str], float]:
    """A function of a translation and its reference: their score, as `Score.value` has it.

    BLEU is smoothed and leaves out the n-gram orders that a short translation does not have.
    """
    metric = METRICS[name].sentence(language)
    return lambda text, reference: float(metric.sentence_score(text, [reference]).score)


def _bleu(language: str, **options: Any) -> Any:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(tokenize=tokeniser(language), **options)


def _sentence_bleu(language: str) -> Any:
    return _bleu(language, effective_order=True)


def _chrf(language: str) -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


def _ter(language: str) -> Any:
    from sacrebleu.metrics.ter import TER

    return TER()


class Metric(NamedTuple):
    """A metric with the interface of sacreBLEU's, made for a language code."""

    title: str
    """As tables and scores show it."""
    corpus: Callable[[str], Any]
    """For scores of a corpus."""
    sentence: Callable[[str], Any]
    """For scores of single sentences."""
    of_counts: str
    """`module:function`: corpus scores `[rows]` from summed counts of sentences `[rows, counts]`,
    as the metric's `_extract_corpus_statistics` gives them; `latimer.metrics.significance` uses it.
    """
    is_error: bool = False
    """Whether lower is better."""


_COUNTS = "latimer.metrics.significance"

METRICS: dict[str, Metric] = {
    "bleu": Metric("BLEU", _bleu, _sentence_bleu, f"{_COUNTS}:bleu_of_counts"),
    "chrf": Metric("chrF", _chrf, _chrf, f"{_COUNTS}:chrf_of_counts"),
    "ter": Metric("TER", _ter, _ter, f"{_COUNTS}:ter_of_counts", is_error=True),
}
"""By the name that options and recipes use."""

NAMES = ", ".join(METRICS)
"""For help texts and messages."""
