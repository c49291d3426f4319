"""The word alignment model of one direction: learning it, and linking words with it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.alignment.hmm import (
    Jumps,
    best_path,
    first_jumps,
    fit_hmm,
    set_transitions,
)
from latimer.statistical.alignment.ibm import best_links, fit_model_1, fit_model_2
from latimer.statistical.alignment.settings import AlignmentSettings
from latimer.statistical.alignment.word_pairs import (
    FLOOR,
    LexicalTable,
    probability,
    rows_of,
    word_pairs,
)
from latimer.statistical.arrays import Floats, Ints, Longs
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
    pairs = word_pairs(source, target, target_vocab)
    rows = rows_of(pairs.keys, source_vocab, target_vocab)
    table = np.ones(len(pairs.keys))
    todo = {"rounds": settings.rounds, "smoothing": settings.smoothing}
    data = (pairs, source, target, table, rows)
    fit = fit_model_1(*data, rounds=settings.rounds, smoothing=settings.smoothing)
    likelihoods, tension = fit.likelihoods, fit.tension
    jumps = Jumps(NO_JUMPS, settings.null)
    if settings.model != "ibm1":
        fit = fit_model_2(*data, **todo, null=settings.null, tension=settings.tension)
        likelihoods += fit.likelihoods
        tension = fit.tension
    if settings.model == "hmm":
        found, jumps = fit_hmm(*data, first_jumps(settings.null), **todo)
        likelihoods += found
    lexical = LexicalTable(pairs.keys, table, rows, target_vocab)
    model = DirectionalModel(lexical, tension, jumps, tuple(likelihoods))
    return model, link_words(model, source, target)


def link_words(model: DirectionalModel, source: Sentences, target: Sentences) -> Ints:
    """The source position of every target token, -1 for NULL; unknown tokens are -1."""
    return _link_all(*model.table, model.tension, *model.jumps, *source, *target)


@compiled
def _link_all(
    keys: Longs,
    probabilities: Floats,
    rows: Longs,
    target_vocab: int,
    tension: float,
    widths: Floats,
    null: float,
    source: Ints,
    source_offsets: Longs,
    target: Ints,
    target_offsets: Longs,
) -> Ints:
    """`link_words`."""
    longest, widest = 1, 1
    for pair in range(len(source_offsets) - 1):
        longest = max(longest, source_offsets[pair + 1] - source_offsets[pair])
        widest = max(widest, target_offsets[pair + 1] - target_offsets[pair])
    emission, prior = np.empty((longest + 1, widest)), np.empty((longest + 1, widest))
    jump, move = np.empty((longest + 1, longest)), np.empty((longest + 1, longest))
    best = np.empty(len(target), np.int32)
    for pair in range(len(source_offsets) - 1):
        begin, length = source_offsets[pair], source_offsets[pair + 1] - source_offsets[pair]
        start, others = target_offsets[pair], target_offsets[pair + 1] - target_offsets[pair]
        for i in range(length + 1):
            word = source[begin + i - 1] if i else np.int32(-1)
            for j in range(others):
                if i and word < 0:
                    emission[i, j] = FLOOR
                else:
                    emission[i, j] = probability(
                        keys, probabilities, rows, target_vocab, word, target[start + j]
                    )
        found = best[start : start + others]
        if len(widths) and length:
            set_transitions(length, widths, null, jump, move)
            best_path(emission, length, others, null, move, found)
        else:
            best_links(emission, length, others, tension, null, prior, found)
    return best
