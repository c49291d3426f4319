"""How long one waits: `latimer --help`, and the first sentence of a fresh `latimer translate`.

Each is a new process, from the call to its end; the median of several. Files may be in the
system's cache from one run to the next, as they are for somebody who uses the command daily.
`import torch` alone is timed beside them: translating cannot start sooner.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.common import markdown_table, parser, pin, report

SENTENCE = "A dog runs across the grass.\n"


def latimer_command() -> list[str]:
    """The `latimer` installed beside this interpreter."""
    script = Path(sys.executable).with_name("latimer")
    return [str(script)] if script.exists() else [sys.executable, "-m", "latimer.cli"]


def seconds(command: list[str], text: str, runs: int) -> list[float]:
    """Wall seconds of each of some runs; leaves with the command's complaint if it fails."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        times.append(time.perf_counter() - start)
        if result.returncode:
            sys.exit(f"{' '.join(command)}: {result.stderr.strip()}")
    return times


def main() -> None:
    """Measure and report."""
    arguments = parser(__doc__, "startup", data=False)
    arguments.add_argument("--model", type=Path, help="a model folder; without it only --help")
    arguments.add_argument("--runs", type=int, default=7, help="(%(default)s)")
    flags = arguments.parse_args()
    if flags.core is not None:
        pin(flags.core)
    commands = {
        "latimer --help": [*latimer_command(), "--help"],
        "python -c 'import torch'": [sys.executable, "-c", "import torch"],
    }
    if flags.model:
        commands["latimer translate, one sentence"] = [
            *latimer_command(),
            "translate",
            str(flags.model),
        ]
    times = {name: seconds(command, SENTENCE, flags.runs) for name, command in commands.items()}
    rows = [[name, statistics.median(some), min(some), max(some)] for name, some in times.items()]
    table = markdown_table(["command", "median s", "lowest", "highest"], rows)
    report("Waiting for the command", [table], {"seconds": times}, flags.json)


if __name__ == "__main__":
    main()
