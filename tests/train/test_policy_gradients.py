"""Gradients of reward against the true gradient of the expected score, all translations listed."""

from __future__ import annotations

from functools import partial
from itertools import product

import pytest
import tiny_world as tiny
import torch
from torch import Tensor, nn

from latimer.nn.dropout import noise, silence
from latimer.nn.lexical import TokenPrior
from latimer.nn.output import Features, Output
from latimer.nn.rl import policy
from latimer.nn.rl.critic import Values
from latimer.nn.rl.policy import expected_values, policy_gradient
from latimer.rl.td_targets import monte_carlo
from latimer.text.vocabulary.subwords import EOS, PAD
from latimer.train.objectives.baselines import BASELINES, LearnedValue
from latimer.train.objectives.minimum_risk import different, expected_score
from latimer.train.objectives.trajectories import Trajectories, features_of

ATTENTIONS = ("bahdanau", "luong_general", "none", "bahdanau, lexicon")
MOST = pytest.mark.parametrize("most", [0, 2])


def true_gradient(net: nn.Module) -> list[Tensor]:
    rows = tiny.sequences()
    expected = (tiny.log_policy(net, rows).exp() * tiny.returns(rows)).sum()
    return tiny.gradient(expected, net)


def surrogate(
    net: nn.Module, found: Trajectories, batch: object, name: str, chances: Tensor
) -> Tensor:
    """Σ chance · loss of each trajectory, with the advantages of a baseline."""
    baseline = BASELINES[name](6)
    for module in baseline.modules.values():
        module.double()
    if name == "running_mean":
        baseline.updated({"reward": 0.37})
    if isinstance(baseline, LearnedValue):
        nn.init.normal_(baseline.head[2].weight)
    with silence():
        features = features_of(net, batch, found)
        advantages, _ = baseline.advantages(
            found, features.values, net, batch, tiny.draw(found.samples)
        )
    share = found.scattered(chances)[:, None].expand(found.actions.shape)
    weights = advantages.double() * found.packed(share)
    return policy_gradient(
        features, net.output, found.packed(found.actions), weights, first=EOS
    ).loss


def test_chances_of_all_sequences_sum_to_one() -> None:
    chances = tiny.log_policy(tiny.network(), tiny.sequences()).exp()
    assert float(chances.detach().sum()) == pytest.approx(1, abs=1e-12)
    assert float(chances.detach().max()) > 2 / len(chances)


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("name", ["none", "running_mean", "self_critical", "learned"])
def test_reinforce_in_the_mean_is_the_true_gradient(name: str, attention: str) -> None:
    net, rows, batch = tiny.network(attention=attention), tiny.sequences(), tiny.batch()
    found = tiny.draw(len(rows)).judged(tiny.samples([rows]), batch)
    chances = tiny.log_policy(net, rows).exp().detach()[None]
    loss = surrogate(net, found, batch, name, chances)
    tiny.assert_same(tiny.gradient(-loss, net), true_gradient(net))


@pytest.mark.parametrize("name", ["leave_one_out", "to_go"])
def test_leaving_one_out_in_the_mean_is_the_true_gradient(name: str) -> None:
    net, rows = tiny.network(), tiny.sequences()
    chances = tiny.log_policy(net, rows).exp().detach()
    pairs = list(product(range(len(rows)), repeat=2))
    batch = tiny.batch(len(pairs))
    found = tiny.draw(2).judged(tiny.samples([[rows[a], rows[b]] for a, b in pairs]), batch)
    both = torch.stack([chances[a] * chances[b] for a, b in pairs])[:, None].expand(-1, 2)
    loss = surrogate(net, found, batch, name, both / 2)
    tiny.assert_same(tiny.gradient(-loss, net), true_gradient(net))


def test_minimum_risk_over_all_is_its_closed_form() -> None:
    net, rows, batch = tiny.network(), tiny.sequences(), tiny.batch()
    logs, scores = tiny.log_policy(net, rows, first=0), tiny.returns(rows)
    closed = ((0.7 * logs).softmax(0) * scores).sum()
    found = tiny.draw(len(rows)).judged(tiny.samples([rows]), batch)
    grouped = found.grouped(found.scores).double()
    expected, slopes = expected_score(logs.detach()[None], grouped, different(found), 0.7)
    assert float(expected) == pytest.approx(float(closed.detach()), abs=1e-7)
    with silence():
        features = features_of(net, batch, found)
    weights = found.scattered(slopes)[:, None].expand(found.actions.shape)
    loss = policy_gradient(
        features, net.output, found.packed(found.actions), found.packed(weights), first=0
    ).loss
    tiny.assert_same(tiny.gradient(-loss, net), tiny.gradient(closed, net))


