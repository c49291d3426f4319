"""Kneser-Ney against a brute-force one on tuples of words, as Chen & Goodman define it."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latimer.errors import InputError
from latimer.statistical.language_model.automaton import advance
from latimer.statistical.language_model.model import NgramModel
from latimer.statistical.sentences import Sentences

WORDS = 4
BEGIN, END, UNKNOWN = WORDS, WORDS + 1, WORDS + 2

corpora = st.lists(
    st.lists(st.integers(0, WORDS - 1), min_size=1, max_size=6), min_size=1, max_size=12
)


class BruteForce:
    """p(w | c) by recursion over tuples."""

    def __init__(self, corpus, order):
        texts = [(BEGIN, *line, END) for line in corpus]
        self.counts = {}
        for n in range(1, order + 1):
            self.counts[n] = Counter(
                text[k : k + n] for text in texts for k in range(len(text) - n + 1)
            )
        self.order = max(n for n in self.counts if self.counts[n])
        self.adjusted = {}
        for n in range(1, self.order + 1):
            if n == self.order:
                self.adjusted[n] = dict(self.counts[n])
            else:
                before = Counter(gram[1:] for gram in self.counts[n + 1])
                self.adjusted[n] = {
                    gram: count if gram[0] == BEGIN else before[gram]
                    for gram, count in self.counts[n].items()
                }
        self.adjusted[1].pop((BEGIN,))
        self.discounts = {n: self._discounts(n) for n in self.adjusted}

    def _discounts(self, n):
        values = list(self.adjusted[n].values())
        one, two, three, four = (max(values.count(k), 1) for k in (1, 2, 3, 4))
        y = one / (one + 2 * two)
        found = [1 - 2 * y * two / one, 2 - 3 * y * three / two, 3 - 4 * y * four / three]
        return [min(max(d, 0.1), most) for d, most in zip(found, (0.99, 1.99, 2.99), strict=True)]

    def _discount(self, n, count):
        return self.discounts[n][min(count, 3) - 1] if count else 0.0

    def probability(self, word, context):
        context = context[len(context) - min(len(context), self.order - 1) :]
        return self._of(word, tuple(context))

    def _of(self, word, context):
        n = len(context) + 1
        lower = self._of(word, context[1:]) if context else 1 / (WORDS + 2)
        followers = {g: c for g, c in self.adjusted[n].items() if g[:-1] == context}
        total = sum(followers.values())
        if not total:
            return lower
        count = followers.get((*context, word), 0)
        left = sum(self._discount(n, c) for c in followers.values()) / total
        return (count - self._discount(n, count)) / total + left * lower


def ask(model, context, word):
    state = model.begin if context[:1] == (BEGIN,) else 0
    for one in context[1:] if context[:1] == (BEGIN,) else context:
        state = advance(model.automaton, state, one)[1]
    return math.exp(advance(model.automaton, state, word)[0])


@settings(deadline=None, max_examples=40)
@given(corpora, st.integers(1, 4), st.lists(st.integers(0, WORDS - 1), max_size=4))
def test_probabilities_are_those_of_the_definition(corpus, order, said):
    model = NgramModel.learn(Sentences.of(corpus), WORDS, order)
    brute = BruteForce(corpus, order)
    for context in ((BEGIN, *said), tuple(said)):
        for word in (*range(WORDS), END, UNKNOWN):
            expected = brute.probability(word, context)
            assert ask(model, context, word) == pytest.approx(expected, rel=1e-5)


@settings(deadline=None, max_examples=40)
@given(corpora, st.integers(2, 4), st.integers(1, 3), st.lists(st.integers(0, 3), max_size=4))
def test_every_distribution_sums_to_one_also_without_rare_n_grams(corpus, order, least, said):
    model = NgramModel.learn(Sentences.of(corpus), WORDS, order, (1, least))
    for context in ((BEGIN, *said), tuple(said)):
        total = sum(ask(model, context, word) for word in (*range(WORDS), END, UNKNOWN))
        assert total == pytest.approx(1, abs=1e-5)


def test_states_that_nothing_tells_apart_are_one():
    model = NgramModel.learn(Sentences.of([[0, 1], [2, 1], [3]]), WORDS, 3)
    after = [advance(model.automaton, 0, word)[1] for word in (0, 2)]
    ends = {advance(model.automaton, advance(model.automaton, s, 1)[1], END)[1] for s in after}
    assert ends == {0}


def test_a_saved_model_says_the_same_to_half_precision(tmp_path):
    random = np.random.default_rng(0)
    corpus = Sentences.of([random.integers(0, WORDS, 9).tolist() for _ in range(40)])
    model = NgramModel.learn(corpus, WORDS, 4)
    model.save(tmp_path / "lm.safetensors")
    again = NgramModel.load(tmp_path / "lm.safetensors", WORDS)
    for line in ([0, 1, 2, 3], [3, 3, 3], [], [0, 99, 1]):
        assert again.score(line) == pytest.approx(model.score(line), abs=0.02)
    assert again.perplexity(corpus) == pytest.approx(model.perplexity(corpus), rel=0.01)


def test_damage_and_other_vocabularies_are_refused_in_one_line(tmp_path):
    path = tmp_path / "lm.safetensors"
    corpus = Sentences.of([[0, 1, 2], [2, 1, 0, 3]])
    NgramModel.learn(corpus, WORDS, 3).save(path)
    with pytest.raises(InputError, match="made for 4 words, not for 5"):
        NgramModel.load(path, WORDS + 1)
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            NgramModel.load(path, WORDS).score([0, 1, 2, 3])
        except InputError as error:
            said = str(error)
        else:
            said = str(path)  # a changed probability
        assert str(path) in said
        assert "\n" not in said
    path.unlink()
    with pytest.raises(InputError, match="is missing"):
        NgramModel.load(path, WORDS)
