"""MIXER's gradient at either end of its schedule and between, all translations listed."""

from __future__ import annotations

from typing import Any

import pytest
import tiny_world as tiny
import torch
from searches import sample
from torch import Tensor, nn

from latimer.nn.dropout import noise, silence
from latimer.text.batching import Batch
from latimer.text.vocabulary.subwords import BOS, EOS, UNK
from latimer.train.objectives.baselines import LearnedValue, NoBaseline
from latimer.train.objectives.mixer import ForcedPrefix, Mixer, negative_log_likelihood_of, writable
from latimer.train.objectives.reinforce import Reinforce
from latimer.train.objectives.trajectories import Draw, Trajectories

REFERENCE = [5, 4, EOS]


class Fixed(Draw):
    """Draws one and the same translation."""

    def __init__(self, row: list[int]) -> None:
        super().__init__(tiny.scores, 1, max_length=tiny.LIMIT)
        object.__setattr__(self, "row", row)

    def __call__(self, network: Any, batch: Batch) -> Trajectories:
        return self.judged(tiny.samples([[self.row]]), batch)  # type: ignore[attr-defined]


def mixer(net: nn.Module, draw: Draw, step: int, every: int = 1) -> Mixer:
    return Mixer(net, draw, NoBaseline(), delta=step, every=every)


def gradient_of(objective: Any, net: nn.Module) -> list[Tensor]:
    with silence():
        return tiny.gradient(objective.loss(tiny.batch()).value, net)


def continuations(border: int) -> list[list[int]]:
    """All translations that begin with so much of the reference."""
    return [row for row in tiny.sequences() if row[:border] == REFERENCE[:border]]


@pytest.mark.parametrize("attention", ["bahdanau", "luong_general", "none"])
@pytest.mark.parametrize("border", [0, 1, 2, 3])
def test_in_the_mean_it_is_the_true_gradient(border: int, attention: str) -> None:
    """Of log p of what is given, and of the expected score of what is written after it."""
    net, rows = tiny.network(attention=attention), continuations(border)
    whole = tiny.log_policy(net, rows)
    given = tiny.log_policy(net, [REFERENCE[:border]]) if border else whole.new_zeros(1)
    chances = (whole - given).exp()  # of what is written, after what is given
    assert float(chances.detach().sum()) == pytest.approx(1, abs=1e-12)
    expected = (chances * tiny.returns(rows)).sum()
    likelihood = (
        tiny.log_policy(net, [REFERENCE[:border]], first=0).sum() if border else expected * 0
    )
    true = tiny.gradient(-expected - likelihood, net)
    mean = [torch.zeros_like(one) for one in true]
    for row, chance in zip(rows, chances.tolist(), strict=True):
        found = gradient_of(mixer(net, Fixed(row), len(REFERENCE) - border), net)
        # The likelihood stands in every one of them.
        mean = [one + chance * other for one, other in zip(mean, found, strict=True)]
    tiny.assert_same(mean, true)


def test_with_the_border_at_the_end_it_is_likelihood() -> None:
    net = tiny.network()
    likelihood = tiny.gradient(-tiny.log_policy(net, [REFERENCE], first=0).sum(), net)
    for row in ([4, 6, 6], [EOS], REFERENCE):
        tiny.assert_same(gradient_of(mixer(net, Fixed(row), 0), net), likelihood)


def test_with_the_border_at_the_beginning_it_is_reinforce() -> None:
    net = tiny.network()
    for row in ([4, 6, 6], [EOS], REFERENCE):
        found = gradient_of(mixer(net, Fixed(row), 3), net)
        tiny.assert_same(found, gradient_of(Reinforce(net, Fixed(row), NoBaseline()), net), 1e-12)
    drawn = []
    for objective in (mixer(net, tiny.draw(4), 3), Reinforce(net, tiny.draw(4), NoBaseline())):
        with noise(torch.Generator().manual_seed(3)):
            drawn.append(gradient_of(objective, net))
    tiny.assert_same(*drawn, 1e-12)


