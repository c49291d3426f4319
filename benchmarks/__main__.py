"""Run benchmarks by name or by suite.

    python -m benchmarks list
    python -m benchmarks run training_speed --data MULTI30K --seconds 4
    python -m benchmarks run planning learning
    python -m benchmarks run --suite quick --data MULTI30K --model MODEL --work FOLDER

With one name, every further option goes to the benchmark (`run NAME --help` shows them). With
several names or a suite, the folders given are handed to those that need them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.suites import BENCHMARKS, SUITES

FOLDERS = ("data", "model", "text", "work")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["list"] and len(words) == 1:
        print(listing())
        return 0
    if len(words) >= 2 and words[0] == "run":
        if words[1] in BENCHMARKS and (len(words) == 2 or words[2] not in BENCHMARKS):
            return start(words[1], words[2:])
        return run_several(words[1:])
    print(__doc__)
    return 0 if words in ([], ["-h"], ["--help"]) else 2


def listing() -> str:
    """Every benchmark with its question and what it needs."""
    width = max(map(len, BENCHMARKS))
    lines = [
        f"{name:{width}}  {benchmark.question}"
        + (f"  [{', '.join('--' + need for need in benchmark.needs)}]" if benchmark.needs else "")
        for name, benchmark in BENCHMARKS.items()
    ]
    suites = [f"suite {name}: {', '.join(members)}" for name, members in SUITES.items()]
    return "\n".join([*lines, "", *suites])


def run_several(words: Sequence[str]) -> int:
    """Run the named benchmarks or a suite, one after the other; 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks run")
    parser.add_argument("names", nargs="*", metavar="NAME", help="see `list`")
    parser.add_argument("--suite", choices=list(SUITES))
    for folder in FOLDERS:
        parser.add_argument(f"--{folder}", type=Path, metavar="FOLDER")
    options = parser.parse_args(words)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}")
    names = [*options.names, *(SUITES[options.suite] if options.suite else ())]
    if not names:
        parser.error("name a benchmark or a suite")
    codes = [run_with(name, options) for name in names]
    return int(any(codes))


def run_with(name: str, options: argparse.Namespace) -> int:
    """Run one with the folders it needs, or say which option is missing."""
    benchmark = BENCHMARKS[name]
    folders = {folder: getattr(options, folder) for folder in FOLDERS}
    missing = [f"--{need}" for need in benchmark.needs if folders[need] is None]
    if missing:
        print(f"{name}: left out, it needs {', '.join(missing)}", file=sys.stderr)
        return 0
    if folders["work"] is not None:
        folders["work"] = folders["work"] / name
    return start(name, [word.format(**folders) for word in benchmark.arguments])


def start(name: str, arguments: Sequence[str]) -> int:
    """Run a benchmark in a process of its own; its exit code."""
    command = [sys.executable, "-m", f"benchmarks.{BENCHMARKS[name].module}", *arguments]
    print(f"# {name}", file=sys.stderr, flush=True)
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
