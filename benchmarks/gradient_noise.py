"""How noisy the gradient of REINFORCE is under each baseline, on the same translations.

Every batch is translated once, and its gradient taken under every baseline that learns nothing; all
have the same mean. Noise is the mean square of a batch's gradient less that of the mean, which is
estimated from products of different batches and is small. Beside it, the root mean square of the
advantages by quarters of a translation.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from benchmarks.common import markdown_table, parser, pin, report
from benchmarks.reward_update import batches_of
from latimer.metrics.sentence_bleu import prefix_bleu
from latimer.model import load_model
from latimer.nn.dropout import silence
from latimer.nn.policy import policy_gradient
from latimer.nn.seq2seq import Seq2Seq
from latimer.text.batching import Batch
from latimer.train.baselines import BASELINES
from latimer.train.trajectories import Draw, Trajectories, features_of, first_action

NAMES = ("none", "self_critical", "leave_one_out", "to_go")
QUARTERS = 4


class Tally:
    """Sums over the batches of one baseline."""

    def __init__(self) -> None:
        self.total: Tensor | float = 0.0
        self.squares = 0.0
        self.advantages = torch.zeros(QUARTERS)
        self.count = 0

    def add(self, gradient: Tensor, advantages: Tensor, quarters: Tensor) -> None:
        """One batch: its gradient, and the advantages `[tokens]` in their `quarters [tokens]`."""
        self.total = self.total + gradient
        self.squares += float(gradient.square().sum())
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
        assert isinstance(self.total, Tensor)
        apart = float(self.total.square().sum()) - self.squares
        return self.squares / self.count - apart / (self.count * (self.count - 1))


def main() -> None:
    """Measure and report."""
    arguments = parser(__doc__, "gradient_noise", data=False)
    arguments.add_argument("--model", type=Path, required=True, help="a trained translator")
    arguments.add_argument(
        "--text", type=Path, nargs=2, required=True, metavar=("SOURCE", "TARGET")
    )
    arguments.add_argument("--batches", type=int, default=16, help="of 1,000 positions")
    arguments.add_argument("--samples", type=int, default=5, help="%(default)s")
    arguments.add_argument("--temperature", type=float, default=0.5, help="%(default)s")
    flags = arguments.parse_args()
    pin(flags.core)
    model = load_model(flags.model)
    network = model.network.train()
    draw = Draw(prefix_bleu, samples=flags.samples, temperature=flags.temperature)
    tallies = {name: Tally() for name in NAMES}
    for seed, batch in enumerate(batches_of(model, flags.text, flags.batches)):
        torch.manual_seed(seed)
        measure(network, batch, draw, tallies)
    usual = tallies["leave_one_out"].noise
    rows = [
        [name, f"{tally.noise / usual:.2f}", *(f"{a:.3f}" for a in tally.sizes.tolist())]
        for name, tally in tallies.items()
    ]
    header = ["baseline", "noise", "advantages, 1st quarter", "2nd", "3rd", "4th"]
    figures = {name: tally.noise for name, tally in tallies.items()}
    report("Noise of the gradient", [markdown_table(header, rows)], figures, flags.json)


def measure(network: Seq2Seq, batch: Batch, draw: Draw, tallies: dict[str, Tally]) -> None:
    """Add one batch to the tallies of all baselines."""
    found = draw(network, batch)
    with silence():
        features = features_of(network, batch, found)
    weights = [p for p in network.parameters() if p.requires_grad]
    for name, tally in tallies.items():
        advantages, _ = BASELINES[name](features.shape[1]).advantages(
            found, features.detach(), network, batch, draw
        )
        surrogate = policy_gradient(
            features, network.output, found.packed(found.actions), advantages,
            first=first_action(), temperature=draw.temperature,
        )  # fmt: skip
        loss = surrogate.loss / len(found.scores)
        parts = torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True)
        gradient = torch.cat([part.flatten() for part in parts if part is not None])
        tally.add(gradient.double(), advantages, quarters_of(found))


def quarters_of(found: Trajectories) -> Tensor:
    """In which quarter of its translation each action is, packed, `[tokens]`."""
    time = torch.arange(found.actions.shape[1], device=found.actions.device)
    return found.packed(QUARTERS * time // found.lengths[:, None])


if __name__ == "__main__":
    main()
