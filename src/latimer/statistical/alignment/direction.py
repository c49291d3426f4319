"""The word alignment model of one direction: learning it, and linking words with it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.alignment.hmm import (
    Jumps,
    best_path,
    fit_hmm,
    set_transitions,
)
from latimer.statistical.alignment.ibm import best_links, fit_model_1, fit_model_2
from latimer.statistical.alignment.settings import AlignmentSettings
from latimer.statistical.alignment.word_pairs import (
    FLOOR,
    LexicalTable,
    WordPairs,
    longest_sentences,
    look_up,
    word_pairs,
)
from latimer.statistical.arrays import Floats, Ints
from latimer.statistical.sentences import Sentences

NO_JUMPS = np.zeros(0)


class DirectionalModel(NamedTuple):
    """t(target | source), and the prior of the links.

    tension: of model 2, or UNIFORM. jumps: of the HMM, without widths for the other models.
    likelihoods: log-likelihood of the corpus before each round, of all models in turn.
    """

    table: LexicalTable
    tension: float
    jumps: Jumps
    likelihoods: tuple[float, ...]


def learn_direction(
    source: Sentences,
    target: Sentences,
    source_vocab: int,
    target_vocab: int,
    settings: AlignmentSettings,
) -> tuple[DirectionalModel, Ints]:
    """The model, and the source position of every target token of the corpus, -1 for NULL."""
    pairs = word_pairs(source, target, source_vocab, target_vocab)
    table = np.full(len(pairs.keys), 1 / target_vocab)
    likelihoods, tension = fit_model_1(pairs, table, settings)
    jumps = Jumps(NO_JUMPS, settings.null)
    if settings.model != "ibm1":
        found, tension = fit_model_2(pairs, table, settings)
        likelihoods += found
    if settings.model == "hmm":
        found, jumps = fit_hmm(pairs, table, settings)
        likelihoods += found
    lexical = LexicalTable(pairs.keys, table, pairs.rows, target_vocab)
    model = DirectionalModel(lexical, tension, jumps, tuple(likelihoods))
    return model, _link_all(pairs, table, tension, jumps)


def link_words(model: DirectionalModel, source: Sentences, target: Sentences) -> Ints:
    """The source position of every target token, -1 for NULL; unknown tokens are -1."""
    known, target_vocab = len(model.table.rows) - 2, model.table.target_vocab
    pairs = word_pairs(
        _without_unknown(source, known),
        _without_unknown(target, target_vocab),
        known + 1,
        target_vocab + 1,
    )
    words, others = np.divmod(pairs.keys, target_vocab + 1)
    table = look_up(model.table, words - 1, others)
    return _link_all(pairs, table, model.tension, model.jumps)


def _without_unknown(sentences: Sentences, vocab: int) -> Sentences:
    """The sentences with the id `vocab` for unknown tokens."""
    tokens = np.where(sentences.tokens < 0, vocab, sentences.tokens).astype(np.int32)
    return Sentences(tokens, sentences.offsets)


@compiled
def _link_all(pairs: WordPairs, table: Floats, tension: float, jumps: Jumps) -> Ints:
    """`link_words`; table: `[entries]`."""
    longest, widest = longest_sentences(pairs.source_offsets, pairs.target_offsets)
    emission, prior = np.empty((longest + 1, widest)), np.empty((longest + 1, widest))
    jump, move = np.empty((longest + 1, longest)), np.empty((longest + 1, longest))
    best = np.empty(pairs.target_offsets[-1], np.int32)
    for pair in range(len(pairs.first) - 1):
        length = pairs.source_offsets[pair + 1] - pairs.source_offsets[pair]
        start = pairs.target_offsets[pair]
        others = pairs.target_offsets[pair + 1] - start
        at = pairs.first[pair]
        for i in range(length + 1):
            for j in range(others):
                emission[i, j] = max(table[pairs.entries[at]], FLOOR)
                at += 1
        found = best[start : start + others]
        if len(jumps.widths) and length:
            set_transitions(length, jumps, jump, move)
            best_path(emission, length, others, jumps.null, move, found)
        else:
            best_links(emission, length, others, tension, jumps.null, prior, found)
    return best
