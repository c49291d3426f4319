"""Search over real networks: what must hold for any weights."""

import itertools
from collections import Counter

import pytest
import torch
from searches import beam_search, exact_search, sample

from latimer.search.greedy import greedy_search
from latimer.search.scorer import default_max_length
from latimer.text.batching import pad_sources
from latimer.text.vocabulary.subwords import BOS, EOS, PAD
from networks import NETWORKS, build_from_keys, with_lexicon
from tiny_model import SIZES

VOCAB = 600
CHOICES = [pytest.param(choices, id=name) for name, choices in NETWORKS.items()]


def random_network(seed, **choices):
    torch.manual_seed(seed)
    network = with_lexicon(
        build_from_keys(source_vocab=VOCAB, target_vocab=VOCAB, **(SIZES | choices))
    ).eval()
    # Fed back through weights this large, float32's rounding would grow from step to step.
    network = network.double() if choices.get("input_feeding") else network
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3.0)
        network.output.bias.normal_().mul_(2)
        network.output.bias[EOS] = 4.0
    return network


def random_sources(seed, count=9, longest=12):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, longest, (count,), generator=generator).tolist()
    return [torch.randint(4, VOCAB, (n,), generator=generator).tolist() for n in lengths]


def search(network, sources, **settings):
    source, lengths = pad_sources(sources)
    limits = default_max_length(lengths)
    return beam_search(network, source, lengths, max_length=limits, **settings)


@pytest.mark.parametrize("seed", range(1))
@pytest.mark.parametrize("choices", CHOICES)
def test_a_beam_of_one_is_greedy(seed, choices):
    network, sources = random_network(seed, **choices), random_sources(seed)
    source, lengths = pad_sources(sources)
    greedy = greedy_search(network, source, lengths, max_length=default_max_length(lengths))
    beam = [one for (one,) in search(network, sources, beam=1, alpha=0.0)]
    assert [h.tokens for h in beam] == [h.tokens for h in greedy]
    assert [h.finished for h in beam] == [h.finished for h in greedy]
    if choices.get("kind") != "language_model":  # which writes the same for every source
        assert len({tuple(h.tokens) for h in greedy}) > 1


@pytest.mark.parametrize("seed", range(1))
@pytest.mark.parametrize("choices", CHOICES)
def test_log_probabilities_are_those_of_teacher_forcing(seed, choices):
    network, sources = random_network(seed, **choices), random_sources(seed)
    for source, found in zip(sources, search(network, sources, nbest=4, beam=4), strict=True):
        for hypothesis in found:
            labels = hypothesis.tokens + [EOS] * hypothesis.finished
            inputs = torch.tensor([[BOS, *labels[:-1]]])
            with torch.no_grad():
                memory = network.encode(*pad_sources([source]))
                logits = network.decode(memory, inputs)[0].double()
            log_probs = torch.log_softmax(logits, 1)[torch.arange(len(labels)), labels]
            assert hypothesis.log_prob == pytest.approx(float(log_probs.sum()), abs=1e-3)
            assert hypothesis.score == pytest.approx(hypothesis.log_prob / len(labels))


@pytest.mark.parametrize("seed", range(1))
@pytest.mark.parametrize("choices", CHOICES)
def test_neither_the_batch_nor_its_padding_matters(seed, choices):
    network, sources = random_network(seed, **choices), random_sources(seed)
    together = search(network, sources, nbest=2)
    reverse = search(network, sources[::-1], nbest=2)[::-1]
    alone = [search(network, [source], nbest=2)[0] for source in sources]
    source, lengths = pad_sources(sources)
    wide = torch.nn.functional.pad(source, (0, 5), value=PAD)
    padded = beam_search(network, wide, lengths, max_length=default_max_length(lengths), nbest=2)
    for other in (reverse, alone, padded):
        for ours, theirs in zip(together, other, strict=True):
            assert [h.tokens for h in ours] == [h.tokens for h in theirs]
            scores = [h.score for h in theirs]
            assert [h.score for h in ours] == pytest.approx(scores, abs=1e-4)


