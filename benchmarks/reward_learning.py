"""Methods that learn from reward, from one likelihood model, all for the same time.

Each method improves the same model for `--minutes` on one thread by `latimer train`'s own function,
once a seed, beside likelihood continued for the same time (the control), and the best model on dev
is scored on dev and test, greedy and with beam 5. Results are kept in the work folder; what was
interrupted goes on where it stopped; `--table` only prints. p is that of a paired bootstrap
resampling (sacreBLEU, 1,000 samples) of a method's test translations, those of all seeds after one
another, against the control's: greedy, with beam 5, and greedy beside the control with beam 5. The
reward is the mean score of what was drawn in the last fifth of the updates, ×100; an update's cost
is the median of its time, of the last phase if there are several, beside that of the control.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.significance import PairedTest, Result

from benchmarks.common import machine_facts, markdown_table
from latimer.engines.registry import load
from latimer.files import read_lines
from latimer.metrics.corpus_scores import corpus_scores
from latimer.model.config import ModelConfig
from latimer.model.reading import read_config
from latimer.recipe import override_recipe
from latimer.search.strategies import Beam
from latimer.train.run.improvement import improvement
from latimer.train.run.run import train

CONTROL = "likelihood continued"
WARMTH = "objective.temperature=0.5"


def actor_critic(target: str, gradient: str = "corrected", *more: str) -> tuple[str, list[str]]:
    """A tenth of the time a critic learns from returns, then actor and critic by `target`."""
    settings = [
        WARMTH,
        "objective.samples=1",
        "objective.likelihood=0",
        "critic.penalty=0.001",
        "critic.target_update_rate=0.05",
        "critic.actor_target_update_rate=1",
        "phases.critic.objective.kind=critic",
        "phases.critic.critic.target=monte_carlo",
        "phases.critic.training.max_minutes=10%",
        "phases.actor.objective.kind=actor_critic",
        "phases.actor.objective.samples=5",
        f"phases.actor.critic.target={target}",
        f"phases.actor.critic.gradient={gradient}",
        "phases.actor.critic.pretraining=0",
        "phases.actor.training.max_minutes=90%",
    ]
    return "actor_critic", [*settings, *more]


METHODS: dict[str, tuple[str, list[str]]] = {
    CONTROL: ("likelihood", ["training.validate_every=200"]),  # its updates are short
    "REINFORCE, leave one out": ("reinforce", [WARMTH, "objective.baseline=leave_one_out"]),
    "REINFORCE, rewards to go": ("reinforce", [WARMTH, "objective.baseline=to_go"]),
    "actor-critic, expected SARSA": actor_critic("expected_sarsa"),
    "minimum risk": ("minimum_risk", [WARMTH]),
    "REINFORCE, self-critical": ("reinforce", [WARMTH, "objective.baseline=self_critical"]),
    "actor-critic, Monte-Carlo": actor_critic("monte_carlo"),
    "actor-critic, SARSA": actor_critic("sarsa"),
    "actor-critic, Q-learning": actor_critic("q_learning"),
    "PPO": ("ppo", [WARMTH]),
    "actor-critic of the paper": actor_critic(
        "expected_sarsa",
        "all",
        "critic.head=layer",
        "critic.actor_target_update_rate=0.05",
        "phases.actor.objective.samples=1",
    ),
    "REINFORCE, learned baseline": ("reinforce", [WARMTH, "objective.baseline=learned"]),
}
"""Objective and further settings of each; 60% is a share of the time."""


def main() -> None:
    """Train and score what is missing, then print the table."""
    options = parse()
    torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    if not options.table:
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            for name in options.only or METHODS:
                result = options.work / f"{slug(name)}-{seed}.json"
                if not result.exists():
                    print(f"{time.strftime('%H:%M:%S')} {name}, seed {seed}", file=sys.stderr)
                    facts = run_one(name, seed, options)
                    result.write_text(json.dumps(facts) + "\n", encoding="utf-8")
    show(options)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="likelihood model to start from")
    parser.add_argument("--text", type=Path, required=True, help="folder with dev.en, test.en, …")
    parser.add_argument("--source", default="en", help="language of the source")
    parser.add_argument("--target", default="de", help="language of the references")
    parser.add_argument("--work", type=Path, required=True, help="folder for runs and results")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=list(METHODS), metavar="METHOD")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="KEY=VALUE")
    parser.add_argument("--table", action="store_true", help="print what there is")
    return parser.parse_args()


def run_one(name: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Improve the model by one method, and score what comes out."""
    objective, settings = METHODS[name]
    tree = improvement(options.model, objective, options.minutes, seed)
    settings = ["training.threads=1", *shares(settings, options.minutes), *options.settings]
    recipe = override_recipe(tree, "benchmark", {}, settings)
    run = options.work / "runs" / f"{slug(name)}-{seed}"
    best = train(recipe, run, command="python -m benchmarks.reward_learning")
    updates = read_config(best, ModelConfig).scores.updates
    log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    last = max(entry["update"] for entry in log)
    return {
        "name": name,
        "seed": seed,
        "updates": last,
        "best": updates,
        "settings": options.settings,
        **scored(best, options),
    }


def shares(settings: list[str], minutes: float) -> list[str]:
    """`settings` with minutes in place of percentages; the phases' limits stand for the run's."""
    found = []
    for setting in settings:
        key, _, value = setting.partition("=")
        share = value.endswith("%")
        found.append(f"{key}={minutes * float(value[:-1]) / 100:g}" if share else setting)
    return [*found, "training.max_minutes="] if found != settings else found


