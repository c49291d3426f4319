"""What the benchmark scripts share: the corpus, timing windows, machine facts and result tables."""

from __future__ import annotations

import argparse
import gzip
import io
import json
import multiprocessing
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import sentencepiece
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

PAD, UNK, BOS, EOS = 0, 1, 2, 3
VOCABULARY_SIZE = 8000
BATCH_SENTENCES = 64


# --- the corpus -----------------------------------------------------------------------------


class Text(NamedTuple):
    """Sentence pairs: `source[i]` is translated by `target[i]`."""

    source: list[str]
    target: list[str]


class Pieces(NamedTuple):
    """The same as piece ids, without beginning- and end-of-sentence."""

    source: list[list[int]]
    target: list[list[int]]


def read_lines(path: Path) -> list[str]:
    """Lines of a UTF-8 file, or of `path` with `.gz` behind it if only that exists."""
    packed = path.with_name(path.name + ".gz")
    if not path.exists() and not packed.exists():
        sys.exit(f"{path}: no such file, nor {packed.name}")
    raw = path.read_bytes() if path.exists() else gzip.decompress(packed.read_bytes())
    # Not splitlines: it would also split at the line separators of Unicode.
    return raw.decode("utf-8").removesuffix("\n").split("\n")


def read_split(folder: Path, split: str, source: str = "en", target: str = "de") -> Text:
    """A split of Multi30k (`train`, `val`, `test_2016_flickr`) from plain or gz files."""
    text = Text(read_lines(folder / f"{split}.{source}"), read_lines(folder / f"{split}.{target}"))
    if len(text.source) != len(text.target):
        sys.exit(f"{folder}: {split} has {len(text.source)} and {len(text.target)} lines")
    return text


def train_joint_bpe(text: Text, size: int = VOCABULARY_SIZE) -> bytes:
    """A sentencepiece BPE model over both languages, with the ids PAD, UNK, BOS, EOS above."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*text.source, *text.target]),
        model_writer=model,
        model_type="bpe",
        vocab_size=size,
        character_coverage=1.0,
        pad_id=PAD,
        unk_id=UNK,
        bos_id=BOS,
        eos_id=EOS,
        minloglevel=2,
    )
    return model.getvalue()


def load_processor(model: bytes) -> sentencepiece.SentencePieceProcessor:
    """The sentencepiece processor of a serialised model."""
    return sentencepiece.SentencePieceProcessor(model_proto=model)


def encode(processor: sentencepiece.SentencePieceProcessor, text: Text) -> Pieces:
    """Piece ids of both sides."""
    return Pieces(processor.encode(text.source), processor.encode(text.target))


def batches_of_sentences(
    lengths: Sequence[int], *, size: int, bucketed: bool, seed: int
) -> list[list[int]]:
    """Row numbers of the batches of one epoch, `size` sentences each; incomplete ones are left out.

    Shuffled: any `size` sentences. Bucketed: sorted by length inside pools of 50 batches.
    """
    rng = random.Random(seed)
    rows = list(range(len(lengths)))
    rng.shuffle(rows)
    if bucketed:
        pool = 50 * size
        rows = [
            row
            for start in range(0, len(rows), pool)
            for row in sorted(rows[start : start + pool], key=lambda row: lengths[row])
        ]
    batches = [rows[start : start + size] for start in range(0, len(rows) - size + 1, size)]
    rng.shuffle(batches)
    return batches


def pad(sequences: Sequence[Sequence[int]]) -> Tensor:
    """Right-padded ids `[batch, time]`."""
    return pad_sequence([torch.tensor(s) for s in sequences], batch_first=True, padding_value=PAD)


# --- timing ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Window:
    """Work done in a stretch of time: target tokens (or sentences), wall and CPU seconds."""

    work: int
    wall: float
    cpu: float


def run_window(updates: Iterator[int], seconds: float) -> Window:
    """Draw from `updates`, each of which does some work and says how much, for `seconds`."""
    work, wall, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < seconds:
        work += next(updates)
    return Window(work, time.perf_counter() - wall, time.process_time() - cpu)


Start = Callable[[], Iterator[int]]
"""Begins some endless work; the iterator does a bit of it at a time and yields how much."""


class Worker:
    """Work in a process of its own, which stands still except during a window."""

    def __init__(self, start: Start, core: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(start, core, other), daemon=True)
        self.process.start()
        other.close()

    def window(self, seconds: float) -> Window:
        """Work for `seconds`."""
        self.pipe.send(seconds)
        window: Window = self.pipe.recv()
        return window

    def stop(self) -> None:
        """End the process."""
        self.pipe.send(None)
        self.process.join()


def _serve(start: Start, core: int, pipe: Connection) -> None:
    pin(core)
    updates = start()
    while (seconds := pipe.recv()) is not None:
        pipe.send(run_window(updates, seconds))


def interleave(
    contenders: Mapping[str, Start], *, core: int, windows: int, seconds: float, warmup: float
) -> dict[str, list[Window]]:
    """Warm each contender up, then give each a window in turn, `windows` times: A B C A B C …

    Taking turns spreads whatever else the machine does over all of them; processes of their own
    keep one's memory allocator and caches from helping or hurting another. Contenders must be
    picklable.
    """
    workers = {name: Worker(start, core) for name, start in contenders.items()}
    for name, worker in workers.items():
        print(f"warming up: {name}", file=sys.stderr)
        worker.window(warmup)
    results: dict[str, list[Window]] = {name: [] for name in contenders}
    for turn in range(windows):
        for name, worker in workers.items():
            window = worker.window(seconds)
            results[name].append(window)
            rate = f"{window.work / window.cpu:,.0f} per CPU second"
            print(f"window {turn + 1} of {windows}: {name}: {rate}", file=sys.stderr)
    for worker in workers.values():
        worker.stop()
    return results


@dataclass(frozen=True)
class Rate:
    """Medians over windows, with the lowest and highest rate per CPU second."""

    per_wall_second: float
    per_cpu_second: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, windows: Sequence[Window]) -> Rate:
        """The rates of some windows."""
        cpu = [window.work / window.cpu for window in windows]
        wall = statistics.median(window.work / window.wall for window in windows)
        return cls(wall, statistics.median(cpu), min(cpu), max(cpu))


# --- the machine ----------------------------------------------------------------------------


def pin(core: int | None) -> int:
    """Keep this process, and those it starts, on one core with one thread; returns the core.

    Without a number the last core that the process may use is taken.
    """
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    if not hasattr(os, "sched_setaffinity"):
        return -1
    core = max(os.sched_getaffinity(0)) if core is None else core
    os.sched_setaffinity(0, {core})
    return core


def machine_facts() -> dict[str, str]:
    """What a reader must know of the machine to place the figures."""
    return {
        "processor": processor_name(),
        "vector instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": str(os.cpu_count()),
        "Python": platform.python_version(),
        "PyTorch": torch.__version__,
        "system": platform.platform(terse=True),
    }


def processor_name() -> str:
    """Model name with family and model number (virtual machines often hide the name)."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or platform.machine()
    facts: dict[str, str] = {}
    for line in info.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        facts.setdefault(key.strip(), value.strip())
    name = facts.get("model name", platform.machine())
    return f"{name} (family {facts.get('cpu family', '?')}, model {facts.get('model', '?')})"


