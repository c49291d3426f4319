"""BLEU of prefixes against sacreBLEU, one prefix at a time."""

import math

import sacrebleu
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pad_sequence

from latimer.metrics.sentence_bleu import prefix_bleu, prefix_gains

METRIC = sacrebleu.BLEU(
    smooth_method="add-k", smooth_value=1, tokenize="none", effective_order=True, force=True
)


def theirs(hypothesis, reference):
    def words(tokens):
        return " ".join(f"w{token}" for token in tokens)

    return METRIC.sentence_score(words(hypothesis), [words(reference)]).score / 100


def padded(sentences, filler):
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    tensors = [torch.tensor(sentence, dtype=torch.long) for sentence in sentences]
    return pad_sequence(tensors, batch_first=True, padding_value=filler), lengths


def ours(hypotheses, references, filler=0, **settings):
    return prefix_bleu(*padded(hypotheses, filler), *padded(references, filler), **settings)


# Few words and long sentences, so that n-grams repeat and are clipped.
sentences = st.lists(st.integers(0, 4), min_size=1, max_size=14)


@settings(max_examples=60)
@given(st.lists(st.tuples(sentences, sentences), min_size=1, max_size=4), st.integers(0, 4))
def test_every_prefix_is_scored_as_by_sacrebleu(pairs, filler):
    hypotheses, references = zip(*pairs, strict=True)
    found = ours(hypotheses, references, filler)
    for row, (hypothesis, reference) in enumerate(pairs):
        for end in range(1, len(hypothesis) + 1):
            expected = theirs(hypothesis[:end], reference)
            assert abs(found[row, end - 1].item() - expected) < 1e-6
        assert (found[row, len(hypothesis) :] == found[row, len(hypothesis) - 1]).all()


@given(st.lists(st.tuples(sentences, sentences), min_size=1, max_size=4))
def test_gains_add_up_to_the_score_and_end_with_the_sentence(pairs):
    hypotheses, references = zip(*pairs, strict=True)
    scores = ours(hypotheses, references)
    gains = prefix_gains(scores)
    torch.testing.assert_close(gains.sum(1), scores[:, -1])
    for row, hypothesis in enumerate(hypotheses):
        assert not gains[row, len(hypothesis) :].any()


def test_by_hand():
    # 1-grams: 1, 2, 2/3 of 3; 2-grams with one added: 1/1, 2/2, 2/3; 3-grams 1, 1, 1/2; 4-grams 1.
    scores = ours([[7, 8, 7]], [[7, 8, 9, 7]])
    expected = [
        (1.0 * 1 * 1 * 1) ** 0.25 * 2.718281828459045 ** (1 - 4 / 1),
        (1.0 * 1 * 1 * 1) ** 0.25 * 2.718281828459045 ** (1 - 4 / 2),
        (1.0 * (2 / 3) * (1 / 2) * 1) ** 0.25 * 2.718281828459045 ** (1 - 4 / 3),
    ]
    torch.testing.assert_close(scores[0], torch.tensor(expected, dtype=torch.double))


def test_empty_hypotheses_and_nothing_in_common():
    hypotheses, lengths = torch.tensor([[3, 3], [5, 6], [1, 2]]), torch.tensor([0, 2, 2])
    references, theirs_ = torch.tensor([[3, 3], [1, 2], [1, 2]]), torch.tensor([2, 2, 2])
    scores = prefix_bleu(hypotheses, lengths, references, theirs_)
    assert scores[:2].tolist() == [[0, 0], [0, 0]]
    assert scores[2, 1].item() == 1
    assert prefix_bleu(hypotheses[:0], lengths[:0], references[:0], theirs_[:0]).shape == (0, 2)


def test_neighbours_and_padding_make_no_difference():
    alone = ours([[1, 2, 3]], [[1, 2, 4]])
    beside = ours([[1, 2, 3], [1] * 9], [[1, 2, 4], [2] * 12], filler=1)
    torch.testing.assert_close(beside[:1, :3], alone, rtol=0, atol=0)


@settings(max_examples=40)
@given(st.lists(st.tuples(sentences, sentences), min_size=1, max_size=4), st.integers(1, 3))
def test_a_longer_reference_in_the_penalty_alone(pairs, added):
    """Beside sacreBLEU's score, only the exponent of the penalty differs."""
    hypotheses, references = zip(*pairs, strict=True)
    found = ours(hypotheses, references, brevity=added)
    for row, (hypothesis, reference) in enumerate(pairs):
        for end in range(1, len(hypothesis) + 1):
            short = [min(0.0, 1 - (len(reference) + more) / end) for more in (0, added)]
            expected = theirs(hypothesis[:end], reference) * math.exp(short[1] - short[0])
            assert abs(found[row, end - 1].item() - expected) < 1e-6


def test_in_balance_one_wrong_word_more_costs_nothing():
    """Of what is as long as the reference: lost in all precisions what the penalty gains."""
    right = list(range(40))
    found = ours([right, [*right, 99]], [right, right], brevity=1)[:, [39, 40]]
    assert abs(math.log(found[0, 0] / found[1, 1])) < 0.002
    found = ours([right, [*right, 99]], [right, right])[:, [39, 40]]
    assert math.log(found[0, 0] / found[1, 1]) > 0.02