def test_the_same_translation_counts_once() -> None:
    rows = [[[4, EOS], [5, EOS], [4, EOS]], [[6, EOS], [6, EOS], [6, EOS]]]
    found = tiny.draw(3).judged(tiny.samples(rows), tiny.batch(2))
    assert different(found).tolist() == [[True, True, False], [True, False, False]]


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_actor_critic_with_exact_values_is_the_true_gradient(attention: str) -> None:
    net = tiny.network(attention=attention)
    values, places = tiny.exact_values(net), tiny.states()
    rows = [[*state, EOS] for state in places]
    found = tiny.draw(len(rows)).judged(tiny.samples([rows]), tiny.batch())
    with silence():
        features = features_of(net, tiny.batch(), found)
    # The last action of each row is taken in a state of its own; the others are left out.
    last = found.packed(found.discounts) == 0
    order = found.packed(found.places[:, None].expand(found.actions.shape))[last]
    reached = torch.stack(
        [
            tiny.log_policy(net, [s]).exp()[0].detach() if s else torch.ones(()).double()
            for s in places
        ]
    )[order]
    table = torch.stack([values[tuple(state)] for state in places])[order]
    output = Output(nn.Parameter(table.t().contiguous())).double()
    said = Values(output, torch.diag(reached), torch.zeros(len(reached)).double())
    worth = partial(said.compared, first=EOS)
    expected = expected_values(features.part(last), net.output, worth, first=EOS)
    tiny.assert_same(tiny.gradient(expected.total, net), true_gradient(net))


@pytest.mark.parametrize("head", ["layer", "pointer"])
def test_corrected_actor_critic_in_the_mean_is_the_true_gradient_whatever_the_critic(
    head: str,
) -> None:
    net, rows, batch = tiny.network(), tiny.sequences(), tiny.batch()
    critic = tiny.critic(head=head)
    torch.manual_seed(8)
    for parameter in critic.parameters():
        nn.init.normal_(parameter)
    found = tiny.draw(len(rows)).judged(tiny.samples([rows]), batch)
    chances = found.scattered(tiny.log_policy(net, rows).exp().detach()[None])
    weights = found.packed(chances[:, None].expand(found.actions.shape))
    with silence():
        said = critic(batch, found.sentences, found.inputs, found.lengths)
    actions = found.packed(found.actions)
    missed = found.packed(monte_carlo(found.rewards, found.discounts)) - said.taken(actions)

    def gradient(share: float) -> list[Tensor]:
        with silence():
            features = features_of(net, batch, found)
        expected = expected_values(
            features, net.output,
            lambda chunk: said.compared(chunk, EOS) * weights[chunk, None],
            first=EOS, taken=(actions, share * missed * weights),
        )  # fmt: skip
        return tiny.gradient(expected.total, net)

    wanted, alone = true_gradient(net), gradient(0.0)
    tiny.assert_same(gradient(1.0), wanted)
    off = max(float((a - b).abs().max()) for a, b in zip(alone, wanted, strict=True))
    assert off > 0.01


def some_features(most: int) -> tuple[Features, list[Tensor]]:
    """Of nine tokens, with a lexical prior of `most` pieces if any; the tensors to be learnt."""
    values = torch.randn(9, 6, dtype=torch.float64, requires_grad=True)
    if not most:
        return Features(values), [values]
    chances = torch.rand(9, most, dtype=torch.float64, requires_grad=True)
    pieces = torch.stack([torch.randperm(tiny.VOCAB - EOS)[:most] + EOS for _ in range(3)])
    return Features(values, TokenPrior(chances, torch.arange(9) % 3, pieces)), [values, chances]


@MOST
@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_expected_values_are_pytorchs(temperature: float, most: int) -> None:
    torch.manual_seed(6)
    features, learnt = some_features(most)
    output = Output(nn.Parameter(torch.randn(tiny.VOCAB, 6))).double()
    actions, missed = torch.randint(EOS, tiny.VOCAB, (9,)), torch.randn(9).double()
    values = torch.randn(9, tiny.VOCAB - EOS).double()
    logs = (output.logits(features)[:, EOS:] / temperature).log_softmax(1)
    plain = (logs.exp() * values).sum()
    plain = plain + (missed * logs.gather(1, actions[:, None] - EOS).squeeze(1)).sum()
    ours = expected_values(
        features, output, lambda chunk: values[chunk].clone(), first=EOS,
        temperature=temperature, taken=(actions, missed),
    )  # fmt: skip
    torch.testing.assert_close(ours.total, plain)
    inputs = [*learnt, output.weight, output.bias]
    for mine, its in zip(
        torch.autograd.grad(ours.total, inputs), torch.autograd.grad(plain, inputs), strict=True
    ):
        torch.testing.assert_close(mine, its)


