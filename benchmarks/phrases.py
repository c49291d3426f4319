"""What phrase-based translation costs: CPU seconds to train and tune, memory, disk and speed.

`latimer train koehn2003` in a process of its own on one core, on Multi30k English to German; then
the test set by the model's own search and with phrases in the order of the source. A peer's command
(`--peer`, a shell command that trains and tunes on the same text) is timed before and after, so
that the ratio holds on a shared machine. What Numba compiles is compiled before, unless `--cold`.
"""

from __future__ import annotations

import os
import resource
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import latimer
from benchmarks.common import markdown_table, parser, read_split, report
from benchmarks.startup import latimer_command
from latimer.metrics.corpus_scores import corpus_scores

TEST = "test_2016_flickr"


class Cost(NamedTuple):
    """Of a process with its children: CPU and wall seconds, and peak memory in megabytes."""

    cpu: float
    wall: float
    memory: float


def cost_of(command: list[str], *, shell: bool = False) -> Cost:
    """Run a command; leaves with its complaint if it fails."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(
        " ".join(command) if shell else command, shell=shell, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert process.stderr is not None
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{shlex.join(command)}: {said.strip()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu or usage.ru_utime + usage.ru_stime, time.perf_counter() - start,
                usage.ru_maxrss / 1024)  # fmt: skip


def write_text(data: Path, work: Path, pairs: int | None) -> list[str]:
    """The text files of the corpus, and the settings that name them."""
    settings = ["data.source_language=en", "data.target_language=de"]
    for part, split in (("train", "train"), ("dev", "val"), ("test", TEST)):
        text = read_split(data, split)
        most = pairs if part == "train" else None
        for side, code, lines in (("source", "en", text.source), ("target", "de", text.target)):
            file = work / f"{part}.{code}"
            file.write_text("\n".join(lines[:most]) + "\n", "utf-8")
            if part != "test":
                settings.append(f"data.{part}.{side}={file}")
    return [word for setting in settings for word in ("--set", setting)]


def evaluated(model: Path, work: Path, **search: int) -> dict[str, float]:
    """BLEU of the test set, and sentences per CPU second on one thread but for the first text."""
    sources, references = (
        (work / f"test.{code}").read_text("utf-8").splitlines() for code in ("en", "de")
    )
    with latimer.load(model, threads=1) as translator:
        chosen = translator.search.replace(**search)
        translator.translate(sources[:1], chosen)
        start = time.process_time()
        found = [one.text for one in translator.translate(sources, chosen)]
        seconds = time.process_time() - start
    bleu = corpus_scores(found, references, ("bleu",), language="de")["bleu"].value
    return {"bleu": bleu, "sentences per CPU second": len(sources) / seconds}


def main() -> None:
    """Measure and report."""
    arguments = parser(__doc__, "phrases")
    arguments.add_argument("--work", type=Path, required=True, help="folder for models and texts")
    arguments.add_argument("--pairs", type=int, help="the first so many pairs; default: all")
    arguments.add_argument("--peer", help="shell command that trains and tunes a peer")
    arguments.add_argument("--cold", action="store_true", help="compile nothing before")
    flags = arguments.parse_args()
    flags.work.mkdir(parents=True, exist_ok=True)
    settings = write_text(flags.data, flags.work, flags.pairs)
    if not flags.cold:
        cost_of([sys.executable, "-m", "latimer.engines.phrases.training.warm_up"])
    run = flags.work / f"run-{flags.pairs or 'all'}-{os.getpid()}"
    peers = [cost_of([flags.peer], shell=True)] if flags.peer else []
    own = cost_of([*latimer_command(), "train", "koehn2003", "--run", str(run), "-q", *settings])
    peers += [cost_of([flags.peer], shell=True)] if flags.peer else []
    model = run / "models" / "best"
    size = sum(file.stat().st_size for file in model.iterdir()) / 1e6
    usual = evaluated(model, flags.work)
    monotone = evaluated(model, flags.work, reordering_limit=0)
    rows = [
        ["CPU seconds to train and tune", f"{own.cpu:.1f}"],
        ["peak memory, MB", f"{own.memory:.0f}"],
        ["model, MB", f"{size:.1f}"],
        ["test BLEU", f"{usual['bleu']:.2f}"],
        ["test BLEU, order of the source", f"{monotone['bleu']:.2f}"],
    ]
    for name, found in (("", usual), (", order of the source", monotone)):
        speed = found["sentences per CPU second"]
        rows.append([f"sentences per CPU second{name}", f"{speed:.0f}"])
    for peer in peers:
        rows.append(["peer, CPU seconds", f"{peer.cpu:.1f}"])
    figures = {
        "own": own._asdict(),
        "peers": [peer._asdict() for peer in peers],
        "megabytes": size,
        "usual": usual,
        "monotone": monotone,
    }
    table = markdown_table(["phrases", "measured"], rows)
    report("Phrase-based translation", [table], figures, flags.json)


if __name__ == "__main__":
    main()
