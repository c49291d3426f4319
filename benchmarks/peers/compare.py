"""Latimer beside JoeyNMT 2.3 and OpenNMT-py 3.5 as pip installs them, on one core.

All train the same architecture: GRU, embeddings 256 shared between source and target, encoder
2 x 256, decoder 512, Bahdanau attention, 512-wide output layer of its own over 8,000 joint pieces;
batches of 64 sentences, dropout 0.3, label smoothing 0.1, Adam 1e-3, clipping at 1. Each runs in
processes of its own, and they take turns. Training counts target tokens with end-of-sentence and
no padding once warm; translating subtracts the time that a single sentence takes.

CTranslate2 translates beside them with an int8 Transformer of about as many weights, whose training
is not measured.

Environments, files of pieces and the models to translate with are kept in --work and made when
they are missing; --prepare makes them and stops, so that measuring can wait for a quiet machine.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import sacrebleu
import torch

from benchmarks.common import (
    BATCH_SENTENCES,
    Rate,
    markdown_table,
    matmul_peak,
    parser,
    pin,
    read_lines,
    read_split,
    report,
)
from benchmarks.peers import corpus as corpora
from benchmarks.peers import environments, joey, latimer_process, opennmt, transformer
from benchmarks.peers.contender import Contender
from benchmarks.peers.corpus import SPLITS
from benchmarks.peers.measuring import Comparison, Usage
from latimer.search.stopping import STOPS

PEERS: dict[str, tuple[environments.Environment, Callable[[Path], Contender]]] = {
    "joeynmt": (environments.JOEYNMT, joey.contender),
    "opennmt": (environments.OPENNMT, opennmt.contender),
    "ctranslate2": (environments.OPENNMT, transformer.contender),
}


def training_table(rates: dict[str, Rate], names: dict[str, str]) -> str:
    """One row a toolkit, and how many times as fast Latimer is."""
    header = ["training", "tokens / wall s", "tokens / CPU s", "lowest – highest", "Latimer is"]
    rows = []
    for key, rate in rates.items():
        spread = f"{rate.lowest:,.0f} – {rate.highest:,.0f}"
        ratio = rates.get("latimer", rate).per_cpu_second / rate.per_cpu_second
        rows.append(
            [names[key], rate.per_wall_second, rate.per_cpu_second, spread, f"{ratio:.2f}x"]
        )
    return markdown_table(header, rows)


def translation_figures(
    comparison: Comparison, times: dict[str, list[Usage]], references: list[str]
) -> dict[str, dict[str, float]]:
    """Sentences and pieces per second of each toolkit, the length of its output, and its BLEU."""
    figures = {}
    for key, usages in times.items():
        output = comparison.work / f"{key}.test.de"
        pieces = [line.split() for line in read_lines(output)]
        wall = statistics.median(usage.wall for usage in usages)
        cpu = statistics.median(usage.cpu for usage in usages)
        bleu = sacrebleu.corpus_bleu(comparison.corpus.detokenise(output), [references]).score
        length = sum(map(len, pieces)) / len(pieces)
        figures[key] = {
            "sentences_per_wall_second": len(pieces) / wall,
            "sentences_per_cpu_second": len(pieces) / cpu,
            "pieces_per_cpu_second": len(pieces) * length / cpu,
            "pieces_per_sentence": length,
            "bleu": bleu,
        }
    return figures


def translation_table(figures: dict[str, dict[str, float]], names: dict[str, str]) -> str:
    """One row a toolkit, and how many times as fast Latimer is by sentences and by pieces."""
    measures = list(next(iter(figures.values()), {}))
    header = ["translating", *(measure.replace("_", " ") for measure in measures)]
    header += ["Latimer is (sentences)", "Latimer is (pieces)"]
    rows = []
    for key, values in figures.items():
        own = figures.get("latimer", values)
        ratios = [
            f"{own[measure] / values[measure]:.2f}x"
            for measure in ("sentences_per_cpu_second", "pieces_per_cpu_second")
        ]
        rows.append([names[key], *values.values(), *ratios])
    return markdown_table(header, rows)


def prepare(flags: argparse.Namespace, *, bf16: bool) -> Comparison:
    """Environments, pieces and models, each made when it is missing."""
    work = flags.work.absolute()
    comparison = Comparison({}, corpora.prepare(flags.data, work / "pieces"), work)
    for key in flags.peers:
        environment, make = PEERS[key]
        try:
            comparison.contenders[key] = make(environments.ensure(environment, work))
        except RuntimeError as error:
            comparison.fail(key, error)
    comparison.contenders["latimer"] = latimer_process.contender(
        bf16=bf16, stop=flags.stop, shortlist=flags.shortlist
    )
    comparison.train_models(flags.model_updates)
    return comparison


def parse_flags() -> argparse.Namespace:
    """The command line."""
    result = parser(__doc__, "peers")
    result.add_argument("--work", type=Path, required=True, help="folder to work in, kept")
    result.add_argument("--prepare", action="store_true", help="make what is missing, then stop")
    result.add_argument("--peers", nargs="*", choices=list(PEERS), default=list(PEERS))
    result.add_argument("--rounds", type=int, default=2, help="turns of each (%(default)s)")
    result.add_argument("--warmup", type=int, default=5, help="updates (%(default)s)")
    result.add_argument("--updates", type=int, default=20, help="timed, a turn (%(default)s)")
    result.add_argument(
        "--model-updates", type=int, default=250,
        help="training of the models to translate with (%(default)s)",
    )  # fmt: skip
    result.add_argument("--beam", type=int, default=5)
    result.add_argument("--batch", type=int, default=BATCH_SENTENCES, help="sentences")
    result.add_argument(
        "--stop", choices=list(STOPS), default="safe", help="of Latimer's beam search (%(default)s)"
    )
    result.add_argument(
        "--shortlist", default="auto", help="Latimer's: auto, off or a number (%(default)s)"
    )
    result.add_argument(
        "--only", choices=["training", "translating"], help="leave the other measurement out"
    )
    return result.parse_args()


def main() -> None:
    """Prepare, measure and report."""
    flags = parse_flags()
    pin(flags.core)
    bf16 = matmul_peak(torch.bfloat16, 0.5) > matmul_peak(torch.float32, 0.5)
    comparison = prepare(flags, bf16=bf16)
    if flags.prepare:
        return
    names = {key: contender.name for key, contender in comparison.contenders.items()}
    names["latimer"] += ", bf16 training" if bf16 else ", fp32"
    tables: list[str] = []
    figures: dict[str, object] = {}
    if flags.only != "translating":
        rates = comparison.training_rates(
            warmup=flags.warmup, updates=flags.updates, rounds=flags.rounds
        )
        tables.append(training_table(rates, names))
        figures["training"] = {key: asdict(rate) for key, rate in rates.items()}
    if flags.only != "training":
        times = comparison.translations(
            updates=flags.model_updates, beam=flags.beam, batch=flags.batch, rounds=flags.rounds
        )
        references = read_split(flags.data, SPLITS["test"]).target
        translating = translation_figures(comparison, times, references)
        tables.append(translation_table(translating, names))
        figures["translating"] = translating
    tables += [f"{key} failed: {reason}" for key, reason in comparison.failures.items()]
    figures["failures"] = dict(comparison.failures)
    report("Latimer beside its peers, one core", tables, figures, flags.json)


if __name__ == "__main__":
    main()
