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

import torch

from latimer.engines.neural import NeuralTranslator
from latimer.engines.translator import Translation
from latimer.engines.ways import Exact
from latimer.errors import InputError
from latimer.metrics.corpus_scores import sacrebleu_metric, written_without_spaces
from latimer.search.normalise import normaliser

CLOSE = 1e-3
"""Values of log P that differ by no more are equal: batches of other sizes round in other ways."""


@dataclass(frozen=True)
class Found:
    """What one width of the beam found, or exact search (`beam` None).

    errors: share of the sentences with a proven optimum for which a translation with a lower score
    was returned. bleu: of the corpus, by `latimer.metrics.corpus_scores`. empty, short:
    shares of the translations that are empty, or have less than half as many words as the
    reference, characters in a language written without spaces; of exact search those that are
    proven count alone. All three are None where there is nothing to take the share of.
    length_ratio: tokens of all translations to those of the references, as sacreBLEU counts.
    peak_megabytes: of the process up to then.
    """

    beam: int | None
    errors: float | None
    bleu: float
    length_ratio: float
    empty: float | None
    short: float | None
    seconds: float
    peak_megabytes: float


@dataclass(frozen=True)
class Analysis:
    """sentences that are not blank, and those of them with a proven optimum; what each width found,
    exact search last.
    """

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

    Blank texts, which have no translation, are left out. A width of 1 is greedy search. `budget`:
    prefixes of a sentence that exact search looks at. Texts translated in several parts have no
    proven optimum. `progress` is told what begins.
    Raises InputError for impossible settings.
    """
    settings: dict[str, Any] = {
        "normalisation": normalisation, "alpha": alpha, "max_length": max_length,
        "coverage_penalty": 0.0,
    }  # fmt: skip
    pairs = [pair for pair in zip(texts, references, strict=True) if pair[0].strip()]
    if not pairs:
        raise InputError("analyse: all sentences are blank; give some with words")
    texts, references = [list(side) for side in zip(*pairs, strict=True)]
    for beam in beams:  # refuses impossible ones before the hours of exact search
        translator.translate([], beam=beam, **settings)
    if progress is not None:
        progress("exact search")
    started = time.perf_counter()
    way = Exact(normalisation, alpha, budget=budget)
    best = translator.translate(texts, max_length=max_length, way=way)
    took = time.perf_counter() - started
    proven = [row for row, found in enumerate(best) if found.gap == 0]
    language = translator.languages.target
    # As good as the best: CLOSE is one of log P, scores are that divided by the length's divisor.
    pieces = translator.vocabulary.encode_targets([found.text for found in best])
    lengths = torch.tensor([len(one) + 1 for one in pieces])
    close = normaliser(normalisation, alpha).score(torch.tensor(CLOSE), lengths).tolist()
    least = [found.score - by for found, by in zip(best, close, strict=True)]
    exact = _figures(None, best, least, proven, references, took, language)
    every = []
    for beam in beams:
        if progress is not None:
            progress(f"beam {beam}")
        started = time.perf_counter()
        found = translator.translate(texts, beam=beam, **settings)
        took = time.perf_counter() - started
        every.append(_figures(beam, found, least, proven, references, took, language))
    return Analysis(len(texts), len(proven), [*every, exact])


def _figures(
    beam: int | None,
    found: Sequence[Translation],
    least: Sequence[float],
    proven: Sequence[int],
    references: Sequence[str],
    seconds: float,
    language: str,
) -> Found:
    worse = [found[row].score < least[row] for row in proven]
    texts = [translation.text for translation in found]
    bleu = sacrebleu_metric("bleu", language).corpus_score(texts, [list(references)])
    known = proven if beam is None else range(len(texts))
    return Found(
        beam,
        _share(worse),
        bleu.score,
        bleu.sys_len / max(1, bleu.ref_len),
        _share([not texts[row] for row in known]),
        _share([_is_short(texts[row], references[row], language) for row in known]),
        seconds,
        _peak_megabytes(),
    )


def _share(rows: Sequence[bool]) -> float | None:
    return sum(rows) / len(rows) if rows else None


def _is_short(text: str, reference: str, language: str) -> bool:
    return 2 * _length(text, language) < _length(reference, language)


def _length(text: str, language: str) -> int:
    """Words, or characters that are no spaces where words are not written apart."""
    words = text.split()
    return len("".join(words)) if written_without_spaces(language) else len(words)


def _peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
