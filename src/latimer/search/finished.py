"""The hypotheses of a beam that have ended."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from latimer.search.history import History
from latimer.search.hypothesis import Hypothesis
from latimer.search.scorer import dead_end


class _Record(NamedTuple):
    """Hypotheses that ended at one step; all `[records]`."""

    sentences: Tensor
    finished: Tensor
    lengths: Tensor
    candidates: Tensor
    log_probs: Tensor
    scores: Tensor


class Ended:
    """What has ended of every sentence, and the score that is still to beat."""

    def __init__(self, batch: int, nbest: int, device: torch.device) -> None:
        self._nbest = nbest
        self._best = torch.full((batch, nbest), -torch.inf, dtype=torch.float64, device=device)
        self._records: list[_Record] = []

    def __bool__(self) -> bool:
        """Whether anything has ended."""
        return bool(self._records)

    def add(
        self,
        sentences: Tensor,
        ending: Tensor,
        cut: Tensor,
        length: int,
        log_probs: Tensor,
        scores: Tensor,
    ) -> None:
        """Take over the candidates that have ended at this step, of `length` tokens.

        `sentences [sentences]` are places in the batch; masks `ending` (EOS written) and `cut`
        (at the length limit), `log_probs` and the `scores` they are ranked by are `[sentences, k]`.
        """
        rows, ranks = (ending | cut).nonzero(as_tuple=True)
        if len(rows) == 0:
            return
        lengths = torch.full_like(rows, length)
        self._records.append(
            _Record(
                sentences[rows],
                ending[rows, ranks],
                lengths,
                rows * ending.size(1) + ranks,
                log_probs[rows, ranks],
                scores[rows, ranks],
            )
        )
        both = torch.cat([self._best[sentences], scores.masked_fill(~ending, -torch.inf)], 1)
        self._best[sentences] = both.topk(self._nbest, dim=1).values

    def to_beat(self, sentences: Tensor) -> Tensor:
        """The nbest-th best finished score `[sentences]`; −∞ while fewer are finished."""
        return self._best[sentences, -1]

    def hypotheses(self, history: History, source_lengths: Tensor) -> list[list[Hypothesis]]:
        """The best of every sentence, best first; of equals the one that ended first.

        Prefixes cut off at the limit count only where nothing is finished. Raises LatimerError for
        a sentence without any hypothesis.
        """
        if not self._records:
            raise dead_end(0)
        records = _Record(*(torch.cat(parts) for parts in zip(*self._records, strict=True)))
        chosen = self._choose(records)
        indices = torch.tensor([i for found in chosen for i in found], device=self._best.device)
        picked = _Record(*(part[indices] for part in records))
        tokens, attention = history.trace(picked.lengths, picked.candidates)
        return _build(chosen, picked, tokens, attention, source_lengths)

    def _choose(self, records: _Record) -> list[list[int]]:
        """Indices of each sentence's best records."""
        of: list[list[int]] = [[] for _ in range(len(self._best))]
        for index, sentence in enumerate(records.sentences.tolist()):
            of[sentence].append(index)
        finished, scores = records.finished.tolist(), records.scores.tolist()
        for sentence, indices in enumerate(of):
            candidates = [i for i in indices if finished[i]] or indices
            if not candidates:
                raise dead_end(sentence)
            of[sentence] = sorted(candidates, key=lambda i: -scores[i])[: self._nbest]
        return of


def _build(
    chosen: list[list[int]],
    picked: _Record,
    tokens: Tensor,
    attention: Tensor | None,
    source_lengths: Tensor,
) -> list[list[Hypothesis]]:
    """Tensors of all hypotheses to lists of each sentence's."""
    rows, lengths, finished = tokens.tolist(), picked.lengths.tolist(), picked.finished.tolist()
    log_probs, scores, times = picked.log_probs.tolist(), picked.scores.tolist(), source_lengths
    result: list[list[Hypothesis]] = []
    index = 0
    for sentence, found in enumerate(chosen):
        result.append([])
        for _ in found:
            length = lengths[index]
            weights = None
            if attention is not None:
                weights = attention[index, :length, : int(times[sentence])]
            written = rows[index][: length - finished[index]]
            result[-1].append(
                Hypothesis(written, log_probs[index], scores[index], weights, finished[index])
            )
            index += 1
    return result
