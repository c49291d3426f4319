"""Training speed on one core: Latimer beside the one-file prototype at the same architecture.

The contenders take turns, each in a process of its own, on the same pieces in batches of 64
sentences. Counted are target tokens with end-of-sentence, no padding. bfloat16 takes part where
the processor multiplies it faster than float32.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch

from benchmarks.common import (
    Pieces,
    Rate,
    Start,
    encode,
    interleave,
    load_processor,
    markdown_table,
    matmul_peak,
    parser,
    pin,
    read_split,
    report,
    train_joint_bpe,
)
from benchmarks.peers import latimer_side, prototype
from benchmarks.peers.architecture import FORMULA, SMALL

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}


def contenders(pieces: Pieces, corpus_file: Path, precision: str) -> dict[str, Start]:
    """The prototype with both ways of batching, and Latimer."""
    bf16 = precision == "bf16"
    start = partial(prototype.train_updates, pieces, bf16=bf16)
    return {
        f"prototype, shuffled, {precision}": partial(start, bucketed=False),
        f"prototype, bucketed, {precision}": partial(start, bucketed=True),
        f"Latimer, {precision}": partial(start_latimer, corpus_file, bf16=bf16),
    }


def start_latimer(corpus_file: Path, *, bf16: bool) -> Iterator[int]:
    """Latimer's training at the prototype's architecture."""
    return latimer_side.train_updates(SMALL, corpus_file, bf16=bf16)[1]


def flops_per_token(pieces: Pieces) -> float:
    """Of the small architecture, at the lengths of this corpus (end-of-sentence included)."""
    source = sum(len(sentence) + 1 for sentence in pieces.source)
    target = sum(len(sentence) + 1 for sentence in pieces.target)
    return SMALL.training_flops(source / target, source / len(pieces.source))


def speed_table(rates: dict[str, Rate], peaks: dict[str, float], flops: float) -> str:
    """One row a contender: tokens/s, the ratio to each prototype, and the share of the peak."""
    header = ["", "tokens / wall s", "tokens / CPU s", "lowest – highest"]
    header += ["x shuffled", "x bucketed", "GFLOP / CPU s", "of the matmul peak"]
    rows = []
    for name, rate in rates.items():
        precision = name.rpartition(", ")[2]
        ratios = [
            rate.per_cpu_second / rates[f"prototype, {way}, {precision}"].per_cpu_second
            for way in ("shuffled", "bucketed")
        ]
        used = rate.per_cpu_second * flops / 1e9
        row = [name, rate.per_wall_second, rate.per_cpu_second]
        row += [f"{rate.lowest:,.0f} – {rate.highest:,.0f}", *(f"{x:.2f}" for x in ratios)]
        rows.append([*row, used, f"{used / peaks[precision]:.0%}"])
    return markdown_table(header, rows)


def chosen_precisions(wanted: str, peaks: dict[str, float]) -> list[str]:
    """The precisions to measure: those asked for, or float32 and, where it is faster, bfloat16."""
    if wanted != "auto":
        return [wanted]
    return ["fp32", "bf16"] if peaks["bf16"] > peaks["fp32"] else ["fp32"]


def flags() -> argparse.Namespace:
    """The command line."""
    result = parser(f"{__doc__}\n{FORMULA}", "training_speed")
    result.add_argument("--windows", type=int, default=5, help="per contender (%(default)s)")
    result.add_argument("--seconds", type=float, default=8, help="a window (%(default)s)")
    result.add_argument("--warmup", type=float, default=4, help="seconds (%(default)s)")
    result.add_argument("--precision", choices=["auto", *PRECISIONS], default="auto")
    return result.parse_args()


def main() -> None:
    """Measure and report."""
    arguments = flags()
    core = pin(arguments.core)
    peaks = {name: matmul_peak(dtype) for name, dtype in PRECISIONS.items()}
    text = read_split(arguments.data, "train")
    pieces = encode(load_processor(train_joint_bpe(text)), text)
    running: dict[str, Start] = {}
    with tempfile.TemporaryDirectory() as folder:
        corpus_file = latimer_side.write_corpus(pieces, Path(folder) / "train.arrow")
        for precision in chosen_precisions(arguments.precision, peaks):
            running |= contenders(pieces, corpus_file, precision)
        windows = interleave(
            running,
            core=core,
            windows=arguments.windows,
            seconds=arguments.seconds,
            warmup=arguments.warmup,
        )
    rates = {name: Rate.of(some) for name, some in windows.items()}
    flops = flops_per_token(pieces)
    peak_rows = [[name, peak] for name, peak in peaks.items()]
    tables = [
        markdown_table(["matmul peak, one core", "GFLOP/s"], peak_rows),
        f"{FORMULA}\n= {flops / 1e6:.1f} million",
        speed_table(rates, peaks, flops),
    ]
    figures = {
        "peak_gflops": peaks,
        "flops_per_token": flops,
        "rates": {name: asdict(rate) for name, rate in rates.items()},
    }
    report("Training speed, one core, 5.9 M parameters", tables, figures, arguments.json)


if __name__ == "__main__":
    main()
