"""BLEU's statistics against sacreBLEU."""

from __future__ import annotations

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU

from latimer.statistical.sentences import Sentences
from latimer.statistical.tuning.bleu import bleu_counts, bleu_of_sums, corpus_bleu

SACREBLEU = BLEU(tokenize="none", force=True)


def text(tokens):
    return " ".join(str(token) for token in tokens)


@pytest.mark.parametrize("tokens", [2, 5, 30])
def test_counts_are_those_of_sacrebleu(tokens):
    random = np.random.default_rng(tokens)
    references = [random.integers(0, tokens, random.integers(1, 30)).tolist() for _ in range(40)]
    of = random.integers(0, 40, 300)
    written = [random.integers(0, tokens, random.integers(1, 30)).tolist() for _ in of]
    wanted = SACREBLEU._extract_corpus_statistics(
        [text(one) for one in written], [[text(references[k]) for k in of]]
    )
    counts = bleu_counts(Sentences.of(written), of, Sentences.of(references))
    assert counts.dtype == np.int32
    assert counts.tolist() == wanted


def test_counts_of_nothing_are_lengths():
    counts = bleu_counts(Sentences.of([[], [1]]), np.array([0, 1]), Sentences.of([[1, 2], []]))
    assert counts.tolist() == [[0, 2] + [0] * 8, [1, 0, 0, 0, 0, 0, 1, 0, 0, 0]]


@pytest.mark.parametrize(
    "written",
    [
        ["a b c d e", "f g h"],  # everything matches
        ["a b c d", "f g"],  # too short
        ["a b c d e e", "f g h h"],  # too long
        ["a c e b d", "h g f"],  # no bigram: smoothed
        ["x y z v w", "x y z"],  # no match at all
        ["a", "f"],  # no bigram exists
    ],
)
def test_corpus_bleu_is_that_of_sacrebleu(written):
    references = ["a b c d e", "f g h"]
    counts = SACREBLEU._extract_corpus_statistics(written, [references])
    sums = np.sum(counts, 0)
    wanted = SACREBLEU.corpus_score(written, [references]).score
    assert corpus_bleu(sums) == pytest.approx(wanted, abs=1e-9)
    assert bleu_of_sums(sums.astype(np.float64)) == pytest.approx(wanted, abs=1e-9)
