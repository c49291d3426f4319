"""The pointer's contexts against counting by hand, and its values place by place."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from latimer.nn.decoders.decoder import Memory
from latimer.nn.rl.critic import Pointed
from latimer.nn.rl.pointer import ORDER, Pointer, contexts
from latimer.nn.seq2seq import pack
from latimer.text.vocabulary.subwords import BOS, EOS

A, B, C = 4, 5, 6


def counted(prefix: list[int], read: list[int], place: int) -> int:
    """What `contexts` should say, by comparing slices and counting."""
    before, written = [BOS, *read[:place]], [BOS, *prefix]
    agree = 0
    while agree < ORDER - 1 and agree < min(len(before), len(written)):
        if before[-agree - 1] != written[-agree - 1]:
            break
        agree += 1
    nth = read[: place + 1].count(read[place])
    return agree + (ORDER if prefix.count(read[place]) >= nth else 0)


tokens = st.lists(st.sampled_from([A, B, C]), max_size=7)


@settings(max_examples=200, deadline=None)
@given(tokens, tokens)
def test_contexts_are_those_that_counting_finds(prefix: list[int], words: list[int]) -> None:
    read = [*words, EOS]
    found = contexts(torch.tensor([[BOS, *prefix]]), torch.tensor([read]))
    for time in range(len(prefix) + 1):
        wanted = [counted(prefix[:time], read, place) for place in range(len(read))]
        assert found[0, time].tolist() == wanted


def test_contexts_of_a_sentence_by_hand() -> None:
    # The reference: a b a c; written so far: a b. Next comes the second a, after a trigram's two.
    found = contexts(torch.tensor([[BOS, A, B]]), torch.tensor([[A, B, A, C, EOS]]))
    used = ORDER
    assert found[0, 2].tolist() == [0 + used, 0 + used, 3, 0, 0]
    assert found[0, 0].tolist() == [1, 0, 0, 0, 0]


def test_values_are_those_of_question_and_context_place_by_place() -> None:
    torch.manual_seed(4)
    pointer = Pointer(5, 6).double()
    for parameter in pointer.parameters():
        nn.init.normal_(parameter)
    lengths = torch.tensor([3, 1])
    inputs = torch.tensor([[BOS, A, B, C], [BOS, 0, 0, 0]])
    read = torch.tensor([[A, B, EOS], [C, EOS, 0]])
    bias = torch.zeros(2, 3).double().masked_fill(read == 0, -torch.inf)
    values = torch.randn(2, 3, 6).double()
    memory = Memory(values, values, bias, values[:, 0])
    features = torch.randn(2, 4, 5).double()
    said, at = pointer(pack(features, lengths), memory, read, inputs, lengths)
    places = [(0, 0), (1, 0), (0, 1), (0, 2)]  # packed: row, time
    assert said.shape == at.shape == (4, 3)
    for (row, time), worth, token in zip(places, said, at, strict=True):
        assert torch.equal(token, read[row])
        for place in range(3):
            kind = int(contexts(inputs, read)[row, time, place])
            question = pointer.question(features[row, time]) @ values[row, place]
            wanted = question + pointer.context(features[row, time])[kind]
            torch.testing.assert_close(worth[place], wanted * (read[row, place] != 0))


def test_what_places_are_worth_is_added_to_their_tokens() -> None:
    pointed = Pointed(torch.tensor([[1.0, 2.0, 4.0, 0.0]]), torch.tensor([[A, B, A, 0]]))
    added = pointed.added(torch.full((1, 4), 0.5), slice(0, 1), EOS)
    wanted = torch.full((1, 4), 0.5)
    wanted[0, A - EOS] += 5.0
    wanted[0, B - EOS] += 2.0
    assert torch.equal(added, wanted)
    for token, worth in ((A, 5.0), (B, 2.0), (C, 0.0)):
        assert pointed.taken(torch.tensor([token])).tolist() == [worth]


def test_padding_and_other_rows_change_nothing() -> None:
    torch.manual_seed(5)
    pointer = Pointer(5, 6)
    nn.init.normal_(pointer.context.weight)
    values = torch.randn(1, 2, 6)
    memory = Memory(values, values, torch.zeros(1, 2), values[:, 0])
    longer = torch.cat([values, torch.randn(1, 3, 6)], 1)
    bias = torch.tensor([[0.0, 0, -torch.inf, -torch.inf, -torch.inf]])
    padded = Memory(longer, longer, bias, values[:, 0])
    inputs, lengths = torch.tensor([[BOS, A]]), torch.tensor([2])
    features = torch.randn(2, 5)
    short, _ = pointer(features, memory, torch.tensor([[A, EOS]]), inputs, lengths)
    read = torch.tensor([[A, EOS, 0, 0, 0]])
    said, _ = pointer(features, padded, read, torch.tensor([[BOS, A, 0, 0]]), lengths)
    torch.testing.assert_close(said[:, :2], short)
    assert not said[:, 2:].any()
