"""How probable a model finds given texts: the log-probability of each, under teacher forcing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from latimer.errors import InputError
from latimer.model.folder import Model
from latimer.nn.seq2seq import Seq2Seq, pack
from latimer.text.batching import pad_sources
from latimer.text.vocabulary.subwords import BOS, UNK
from latimer.threads import Pool, one_thread, threads_for

BATCH_TOKENS = 4096
"""Target pieces scored together, padding counted."""
ROWS = 512
"""Rows of logits held at a time."""


class TextScore(NamedTuple):
    """One text: its log-probability in nats, and what it is divided by for a perplexity."""

    log_prob: float
    pieces: int
    """Labels: the text's pieces and the end of sentence."""
    unknown: int
    """Pieces that the vocabulary does not have."""


class _Row(NamedTuple):
    place: int
    source: list[int]
    target: list[int]


@one_thread()
def score_texts(
    model: Model,
    texts: Sequence[str],
    sources: Sequence[str] | None = None,
    *,
    batch_tokens: int = BATCH_TOKENS,
) -> list[TextScore]:
    """Log P of each text, its end included: given nothing, or given its source.

    A language model takes no `sources`, a translator one for each text. What else is in the list
    makes no difference to a text. Each core of a CPU has batches of its own. Raises InputError when
    sources are there that should not be, or the other way round.
    """
    rows = _rows(model, texts, sources)
    found: list[TextScore | None] = [None] * len(rows)
    several = list(_batches(rows, batch_tokens))
    with Pool(min(len(several), threads_for(model.network.device.type))) as pool:
        scored = pool.map(partial(_log_probs, model.network), several)
        for batch, log_probs in zip(several, scored, strict=True):
            for row, log_prob in zip(batch, log_probs.tolist(), strict=True):
                found[row.place] = TextScore(log_prob, len(row.target) + 1, row.target.count(UNK))
    return [score for score in found if score is not None]


def _rows(model: Model, texts: Sequence[str], sources: Sequence[str] | None) -> list[_Row]:
    vocabulary = model.vocabulary
    if not model.config.reads_source:
        if sources is not None:
            raise InputError("a language model reads no source; leave the sources out")
        targets = vocabulary.encode_targets(texts)
        return [_Row(place, [], pieces) for place, pieces in enumerate(targets)]
    if sources is None:
        raise InputError("a translator scores a text given its source; give the sources as well")
    if len(sources) != len(texts):
        raise InputError(f"{len(texts)} texts but {len(sources)} sources; one for each is needed")
    pairs = vocabulary.encode_pairs(list(zip(sources, texts, strict=True)))
    return [_Row(place, *pair) for place, pair in enumerate(pairs)]


def _batches(rows: list[_Row], tokens: int) -> Iterator[list[_Row]]:
    """Rows by length, the longest first, as many together as fit."""
    waiting = sorted(rows, key=lambda row: -len(row.target))
    while waiting:
        longest = 1 + max(len(waiting[0].target), len(waiting[0].source))
        size = max(1, tokens // longest)
        yield waiting[:size]
        waiting = waiting[size:]


@torch.inference_mode()  # which is each thread's own
def _log_probs(network: Seq2Seq, rows: list[_Row]) -> Tensor:
    """Log P `[rows]` in float64, of rows whose targets fall in length."""
    source, source_lengths = (t.to(network.device) for t in pad_sources([r.source for r in rows]))
    labels, lengths = (t.to(network.device) for t in pad_sources([r.target for r in rows]))
    inputs = torch.cat([torch.full_like(labels[:, :1], BOS), labels[:, :-1]], 1)
    features = network.features(network.encode(source, source_lengths), inputs, lengths)
    owners = torch.arange(len(rows), device=labels.device)[:, None].expand_as(labels)
    totals = torch.zeros(len(rows), dtype=torch.float64, device=labels.device)
    wanted, owner = pack(labels, lengths), pack(owners, lengths)
    for start in range(0, len(wanted), ROWS):
        some = slice(start, start + ROWS)
        logits = network.output.logits(features.part(some))
        chosen = logits.log_softmax(1).gather(1, wanted[some, None]).squeeze(1)
        totals.index_add_(0, owner[some], chosen.double())
    return totals