def test_attention_is_that_of_teacher_forcing():
    network, sources = random_network(1), random_sources(1)
    for source, (hypothesis,) in zip(
        sources, search(network, sources, keep_attention=True), strict=True
    ):
        inputs = torch.tensor([[BOS, *hypothesis.tokens]])[:, : len(hypothesis.attention)]
        with torch.no_grad():
            weights = network.attend(network.encode(*pad_sources([source])), inputs)[0]
        torch.testing.assert_close(hypothesis.attention, weights, atol=1e-4, rtol=1e-3)


WORDS, LONGEST = (4, 5, 6), 4
LISTED = [
    (*words, EOS) for n in range(LONGEST) for words in itertools.product(WORDS, repeat=n)
] + list(itertools.product(WORDS, repeat=LONGEST))
"""Every sequence of at most four tokens; those of four words are cut."""


def listed_log_probs(network, source, labels):
    """The log-probabilities of all steps by teacher forcing, `[sequences, time, vocab]`."""
    padded = [[*one, *[EOS] * (LONGEST - len(one))] for one in labels]
    inputs = torch.tensor([[BOS, *one[:-1]] for one in padded])
    with torch.no_grad():
        logits = network.decode(network.encode(*pad_sources([source] * len(labels))), inputs)
    return logits.double().log_softmax(2), torch.tensor(padded)


def summed(log_probs, labels):
    """`[sequences]`, up to the end of each of `LISTED`."""
    taken = log_probs.gather(2, labels[..., None]).squeeze(2)
    lengths = torch.tensor([len(one) for one in LISTED])
    return taken.masked_fill(torch.arange(LONGEST) >= lengths[:, None], 0.0).sum(1)


@pytest.mark.parametrize("choices", CHOICES)
def test_search_and_sampling_agree_with_the_listed_distribution(choices):
    torch.manual_seed(3)
    network = (
        with_lexicon(build_from_keys(source_vocab=7, target_vocab=7, **(SIZES | choices)))
        .eval()
        .double()
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2.5)
        network.output.bias.normal_()
    source = [5, 6, 4, 6]
    batch = pad_sources([source])
    log_probs, labels = listed_log_probs(network, source, LISTED)
    of = dict(zip(LISTED, summed(log_probs, labels).tolist(), strict=True))
    finished = {one: value for one, value in of.items() if one[-1] == EOS}

    (found,) = beam_search(
        network, *batch, max_length=LONGEST, beam=200, nbest=200, normalisation="none"
    )
    assert {(*h.tokens, EOS): h.log_prob for h in found} == pytest.approx(finished, abs=1e-6)
    assert [h.log_prob for h in found] == sorted([h.log_prob for h in found], reverse=True)

    (exact,) = exact_search(network, *batch, max_length=LONGEST, normalisation="none", beam=2)
    best = max(finished, key=lambda one: finished[one])
    assert (*exact.hypothesis.tokens, EOS) == best
    assert exact.hypothesis.log_prob == pytest.approx(finished[best], abs=1e-6)
    assert exact.gap == 0

    # What is drawn are words and EOS alone, by what the model gives them together.
    written = log_probs[..., EOS:] - log_probs[..., EOS:].logsumexp(2, keepdim=True)
    shares = summed(written, labels - EOS).exp()
    assert float(shares.sum()) == pytest.approx(1.0)
    drawn = sample(network, *batch, max_length=LONGEST, samples=4000, seed=2).hypotheses()[0]
    counts = Counter((*h.tokens, *[EOS] * h.finished) for h in drawn)
    assert set(counts) <= set(LISTED)
    times = torch.tensor([counts[one] for one in LISTED], dtype=torch.float64)
    expected = shares * len(drawn)
    often, freedom = expected >= 5, int((expected >= 5).sum())
    assert freedom >= 5
    chi_squared = float(((times - expected) ** 2 / expected)[often].sum())
    assert chi_squared < freedom + 4 * (2 * freedom) ** 0.5
    rest, wanted = float(times[~often].sum()), float(expected[~often].sum())
    assert abs(rest - wanted) < 4 * wanted**0.5 + 4
