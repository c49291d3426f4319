"""Validation: BLEU of greedy translations and loss on a dev set."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from latimer.metrics.corpus_scores import corpus_scores
from latimer.nn.seq2seq import Seq2Seq
from latimer.search.greedy import greedy_search
from latimer.search.scorer import default_max_length
from latimer.text.batching import collate, pad_sources, plan
from latimer.text.corpus.tokenised import TokenisedCorpus
from latimer.text.vocabulary.vocabulary import Vocabulary
from latimer.train.loop.dev_policy import DEV_FIGURES, DevPolicy
from latimer.train.loop.workers import Workers
from latimer.train.objectives.likelihood import Likelihood

SENTENCES = 128
"""Sentences translated at a time."""
SAMPLES, SAMPLE_PIECES = 3, (4, 20)
"""Sentences in a `samples` report, and the lengths of their sources in pieces."""


class DevScores(NamedTuple):
    """Scores of one validation."""

    bleu: float
    """0 to 100, as sacreBLEU reports it; 0 for a language model."""
    loss: float
    """Cross-entropy without smoothing, nats a label."""
    figures: Mapping[str, float] = MappingProxyType({})
    """`dev_policy.DEV_FIGURES` of a run that learns from reward."""

    def numbers(self) -> list[float]:
        """A list of fixed length; NaN stands for a figure that is missing."""
        return [self.bleu, self.loss, *(self.figures.get(name, math.nan) for name in DEV_FIGURES)]

    @classmethod
    def from_numbers(cls, numbers: Sequence[float]) -> DevScores:
        """Inverse of `numbers`."""
        bleu, loss, *values = numbers
        named = zip(DEV_FIGURES, values, strict=True)
        return cls(bleu, loss, {name: value for name, value in named if not math.isnan(value)})


@dataclass(frozen=True)
class DevSet:
    """A dev set: `texts` (source, reference), the same tokenised, and the target language."""

    vocabulary: Vocabulary
    corpus: TokenisedCorpus
    texts: Sequence[tuple[str, str]]
    language: str

    @cached_property
    def sources(self) -> list[str]:
        """The source of each row."""
        return [source for source, _ in self.texts]

    @cached_property
    def references(self) -> list[str]:
        """The reference of each row."""
        return [reference for _, reference in self.texts]

    @cached_property
    def tables(self) -> list[list[str]]:
        """The placeholders of each row."""
        return [self.vocabulary.encode_source(source)[1] for source in self.sources]


class Validator:
    """Scores a network on a dev set; it draws no random numbers."""

    def __init__(
        self,
        dev: DevSet,
        *,
        batch_tokens: int,
        max_length: int | None,
        device: torch.device,
        translates: bool = True,
        policy: DevPolicy | None = None,
    ) -> None:
        """`policy` adds figures of a network that learns from reward.

        A network that does not translate, a language model, is scored by its loss alone.
        """
        self.dev = dev
        self.batch_tokens = batch_tokens
        self.max_length = max_length
        self.device = device
        self.translates = translates
        self.policy = policy

    def scores(
        self,
        network: Seq2Seq,
        workers: Workers,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> DevScores | None:
        """The scores of `network`; None when `interrupted` became true meanwhile."""
        training = network.training
        network.eval()
        try:
            loss = self._loss(network, workers, interrupted)
            hypotheses = self._translate(network, workers, interrupted) if self.translates else []
            figures = self.policy.figures(network, workers, interrupted) if self.policy else {}
        finally:
            network.train(training)
        if loss is None or hypotheses is None or figures is None:
            return None
        if not self.translates:
            return DevScores(0.0, loss)
        score = corpus_scores(
            hypotheses, self.dev.references, ("bleu",), language=self.dev.language
        )
        return DevScores(score["bleu"].value, loss, figures)

    @torch.no_grad()
    def samples(self, network: Seq2Seq) -> tuple[tuple[str, str], ...]:
        """A few dev sentences, always the same, and their greedy translations."""
        training = network.training
        network.eval()
        try:
            rows = self._shown()
            found = self._greedy(network, rows) if self.translates and len(rows) else []
        finally:
            network.train(training)
        return tuple((self.dev.sources[row], text) for row, text in zip(rows, found, strict=False))

    def _shown(self) -> npt.NDArray[np.int64]:
        """The rows of `samples`: of moderate length, evenly spread over dev."""
        least, most = SAMPLE_PIECES
        lengths = self.dev.corpus.source_lengths
        rows = np.flatnonzero((lengths >= least) & (lengths <= most))
        rows = rows if len(rows) else np.arange(len(lengths))
        return rows[np.linspace(0, len(rows) - 1, min(SAMPLES, len(rows))).astype(np.int64)]

    def _loss(
        self, network: Seq2Seq, workers: Workers, interrupted: Callable[[], bool]
    ) -> float | None:
        objective = Likelihood(network, 0.0)

        @torch.no_grad()
        def work(rows: npt.NDArray[np.int64]) -> tuple[float, int]:
            if interrupted():
                return math.nan, 0
            loss = objective.loss(collate(self.dev.corpus, rows).to(self.device))
            return float(loss.value) * loss.weight, loss.weight

        sums = list(workers.map(work, self._batches(self.dev.corpus.target_lengths)))
        if not all(weight for _, weight in sums):
            return None
        return sum(total for total, _ in sums) / sum(weight for _, weight in sums)

    def _translate(
        self, network: Seq2Seq, workers: Workers, interrupted: Callable[[], bool]
    ) -> list[str] | None:
        """Greedy translations of all sentences, in order."""
        texts: list[str | None] = [None] * len(self.dev.corpus)

        def work(rows: npt.NDArray[np.int64]) -> None:
            if interrupted():
                return
            for row, text in zip(rows, self._greedy(network, rows), strict=True):
                texts[row] = text

        list(workers.map(work, self._batches(self.dev.corpus.source_lengths)))
        found = [text for text in texts if text is not None]
        return found if len(found) == len(texts) else None

    def _greedy(self, network: Seq2Seq, rows: npt.NDArray[np.int64]) -> list[str]:
        """Greedy translations of some rows, in order."""
        source, lengths = pad_sources([self.dev.corpus.row(int(row))[0].tolist() for row in rows])
        limit = default_max_length(lengths) if self.max_length is None else self.max_length
        found = greedy_search(
            network, source.to(self.device), lengths.to(self.device), max_length=limit
        )
        return [
            self.dev.vocabulary.decode_target(hypothesis.tokens, self.dev.tables[row])
            for row, hypothesis in zip(rows, found, strict=True)
        ]

    def _batches(self, lengths: npt.NDArray[np.int32]) -> list[npt.NDArray[np.int64]]:
        """Batches of rows of similar length, in a fixed order."""
        return plan(
            lengths,
            lengths,
            tokens=4 * self.batch_tokens,
            seed=0,
            epoch=0,
            max_sentences=SENTENCES,
        )
