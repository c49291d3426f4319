"""The batches of a run, epoch by epoch, as row numbers that are collated when needed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from latimer.errors import InputError
from latimer.text.batching import Batch, collate, plan
from latimer.text.corpus.tokenised import TokenisedCorpus

Rows = npt.NDArray[np.int64]


class Epochs:
    """Batches of at most `tokens` positions per side, in an order determined by (seed, epoch).

    Pairs that are longer than a batch are left out; `left_out` counts them.
    """

    def __init__(self, corpus: TokenisedCorpus, *, tokens: int, seed: int) -> None:
        """Raises InputError when no pair fits."""
        self.corpus = corpus
        self.tokens = tokens
        self.seed = seed
        longest = np.maximum(corpus.source_lengths, corpus.target_lengths)
        self._rows = np.flatnonzero(longest + 1 <= tokens)
        self.left_out = len(corpus) - len(self._rows)
        if len(self._rows) == 0:
            raise InputError(
                f"training.batch_tokens {tokens}: every sentence pair is longer; raise it"
            )
        self._epoch = -1
        self._plan: list[Rows] = []

    def batches(self, epoch: int) -> list[Rows]:
        """The row numbers of each batch of `epoch`."""
        if epoch != self._epoch:
            lengths = (self.corpus.source_lengths, self.corpus.target_lengths)
            source, target = (column[self._rows] for column in lengths)
            planned = plan(source, target, tokens=self.tokens, seed=self.seed, epoch=epoch)
            self._plan = [self._rows[batch] for batch in planned]
            self._epoch = epoch
        return self._plan

    def collate(self, rows: Rows) -> Batch | None:
        """The padded batch of `rows`; None when there are none."""
        return collate(self.corpus, rows) if len(rows) else None