def test_what_stands_behind_the_end_changes_nothing() -> None:
    net, batch = tiny.network(), tiny.batch(2)
    drawn = tiny.samples([[[4, 5, EOS], [6, EOS]], [[EOS], [5, 5, 5]]])
    inside = torch.arange(3) < drawn.lengths[:, :, None]
    other = drawn._replace(tokens=torch.where(inside, drawn.tokens, 6))
    assert not torch.equal(drawn.tokens, other.tokens)
    found = []
    for one in (drawn, other):
        trajectories = tiny.draw(2).judged(one, batch)
        loss = surrogate(net, trajectories, batch, "leave_one_out", torch.ones(2, 2).double())
        found.append(tiny.gradient(loss, net))
    tiny.assert_same(found[0], found[1], 0.0)


def test_the_rest_of_a_batch_changes_nothing() -> None:
    net = tiny.network()
    rows = [[[4, 5, EOS], [6, EOS]], [[EOS], [5, 5, 5]]]
    whole = tiny.draw(2).judged(tiny.samples(rows), tiny.batch(2))
    together = surrogate(net, whole, tiny.batch(2), "leave_one_out", torch.ones(2, 2).double())
    alone = [
        surrogate(
            net, tiny.draw(2).judged(tiny.samples([row]), tiny.batch()), tiny.batch(),
            "leave_one_out", torch.ones(1, 2).double(),
        )
        for row in rows
    ]  # fmt: skip
    tiny.assert_same(tiny.gradient(together, net), tiny.gradient(sum(alone), net), 1e-10)


def test_rewards_sum_to_the_score_and_ends_count_nothing() -> None:
    rows = tiny.sequences()
    found = tiny.draw(len(rows)).judged(tiny.samples([rows]), tiny.batch())
    torch.testing.assert_close(found.rewards.sum(1), found.scores)
    ends = (found.actions == EOS) & found.mask
    assert bool((found.rewards[ends] == 0).all())
    assert bool((found.actions[~found.mask] == PAD).all())


def test_drawing_depends_on_the_source_of_noise_alone() -> None:
    net, batch = tiny.network(), tiny.batch(4)

    def drawn(seed: int) -> Trajectories:
        with noise(torch.Generator().manual_seed(seed)):
            return tiny.draw(6)(net, batch)

    assert torch.equal(drawn(1).actions, drawn(1).actions)
    assert not torch.equal(drawn(1).grouped(drawn(1).scores), drawn(2).grouped(drawn(2).scores))


def test_peaks_are_those_of_some_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "TOP", 2)
    monkeypatch.setattr(policy, "STRIDE", 2)
    torch.manual_seed(3)
    features = torch.randn(5, 6, dtype=torch.float64)
    output = Output(nn.Parameter(torch.randn(tiny.VOCAB, 6))).double()
    plain = output(features)[:, EOS:].softmax(1).sort(1, descending=True).values[:, :2].sum(1)
    actions, worth = torch.full((5,), EOS), torch.ones(5, dtype=torch.float64)
    drawn = policy_gradient(Features(features), output, actions, worth, first=EOS)
    torch.testing.assert_close(drawn.peaks.top, plain[::2].detach())
    expected = policy.expected_values(
        Features(features),
        output,
        lambda chunk: output(features[chunk])[:, EOS:].detach(),
        first=EOS,
    )
    torch.testing.assert_close(expected.peaks.top, plain[::2].detach())


@MOST
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_policy_gradient_is_pytorchs(temperature: float, most: int) -> None:
    torch.manual_seed(3)
    features, learnt = some_features(most)
    output = Output(nn.Parameter(torch.randn(tiny.VOCAB, 6))).double()
    nn.init.normal_(output.bias)
    actions = torch.randint(EOS, tiny.VOCAB, (9,))
    weights = torch.randn(9, dtype=torch.float64)
    wanted = [*learnt, output.weight, output.bias]
    found = policy_gradient(features, output, actions, weights, first=EOS, temperature=temperature)
    logs = (output.logits(features)[:, EOS:] / temperature).log_softmax(1)
    taken = logs.gather(1, (actions - EOS)[:, None]).squeeze(1)
    torch.testing.assert_close(found.log_probs, taken)
    torch.testing.assert_close(found.peaks.one, logs.exp().amax(1))
    ours = torch.autograd.grad(found.loss, wanted)
    theirs = torch.autograd.grad(-(weights * taken).sum(), wanted)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)
