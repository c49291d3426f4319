"""The critic's targets at the values that theory gives, and what its gradients reach."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import pytest
import tiny_world as tiny
import torch
from torch import Tensor, nn

from latimer.engines.neural.environment import ListedTranslation, finite_mdp
from latimer.metrics.sentence_bleu import prefix_bleu
from latimer.nn.dropout import noise, silence
from latimer.nn.output import Output
from latimer.nn.rl.critic import (
    Critic,
    Values,
    spread_of_values,
    taken_values,
    update_target,
)
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe import load_recipe
from latimer.rl import value_iteration
from latimer.text.batching import Batch
from latimer.text.vocabulary.subwords import BOS, EOS, UNK
from latimer.train.objectives.actor_critic import ActorCritic, CriticSettings
from latimer.train.objectives.build import build_objective
from latimer.train.objectives.critic_figures import critic_figures
from latimer.train.objectives.critic_targets import TARGETS, Delayed
from latimer.train.objectives.trajectories import Draw, Trajectories, features_of
from networks import critic_from_keys
from tiny_model import tiny_vocabulary

UPDATES, TOLERANCE = 250, 0.01


def everything() -> Trajectories:
    rows = tiny.sequences()
    return tiny.draw(len(rows)).judged(tiny.samples([rows]), tiny.batch())


def prefixes(found: Trajectories) -> list[tuple[int, ...]]:
    """What was written before each action, packed."""
    by_time = []
    for time in range(found.actions.shape[1]):
        for row in range(len(found.actions)):
            if time < int(found.lengths[row]):
                by_time.append(tuple(found.actions[row, :time].tolist()))
    return by_time


def delayed_with(
    net: nn.Module, found: Trajectories, values: dict[tuple[int, ...], Tensor]
) -> Delayed:
    """Delayed networks of which the critic has exactly these values."""
    table = torch.stack([values[prefix] for prefix in prefixes(found)])
    output = Output(nn.Parameter(table.t().contiguous())).double()
    with torch.no_grad(), silence():
        actor = features_of(net, tiny.batch(), found)
    none = torch.zeros(len(table)).double()
    return Delayed(actor, net.output, Values(output, torch.eye(len(table)).double(), none), EOS)


def true_values(found: Trajectories, values: dict[tuple[int, ...], Tensor]) -> Tensor:
    actions = found.packed(found.actions).tolist()
    pairs = zip(prefixes(found), actions, strict=True)
    return torch.stack([values[prefix][action] for prefix, action in pairs])


@pytest.mark.parametrize("name", ["expected_sarsa", "q_learning"])
def test_true_values_are_the_fixed_point(name: str) -> None:
    net, found = tiny.network(), everything()
    values = tiny.exact_values(net, best=name == "q_learning")
    targets = TARGETS[name](found, delayed_with(net, found, values), 0.9)
    torch.testing.assert_close(
        found.packed(targets).double(), true_values(found, values), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("name", ["sarsa", "monte_carlo", "lambda_return"])
def test_in_the_mean_they_are_the_policys_values(name: str) -> None:
    net, found = tiny.network(), everything()
    values = tiny.exact_values(net)
    targets = TARGETS[name](found, delayed_with(net, found, values), 0.6)
    chances = found.scattered(tiny.log_policy(net, tiny.sequences()).exp().detach()[None])
    weights = found.packed(chances[:, None].expand(found.actions.shape))
    mean: dict[tuple[int, ...], list[float]] = {}
    keys = zip(prefixes(found), found.packed(found.actions).tolist(), strict=True)
    for key, target, weight in zip(
        keys, found.packed(targets).tolist(), weights.tolist(), strict=True
    ):
        entry = mean.setdefault((*key[0], key[1]), [0.0, 0.0])
        entry[0] += weight * target
        entry[1] += weight
    for (*prefix, action), (total, weight) in mean.items():
        assert total / weight == pytest.approx(float(values[tuple(prefix)][action]), abs=1e-6)


def test_lambda_leads_from_expected_sarsa_to_monte_carlo() -> None:
    net, found = tiny.network(), everything()
    torch.manual_seed(5)
    values = {key: torch.randn(tiny.VOCAB).double() for key in tiny.exact_values(net)}
    states = delayed_with(net, found, values)
    for lambda_, name in ((0.0, "expected_sarsa"), (1.0, "monte_carlo")):
        ours = TARGETS["lambda_return"](found, states, lambda_)
        inside = found.mask
        torch.testing.assert_close(
            ours[inside], TARGETS[name](found, states, lambda_)[inside], rtol=0, atol=1e-6
        )


def test_spread_is_that_of_all_values() -> None:
    torch.manual_seed(2)
    features = torch.randn(5, 6, dtype=torch.float64)
    output = Output(nn.Parameter(torch.randn(tiny.VOCAB, 6))).double()
    nn.init.normal_(output.bias)
    values = output(features)[:, EOS:]
    plain = (values - values.mean(1, keepdim=True)).square().sum(1)
    torch.testing.assert_close(spread_of_values(features, output, first=EOS), plain)
    actions = torch.randint(0, tiny.VOCAB, (5,))
    wanted = output(features).gather(1, actions[:, None]).squeeze(1)
    torch.testing.assert_close(taken_values(features, output, actions), wanted)


def made(pretraining: int = 0, **settings: object) -> ActorCritic:
    net = tiny.network()
    critic = tiny.critic()
    nn.init.normal_(critic.output.weight)
    chosen = CriticSettings(**settings)  # type: ignore[arg-type]
    return ActorCritic(net, critic, tiny.draw(6), chosen, pretraining=pretraining)


def gradients(objective: ActorCritic, module: nn.Module) -> list[Tensor | None]:
    with noise(torch.Generator().manual_seed(7)):
        loss = objective.loss(tiny.batch(4)).value
    return list(torch.autograd.grad(loss, list(module.parameters()), allow_unused=True))


def test_what_was_never_drawn_is_worth_what_the_state_is() -> None:
    # Gains of 0.5 and 0.25 of words 4 and 5, then the end, which brings nothing.
    objective, returns = made(target="monte_carlo", penalty=0.0), [0.75, 0.25, 0.0]
    critic = objective.critic
    nn.init.zeros_(critic.output.weight)
    rows = [[one, other, EOS] for one in (4, 5) for other in (4, 5)]
    found = objective.draw.judged(tiny.samples([rows]), tiny.batch())
    found = replace(found, rewards=torch.tensor([[0.5, 0.25, 0.0]]).expand(4, 3))
    actions, aims = found.packed(found.actions), found.packed(torch.tensor([returns] * 4))
    none = Values(critic.output, aims, aims)
    states = objective._delayed(found, tiny.batch(), None, none)
    told = TARGETS["monte_carlo"](found, states, 0.9)
    torch.testing.assert_close(found.packed(told), aims)
    optimiser = torch.optim.Adam(critic.parameters(), lr=0.01)
    for _ in range(300):
        values = objective._said(critic, found, tiny.batch())
        optimiser.zero_grad()
        (values.taken(actions) - aims).square().sum().backward()
        optimiser.step()
    with torch.no_grad():
        values = objective._said(critic, found, tiny.batch())
        drawn, unseen = values.taken(actions), values.taken(actions * 0 + 6)
    torch.testing.assert_close(drawn.float(), aims, rtol=0, atol=0.02)
    first, second, end = unseen.view(3, 4).mean(1).tolist()  # packed by time
    assert first > 0.3
    assert first > second > end
    assert end == pytest.approx(0, abs=0.2)


def test_actor_and_critic_share_nothing() -> None:
    objective = made()
    owned = [
        {p.data_ptr() for p in module.parameters()}
        for name, module in objective.modules.items()
        if name != "clock"
    ]
    assert len(set.union(*owned)) == sum(map(len, owned))


def test_the_critics_gradient_does_not_know_the_actors() -> None:
    both, alone = made(0), made(1)
    alone.critic.load_state_dict(both.critic.state_dict())
    alone.delayed_critic.load_state_dict(both.delayed_critic.state_dict())
    for one, other in zip(
        gradients(both, both.critic), gradients(alone, alone.critic), strict=True
    ):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            torch.testing.assert_close(one, other)


def test_in_pretraining_the_actor_has_no_gradient_and_afterwards_it_has() -> None:
    objective = made(1)
    assert all(g is None for g in gradients(objective, objective.network))
    objective.updated({})
    assert any(g is not None for g in gradients(objective, objective.network))


def test_delayed_networks_get_no_gradient_and_follow() -> None:
    objective = made(target_update_rate=0.25, actor_target_update_rate=0.5)
    assert not any(p.requires_grad for p in objective.delayed_critic.parameters())
    twins = (objective.delayed_critic, 0.25), (objective.delayed_network, 0.5)
    before = [copy.deepcopy(twin) for twin, _ in twins]
    with torch.no_grad():
        for module in objective.critic, objective.network:
            for parameter in module.parameters():
                parameter.add_(1.0)
    objective.updated({})
    for old_twin, (twin, rate) in zip(before, twins, strict=True):
        for old, new in zip(old_twin.parameters(), twin.parameters(), strict=True):
            torch.testing.assert_close(new, old + rate)


@pytest.mark.parametrize("who", ["both", "actor", "critic"])
@pytest.mark.parametrize(
    ("gradient", "acts"),
    [("all", True), ("corrected", True), ("drawn", True), ("corrected", False)],
)
@pytest.mark.parametrize("target", TARGETS)
def test_delayed_networks_that_follow_at_once_need_not_be_asked(
    target: str, gradient: str, acts: bool, who: str
) -> None:
    at_once, slow = (
        made(
            0 if acts else 1, target=target, gradient=gradient,
            target_update_rate=0.5 if who == "actor" else rate,
            actor_target_update_rate=0.5 if who == "critic" else rate,
        )
        for rate in (1.0, 0.5)
    )  # fmt: skip
    torch.manual_seed(3)
    for parameter in at_once.critic.parameters():
        nn.init.normal_(parameter, std=0.5)
    for name, module in slow.modules.items():
        if name != "clock":
            module.load_state_dict(at_once.modules[name.removeprefix("delayed_")].state_dict())
    for name in ("critic", "network"):
        twin, slower = at_once.modules[f"delayed_{name}"], slow.modules[f"delayed_{name}"]
        if name == {"actor": "critic", "critic": "network"}.get(who):  # this one does lag behind
            for parameter in slower.parameters():
                nn.init.normal_(parameter, std=0.5)
            twin.load_state_dict(slower.state_dict())
        elif name == "critic" or gradient != "all":  # nobody may ask it; `all` draws from the actor
            for parameter in twin.parameters():
                nn.init.constant_(parameter, torch.nan)
        else:
            twin.load_state_dict(slower.state_dict())
    for name in at_once.trained:
        ours, theirs = (gradients(o, o.modules[name]) for o in (at_once, slow))
        for one, other in zip(ours, theirs, strict=True):
            assert (one is None) == (other is None)
            if one is not None and other is not None:
                assert not one.isnan().any()
                torch.testing.assert_close(one, other)


def test_explained_variance_of_a_critic_that_knows_is_one() -> None:
    found = everything()
    returns = found.packed(found.rewards.flip(1).cumsum(1).flip(1))
    figures = critic_figures(found, returns)
    assert float(figures["explained_variance"]) == pytest.approx(1)
    assert float(figures["critic_error"]) == pytest.approx(0, abs=1e-6)
    assert float(critic_figures(found, returns * 0)["explained_variance"]) == pytest.approx(0)


def test_where_nothing_varies_nothing_is_explained() -> None:
    found = everything()
    same = replace(found, rewards=torch.zeros_like(found.rewards))
    values = torch.randn(int(found.lengths.sum()), dtype=found.rewards.dtype)
    assert float(critic_figures(same, values)["explained_variance"]) == 0
    assert float(critic_figures(found, 100 * values)["explained_variance"]) == -1


@pytest.mark.parametrize("reads", ["reference", "source"])
def test_a_critic_reads_what_it_should(reads: str) -> None:
    critic = tiny.critic(reads=reads)
    first = tiny.batch()
    inputs, lengths = torch.tensor([[BOS, 4]]), torch.tensor([2])
    read = partial(critic, sentences=torch.tensor([0]), inputs=inputs, lengths=lengths)
    changed = {
        "reference": copy.copy(first), "source": copy.copy(first),
    }  # fmt: skip
    object.__setattr__(changed["reference"], "target", torch.tensor([[BOS, 6, 6, EOS]]))
    object.__setattr__(changed["source"], "source", torch.tensor([[6, 6, 6, EOS]]))
    for name, other in changed.items():
        same = torch.equal(read(first).features, read(other).features)
        assert same == (name != reads)


@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("head", ["layer", "pointer"])
def test_values_of_all_are_those_of_each(head: str, unknown: bool) -> None:
    critic = tiny.critic(head=head)
    torch.manual_seed(3)
    for parameter in critic.parameters():
        nn.init.normal_(parameter)
    found, batch = everything(), tiny.batch()
    if unknown:  # a word of the reference that is never written, and is no other one
        batch.target[0, 1] = UNK
    said = critic(batch, found.sentences, found.inputs, found.lengths)
    rows = slice(2, 9)
    every, compared = said.of(rows, EOS), said.compared(rows, EOS)
    for action in range(EOS, tiny.VOCAB):
        taken = said.taken(torch.full((int(found.lengths.sum()),), action))
        torch.testing.assert_close(every[:, action - EOS], taken[rows])
    torch.testing.assert_close(every - compared, said.common[rows, None].expand_as(every))
    ending = replace(said, common=said.common + 5).of(rows, EOS) - every
    assert ending[:, 0].abs().max() < 1e-9  # nothing follows the end
    torch.testing.assert_close(ending[:, 1:], torch.full_like(ending[:, 1:], 5.0))
    if head == "layer":
        torch.testing.assert_close(critic.whole().output(said.features)[rows, EOS:], every)
    else:
        with pytest.raises(ValueError, match="more than a network"):
            critic.whole()


def test_values_are_not_compared_in_halves() -> None:
    critic = critic_from_keys(
        reads="reference", source_vocab=tiny.VOCAB, target_vocab=tiny.VOCAB, embedding=6,
        encoder_size=3, decoder_size=6, attention_size=3, readout=6, dropout=0.0, head="pointer",
    )  # fmt: skip
    torch.manual_seed(3)
    for parameter in critic.parameters():
        nn.init.normal_(parameter)
    found = everything()
    read = (tiny.batch(), found.sentences, found.inputs, found.lengths)
    with torch.autocast("cpu", torch.bfloat16):
        said = critic(*read)
        inside = said.of(slice(None), EOS)
        taken = said.taken(torch.full((len(inside),), EOS))
    assert inside.dtype == taken.dtype == torch.float32
    assert torch.equal(inside, said.of(slice(None), EOS))
    torch.testing.assert_close(taken, inside[:, 0], rtol=1e-5, atol=1e-5)


def test_padding_in_all_rows_changes_nothing() -> None:
    critic, found = tiny.critic(head="pointer"), everything()
    nn.init.normal_(critic.pointer.context.weight)  # type: ignore[union-attr]
    wide = tiny.batch()
    object.__setattr__(wide, "target", nn.functional.pad(wide.target, (0, 2)))
    read = (found.sentences, found.inputs, found.lengths)
    one, other = (critic(batch, *read).of(slice(None), EOS) for batch in (tiny.batch(), wide))
    torch.testing.assert_close(one, other)


def test_a_pointer_into_the_source_is_refused() -> None:
    with pytest.raises(ValueError, match="reads the reference"):
        critic_from_keys(
            reads="source", source_vocab=tiny.VOCAB, target_vocab=tiny.VOCAB, head="pointer",
            embedding=6, encoder_size=3, decoder_size=6, attention_size=3, readout=6, dropout=0.0,
        )  # fmt: skip


def test_another_thing_to_read_is_refused() -> None:
    with pytest.raises(ValueError, match="reference, source"):
        Critic(tiny.network(), "target")


def test_following_all_the_way_is_copying() -> None:
    one, other = tiny.network(1), tiny.network(2)
    update_target(one, other, 1.0)
    for mine, its in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine, its)


def likely(count: int, net: Seq2Seq) -> Draw:
    """Draws all that can be written, each as often as the policy does in `count` trials.

    Where these are whole numbers a mean over what is drawn is one over the policy, exactly.
    """
    rows = tiny.sequences()
    times = (tiny.log_policy(net, rows).detach().exp() * count).round().long()
    assert int(times.sum()) == count
    assert int(times.min()) > 0
    every = [row for row, number in zip(rows, times.tolist(), strict=True) for _ in range(number)]
    draw = Draw(prefix_bleu, len(every), max_length=tiny.LIMIT)
    found = draw.judged(tiny.samples([every]), tiny.batch())
    return cast(Draw, _Given(found))


@dataclass(frozen=True)
class _Given:
    found: Trajectories
    temperature: float = 1.0

    def __call__(self, network: nn.Module, batch: Batch) -> Trajectories:
        return self.found


def values_of(critic: Critic, listed: ListedTranslation) -> Tensor:
    """What the critic says of every action in every state of the listed process."""
    found = everything()
    with torch.no_grad(), silence():
        said = critic(tiny.batch(), found.sentences, found.inputs, found.lengths)
        values = said.of(slice(None), EOS)
    said = dict(zip(prefixes(found), values, strict=True))
    return torch.stack([said[prefix] for prefix in listed.prefixes])


def critics() -> Iterator[Any]:
    """Every target, and a pointer; those that differ by their target alone take their time."""
    for target in TARGETS:
        quick = target in ("expected_sarsa", "q_learning")
        yield pytest.param(target, "layer", marks=() if quick else pytest.mark.slow)
    yield "expected_sarsa", "pointer"


@pytest.mark.parametrize(("target", "head"), critics())
def test_a_critic_learns_the_values_that_theory_gives(target: str, head: str) -> None:
    """Actor fixed, a network of its own and Adam: the policy's values, or the best policy's.

    Their scale is that of BLEU, 0 to 1; the two differ by more than 0.3.
    """
    net = tiny.network()
    with torch.no_grad():  # all actions alike: chances are whole numbers of 1/64
        net.output.weight.zero_()
        net.output.bias.zero_()
    listed = finite_mdp(net.eval(), [4, 6, 5], [5, 4], tiny.VOCAB, max_length=tiny.LIMIT)
    policy = torch.tensor(listed.mdp.action_values(listed.mdp.under(listed.policy).value()))
    best = torch.tensor(listed.mdp.action_values(value_iteration(listed.mdp).values))
    assert float((policy - best).abs().max()) > 0.3
    torch.manual_seed(1)
    critic = critic_from_keys(
        reads="reference", source_vocab=tiny.VOCAB, target_vocab=tiny.VOCAB, embedding=24,
        encoder_size=4, decoder_size=24, attention_size=4, readout=24, dropout=0.0, head=head,
    ).double()  # fmt: skip
    settings = CriticSettings(target, td_lambda=0.7, penalty=0.0, target_update_rate=0.2)
    objective = ActorCritic(net.train(), critic, likely(64, net), settings, pretraining=10**6)
    updates = UPDATES
    optimiser = torch.optim.Adam(critic.parameters(), 2e-2, betas=(0.9, 0.95))
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.02, updates)
    for _ in range(updates):
        optimiser.zero_grad()
        objective.loss(tiny.batch()).value.backward()
        optimiser.step()
        schedule.step()
        objective.updated({})
    wanted = best if target == "q_learning" else policy
    torch.testing.assert_close(values_of(critic, listed), wanted, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("settings", "rates"),
    [
        (["critic.target_update_rate=0.25"], (0.25, 0.25)),
        (["critic.target_update_rate=0.25", "critic.actor_target_update_rate=1"], (0.25, 1.0)),
    ],
)
def test_the_delayed_actor_follows_as_the_critic_does_unless_told(
    settings: list[str], rates: tuple[float, float]
) -> None:
    texts = [f"data.{part}.{side}=x" for part in ("train", "dev") for side in ("source", "target")]
    asked = [*texts, "start=model", "objective.kind=actor_critic", *settings]
    recipe = load_recipe("tiny", asked)
    device = torch.device("cpu")
    objective = build_objective(recipe, tiny.network(), tiny_vocabulary(), device)
    assert isinstance(objective, ActorCritic)
    settings = objective.settings
    assert (settings.target_update_rate, settings.actor_target_update_rate) == rates


@pytest.mark.parametrize(("reads", "joint"), [("source", True), ("source", False)])
def test_embeddings_of_two_languages_are_not_one_because_they_are_as_many(
    reads: str, joint: bool
) -> None:
    critic = critic_from_keys(
        reads=reads, source_vocab=9, target_vocab=9, joint=joint, embedding=4, encoder_size=2,
        decoder_size=4, attention_size=2, readout=4, dropout=0.0,
    )  # fmt: skip
    network = critic.network
    one = network.encoder.embedding.weight is network.decoder.embedding.weight
    assert one == joint
