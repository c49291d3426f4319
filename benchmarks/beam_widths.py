"""Beam search by width on a whole test set: BLEU, length, speed and memory.

Each width is a process of its own, on one thread, so that its peak memory is its own. Results are
kept in the work folder and what is there is not measured again; `--table` only prints.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.common import machine_facts, markdown_table
from latimer.engines.neural import load
from latimer.files import read_lines
from latimer.metrics.corpus_scores import corpus_scores


def main() -> None:
    """Measure what is missing, then print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--language", default="de", help="of the references")
    parser.add_argument("--work", type=Path, required=True, help="folder for results")
    parser.add_argument("--widths", default="1,5,10,100,1000")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--table", action="store_true", help="print what there is")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options, options.one)))
        return
    for width in [int(text) for text in options.widths.split(",")]:
        if not (options.table or _file(options, width).exists()):
            _run(options, width)
    show(options)


def measure(options: argparse.Namespace, width: int) -> dict[str, Any]:
    """Translate everything with one width, in this process."""
    sources, references = (list(read_lines(path)) for path in (options.source, options.reference))
    translator = load(options.model, threads=1)
    translator.translate(sources[:2], beam=min(width, 5))  # loads the kernels
    begun = time.process_time()
    found = [t.text for t in translator.translate(sources, beam=width)]
    seconds = time.process_time() - begun
    bleu = corpus_scores(found, references, ("bleu",), language=options.language)["bleu"].value
    words = [sum(len(text.split()) for text in texts) for texts in (found, references)]
    return {
        "width": width,
        "bleu": bleu,
        "length_ratio": words[0] / words[1],
        "sentences_per_cpu_second": len(sources) / seconds,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def show(options: argparse.Namespace) -> None:
    """Print the table of whatever is finished."""
    rows = []
    for path in sorted(options.work.glob("beam-*.json"), key=lambda p: int(p.stem.split("-")[1])):
        facts = json.loads(path.read_bytes())
        rows.append(
            [
                f"{facts['width']:,}",
                f"{facts['bleu']:.1f}",
                f"{facts['length_ratio']:.3f}",
                f"{facts['sentences_per_cpu_second']:,.1f}",
                f"{facts['peak_megabytes']:,.0f}",
            ]
        )
    print("; ".join(f"{key}: {value}" for key, value in machine_facts().items()) + "\n")
    header = ["beam", "BLEU", "words beside the reference's", "sentences / CPU s", "peak MB"]
    print(markdown_table(header, rows))


def _file(options: argparse.Namespace, width: int) -> Path:
    folder: Path = options.work
    return folder / f"beam-{width}.json"


def _run(options: argparse.Namespace, width: int) -> None:
    command = [sys.executable, "-m", "benchmarks.beam_widths", "--one", str(width)]
    for name in ("model", "source", "reference", "language", "work"):
        command += [f"--{name}", str(getattr(options, name))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    options.work.mkdir(parents=True, exist_ok=True)
    _file(options, width).write_text(done.stdout.strip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
