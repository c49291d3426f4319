"""Alignment error rate of attention beside IBM model 1 and the HMM of sil-thot, on gold links.

Every aligner sees the same text, in words apart by spaces and in lower case: a general corpus and
the sentences of the gold set themselves, whose links nobody sees. Attention is read under teacher
forcing: each target word is linked to the source word with most weight. The statistical models
link each target word to one source word or to none. `--text FILE FILE` may be given several times.

With `--pair de-en`, `--gold` holds `de-en.de`, `de-en.en` and `de-en.gold`. sil-thot is installed
from PyPI into an environment under `--work` unless `--thot` names an interpreter that has it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.common import markdown_table
from benchmarks.multi30k_quality import best_model
from benchmarks.peers.environments import Environment, ensure, mend_nothing
from latimer.files import read_lines
from latimer.metrics.alignment import (
    AlignmentScores,
    Links,
    alignment_scores,
    parse_links,
    strongest_links,
    word_weights,
)
from latimer.model.folder import load_translator
from latimer.recipe import load_recipe
from latimer.text.batching import pad_sources
from latimer.text.vocabulary.subwords import BOS
from latimer.train.run.run import train

THOT = Environment("thot", (("sil-thot==3.5.3",),), mend_nothing)
NETWORKS = {
    "GRU, Bahdanau": ("model.attention=bahdanau",),
    "GRU, coverage": ("model.attention=coverage",),
    "GRU, Luong general": ("model.attention=luong_general",),
}
MAX_WORDS = 40
HELD_OUT = 200


def main() -> None:
    """Prepare the text, train all aligners, print the table."""
    options = parse()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)
    source, target = options.pair.split("-")
    gold_text = [list(read_lines(options.gold / f"{options.pair}.{s}")) for s in (source, target)]
    links = list(read_lines(options.gold / f"{options.pair}.gold"))
    gold = [parse_links(line, f"{options.pair}.gold, line {n}") for n, line in enumerate(links, 1)]
    folder = options.work / options.pair
    files = write_text(folder, gold_text, options)
    found = {}
    for name in options.network or NETWORKS:
        run = folder / name.lower().replace(", ", "-").replace(" ", "_")
        found[name] = attention_links(train_network(run, NETWORKS[name], files, options), gold_text)
    python = options.thot or ensure(THOT, options.work)
    script = Path(__file__).parent / "peers" / "thot_alignment.py"
    both = [str(path) for path in files["train"]]
    subprocess.run(
        [str(python), str(script), *both, str(folder / "thot"), "--count", str(len(gold))],
        check=True,
    )
    for key, name in (("ibm1", "IBM model 1"), ("hmm", "HMM")):
        lines = read_lines(folder / "thot" / key)
        found[name] = [parse_links(line, key).sure for line in lines]
    scores = {name: alignment_scores(one, gold) for name, one in found.items()}
    show(scores, folder, sum(1 for _ in read_lines(files["train"][0])))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gold", type=Path, required=True, help="folder with texts and links")
    parser.add_argument("--pair", default="de-en", help="source and target, as in the file names")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--text", type=Path, nargs=2, action="append", metavar=("SRC", "TRG"),
                        required=True, help="two files of text to learn from")  # fmt: skip
    parser.add_argument("--pairs", type=int, default=60_000, help="so many of them, at random")
    parser.add_argument("--updates", type=int, default=3000)
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--network", action="append", choices=list(NETWORKS))
    parser.add_argument("--thot", type=Path, help="an interpreter that has sil-thot")
    return parser.parse_args()


def words(text: str) -> str:
    """Words and punctuation marks apart, in lower case."""
    return " ".join(re.findall(r"\w+|[^\w\s]", text.lower()))


def write_text(
    folder: Path, gold: list[list[str]], options: argparse.Namespace
) -> dict[str, list[Path]]:
    """`train` and `dev` in `folder`; the gold set's sentences stand first in train."""
    pairs = list(usable(options.text))
    random.Random(1).shuffle(pairs)
    dev, rest = pairs[:HELD_OUT], pairs[HELD_OUT : HELD_OUT + options.pairs]
    train_pairs = [*zip(*([lowered(line) for line in side] for side in gold), strict=True), *rest]
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for part, chosen in (("train", train_pairs), ("dev", dev)):
        files[part] = [folder / f"{part}.{side}" for side in ("source", "target")]
        for path, lines in zip(files[part], zip(*chosen, strict=True), strict=True):
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return files


def lowered(line: str) -> str:
    """A sentence of the gold set, whose words are apart already: their number stays."""
    return " ".join(line.lower().split())


def usable(texts: list[list[Path]]) -> Iterator[tuple[str, str]]:
    """Pairs of up to MAX_WORDS words a side, neither empty."""
    for source, target in texts:
        for pair in zip(read_lines(source), read_lines(target), strict=True):
            both = words(pair[0]), words(pair[1])
            if all(0 < len(side.split()) <= MAX_WORDS for side in both):
                yield both


def train_network(
    run: Path, keys: tuple[str, ...], files: dict[str, list[Path]], options: argparse.Namespace
) -> Path:
    """The folder of a translator trained for the budget, or of the one that was."""
    every = max(1, options.updates // 3)
    settings = [
        *(f"data.{part}.source={files[part][0]}" for part in ("train", "dev")),
        *(f"data.{part}.target={files[part][1]}" for part in ("train", "dev")),
        *("subwords.placeholders=false", "subwords.size=6000", "training.max_minutes="),
        *(f"training.max_updates={options.updates}", f"training.validate_every={every}"),
        *(f"training.warmup={min(200, every)}", "training.average=1", "training.threads=1"),
        *("model.decoder_size=256", "model.encoder_size=128", "model.attention_size=256"),
        f"training.precision={options.precision}",
        *keys,
    ]
    train(load_recipe("small", settings), run, command="python -m benchmarks.alignment_error")
    return best_model(run)


@torch.no_grad()
def attention_links(model: Path, texts: list[list[str]]) -> list[Links]:
    """Links of all sentence pairs, read from the network's attention one pair at a time."""
    loaded = load_translator(model)
    network, vocabulary = loaded.network, loaded.vocabulary
    found = []
    for source, target in zip(*texts, strict=True):
        pieces = vocabulary.encode_pair(lowered(source), lowered(target))
        memory = network.encode(*pad_sources([pieces[0]]))
        weights = network.attend(memory, torch.tensor([[BOS, *pieces[1]]]))[0]
        names = [
            [side.piece(piece) for piece in ids]
            for side, ids in zip((vocabulary.source, vocabulary.target), pieces, strict=True)
        ]
        between = word_weights(weights, *names)
        if between.shape != (len(target.split()), len(source.split())):
            sys.exit(f"{model}: its subwords keep other words apart than the text: {source!r}")
        found.append(strongest_links(between))
    return found


def show(scores: dict[str, AlignmentScores], folder: Path, pairs: int) -> None:
    """Print the table, and write the figures beside the text."""
    rows = [
        [name, f"{one.precision:.1%}", f"{one.recall:.1%}", f"{one.error_rate:.1%}"]
        for name, one in scores.items()
    ]
    print(f"{folder.name}: {pairs:,} pairs to learn from\n")
    print(markdown_table(["aligner", "precision", "recall", "AER"], rows))
    figures = {name: one._asdict() for name, one in scores.items()}
    (folder / "scores.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
