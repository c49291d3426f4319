"""Draw the picture in the README from a finished quickstart.

    latimer quickstart
    python docs/images/draw_quickstart.py latimer-quickstart

What is drawn is what the quickstart printed, except for the sentences: those of Home Assistant are
its authors' own, so invented ones are translated in their place.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import fields, replace
from html import unescape
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from latimer.engines.registry import load
from latimer.quickstart.corpus import Languages
from latimer.quickstart.plan import Plan
from latimer.quickstart.progress import TrainingDisplay
from latimer.quickstart.report import Result, Sample, show
from latimer.quickstart.run import carry_out
from latimer.recipe import load_recipe
from latimer.text.corpus.report import Report as CorpusReport
from latimer.train.loop.log import Report

INVENTED = [
    ("The cellar window is still open.", "Das Kellerfenster ist noch offen."),
    ("Choose the lamp that should blink.", "Wähle die Lampe aus, die blinken soll."),
    ("{name} has no connection to the pump.", "{name} hat keine Verbindung zur Pumpe."),
    (
        "Enter the password of the tower clock to set the time.",
        "Gib das Passwort der Turmuhr ein, um die Uhrzeit einzustellen.",
    ),
]


def main(folder: Path, images: Path) -> None:
    """Write `quickstart.svg` and `learning_curve.png` to `images`."""
    reports = [_report(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
    starts = [number for number, report in enumerate(reports) if report.kind == "start"]
    reports = reports[: (starts[1:] or [len(reports)])[0]]  # later sittings add nothing
    reports = [report for report in reports if report.kind != "samples"]
    plan = Plan(folder, [], Languages("en", "de"), None, 2.0, 1, None, [])
    result = carry_out(plan, Console(file=StringIO()))
    console = Console(file=StringIO(), record=True, width=96, highlight=False)
    _told(console, plan, reports)
    show(_as_in_the_usual_folder(_with_invented_sentences(result)), console)
    images.mkdir(parents=True, exist_ok=True)
    picture = console.export_svg(title="make quickstart", theme=MONOKAI, code_format=_plain_page())
    (images / "quickstart.svg").write_text(_without_margins(picture), encoding="utf-8")
    shutil.copyfile(folder / "learning_curve.png", images / "learning_curve.png")


def _plain_page() -> str:
    """Rich's page without the fonts that it would fetch from the network."""
    return re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def _without_margins(picture: str) -> str:
    """Every text moved to where its first letter stands: some viewers drop spaces before it."""

    def moved(match: re.Match[str]) -> str:
        before, x, between, length, after, text = match.groups()
        bare = text.strip()
        width = float(length) / len(unescape(text))
        start = float(x) + width * len(unescape(text[: len(text) - len(text.lstrip())]))
        size = width * len(unescape(bare))
        return f'{before}x="{start:g}"{between}textLength="{size:g}"{after}>{bare}</text>'

    spaced = picture.replace("&#160;", "\u00a0")
    parts = r'(<text [^>]*?)x="([\d.]+)"([^>]*?)textLength="([\d.]+)"([^>]*)>([^<]*)</text>'
    return re.sub(parts, moved, spaced)


def _report(line: str) -> Report:
    facts = json.loads(line)
    known = {key: facts.pop(key) for key in ("kind", "update", "epoch", "seconds")}
    samples = tuple(map(tuple, facts.pop("samples", [])))
    return Report(**known, message=facts.pop("message", ""), figures=facts, samples=samples)


def _told(console: Console, plan: Plan, reports: list[Report]) -> None:
    """What the quickstart said while it went on."""
    corpus = json.loads((plan.out / "corpus" / "report.json").read_text("utf-8"))
    console.print(Text(f"Latimer quickstart: {plan.name}", "bold"))
    console.print()
    counted = {field.name: corpus[field.name] for field in fields(CorpusReport)}
    console.print(CorpusReport(**counted).table())
    console.print(Text("\nTraining", "bold"))
    minutes = load_recipe(plan.out / "recipe.yaml").training.max_minutes
    display = TrainingDisplay(console, 60 * (minutes or 0.0), now=lambda: 0.0)
    last = max(number for number, report in enumerate(reports) if report.kind == "update")
    for number, report in enumerate(reports):
        display(report)
        if number == last:
            console.print(display.block())
            console.print()
    console.print()


def _with_invented_sentences(result: Result) -> Result:
    sources = [source for source, _ in INVENTED]
    translations = load(result.model).translate(sources)
    samples = [
        Sample(source, reference, translation.text)
        for (source, reference), translation in zip(INVENTED, translations, strict=True)
    ]
    return replace(result, samples=samples)


def _as_in_the_usual_folder(result: Result) -> Result:
    """The same result, its paths those of a run without `--out`."""

    def usual(path: Path) -> Path:
        return Path("latimer-quickstart") / path.relative_to(result.folder)

    files = result.test_files
    return replace(
        result,
        folder=usual(result.folder),
        model=usual(result.model),
        pictures=[usual(path) for path in result.pictures],
        test_files=None if files is None else (usual(files[0]), usual(files[1])),
    )


if __name__ == "__main__":
    run_folder = Path(sys.argv[1])
    sys.argv[0] = ".venv/bin/latimer"  # what is printed as the name of the command
    main(run_folder, Path(__file__).parent)
