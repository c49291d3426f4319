"""Every cell with every way of reading the source, on Multi30k, all at the same budget.

Plain RNN, LSTM and GRU, each with a fixed vector, Bahdanau's attention and Luong's three, one of
these also with input feeding, and a small GNMT with and without layer normalisation: the same
subwords, widths, optimiser, batches and number of updates. Each network is trained by
`latimer train`'s own function and scored on test_2016_flickr, greedy and with beam 5, also by
length of the source. Whatever is finished is kept in the work folder, and what was interrupted goes
on where it stopped; `--table` only prints what there is. Speeds are per CPU second of one thread,
so that neighbours matter little.

The full matrix (12 epochs, 3 seeds, width 512) takes some 35 hours of one core. `--updates`,
`--seeds`, `--size`, `--sentences` and `--only` make it smaller.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any

import torch

from benchmarks.common import machine_facts, markdown_table
from benchmarks.multi30k_quality import best_model, write_text
from latimer.engines.registry import load
from latimer.engines.translator import Translator
from latimer.files import read_lines
from latimer.metrics.corpus_scores import corpus_scores
from latimer.model.folder import load_translator
from latimer.nn.build import build_network
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe import Recipe, load_recipe
from latimer.search.strategies import Beam
from latimer.text.corpus.tokenised import TokenisedCorpus
from latimer.train.loop.allocator import keep_freed_memory
from latimer.train.loop.distributed import Group
from latimer.train.loop.epochs import Epochs
from latimer.train.loop.update import Updater, build_optimisers
from latimer.train.loop.workers import Workers
from latimer.train.objectives.likelihood import Likelihood
from latimer.train.run.prepare import prepare
from latimer.train.run.run import train

CELLS = ("rnn", "lstm", "gru")
READS = {
    "fixed vector": "none",
    "Bahdanau": "bahdanau",
    "Luong dot": "luong_dot",
    "Luong general": "luong_general",
    "Luong concat": "luong_concat",
}
GNMT = {
    "cell": "lstm", "attention": "bahdanau", "encoder_layers": 4, "encoder_directions": "first",
    "decoder_layers": 4, "residual": "true", "residual_from": 3,
}  # fmt: skip
LENGTHS = ((1, 8), (9, 11), (12, 14), (15, 18), (19, 1000))
"""Classes of source lengths in words, first and last."""
TIMED_UPDATES = 12


@dataclass(frozen=True)
class Network:
    """One network of the matrix: its name, and the keys of `model` that make it."""

    name: str
    model: dict[str, Any]

    @property
    def file(self) -> str:
        """The name as part of a path."""
        return self.name.lower().replace(", ", "-").replace(" ", "_")


def networks() -> list[Network]:
    """The rows of the table."""
    pairs = product(CELLS, READS.items())
    made = [
        Network(f"{cell.upper()}, {name}", {"cell": cell, "attention": attention})
        for cell, (name, attention) in pairs
    ]
    fed = {"cell": "gru", "attention": "luong_general", "input_feeding": "true"}
    stacks = [
        Network("GNMT, small", GNMT),
        Network("GNMT, small, normalised", {**GNMT, "layer_norm": "true"}),
    ]
    return [*made, Network("GRU, Luong general, fed", fed), *stacks]


def main() -> None:
    """Train and score what is missing, then print the table."""
    options = parse()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)
    files = write_text(options.data, options.work / "text", "en", "de")
    shorten(files, options)
    wanted = [n for n in networks() if not options.only or n.name in options.only]
    if options.speed:
        show_speeds(files, options)
        return
    if not options.table:
        seeds = range(options.first_seed, options.first_seed + options.seeds)
        for seed, network in product(seeds, wanted):
            result = options.work / "results" / f"{network.file}-{seed}.json"
            if not result.exists():
                print(f"{time.strftime('%H:%M:%S')} {network.name}, seed {seed}", file=sys.stderr)
                facts = run_one(network, seed, files, options)
                result.parent.mkdir(parents=True, exist_ok=True)
                result.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    show(options)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with Multi30k")
    parser.add_argument("--work", type=Path, required=True, help="folder for runs and results")
    parser.add_argument("--seeds", type=int, default=3, help="so many runs of each network")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--updates", type=int, help="end after so many updates instead")
    parser.add_argument("--size", type=int, default=512, help="units of encoder and decoder")
    parser.add_argument("--subwords", type=int, default=5000)
    parser.add_argument("--batch-tokens", type=int, default=1600)
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--sentences", type=int, help="learn from the first so many alone")
    parser.add_argument("--dev", type=int, help="choose by the first so many of dev alone")
    parser.add_argument("--only", action="append", metavar="NAME", help="such as 'GRU, Bahdanau'")
    parser.add_argument("--speed", action="store_true", help="only time updates, train nothing")
    parser.add_argument("--table", action="store_true", help="print what there is, train nothing")
    return parser.parse_args()


def shorten(files: dict[str, tuple[Path, Path]], options: argparse.Namespace) -> None:
    """Cut train and dev, just written, to what the options ask for."""
    for part, count in (("train", options.sentences), ("dev", options.dev)):
        for path in files[part] if count else ():
            lines = islice(read_lines(path), count)
            path.write_text("".join(f"{line}\n" for line in list(lines)), encoding="utf-8")


def recipe_of(
    network: Network, seed: int, files: dict[str, tuple[Path, Path]], options: argparse.Namespace
) -> Recipe:
    """The recipe `small` with the matrix's widths and budget, and the network's own keys."""
    narrow = min(256, options.size)
    limit = f"max_updates={options.updates}" if options.updates else f"max_epochs={options.epochs}"
    every = max(50, options.updates // 3) if options.updates else 1000
    settings = [
        *(f"data.{part}.source={files[part][0]}" for part in ("train", "dev")),
        *(f"data.{part}.target={files[part][1]}" for part in ("train", "dev")),
        *("data.source_language=en", "data.target_language=de", f"seed={seed}"),
        *(f"model.embedding={narrow}", f"model.readout={narrow}"),
        *(f"model.encoder_size={options.size // 2}", f"model.decoder_size={options.size}"),
        *(f"model.attention_size={options.size}", f"subwords.size={options.subwords}"),
        *("training.max_minutes=", f"training.{limit}", "training.learning_rate=2e-3"),
        *("training.cooldown=0.5", "training.average=1", f"training.warmup={min(100, every)}"),
        *(f"training.validate_every={every}", "training.threads=1"),
        *(f"training.batch_tokens={options.batch_tokens}",),
        *(f"training.precision={options.precision}",),
        *(f"model.{key}={value}" for key, value in network.model.items()),
    ]
    if network.name.startswith("GNMT"):
        settings.append(f"model.encoder_size={options.size}")
    return load_recipe("small", settings)


def run_one(
    network: Network, seed: int, files: dict[str, tuple[Path, Path]], options: argparse.Namespace
) -> dict[str, Any]:
    """Train one network, or go on with it, and score it."""
    run = options.work / "runs" / f"{network.file}-{seed}"
    prepared = options.work / "prepared" / str(seed)
    if prepared.exists() and not (run / "data").exists():
        shutil.copytree(prepared, run / "data")
    recipe = recipe_of(network, seed, files, options)
    train(recipe, run, command="python -m benchmarks.network_matrix")
    if not prepared.exists():
        shutil.copytree(run / "data", prepared)
    translator = load(best_model(run))
    model = load_translator(best_model(run))
    progress = model.config.scores
    weights = sum(p.numel() for p in model.network.parameters())
    facts: dict[str, Any] = {"name": network.name, "seed": seed, "parameters": weights}
    facts |= {"updates": progress.updates, "dev_bleu": progress.dev_bleu_greedy}
    facts["options"] = {k: str(v) for k, v in vars(options).items()}
    test = [list(read_lines(path)) for path in files["test"]]
    for beam in (1, 5):
        facts[f"beam_{beam}"] = scored(translator, test[0], test[1], beam)
    corpus = TokenisedCorpus.open(run / "data" / "train.arrow")
    facts["tokens_per_cpu_second"] = training_speed(model.network, recipe, corpus)
    return facts


def scored(
    translator: Translator, texts: list[str], references: list[str], beam: int
) -> dict[str, Any]:
    """BLEU of all and by length of source, and sentences per CPU second."""
    begun = time.process_time()
    found = [t.text for t in translator.translate(texts, Beam(beam))]
    seconds = time.process_time() - begun
    every, by_length = bleu_of(found, texts, references)
    return {"bleu": every, "sentences_per_cpu_second": len(texts) / seconds, "lengths": by_length}


def bleu_of(
    found: Sequence[str], texts: Sequence[str], references: Sequence[str]
) -> tuple[float, dict[str, Any]]:
    """BLEU of all translations `found`, and by length of the source."""

    def bleu(rows: Sequence[int]) -> float:
        chosen, wanted = [found[k] for k in rows], [references[k] for k in rows]
        return corpus_scores(chosen, wanted, ("bleu",), language="de")["bleu"].value

    words = [len(text.split()) for text in texts]
    by_length = {}
    for first, last in LENGTHS:
        rows = [k for k, n in enumerate(words) if first <= n <= last]
        if rows:
            by_length[f"{first}-{last}"] = {"sentences": len(rows), "bleu": bleu(rows)}
    return bleu(range(len(texts))), by_length


def training_speed(network: Seq2Seq, recipe: Recipe, corpus: TokenisedCorpus) -> float:
    """Target tokens per CPU second of further updates; the network is used up."""
    network.train()
    objective = Likelihood(network, recipe.training.label_smoothing)
    precision = recipe.training.precision
    updater = Updater(
        objective,
        build_optimisers(objective, weight_decay=0.0),
        clip=1.0,
        workers=Workers(precision=precision),
        group=Group(),
    )
    epochs = Epochs(corpus, tokens=recipe.training.batch_tokens, seed=1)
    rates = []
    for number, rows in enumerate(islice(epochs.batches(0), TIMED_UPDATES), 1):
        batch = epochs.collate(rows)
        assert batch is not None
        begun = time.process_time()
        updater.update(batch, number, 1e-6, seconds=0.0, interrupted=False)
        rates.append(batch.tokens / (time.process_time() - begun))
    return statistics.median(rates[2:])


def show_speeds(files: dict[str, tuple[Path, Path]], options: argparse.Namespace) -> None:
    """Target tokens per CPU second of updates of every network, freshly drawn.

    Luong's attentions are timed with input feeding besides, where each step waits for the last.
    """
    first = recipe_of(networks()[0], 1, files, options)
    prepared = prepare(first, options.work / "prepared" / "1")
    sizes: dict[str, Any] = {
        side: len(prepared.vocabulary.target) for side in ("source_vocab", "target_vocab")
    }
    keep_freed_memory()
    rows = []
    for network in networks():
        if "input_feeding" in network.model:
            continue
        row = [network.name]
        luong = str(network.model["attention"]).startswith("luong")
        for fed in (False, True) if luong else (False,):
            model = {**network.model, "input_feeding": str(fed).lower()}
            recipe = recipe_of(Network(network.name, model), 1, files, options)
            built = build_network(recipe.model, **sizes)
            row.append(f"{training_speed(built, recipe, prepared.train):,.0f}")
        rows.append([*row, *[""] * (3 - len(row))])
        print(" ".join(row), file=sys.stderr)
    print("; ".join(f"{key}: {value}" for key, value in machine_facts().items()) + "\n")
    print(markdown_table(["network", "tokens / CPU s, training", "with input feeding"], rows))


def results(options: argparse.Namespace) -> Iterator[list[dict[str, Any]]]:
    """The results of each network, one a seed, in the order of the table."""
    for network in networks():
        found = sorted((options.work / "results").glob(f"{network.file}-[0-9]*.json"))
        if found:
            yield [json.loads(path.read_bytes()) for path in found]


def show(options: argparse.Namespace) -> None:
    """Print both tables of whatever is finished."""
    print("; ".join(f"{key}: {value}" for key, value in machine_facts().items()))
    rows, lengths = [], []
    for runs in results(options):
        greedy, beam = ([run[key] for run in runs] for key in ("beam_1", "beam_5"))
        rows.append(
            [
                runs[0]["name"],
                f"{runs[0]['parameters'] / 1e6:.2f}",
                runs[0]["updates"],
                len(runs),
                spread([one["bleu"] for one in greedy]),
                spread([one["bleu"] for one in beam]),
                f"{statistics.median(run['tokens_per_cpu_second'] for run in runs):,.0f}",
                *(
                    f"{statistics.median(one['sentences_per_cpu_second'] for one in side):,.0f}"
                    for side in (greedy, beam)
                ),
            ]
        )
        classes = beam[0]["lengths"]
        lengths.append(
            [runs[0]["name"]]
            + [f"{statistics.mean(b['lengths'][k]['bleu'] for b in beam):.1f}" for k in classes]
        )
    if not rows:
        return
    header = ["network", "million weights", "updates", "seeds", "greedy", "beam 5"]
    header += ["tokens / CPU s, training", "sentences / CPU s, greedy", "the same, beam 5"]
    print("\n" + markdown_table(header, rows) + "\n")
    names = [f"{a}–{b} words" if b < 1000 else f"{a} words and more" for a, b in LENGTHS]
    print(markdown_table(["test BLEU, beam 5", *names], lengths))


def spread(values: Sequence[float]) -> str:
    """The mean, with lowest and highest if there are several."""
    mean = f"{statistics.mean(values):.1f}"
    return mean if len(values) < 2 else f"{mean} ({min(values):.1f}–{max(values):.1f})"


if __name__ == "__main__":
    main()