def scored(model: Path, options: argparse.Namespace) -> dict[str, Any]:
    """BLEU and chrF on dev and test, greedy and with beam 5, and the test translations."""
    translator, found = load(model), {}
    for part in ("dev", "test"):
        source, reference = (
            list(read_lines(options.text / f"{part}.{language}"))
            for language in (options.source, options.target)
        )
        for beam in (1, 5):
            texts = [t.text for t in translator.translate(source, Beam(beam))]
            scores = corpus_scores(texts, reference, ("bleu", "chrf"), language=options.target)
            entry: dict[str, Any] = {metric: scores[metric].value for metric in ("bleu", "chrf")}
            found[f"{part}, beam {beam}"] = entry | ({"texts": texts} if part == "test" else {})
    return found


def show(options: argparse.Namespace) -> None:
    """Print the table of whatever is finished."""
    print("; ".join(f"{key}: {value}" for key, value in machine_facts().items()) + "\n")
    references = list(read_lines(options.text / f"test.{options.target}"))
    control = results(CONTROL, options)
    rows: list[list[object]] = []
    start = options.work / "start.json"
    if not start.exists():
        start.write_text(json.dumps(scored(options.model, options)) + "\n", encoding="utf-8")
    rows.append(["the model itself", *[""] * 4, *_means([json.loads(start.read_bytes())]), ""])
    pace = _told(control, options)[1] if control else None
    for name in METHODS:
        runs = results(name, options)
        if runs:
            updates = statistics.mean(run["updates"] for run in runs)
            reward, seconds = _told(runs, options)
            cost = f"{seconds / pace:.1f}" if seconds and pace else ""
            p = "" if name == CONTROL else significance(runs, control, references)
            scores = ["" if reward is None else f"{100 * reward:.1f}", *_means(runs)]
            rows.append([name, len(runs), f"{updates:,.0f}", cost, *scores, p])
    header = ["method", "seeds", "updates", "cost of one", "reward", "dev greedy", "dev beam 5"]
    header += ["test greedy", "test beam 5", "dev chrF, greedy / beam 5"]
    header += ["test chrF, greedy / beam 5", "p, greedy / beam 5 / greedy beside beam 5"]
    print(markdown_table(header, rows))


def _told(
    runs: list[dict[str, Any]], options: argparse.Namespace
) -> tuple[float | None, float | None]:
    """Reward of what was drawn in the end, and median seconds of an update, means over runs."""
    rewards, medians = [], []
    for run in runs:
        path = options.work / "runs" / f"{slug(run['name'])}-{run['seed']}" / "log.jsonl"
        if not path.exists():
            continue
        log = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        phase = log[-1].get("phase")
        log = [entry for entry in log if entry.get("phase") == phase]
        paces = [
            (after["seconds"] - before["seconds"]) / (after["update"] - before["update"])
            for before, after in pairwise(log)
            if before["kind"] == after["kind"] == "update" and after["update"] > before["update"]
        ]
        scores = [entry["reward"] for entry in log if "reward" in entry]
        if scores:
            rewards.append(statistics.mean(scores[-max(1, len(scores) // 5) :]))
        if paces:
            medians.append(statistics.median(paces))
    return (
        statistics.mean(rewards) if rewards else None,
        statistics.mean(medians) if medians else None,
    )


def _means(runs: list[dict[str, Any]]) -> list[str]:
    cells = []
    for key in ("dev, beam 1", "dev, beam 5", "test, beam 1", "test, beam 5"):
        values = [run[key]["bleu"] for run in runs]
        spread = f" ({min(values):.1f}–{max(values):.1f})" if len(values) > 1 else ""
        cells.append(f"{statistics.mean(values):.1f}{spread}")
    for part in ("dev", "test"):
        chrf = (
            statistics.mean(run[f"{part}, beam {beam}"]["chrf"] for run in runs) for beam in (1, 5)
        )
        cells.append(" / ".join(f"{value:.1f}" for value in chrf))
    return cells


def significance(
    runs: list[dict[str, Any]], control: list[dict[str, Any]], references: list[str]
) -> str:
    """P of the paired bootstrap over the seeds that both have.

    Greedy, with beam 5, and greedy beside the control with beam 5.
    """
    seeds = {run["seed"]: run for run in control}
    pairs = [(run, seeds[run["seed"]]) for run in runs if run["seed"] in seeds]
    if not pairs:
        return ""
    found = []
    for beam, beside in ((1, 1), (5, 5), (1, 5)):
        sides: list[tuple[str, Sequence[str]]] = [
            (name, [text for pair in pairs for text in pair[side][f"test, beam {width}"]["texts"]])
            for side, name, width in ((1, "control", beside), (0, "method", beam))
        ]
        test = PairedTest(
            sides, {"BLEU": BLEU()}, references=[references * len(pairs)], test_type="bs",
            n_samples=1000,
        )  # fmt: skip
        second = test()[1]["BLEU"][1]
        p = second.p_value if isinstance(second, Result) else None
        found.append("" if p is None else f"{p:.3f}")
    return " / ".join(found)


def results(name: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """What the finished runs of a method left, by seed."""
    paths = sorted(options.work.glob(f"{slug(name)}-*.json"))
    return [json.loads(path.read_bytes()) for path in paths]


def slug(name: str) -> str:
    """The name of a method in names of files."""
    return name.lower().replace(", ", "-").replace(" ", "_")


if __name__ == "__main__":
    main()
