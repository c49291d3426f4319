"""IBM model 1 against its equations, written out over all links."""

import math
from collections import defaultdict

import numpy as np
import pytest

from latimer.errors import InputError
from latimer.text import model1
from latimer.text.corpus.tokenised import TokenisedCorpus
from latimer.text.lexicon import Lexicon
from latimer.text.model1 import learn_lexicon, lexicon_of_texts
from tiny_model import sentences, tiny_vocabulary

VOCAB = 12


def corpus(tmp_path, rows):
    path = tmp_path / "corpus.arrow"
    TokenisedCorpus.write(path, rows)
    return TokenisedCorpus.open(path)


def place_chances(source, target, i):
    """Of each place of the source and of NULL, for place `i` of the target (Dyer et al. 2013)."""
    if not source:
        return [1.0]
    near = [math.exp(-4 * abs(i / len(target) - j / len(source))) for j in range(len(source))]
    return [0.92 * one / sum(near) for one in near] + [0.08]


def log_likelihood(rows, chance, shares_of):
    return sum(
        math.log(
            sum(
                chance[s, piece] * share
                for s, share in zip([*source, "null"], shares_of(source, target, i), strict=True)
            )
        )
        for source, target in rows
        for i, piece in enumerate(target)
    )


def alike(source, target, i):
    return [1 / (len(source) + 1)] * (len(source) + 1)


def written_out(rows, rounds):
    """t(target | source) by dictionaries (Brown et al. 1993, section 4.2, with other places)."""
    chance, shares_of = defaultdict(lambda: 1.0), alike
    for number in range(rounds):
        if number == model1.UNIFORM:
            near, even = (log_likelihood(rows, chance, one) for one in (place_chances, alike))
            shares_of = place_chances if near > even else alike
        counts = defaultdict(float)
        for source, target in rows:
            for i, piece in enumerate(target):
                places = list(zip([*source, "null"], shares_of(source, target, i), strict=True))
                total = sum(chance[s, piece] * share for s, share in places)
                for s, share in places:
                    counts[s, piece] += chance[s, piece] * share / total
        totals = defaultdict(float)
        for (s, _), count in counts.items():
            totals[s] += count
        chance = {pair: count / totals[pair[0]] for pair, count in counts.items()}
    return chance


@pytest.mark.parametrize("straight", [True, False])
def test_the_order_is_that_of_the_equations(tmp_path, straight):
    chance = np.random.default_rng(0)
    rows = [
        (chance.integers(4, VOCAB, size=n).tolist(), chance.integers(4, VOCAB, size=m).tolist())
        for n, m in chance.integers(0, 6, size=(40, 2))
    ]
    if straight:
        rows += [(source, source) for source, _ in rows]
    found = learn_lexicon(corpus(tmp_path, rows), VOCAB, VOCAB)
    wanted = written_out(rows, model1.ROUNDS)
    for source in range(4, VOCAB):
        likely = [target for target in found.likely[source].tolist() if target >= 0]
        assert set(likely) == {t for s, t in wanted if s == source}
        values = [wanted[source, target] for target in likely]
        assert values == pytest.approx(sorted(values, reverse=True), rel=1e-9)
        assert found.probabilities[source, : len(likely)].tolist() == pytest.approx(
            values, rel=1e-6
        )
        assert (found.probabilities[source, len(likely) :] == 0).all()
    assert (found.likely[:4] == -1).all()


def test_a_dictionary_is_found(tmp_path):
    chance = np.random.default_rng(1)
    sources = [chance.permutation(np.arange(4, VOCAB))[:4].tolist() for _ in range(60)]
    rows = [(some, [15 - piece for piece in reversed(some)]) for some in sources]
    found = learn_lexicon(corpus(tmp_path, rows), VOCAB, VOCAB)
    assert found.likely[4:VOCAB, 0].tolist() == [15 - piece for piece in range(4, VOCAB)]


def test_frequent_pieces_come_first(tmp_path):
    found = learn_lexicon(corpus(tmp_path, [([4], [5, 6, 6]), ([4], [6, 7, 7])]), VOCAB, VOCAB)
    assert found.frequent.tolist() == [6, 7, 5]


def test_a_large_corpus_is_looked_at_in_steps(tmp_path, monkeypatch):
    rows = [([4 + k % 2], [6 + k % 2]) for k in range(10)]
    monkeypatch.setattr(model1, "LINKS", 10)
    found = learn_lexicon(corpus(tmp_path, rows), VOCAB, VOCAB)
    # 20 links, every third row: 0, 3, 6, 9.
    assert found.likely[4, 0] == 6
    assert found.likely[5, 0] == 7
    assert sorted(found.frequent.tolist()) == [6, 7]


def test_what_is_saved_is_read_back(tmp_path):
    lines = sentences(50)
    vocabulary = tiny_vocabulary()
    learnt = lexicon_of_texts(vocabulary, list(zip(lines, lines, strict=True)))
    learnt.save(tmp_path / "lexicon")
    size = len(vocabulary.source)
    again = Lexicon.load(tmp_path / "lexicon", size, size)
    assert all(np.array_equal(a, b) for a, b in zip(learnt, again, strict=True))
    for sizes, complaint in (((size + 1, size), "another vocabulary"), ((size, 9), "has not")):
        with pytest.raises(InputError, match=complaint):
            Lexicon.load(tmp_path / "lexicon", *sizes)
    learnt._replace(probabilities=learnt.probabilities + 1).save(tmp_path / "lexicon")
    with pytest.raises(InputError, match="outside 0 to 1"):
        Lexicon.load(tmp_path / "lexicon", size, size)
    (tmp_path / "lexicon").write_bytes(b"nonsense")
    with pytest.raises(InputError, match=r"lexicon: truncated.*latimer shortlist"):
        Lexicon.load(tmp_path / "lexicon", size, size)


def test_no_text_is_refused():
    with pytest.raises(InputError, match="no sentence pairs"):
        lexicon_of_texts(tiny_vocabulary(), [])
