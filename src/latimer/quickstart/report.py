"""The final report of the quickstart: scores, translations, files and next commands."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from latimer.errors import LatimerError
from latimer.metrics.corpus_scores import METRICS
from latimer.quickstart.improvement import Gain
from latimer.quickstart.offer import Candidate, best_of
from latimer.quickstart.scores import Scored
from latimer.quickstart.verdict import Commands, Evidence, verdict

COLUMNS = (
    "copying: the source taken as its own translation; "
    "memory: the translation of the nearest source in the training text"
)
CHANGES = "clear: statistically significant (p < 0.05)"


@dataclass(frozen=True)
class Sample:
    """A test sentence, its translation by people and by the model."""

    source: str
    reference: str
    translation: str


@dataclass(frozen=True)
class Result:
    """The result of a quickstart."""

    folder: Path
    model: Path
    corpus: str
    minutes: float
    """Minutes of training, over all runs in the folder."""
    updates: int
    parts: dict[str, Scored]
    """Scores of the offered translator, by name: dev, test."""
    samples: list[Sample]
    pictures: list[Path]
    test_files: tuple[Path, Path] | None
    """Source and target text of the test part, unless it is empty."""
    again: list[str]
    """Command line arguments that name the same corpus and folder."""
    candidates: list[Candidate] = field(default_factory=list)
    """All translators; the best on dev is offered."""
    interrupted: LatimerError | None = None
    """The interruption of training by Ctrl-C."""
    gain: Gain | None = None
    """The result of learning from reward, if there was any."""
    no_gain: str | None = None
    """Why learning from reward was left out although the user wanted it."""
    evidence: Evidence | None = None
    """The scores that the verdict is based on; None without a test or dev set."""
    outlook: str | None = None
    """What more training would bring where time ended it; see `outlook`."""

    @property
    def verdict(self) -> list[str]:
        """The verdict on the translator, in three lines."""
        return verdict(self.evidence, commands(self))

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "folder": str(self.folder),
            "model": str(self.model),
            "corpus": self.corpus,
            "minutes": self.minutes,
            "updates": self.updates,
            **{name: part.as_dict() for name, part in self.parts.items()},
            "translators": [one.as_dict() for one in self.candidates],
            **({"offered": best_of(self.candidates).name} if self.candidates else {}),
            **({"improvement": self.gain.as_dict()} if self.gain else {}),
            **({"improvement": {"left_out": self.no_gain}} if self.no_gain else {}),
            "samples": [vars(sample) for sample in self.samples],
            "pictures": [str(picture) for picture in self.pictures],
            "verdict": self.verdict,
            **({"outlook": self.outlook} if self.outlook else {}),
        }


def show(result: Result, console: Console) -> None:
    """Print the whole page."""
    if result.parts:
        console.print(Text("Scores", style="bold"))
        console.print(Padding(score_table(result.parts), (0, 0, 0, 2)))
        console.print(Padding(Text(COLUMNS, style="dim"), (0, 0, 1, 2)))
    if len(result.candidates) > 1 and result.parts:
        console.print(Text("Translators", style="bold"))
        console.print(Padding(candidate_table(result.candidates), (0, 0, 1, 2)))
    if result.gain:
        console.print(Text(gain_title(result.gain), style="bold"))
        console.print(Padding(gain_table(result.gain), (0, 0, 0, 2)))
        console.print(Padding(Text(CHANGES, style="dim"), (0, 0, 1, 2)))
    if result.no_gain:
        console.print(Padding(Text(result.no_gain), (0, 0, 1, 0)))
    if result.samples:
        console.print(Text("Sentences that were not seen in training", style="bold"))
        for sample in result.samples:
            console.print(Padding(sample_table(sample), (0, 0, 1, 2)))
    console.print(Text("Written", style="bold"))
    for line in _written(result):
        console.print(line, soft_wrap=True)
    console.print()
    console.print(Text("Commands", style="bold"))
    for purpose, command in next_commands(result):
        console.print(Text(f"  # {purpose}", style="dim"))
        # Long lines are not broken: a broken command cannot be pasted.
        console.print(Text(f"  {command}"), soft_wrap=True)
    console.print()
    console.print(Text("Is it any good?", style="bold"))
    if result.outlook:
        console.print(Padding(Text(result.outlook), (0, 0, 1, 0)), soft_wrap=True)
    scores, worth, following = result.verdict
    console.print(Padding(Text(scores), (0, 0, 0, 2)))
    console.print(Padding(Text(worth), (0, 0, 0, 2)))
    console.print(Text(f"  {following}"), soft_wrap=True)  # it ends in a command to paste


def score_table(parts: dict[str, Scored]) -> Table:
    """A row for each part; for each metric the scores of model, copying and translation memory."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("")
    table.add_column("pairs", justify="right")
    metrics = list(next(iter(parts.values())).model)
    for name in metrics:
        table.add_column(METRICS[name].title, justify="right", style="bold green")
        table.add_column("copying", justify="right", style="dim")
        table.add_column("memory", justify="right", style="dim")
    for part, scored in parts.items():
        figures = [
            f"{scores[name].value:.1f}"
            for name in metrics
            for scores in (scored.model, scored.unaided.copying, scored.unaided.memory)
        ]
        table.add_row(part, f"{len(scored.pairs):,}", *figures)
    return table


