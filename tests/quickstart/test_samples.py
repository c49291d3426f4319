"""The sentences that are shown: always the same, varied in length, never twice."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from latimer.formats.pair import Origin, Pair
from latimer.quickstart.samples import choose_samples

ORIGIN = Origin("made.tsv", 1, "made")

pairs = st.lists(
    st.builds(Pair, st.text("abc ", max_size=12), st.text("xyz", max_size=4), st.just(ORIGIN)),
    max_size=60,
)


@given(pairs, st.randoms(use_true_random=False), st.integers(1, 12))
def test_choice_ignores_order_and_repeats_no_source(corpus, random, count):
    shuffled = random.sample(corpus, len(corpus))
    chosen = choose_samples(corpus, count)
    assert choose_samples(shuffled, count) == chosen
    sources = [pair.source for pair in chosen]
    assert len(set(sources)) == len(sources) == min(count, len({p.source for p in corpus}))
    assert set(chosen) <= set(corpus)


def test_lengths_are_spread_evenly():
    corpus = [Pair("w" * length, "v", ORIGIN) for length in range(1, 101)]
    lengths = [len(pair.source) for pair in choose_samples(corpus, 10)]
    steps = [b - a for a, b in itertools.pairwise(lengths)]
    assert lengths[0] > 10  # the shortest show nothing
    assert lengths[-1] > 90
    assert set(steps) <= {8, 9}
