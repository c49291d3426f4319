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

import torch

from latimer.engines.neural.engine import NeuralEngine
from latimer.engines.text_translator import TextTranslator
from latimer.engines.translator import Translation
from latimer.errors import InputError
from latimer.metrics.corpus_scores import sacrebleu_metric, written_without_spaces
from latimer.search.constraints import Constraints
from latimer.search.normalise import normaliser
from latimer.search.strategies import Beam, Exact

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


@dataclass(frozen=True)
class Sentences:
    """What is translated, and its references; blank texts, which have no translation, are left out.

    Raises InputError where nothing is left.
    """

    texts: Sequence[str]
    references: Sequence[str]

    def __post_init__(self) -> None:
        """Leave out blank texts."""
        pairs = [pair for pair in zip(self.texts, self.references, strict=True) if pair[0].strip()]
        if not pairs:
            raise InputError("analyse: all sentences are blank; give some with words")
        object.__setattr__(self, "texts", [text for text, _ in pairs])
        object.__setattr__(self, "references", [reference for _, reference in pairs])


def analyse_search(
    engine: NeuralEngine,
    sentences: Sentences,
    exact: Exact,
    *,
    beams: Sequence[int],
    max_length: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> Analysis:
    """Translate with every width of the beam and exactly, by the score of `exact`, and compare.

    A width of 1 is greedy search. Texts translated in several parts have no proven optimum.
    `progress` is told what begins. Raises InputError for impossible settings.
    """
    translator = TextTranslator(engine)
    constraints = Constraints(max_length=max_length)
    searches = [Beam(beam, exact.alpha, exact.normalisation) for beam in beams]
    for search in searches:  # refuses impossible ones before the hours of exact search
        translator.translate([], search, constraints=constraints)
    if progress is not None:
        progress("exact search")
    started = time.perf_counter()
    best = translator.translate(sentences.texts, exact, constraints=constraints)
    took = time.perf_counter() - started
    proven = [row for row, found in enumerate(best) if found.gap == 0]
    judge = _Judge(
        sentences.references, _least(engine, best, exact), proven, engine.languages.target
    )
    last = judge.figures(None, best, took)
    every = []
    for search in searches:
        if progress is not None:
            progress(f"beam {search.width}")
        started = time.perf_counter()
        found = translator.translate(sentences.texts, search, constraints=constraints)
        every.append(judge.figures(search.width, found, time.perf_counter() - started))
    return Analysis(len(sentences.texts), len(proven), [*every, last])


def _least(engine: NeuralEngine, best: Sequence[Translation], exact: Exact) -> list[float]:
    """The scores that are as good as the best.

    CLOSE is a difference of log P; scores are log P divided by the divisor of the length.
    """
    pieces = engine.model.vocabulary.encode_targets([found.text for found in best])
    lengths = torch.tensor([len(one) + 1 for one in pieces])
    scoring = normaliser(exact.normalisation, exact.alpha)
    close = scoring.score(torch.tensor(CLOSE), lengths).tolist()
    return [found.score - by for found, by in zip(best, close, strict=True)]


@dataclass(frozen=True)
class _Judge:
    """Figures of translations; `least` are scores as good as the best, of the `proven` rows."""

    references: Sequence[str]
    least: Sequence[float]
    proven: Sequence[int]
    language: str

    def figures(self, beam: int | None, found: Sequence[Translation], seconds: float) -> Found:
        worse = [found[row].score < self.least[row] for row in self.proven]
        texts = [translation.text for translation in found]
        bleu = sacrebleu_metric("bleu", self.language).corpus_score(texts, [list(self.references)])
        known = self.proven if beam is None else range(len(texts))
        short = [_is_short(texts[row], self.references[row], self.language) for row in known]
        return Found(
            beam,
            _share(worse),
            bleu.score,
            bleu.sys_len / max(1, bleu.ref_len),
            _share([not texts[row] for row in known]),
            _share(short),
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
