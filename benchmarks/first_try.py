"""What somebody's first try gives: the whole quickstart, on a free machine and beside busy loops.

Each is `latimer quickstart` from nothing in a folder of its own, one after the other: wall time
from call to end, training, updates, BLEU of the translator before reward and in the end, beside
that of copying the source. The wheel of Home Assistant is fetched before the first, and
`found.json` in the folder holds what is finished. `--more` goes to the command, e.g.
`--more=--pairs=my.tsv --more=--to=de`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.common import markdown_table, parser, report
from benchmarks.load import busy
from benchmarks.startup import latimer_command
from latimer.quickstart import homeassistant


def first_try(folder: Path, loops: int, more: list[str]) -> dict[str, Any]:
    """One quickstart beside so many busy loops; leaves with its complaint if it fails."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [*latimer_command(), "quickstart", "--out", str(folder), "--json", *more]
    with busy(loops), (folder.parent / f"{folder.name}.log").open("wb") as log:
        begun = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=log, check=False)
        wall = time.perf_counter() - begun
    if done.returncode:
        sys.exit(f"{' '.join(command)}: failed; see {folder}.log")
    found: dict[str, Any] = json.loads(done.stdout)
    return {"busy_loops": loops, "wall_minutes": wall / 60, **found}


def row(found: dict[str, Any], quiet: dict[str, Any]) -> list[object]:
    """Figures of one run, and what they are of the first run's."""
    test, bleu = found["test"], found["test"]["bleu"]
    best = quiet["test"]["bleu"]["score"]
    reward = found.get("improvement", {}).get("test", {})
    before = next((one["before"] for name, one in reward.items() if name != "greedy"), None)
    return [
        found["busy_loops"], f"{found['wall_minutes']:.1f}", f"{found['minutes']:.1f}",
        found["updates"], "–" if before is None else f"{before:.1f}", f"{bleu['score']:.1f}",
        f"{test['chrf']['score']:.1f}", f"{bleu['copying']:.1f}",
        f"{bleu['score'] / best:.2f}", f"{found['wall_minutes'] / quiet['wall_minutes']:.2f}",
    ]  # fmt: skip


def main() -> None:
    """Measure and report."""
    arguments = parser(__doc__, "first_try", data=False)
    arguments.add_argument("--work", type=Path, required=True, help="a folder for the runs")
    arguments.add_argument("--busy", type=int, nargs="+", default=[0, 1, 2], help="(%(default)s)")
    arguments.add_argument("--more", action="append", default=[], help="a further argument")
    flags = arguments.parse_args()
    flags.work.mkdir(parents=True, exist_ok=True)
    homeassistant.fetch()
    found: list[dict[str, Any]] = []
    for loops in flags.busy:
        found.append(first_try(flags.work / f"busy-{loops}", loops, flags.more))
        (flags.work / "found.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    header = [
        "busy loops", "minutes in all", "of training", "updates", "test BLEU before reward",
        "test BLEU", "chrF", "copying", "of the first run's BLEU", "of its time",
    ]  # fmt: skip
    table = markdown_table(header, [row(one, found[0]) for one in found])
    report("A first try", [table], {"runs": found}, flags.json)


if __name__ == "__main__":
    main()
