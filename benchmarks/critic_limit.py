"""How much of the noise of learning from reward any critic could take away.

A critic compares what followed an action with what was to be expected in that state, or after that
action. The rest is chance, which no critic can know. Here one translation of each sentence is drawn
and cut at a place drawn as well; it is finished again many times, once from before the action and
once from behind it, and the spread of the returns is what a critic that knows everything leaves.
Beside it what rewards to go leave, which compare a translation with others of the sentence at the
same time. Root mean squares, by quarters of the translation.
"""

from __future__ import annotations

import random
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.common import markdown_table, parser, pin, report
from benchmarks.gradient_noise import QUARTERS, quarters_of
from benchmarks.reward_update import batches_of
from latimer.metrics.sentence_bleu import prefix_bleu
from latimer.model import load_model
from latimer.nn.inference.folded import fold
from latimer.nn.seq2seq import Seq2Seq
from latimer.rl.td_targets import monte_carlo
from latimer.search.rules import ForcedPrefix, Ruled
from latimer.text.batching import Batch
from latimer.train.objectives.trajectories import Draw, Trajectories, less_others

NAMES = ("rewards to go", "known state", "known state and action")


class Squares:
    """Mean squares by quarters."""

    def __init__(self) -> None:
        self.sums, self.counts = torch.zeros(2, len(NAMES), QUARTERS, dtype=torch.float64)

    def add(self, name: str, squares: Tensor, quarters: Tensor) -> None:
        """`squares [n]` seen in `quarters [n]`."""
        row = NAMES.index(name)
        self.sums[row].index_add_(0, quarters, squares.double())
        self.counts[row].index_add_(0, quarters, torch.ones(len(quarters), dtype=torch.float64))

    def roots(self) -> Tensor:
        """Root mean squares `[names, quarters]`."""
        return (self.sums / self.counts).sqrt()


def main() -> None:
    """Measure and report."""
    arguments = parser(__doc__, "critic_limit", data=False)
    arguments.add_argument("--model", type=Path, required=True, help="a trained translator")
    arguments.add_argument(
        "--text", type=Path, nargs=2, required=True, metavar=("SOURCE", "TARGET")
    )
    arguments.add_argument("--batches", type=int, default=8, help="of 1,000 positions")
    arguments.add_argument("--endings", type=int, default=16, help="of each translation")
    arguments.add_argument("--samples", type=int, default=5, help="of rewards to go")
    arguments.add_argument("--temperature", type=float, default=0.5, help="%(default)s")
    flags = arguments.parse_args()
    pin(flags.core)
    model = load_model(flags.model)
    squares, chance = Squares(), random.Random(1)
    for seed, batch in enumerate(batches_of(model, flags.text, flags.batches)):
        torch.manual_seed(seed)
        several = Draw(prefix_bleu, flags.samples, flags.temperature)(model.network, batch)
        returns = several.packed(monte_carlo(several.rewards, several.discounts))
        squares.add("rewards to go", less_others(several, returns).square(), quarters_of(several))
        ends = Draw(prefix_bleu, flags.endings, flags.temperature)
        measure(model.network, batch, ends, chance, squares)
    roots = squares.roots()
    rows = [
        [name, *(f"{x:.3f}" for x in row.tolist())] for name, row in zip(NAMES, roots, strict=True)
    ]
    header = ["compared with", "1st quarter", "2nd", "3rd", "4th"]
    report(
        "What returns leave", [markdown_table(header, rows)], {"rms": roots.tolist()}, flags.json
    )


def measure(
    network: Seq2Seq, batch: Batch, ends: Draw, chance: random.Random, squares: Squares
) -> None:
    """Add the spread of the endings of one translation of each sentence, cut once."""
    whole = Draw(ends.reward, 1, ends.temperature)(network, batch)
    order = whole.places.argsort()
    tokens, lengths = whole.actions[order].tolist(), whole.written[order].tolist()
    cuts = [chance.randrange(length) if length else 0 for length in lengths]
    quarters = torch.tensor(
        [QUARTERS * cut // (n + 1) for cut, n in zip(cuts, lengths, strict=True)]
    )
    for name, further in (("known state", 0), ("known state and action", 1)):
        begun = [
            row[: min(cut + further, n)] for row, cut, n in zip(tokens, cuts, lengths, strict=True)
        ]
        scores = finished(network, batch, ends, begun)
        # The score of the prefix is the same in all, so returns vary as scores do.
        squares.add(name, scores.var(1), quarters)


def finished(network: Seq2Seq, batch: Batch, ends: Draw, begun: list[list[int]]) -> Tensor:
    """Scores `[batch, endings]` of translations that begin with given tokens."""
    ruled = Ruled(fold(network), [ForcedPrefix(begun)])
    found: Trajectories = ends(ruled, batch)
    return found.grouped(found.scores)


if __name__ == "__main__":
    main()
