"""What search makes of a model: its errors, and what becomes of BLEU as it makes fewer.

Stahlberg & Byrne (2019) found that the translation a model prefers to all others is often empty,
and that search does well because it does not find it. Koehn & Knowles (2017) had seen BLEU fall as
the beam grows wider.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sacrebleu.metrics.bleu import BLEU

from latimer.engines.neural import NeuralTranslator
from latimer.engines.translator import Translation
from latimer.engines.ways import Exact
from latimer.metrics.report import tokeniser, written_without_spaces

CLOSE = 1e-3
"""Scores that differ by no more are equal: batches of other sizes round in other ways."""


@dataclass(frozen=True)
class Found:
    """What one width of the beam found, or exact search (`beam` None).

    errors: share of the sentences with a proven optimum for which a translation with a lower score
    was returned. bleu: as `latimer.metrics.report` has it for the target language. empty, short:
    shares of all translations that are empty, or have less than half as many words as the
    reference, characters in a language written without spaces. length_ratio: tokens of all
    translations to those of the references, as sacreBLEU counts. peak_megabytes: of the process up
    to then.
    """

    beam: int | None
    errors: float
    bleu: float
    length_ratio: float
    empty: float
    short: float
    seconds: float
    peak_megabytes: float


@dataclass(frozen=True)
class Analysis:
    """sentences, and those with a proven optimum; what each width found, exact search last."""

    sentences: int
    proven: int
    found: list[Found]


def analyse_search(
    translator: NeuralTranslator,
    texts: Sequence[str],
    references: Sequence[str],
    *,
    beams: Sequence[int],
    normalisation: str = "none",
    alpha: float = 1.0,
    budget: int = 100_000,
    max_length: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> Analysis:
    """Translate with every width and exactly, by the same score, and compare.

    A width of 1 is greedy search. `budget`: prefixes of a sentence that exact search looks at.
    Texts translated in several parts have no proven optimum. `progress` is told what begins.
    Raises InputError for impossible settings.
    """
    settings: dict[str, Any] = {
        "normalisation": normalisation, "alpha": alpha, "max_length": max_length,
        "coverage_penalty": 0.0,
    }  # fmt: skip
    for beam in beams:  # refuses impossible ones before the hours of exact search
        translator.translate([], beam=beam, **settings)
    if progress is not None:
        progress("exact search")
    started = time.perf_counter()
    way = Exact(normalisation, alpha, budget=budget)
    best = translator.translate(texts, max_length=max_length, way=way)
    took = time.perf_counter() - started
    proven = [row for row, found in enumerate(best) if found.gap == 0]
    language = translator.language
    exact = _figures(None, best, best, proven, references, took, language)
    every = []
    for beam in beams:
        if progress is not None:
            progress(f"beam {beam}")
        started = time.perf_counter()
        found = translator.translate(texts, beam=beam, **settings)
        took = time.perf_counter() - started
        every.append(_figures(beam, found, best, proven, references, took, language))
    return Analysis(len(texts), len(proven), [*every, exact])


def _figures(
    beam: int | None,
    found: Sequence[Translation],
    best: Sequence[Translation],
    proven: Sequence[int],
    references: Sequence[str],
    seconds: float,
    language: str,
) -> Found:
    worse = sum(found[row].score < best[row].score - CLOSE for row in proven)
    texts = [translation.text for translation in found]
    bleu = BLEU(tokenize=tokeniser(language)).corpus_score(texts, [list(references)])
    short = sum(
        2 * _length(text, language) < _length(reference, language)
        for text, reference in zip(texts, references, strict=True)
    )
    return Found(
        beam,
        worse / len(proven) if proven else 0.0,
        bleu.score,
        bleu.sys_len / max(1, bleu.ref_len),
        sum(not text for text in texts) / len(texts),
        short / len(texts),
        seconds,
        _peak_megabytes(),
    )


def _length(text: str, language: str) -> int:
    """Words, or characters that are no spaces where words are not written apart."""
    words = text.split()
    return len("".join(words)) if written_without_spaces(language) else len(words)


def _peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
