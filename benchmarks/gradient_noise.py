"""How noisy the gradient of learning from reward is, by what an action is compared with.

Every batch is translated once, and its gradient taken in every way. Noise is the mean square of a
batch's gradient less that of the mean, which is estimated from products of different batches.
Signal is what a way's mean gradient has in common with that of rewards to go, which is right; ways
that are right in the mean have as much of it. Noise by signal squared says how many batches a way
needs. All beside leave-one-out; and the root mean square of the advantages by quarters of a
translation.

`--critic RUN` names a run of `latimer improve --objective actor_critic` and adds the ways that ask
its critic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.common import markdown_table, parser, pin, report
from benchmarks.reward_update import batches_of
from latimer.metrics.sentence_bleu import prefix_bleu
from latimer.model import Model, load_model
from latimer.nn.dropout import silence
from latimer.nn.output import Features
from latimer.nn.rl.critic import Critic, Values
from latimer.nn.rl.policy import expected_values, policy_gradient
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe import load_recipe
from latimer.rl.td_targets import lambda_return, monte_carlo
from latimer.text.batching import Batch
from latimer.train.checkpoint.state import load_state
from latimer.train.checkpoint.tensors import load_weights
from latimer.train.objectives.baselines import BASELINES
from latimer.train.objectives.build import build_objective
from latimer.train.objectives.critic_targets import Delayed, reached_values, state_values
from latimer.train.objectives.trajectories import (
    Draw,
    Trajectories,
    features_of,
    first_action,
    less_others,
)

QUARTERS = 4


@dataclass(frozen=True)
class Seen:
    """A batch that has been translated, and what a critic says of it, if there is one."""

    network: Seq2Seq
    batch: Batch
    draw: Draw
    found: Trajectories
    features: Features
    said: Values | None

    @property
    def actions(self) -> Tensor:
        """Those drawn, packed, `[tokens]`."""
        return self.found.packed(self.found.actions)

    def returns(self, discount: float = 1.0) -> Tensor:
        """What followed each action, packed, `[tokens]`."""
        found = self.found
        return found.packed(monte_carlo(found.rewards, discount * found.discounts))

    @property
    def delayed(self) -> Delayed:
        """Network and critic as what makes targets."""
        assert self.said is not None
        return Delayed(
            self.features.detach(), self.network.output, self.said, first_action(),
            self.draw.temperature,
        )  # fmt: skip


Advantages = Callable[[Seen], Tensor]


def by_baseline(name: str) -> Advantages:
    """Those of a baseline of REINFORCE, `[tokens]`."""

    def advantages(seen: Seen) -> Tensor:
        features = seen.features.values.detach()
        baseline = BASELINES[name](features.shape[1])
        asked = seen.found, features, seen.network, seen.batch, seen.draw
        return baseline.advantages(*asked)[0]

    return advantages


def discounted(discount: float) -> Advantages:
    """Rewards to go that count the less the later they come."""
    return lambda seen: less_others(seen.found, seen.returns(discount))


def critics_baseline(seen: Seen) -> Tensor:
    """What followed less what the critic thought of the state, and less the others' of that."""
    values = seen.found.packed(state_values(seen.found, seen.delayed))
    return less_others(seen.found, seen.returns() - values)


def generalised(trace: float) -> Advantages:
    """λ-returns less the critic's values (Schulman et al. 2016), and less the others' of that."""

    def advantages(seen: Seen) -> Tensor:
        found, reached = seen.found, reached_values(seen.found, seen.delayed)
        returns = lambda_return(found.rewards, found.discounts, reached, trace)
        return less_others(found, found.packed(returns - state_values(found, seen.delayed)))

    return advantages


def missed(seen: Seen) -> Tensor:
    """What the critic missed of the actions drawn, less what it missed of the others."""
    assert seen.said is not None
    return less_others(seen.found, seen.returns() - seen.said.taken(seen.actions))


RIGHT = "to_go"
"""The way whose mean gradient is what there is to learn."""

WAYS: dict[str, Advantages] = {
    **{name: by_baseline(name) for name in ("none", "self_critical", "leave_one_out", "to_go")},
    "to_go, discount 0.8": discounted(0.8),
}
ASKING: dict[str, Advantages] = {
    "critic, drawn": critics_baseline,
    "critic, drawn, trace 0.8": generalised(0.8),
    "critic, corrected": missed,
}
"""Those that ask a critic; the last raises what it says of all actions, too."""


class Tally:
    """Sums over the batches of one way."""

    def __init__(self) -> None:
        self.total: Tensor | float = 0.0
        self.squares = self.right = 0.0
        self.advantages = torch.zeros(QUARTERS)
        self.count = 0

    def add(self, gradient: Tensor, right: Tensor, advantages: Tensor, quarters: Tensor) -> None:
        """One batch: its gradient, the right one, and advantages `[tokens]` in their quarters."""
        self.total = self.total + gradient
        self.squares += float(gradient.square().sum())
        self.right += float(gradient @ right)
        for k in range(QUARTERS):
            self.advantages[k] += advantages[quarters == k].square().mean()
        self.count += 1

    @property
    def sizes(self) -> Tensor:
        """Root mean squares of the advantages, by quarters."""
        return (self.advantages / self.count).sqrt()

    @property
    def noise(self) -> float:
        """Mean square of a batch's gradient, less that of the mean."""
        return self.squares / self.count - self._apart(self, self.squares)

    def signal(self, right: Tally) -> float:
        """Product of the mean gradient with that of `right`."""
        return self._apart(right, self.right)

    def _apart(self, other: Tally, together: float) -> float:
        """Mean product of the gradients of different batches."""
        assert isinstance(self.total, Tensor)
        assert isinstance(other.total, Tensor)
        apart = float(self.total @ other.total) - together
        return apart / (self.count * (self.count - 1))


