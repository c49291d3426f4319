"""What an update costs: objectives that learn from reward beside likelihood, on the same batches.

Each objective is what `latimer improve` builds for it. They take turns on every batch, each with a
copy of the same translator, whose weights stay as they are, so that translations drawn keep the
lengths of the language. One core, CPU seconds; a ratio is that of the sums over all batches.
`--profile NAME` shows where the time of one of them goes.
"""

from __future__ import annotations

import copy
import cProfile
import pstats
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.common import markdown_table, parser, pin, report
from latimer.files import read_lines
from latimer.model import Model, load_model
from latimer.recipe import override_recipe
from latimer.text.batching import Batch, collate, plan
from latimer.text.corpus.tokenised import TokenisedCorpus
from latimer.train.loop.allocator import keep_freed_memory
from latimer.train.loop.distributed import Group
from latimer.train.loop.update import Updater, build_optimisers
from latimer.train.loop.workers import Workers
from latimer.train.objectives.build import build_objective
from latimer.train.run.improvement import improvement

LIKELIHOOD = "likelihood"


def actor_critic(target: str, gradient: str, samples: int) -> list[str]:
    """Settings of an actor–critic whose actor learns, too."""
    kind = [f"critic.target={target}", f"critic.gradient={gradient}", "critic.pretraining=0"]
    return [*kind, f"objective.samples={samples}"]


METHODS: dict[str, tuple[str, list[str]]] = {
    LIKELIHOOD: ("likelihood", []),
    "REINFORCE, 5 samples": ("reinforce", ["objective.samples=5"]),
    "self-critical, 1 sample": (
        "reinforce",
        ["objective.baseline=self_critical", "objective.samples=1"],
    ),
    "minimum risk, 5 samples": ("minimum_risk", ["objective.samples=5"]),
    "PPO, 5 samples": ("ppo", ["objective.samples=5"]),
    "actor–critic of the paper, 1 sample": (
        "actor_critic",
        actor_critic("expected_sarsa", "all", 1),
    ),
    "the same, Monte-Carlo": ("actor_critic", actor_critic("monte_carlo", "all", 1)),
    "actor–critic, corrected, 5 samples": (
        "actor_critic",
        actor_critic("expected_sarsa", "corrected", 5),
    ),
    "the same, no delayed actor": (
        "actor_critic",
        [*actor_critic("expected_sarsa", "corrected", 5), "critic.actor_target_update_rate=1"],
    ),
}
"""Objective and further settings of each."""


def main() -> None:
    """Measure and report."""
    arguments = parser(__doc__, "reward_update", data=False)
    arguments.add_argument("--model", type=Path, required=True, help="a trained translator")
    arguments.add_argument(
        "--text", type=Path, nargs=2, required=True, metavar=("SOURCE", "TARGET")
    )
    arguments.add_argument("--batches", type=int, default=8, help="%(default)s")
    arguments.add_argument("--only", action="append", choices=list(METHODS), metavar="METHOD")
    arguments.add_argument("--profile", choices=list(METHODS), metavar="METHOD")
    flags = arguments.parse_args()
    pin(flags.core)
    keep_freed_memory()
    model = load_model(flags.model)
    batches = batches_of(model, flags.text, flags.batches)
    chosen = [LIKELIHOOD, *(flags.only or [name for name in METHODS if name != LIKELIHOOD])]
    updaters = {name: updater(name, flags.model, model) for name in chosen}
    seconds = dict.fromkeys(chosen, 0.0)
    for name in chosen:
        cpu_seconds(updaters[name], batches[0], 1)
    for number, batch in enumerate(batches, 2):
        for name in chosen:
            seconds[name] += cpu_seconds(updaters[name], batch, number)
    rows = [
        [name, 1000 * total / len(batches), total / seconds[LIKELIHOOD]]
        for name, total in seconds.items()
    ]
    sentences = sum(len(batch.source) for batch in batches) / len(batches)
    table = markdown_table(["objective", "CPU ms / update", "× likelihood"], rows)
    title = f"Updates of {sentences:.0f} sentences, {len(batches)} batches"
    report(title, [table], {"seconds": seconds, "batches": len(batches)}, flags.json)
    if flags.profile:
        profile(updater(flags.profile, flags.model, model), batches)


def batches_of(model: Model, text: tuple[Path, Path], count: int) -> list[Batch]:
    """The first batches, of 1,000 positions each, of a text."""
    pairs = list(zip(*map(read_lines, text), strict=True))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.arrow"
        TokenisedCorpus.write(path, model.vocabulary.encode_pairs(pairs))
        corpus = TokenisedCorpus.open(path)
        rows = plan(corpus.source_lengths, corpus.target_lengths, tokens=1000, seed=1, epoch=0)
        return [collate(corpus, some) for some in rows[:count]]


def updater(name: str, folder: Path, model: Model) -> Updater:
    """What makes updates of an objective."""
    objective_name, settings = METHODS[name]
    recipe = override_recipe(improvement(folder, objective_name, 1.0, 1), "benchmark", {}, settings)
    torch.manual_seed(1)
    network = copy.deepcopy(model.network).train()
    objective = build_objective(recipe, network, model.vocabulary, torch.device("cpu"))
    optimisers = build_optimisers(objective, weight_decay=0.0)
    return Updater(objective, optimisers, clip=1.0, workers=Workers(), group=Group())


def cpu_seconds(updates: Updater, batch: Batch, number: int) -> float:
    """CPU seconds of update `number`, which moves nothing."""
    began = time.process_time()
    updates.update(batch, number, 0.0, seconds=0.0, interrupted=False)
    return time.process_time() - began


def profile(updates: Updater, batches: list[Batch]) -> None:
    """Print where the time goes."""
    with cProfile.Profile() as found:
        for number, batch in enumerate(batches, 2):
            cpu_seconds(updates, batch, number)
    pstats.Stats(found).sort_stats("cumulative").print_stats(60)


if __name__ == "__main__":
    main()