def best_seconds(call: Callable[[], object], budget: float) -> float:
    """CPU seconds of the quickest of repeated calls within `budget` seconds, at least three."""
    times: list[float] = []
    end = time.perf_counter() + budget
    while len(times) < 3 or time.perf_counter() < end:
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def matmul_peak(dtype: torch.dtype, budget: float = 1.0) -> float:
    """GFLOP/s of a 1024 x 1024 x 1024 matrix product, the better of PyTorch's two CPU libraries."""
    size = 1024
    a, b = torch.randn(2, size, size).to(dtype)
    ways: list[Callable[[], object]] = [lambda: torch.mm(a, b)]
    if dtype == torch.float32 and torch.backends.mkldnn.is_available():
        pointwise = torch.ops.mkldnn._linear_pointwise
        ways.append(lambda: pointwise(a, b, None, "none", [], ""))
    return 2 * size**3 / min(best_seconds(way, budget) for way in ways) / 1e9


# --- the command line and the results -------------------------------------------------------


def parser(description: str | None, name: str, *, data: bool = True) -> argparse.ArgumentParser:
    """A parser with the flags that every benchmark has."""
    result = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if data:
        result.add_argument(
            "--data", type=Path, required=True, metavar="FOLDER",
            help="Multi30k: train.en.gz, val.en, test_2016_flickr.en and the same in .de",
        )  # fmt: skip
    result.add_argument(
        "--core", type=int, help="the one core to run on (default: the last one allowed)"
    )
    result.add_argument(
        "--json", type=Path, default=Path("build/benchmarks") / f"{name}.json", metavar="FILE",
        help="where the figures go as JSON (default: %(default)s)",
    )  # fmt: skip
    return result


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; floats of 100 and more lose their decimals, others keep three digits."""
    lines = [header, ["---"] * len(header), *([_cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def report(title: str, tables: Sequence[str], figures: Mapping[str, object], path: Path) -> None:
    """Print the machine and the tables as Markdown, and write the figures as JSON to `path`."""
    machine = machine_facts()
    print(f"## {title}\n")
    print("; ".join(f"{key}: {value}" for key, value in machine.items()))
    for table in tables:
        print(f"\n{table}")
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"title": title, "machine": machine, "figures": figures}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"written: {path}", file=sys.stderr)