def main() -> None:
    """Measure and report."""
    arguments = parser(__doc__, "gradient_noise", data=False)
    arguments.add_argument("--model", type=Path, required=True, help="a trained translator")
    arguments.add_argument(
        "--text", type=Path, nargs=2, required=True, metavar=("SOURCE", "TARGET")
    )
    arguments.add_argument("--critic", type=Path, metavar="RUN", help="an actor-critic's run")
    arguments.add_argument(
        "--batches", type=int, default=16, help="of 1,000 positions; signal needs 40"
    )
    arguments.add_argument("--samples", type=int, default=5, help="%(default)s")
    arguments.add_argument("--temperature", type=float, default=0.5, help="%(default)s")
    flags = arguments.parse_args()
    pin(flags.core)
    model = load_model(flags.model)
    network = model.network.train()
    critic = critic_of(flags.critic, model) if flags.critic else None
    ways = {**WAYS, **(ASKING if critic else {})}
    draw = Draw(prefix_bleu, samples=flags.samples, temperature=flags.temperature)
    tallies = {name: Tally() for name in ways}
    for seed, batch in enumerate(batches_of(model, flags.text, flags.batches)):
        torch.manual_seed(seed)
        measure(seen_by(network, critic, batch, draw), ways, tallies)
    rows = [row(name, tallies) for name in ways]
    header = ["advantages", "noise", "signal", "batches needed", "1st quarter", "2nd", "3rd", "4th"]
    figures = {
        name: {"noise": tally.noise, "signal": tally.signal(tallies[RIGHT])}
        for name, tally in tallies.items()
    }
    report("Noise of the gradient", [markdown_table(header, rows)], figures, flags.json)


def row(name: str, tallies: dict[str, Tally]) -> list[object]:
    """A way's figures beside those of leave-one-out."""
    tally, usual, right = tallies[name], tallies["leave_one_out"], tallies[RIGHT]
    noise, signal = tally.noise / usual.noise, tally.signal(right) / usual.signal(right)
    sizes = [f"{size:.3f}" for size in tally.sizes.tolist()]
    return [name, f"{noise:.2f}", f"{signal:.2f}", f"{noise / signal**2:.2f}", *sizes]


def critic_of(run: Path, model: Model) -> Critic:
    """The critic as a run of an actor–critic left it."""
    recipe = list(load_recipe(str(run / "recipe.yaml"), []).stretches().values())[-1]
    objective = build_objective(recipe, model.network, model.vocabulary, torch.device("cpu"))
    critic, found = objective.modules["critic"], load_state(run / "state")
    assert isinstance(critic, Critic)
    assert found is not None
    load_weights(critic, found[0].tensors["critic"])
    return critic


def seen_by(network: Seq2Seq, critic: Critic | None, batch: Batch, draw: Draw) -> Seen:
    """One batch, translated and read."""
    found = draw(network, batch)
    with silence():
        features = features_of(network, batch, found)
        with torch.no_grad():
            said = critic(batch, found.sentences, found.inputs, found.lengths) if critic else None
    return Seen(network, batch, draw, found, features, said)


def measure(seen: Seen, ways: dict[str, Advantages], tallies: dict[str, Tally]) -> None:
    """Add one batch to the tallies of all ways."""
    weights = [p for p in seen.network.parameters() if p.requires_grad]
    quarters, gradients, advantages = quarters_of(seen.found), {}, {}
    for name, way in ways.items():
        advantages[name] = way(seen)
        loss = loss_of(seen, advantages[name], asks=way is missed) / len(seen.found.scores)
        parts = torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True)
        flat = [part.flatten() for part in parts if part is not None]
        gradients[name] = torch.cat(flat).double()
    for name, gradient in gradients.items():
        tallies[name].add(gradient, gradients[RIGHT], advantages[name], quarters)


def loss_of(seen: Seen, advantages: Tensor, *, asks: bool) -> Tensor:
    """−Σ_t A_t log π(a_t), less, where the critic is asked of all actions, Σ_t Σ_a π(a) q(a)."""
    first, temperature = first_action(), seen.draw.temperature
    if not asks:
        return policy_gradient(
            seen.features, seen.network.output, seen.actions, advantages,
            first=first, temperature=temperature,
        ).loss  # fmt: skip
    said = seen.said
    assert said is not None
    return -expected_values(
        seen.features, seen.network.output, lambda tokens: said.compared(tokens, first),
        first=first, temperature=temperature, taken=(seen.actions, advantages),
    ).total  # fmt: skip


def quarters_of(found: Trajectories) -> Tensor:
    """In which quarter of its translation each action is, packed, `[tokens]`."""
    time = torch.arange(found.actions.shape[1], device=found.actions.device)
    return found.packed(QUARTERS * time // found.lengths[:, None])


if __name__ == "__main__":
    main()
