"""Does `auto` choose the best number of threads and precision, on a free machine and a busy one?

Updates of the quickstart's network on a corpus of its own, in turns of some updates: every fixed
choice, and the tuner, which tries and chooses for itself. Wall time per target token of each turn;
the ratio of auto to the best fixed choice is the median over the turns, after a first turn that is
not counted, in which the tuner makes its trial. `--text` is a prefix with `.en` and `.de`.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.common import markdown_table, parser, report
from benchmarks.load import busy
from latimer.recipe import load_recipe
from latimer.train.loop.distributed import Group
from latimer.train.loop.epochs import Epochs
from latimer.train.loop.tuner import Mode, Tuner
from latimer.train.loop.update import Updater, build_optimisers
from latimer.train.loop.workers import Workers
from latimer.train.objectives.likelihood import Likelihood
from latimer.train.run.modes import possible_modes
from latimer.train.run.network import fresh_network
from latimer.train.run.prepare import prepare

TURN = 15
"""Updates in a turn."""
AUTO = "auto"


class Trainer:
    """The quickstart's network and its batches."""

    def __init__(self, text: Path, folder: Path) -> None:
        paths = {side: text.with_name(f"{text.name}.{side}") for side in ("en", "de")}
        files = {"source": paths["en"], "target": paths["de"]}
        recipe = load_recipe(
            "quickstart",
            [
                f"data.{part}.{side}={path}"
                for part in ("train", "dev")
                for side, path in files.items()
            ],
        )
        prepared = prepare(recipe, folder)
        network = fresh_network(recipe, prepared.vocabulary)
        if network.prior is not None and prepared.lexicon is not None:
            network.prior.fill(*map(torch.from_numpy, prepared.lexicon[:2]))
        objective = Likelihood(network, recipe.training.label_smoothing)
        self.modes = possible_modes(recipe, Group(), [])
        self.workers = Workers(max(mode.threads for mode in self.modes))
        self.updater = Updater(
            objective, build_optimisers(objective, weight_decay=0.0), clip=1.0,
            workers=self.workers, group=Group(),
        )  # fmt: skip
        self.epochs = Epochs(prepared.train, tokens=recipe.training.batch_tokens, seed=1)
        self.made = 0

    def turn(self, chooser: Tuner) -> float:
        """Wall seconds a token, over a turn."""
        tokens, begun = 0, time.perf_counter()
        for _ in range(TURN):
            batches = self.epochs.batches(0)
            batch = self.epochs.collate(batches[self.made % len(batches)])
            assert batch is not None
            self.made += 1
            start = time.perf_counter()
            self.workers.use(*chooser.next())
            self.updater.update(batch, self.made, 1e-3, seconds=0.0, interrupted=False)
            chooser.took(time.perf_counter() - start, batch.tokens)
            tokens += batch.tokens
        return (time.perf_counter() - begun) / tokens


def measure(trainer: Trainer, loops: int, turns: int) -> tuple[dict[str, list[float]], Mode]:
    """Seconds a token of each contender in each turn, and what auto chose in the end."""
    choosers = {str(mode): Tuner([mode], print) for mode in trainer.modes}
    choosers[AUTO] = tuner = Tuner(trainer.modes, print)
    found: dict[str, list[float]] = {name: [] for name in choosers}
    with busy(loops):
        while tuner.next() != tuner.mode or not found[AUTO]:  # until the trial is over
            found[AUTO] = [trainer.turn(tuner)]
        found[AUTO].clear()
        for _ in range(turns):
            for name, chooser in choosers.items():
                found[name].append(trainer.turn(chooser))
    return found, tuner.mode


def main() -> None:
    """Measure and report."""
    arguments = parser(__doc__, "auto_modes", data=False)
    arguments.add_argument("--text", type=Path, required=True, help="prefix of .en and .de")
    arguments.add_argument("--turns", type=int, default=5, help="(%(default)s)")
    arguments.add_argument("--busy", type=int, nargs="+", default=[0, 1, 2], help="(%(default)s)")
    flags = arguments.parse_args()
    torch.set_num_threads(1)
    rows, figures = [], {}
    with TemporaryDirectory() as folder:
        trainer = Trainer(flags.text, Path(folder))
        for loops in flags.busy:
            found, chosen = measure(trainer, loops, flags.turns)
            fixed = [name for name in found if name != AUTO]
            best = min(fixed, key=lambda name: statistics.median(found[name]))
            pairs = [a / b for a, b in zip(found[AUTO], found[best], strict=True)]
            speeds = [f"{name}: {1 / statistics.median(found[name]):,.0f}" for name in found]
            rows.append([loops, "; ".join(speeds), str(chosen), best, statistics.median(pairs)])
            figures[loops] = {"seconds_a_token": found, "pairs": pairs}
    header = ["busy loops", "tokens/s", "auto chose", "best fixed", "auto takes, of its time"]
    table = markdown_table(header, rows)
    report("The choice of threads and precision", [table], {"loads": figures}, flags.json)


if __name__ == "__main__":
    main()
