"""The last page of the quickstart: scores, translations, what was written, what to do next."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from latimer.errors import LatimerError
from latimer.quickstart.improvement import Gain
from latimer.quickstart.scores import Scored

TITLES = {"bleu": "BLEU", "chrf": "chrF"}


@dataclass(frozen=True)
class Sample:
    """A test sentence, its translation by people and by the model."""

    source: str
    reference: str
    translation: str


@dataclass(frozen=True)
class Result:
    """All that the quickstart has to show in the end."""

    folder: Path
    model: Path
    corpus: str
    minutes: float
    """Of training, over all sittings."""
    updates: int
    parts: dict[str, Scored]
    """By name: dev, test."""
    samples: list[Sample]
    pictures: list[Path]
    test_files: tuple[Path, Path] | None
    """Source and target text of the test part, unless it is empty."""
    again: list[str]
    """The arguments that name the same corpus and folder in another call."""
    interrupted: LatimerError | None = None
    """Ctrl-C in training."""
    gain: Gain | None = None
    """What learning from reward changed, if that was wanted."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "folder": str(self.folder),
            "model": str(self.model),
            "corpus": self.corpus,
            "minutes": self.minutes,
            "updates": self.updates,
            **{name: part.as_dict() for name, part in self.parts.items()},
            **({"improvement": self.gain.as_dict()} if self.gain else {}),
            "samples": [vars(sample) for sample in self.samples],
            "pictures": [str(picture) for picture in self.pictures],
        }


def show(result: Result, console: Console) -> None:
    """Print the whole page."""
    if result.parts:
        console.print(Text("Scores", style="bold"))
        console.print(Padding(score_table(result.parts), (0, 0, 1, 2)))
    if result.gain:
        console.print(Text(gain_title(result.gain), style="bold"))
        console.print(Padding(gain_table(result.gain), (0, 0, 1, 2)))
    if result.samples:
        console.print(Text("Sentences that were not seen in training", style="bold"))
        for sample in result.samples:
            console.print(Padding(sample_table(sample), (0, 0, 1, 2)))
    console.print(Text("Written", style="bold"))
    for line in _written(result):
        console.print(line, soft_wrap=True)
    console.print()
    console.print(Text("Next", style="bold"))
    for purpose, command in next_commands(result):
        console.print(Text(f"  # {purpose}", style="dim"))
        # Long lines are not broken: a broken command cannot be pasted.
        console.print(Text(f"  {command}"), soft_wrap=True)


def score_table(parts: dict[str, Scored]) -> Table:
    """A row for each part, and for each metric the model's score beside that of copying."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("")
    table.add_column("pairs", justify="right")
    metrics = list(next(iter(parts.values())).model)
    for name in metrics:
        table.add_column(TITLES[name], justify="right", style="bold green")
        table.add_column("copying the source", justify="right", style="dim")
    for part, scored in parts.items():
        figures = [
            f"{scores[name].value:.1f}"
            for name in metrics
            for scores in (scored.model, scored.copying)
        ]
        table.add_row(part, f"{len(scored.pairs):,}", *figures)
    return table


def gain_title(gain: Gain) -> str:
    """What the table of the gain is about, and which model is offered."""
    kept = "the improved model is kept" if gain.kept else "no gain on dev: the model before is kept"
    return f"BLEU before and after {gain.minutes:.1f} minutes of learning from reward ({kept})"


def gain_table(gain: Gain) -> Table:
    """A row for each part; for each search BLEU before, after, and the difference."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("")
    for search in next(iter(gain.before.values()), {}):
        table.add_column(search, justify="right", style="dim")
        table.add_column("after", justify="right", style="bold green")
        table.add_column("gain", justify="right")
    for part, searches in gain.before.items():
        figures = [
            text
            for search, before in searches.items()
            for after in (gain.after[part][search],)
            for text in (f"{before:.1f}", f"{after:.1f}", f"{after - before:+.1f}")
        ]
        table.add_row(part, *figures)
    return table


def sample_table(sample: Sample) -> Table:
    """Source, reference and translation below one another."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_row(Text("source", style="dim"), Text(sample.source))
    table.add_row(Text("reference", style="dim"), Text(sample.reference))
    written = sample.translation or "(nothing)"
    table.add_row(Text("Latimer", style="dim"), Text(written, style="green"))
    return table


def _written(result: Result) -> list[Text]:
    """A line for each file or folder."""
    entries = [
        (str(result.model), "the translator"),
        *(
            [
                (str(result.folder / "models" / "likelihood"), "the translator before reward"),
                (str(result.folder / "improved"), "the run that learnt from reward"),
            ]
            if result.gain
            else []
        ),
        (str(result.folder / "corpus"), "train, dev and test as text"),
        (str(result.folder / "recipe.yaml"), "how it was trained"),
        *((str(picture), picture.stem.replace("_", " ")) for picture in result.pictures),
    ]
    longest = max(len(path) for path, _ in entries)
    return [Text.assemble(f"  {path:{longest}}  ", (what, "dim")) for path, what in entries]


def next_commands(result: Result) -> list[tuple[str, str]]:
    """What to try next: (purpose, command to paste)."""
    latimer, model = program(), shlex.quote(str(result.model))
    again = shlex.join(["quickstart", "--minutes", "60", *result.again])
    commands = [
        ("translate lines of text", f"{latimer} translate {model} < YOUR.txt"),
        ("go on learning for an hour in all", f"{latimer} {again}"),
        ("the same with your own PO, TMX, XLIFF, TSV or pair of text files",
         f"{latimer} quickstart --to de --out my-translator --pairs YOUR.po"),
    ]  # fmt: skip
    if result.test_files:
        files = shlex.join(map(str, result.test_files))
        commands.insert(1, ("score it in detail", f"{latimer} evaluate {model} {files}"))
    return commands


def program() -> str:
    """How to call this command from where the user stands."""
    if shutil.which("latimer"):
        return "latimer"
    called = Path(sys.argv[0])
    if called.is_relative_to(Path.cwd()):
        called = called.relative_to(Path.cwd())
    return shlex.quote(str(called))
