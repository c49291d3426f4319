"""How good a network is on held-out sentences: BLEU of greedy translations, and loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from latimer.metrics.report import corpus_scores
from latimer.nn.seq2seq import Seq2Seq
from latimer.search.greedy import greedy_search
from latimer.search.scorer import default_max_length
from latimer.text.batching import collate, pad_sources, plan
from latimer.text.tokenised import TokenisedCorpus
from latimer.text.vocabulary import Vocabulary
from latimer.train.likelihood import Likelihood

SENTENCES = 128
"""Sentences translated at a time."""


class DevScores(NamedTuple):
    """Scores of one validation."""

    bleu: float
    """0 to 100, as sacreBLEU reports it."""
    loss: float
    """Cross-entropy without smoothing, nats a label."""


class Validator:
    """Scores a network on a dev set; it draws no random numbers."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        corpus: TokenisedCorpus,
        texts: Sequence[tuple[str, str]],
        *,
        language: str,
        batch_tokens: int,
        max_length: int | None,
        device: torch.device,
    ) -> None:
        """`corpus` is `texts` (source, reference) tokenised; `language` is that of the target."""
        self.vocabulary = vocabulary
        self.corpus = corpus
        self.references = [reference for _, reference in texts]
        self.tables = [vocabulary.encode_source(source)[1] for source, _ in texts]
        self.language = language
        self.batch_tokens = batch_tokens
        self.max_length = max_length
        self.device = device

    def scores(
        self, network: Seq2Seq, interrupted: Callable[[], bool] = lambda: False
    ) -> DevScores | None:
        """The scores of `network`; None when `interrupted` said so on the way."""
        training = network.training
        network.eval()
        try:
            loss = self._loss(network, interrupted)
            hypotheses = self._translate(network, interrupted)
        finally:
            network.train(training)
        if loss is None or hypotheses is None:
            return None
        score = corpus_scores(hypotheses, self.references, ("bleu",), language=self.language)
        return DevScores(score["bleu"].value, loss)

    @torch.no_grad()
    def _loss(self, network: Seq2Seq, interrupted: Callable[[], bool]) -> float | None:
        objective, total, labels = Likelihood(network, 0.0), 0.0, 0
        for rows in self._batches(self.corpus.target_lengths):
            if interrupted():
                return None
            loss = objective.loss(collate(self.corpus, rows).to(self.device))
            total += float(loss.value) * loss.weight
            labels += loss.weight
        return total / labels

    def _translate(self, network: Seq2Seq, interrupted: Callable[[], bool]) -> list[str] | None:
        """Greedy translations of all sentences, in order."""
        texts = [""] * len(self.corpus)
        for rows in self._batches(self.corpus.source_lengths):
            if interrupted():
                return None
            source, lengths = pad_sources([self.corpus.row(int(row))[0].tolist() for row in rows])
            limit = default_max_length(lengths) if self.max_length is None else self.max_length
            found = greedy_search(
                network, source.to(self.device), lengths.to(self.device), max_length=limit
            )
            for row, hypothesis in zip(rows, found, strict=True):
                texts[row] = self.vocabulary.decode_target(hypothesis.tokens, self.tables[row])
        return texts

    def _batches(self, lengths: npt.NDArray[np.int32]) -> list[npt.NDArray[np.int64]]:
        """Rows of like length together, in an order that never changes."""
        return plan(
            lengths,
            lengths,
            tokens=4 * self.batch_tokens,
            seed=0,
            epoch=0,
            max_sentences=SENTENCES,
        )