def candidate_table(candidates: Sequence[Candidate]) -> Table:
    """A row for each translator: BLEU on every part, and which is offered."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("BLEU")
    for part in candidates[0].parts:
        table.add_column(part, justify="right", style="bold green")
    table.add_column("")
    offered = best_of(candidates)
    for one in candidates:
        figures = [f"{scored.bleu:.1f}" for scored in one.parts.values()]
        table.add_row(one.name, *figures, "best on dev: offered" if one is offered else "")
    return table


def gain_title(gain: Gain) -> str:
    """The title of the table of the gain; it says which model is offered."""
    kept = "the improved model is kept" if gain.kept else "no gain on dev: the model before is kept"
    return f"BLEU before and after {gain.minutes:.1f} minutes of learning from reward ({kept})"


def gain_table(gain: Gain) -> Table:
    """A row for each part and search: BLEU before and after, difference and interval."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("")
    table.add_column("search")
    table.add_column("before", justify="right", style="dim")
    table.add_column("after", justify="right", style="bold green")
    table.add_column("difference", justify="right")
    table.add_column("95 % interval", justify="right", style="dim")
    table.add_column("")
    for part, searches in gain.compared.items():
        for search, found in searches.items():
            table.add_row(
                part,
                search,
                f"{found.first:.1f}",
                f"{found.second:.1f}",
                f"{found.difference:+.1f}",
                f"{found.low:+.1f} to {found.high:+.1f}",
                "clear" if found.clear else "no clear change",
            )
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
    ready = commands(result)
    listed = [
        ("translate lines of text", ready.translate),
        ("continue training to one hour in total", ready.longer(60)),
        ("the same with your own PO, TMX, XLIFF, TSV or pair of text files",
         f"{program()} quickstart --to de --out my-translator --pairs YOUR.po"),
    ]  # fmt: skip
    if result.test_files:
        files = shlex.join(map(str, result.test_files))
        model = shlex.quote(str(result.model))
        listed.insert(1, ("score it in detail", f"{program()} evaluate {model} {files}"))
    return listed


def commands(result: Result) -> Commands:
    """The commands that a verdict may suggest."""
    latimer, model = program(), shlex.quote(str(result.model))

    def longer(minutes: int) -> str:
        return f"{latimer} " + shlex.join(["quickstart", "--minutes", f"{minutes}", *result.again])

    return Commands(
        f"{latimer} translate {model} < YOUR.txt",
        longer,
        f"{latimer} " + shlex.join(["quickstart", *_with_more_text(result)]),
    )


def _with_more_text(result: Result) -> list[str]:
    """The arguments of a new run that has one more file than this."""
    told = list(result.again)
    if "--out" in told:  # a folder holds runs on one text only
        place = told.index("--out")
        del told[place : place + 2]
    own = "--pairs" in told
    language = [] if "--to" in told else ["--to", "de"]
    folder = f"{result.folder}-2" if own else "my-translator"
    files = ["MORE.po"] if own else ["--pairs", "YOUR.po"]
    return [*language, "--out", folder, *told, *files]


def program() -> str:
    """The name or path by which the user can call `latimer`."""
    if shutil.which("latimer"):
        return "latimer"
    called = Path(sys.argv[0])
    if called.is_relative_to(Path.cwd()):
        called = called.relative_to(Path.cwd())
    return shlex.quote(str(called))