def test_the_border_recedes_by_a_step_every_so_many_updates() -> None:
    objective = mixer(tiny.network(), tiny.draw(), 2, every=3)
    lengths = torch.tensor([7, 4, 1])
    target = torch.full((3, 8), 4)
    batch = Batch(target[:, 1:], lengths, target, lengths)
    seen = []
    for _ in range(9):
        seen.append(objective.prefix_lengths(batch).tolist())
        objective.updated({"reward": 0.0})
    assert seen[0] == seen[2] == [5, 2, 0]
    assert seen[3] == seen[5] == [3, 0, 0]
    assert seen[6] == seen[8] == [1, 0, 0]


def test_what_is_given_is_written_and_what_follows_has_the_networks_chances() -> None:
    net, batch, count = tiny.network(), tiny.batch(2), 3000
    given = torch.tensor([[5, -1, -1], [-1, -1, -1]])
    with silence():
        found = sample(
            ForcedPrefix(net, given), batch.source, batch.source_lengths, max_length=tiny.LIMIT,
            samples=count, seed=1,
        )  # fmt: skip
    for sentence, border in ((0, 1), (1, 0)):
        rows = continuations(border)
        whole = tiny.log_policy(net, rows).detach()
        chances = whole.exp() / whole.exp().sum()
        seen: dict[tuple[int, ...], int] = {}
        for tokens, length in zip(
            found.tokens[sentence].tolist(), found.lengths[sentence].tolist(), strict=True
        ):
            key = tuple(tokens[:length])
            seen[key] = seen.get(key, 0) + 1
        assert set(seen) <= {tuple(row) for row in rows}
        for row, chance in zip(rows, chances.tolist(), strict=True):
            spread = (chance * (1 - chance) / count) ** 0.5
            assert seen.get(tuple(row), 0) / count == pytest.approx(chance, abs=5 * spread)
    # Other sentences of the batch change nothing.
    with silence():
        alone = sample(
            ForcedPrefix(net, given[:1]), batch.source[:1], batch.source_lengths[:1],
            max_length=tiny.LIMIT, samples=count, seed=1,
        )  # fmt: skip
    assert torch.equal(alone.tokens[0], found.tokens[0])


def test_a_beginning_ends_before_what_is_never_written() -> None:
    references = torch.tensor([[5, UNK, 6, EOS], [4, 5, EOS, 0]])
    assert writable(references, torch.tensor([3, 3])).tolist() == [
        [5, -1, -1, -1],
        [4, 5, EOS, -1],
    ]


def test_likelihood_of_beginnings_is_that_of_their_pieces_alone() -> None:
    net = tiny.network().eval()
    source = torch.tensor([[4, 6, 5, EOS]]).expand(2, -1).contiguous()
    target = torch.tensor([[BOS, 5, 4, EOS], [BOS, 6, EOS, 0]])
    batch = Batch(source, torch.tensor([4, 4]), target, torch.tensor([3, 2]))
    found = negative_log_likelihood_of(net, batch, torch.tensor([2, 1]))
    logs = net.decode(net.encode(source, torch.tensor([4, 4])), batch.inputs).log_softmax(-1)
    plain = logs[0, 0, 5] + logs[0, 1, 4] + logs[1, 0, 6]
    torch.testing.assert_close(found, -plain)
    assert float(negative_log_likelihood_of(net, batch, torch.tensor([0, 0]))) == 0


def test_what_is_given_has_no_part_in_the_entropy_that_is_told() -> None:
    net = tiny.network()
    told = mixer(net, Fixed(REFERENCE), 1).loss(tiny.batch()).figures["entropy"]
    whole, given = (tiny.log_policy(net, [row]) for row in (REFERENCE, REFERENCE[:2]))
    assert float(told) == pytest.approx(float((given - whole).detach()))


def test_what_the_baseline_foresees_is_told() -> None:
    net = tiny.network()
    value = LearnedValue(6)
    nn.init.zeros_(value.head.double()[-1].bias)
    objective = Mixer(net, Fixed(REFERENCE), value, delta=1, every=1)
    with silence():
        told = objective.loss(tiny.batch()).figures
    assert told.keys() == set(objective.figures)
    gains = tiny.draw().judged(tiny.samples([[REFERENCE]]), tiny.batch()).rewards[0]
    to_go = gains.flip(0).cumsum(0).flip(0)
    assert float(told["critic_error"]) == pytest.approx(float(to_go.square().mean().sqrt()))
