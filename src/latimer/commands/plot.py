"""`latimer plot`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SENTENCES = 200
"""Sentence pairs whose gradients are averaged."""


@dataclass(frozen=True)
class Asked:
    """What a picture is drawn from."""

    paths: list[Path]
    names: list[str]
    text: str | None
    source: Path | None
    target: Path | None
    beam: int
    title: str
    figures: list[str]
    over: str


def plot(
    picture: Annotated[
        str, typer.Argument(help="What to draw: curves, attention, gradient or length.")
    ],
    paths: Annotated[
        list[Path], typer.Argument(metavar="RUN|MODEL…", help="Run folders or model folders.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="PNG file.  [default: PICTURE.png]")
    ] = None,
    text: Annotated[str | None, typer.Option(help="The sentence to translate (attention).")] = None,
    source: Annotated[
        Path | None, typer.Option(help="Source sentences, one a line (gradient, length).")
    ] = None,
    target: Annotated[
        Path | None, typer.Option(help="Their translations, by line (gradient, length).")
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            help="Label of each folder, in order; may be repeated. Runs with the same label are "
            "drawn as thin lines with their mean (curves).",
        ),
    ] = None,
    figures: Annotated[
        list[str] | None,
        typer.Option(
            "--figure",
            help="Figure of the validations: bleu, loss, reward_greedy, entropy, … (curves of "
            "several runs); may be repeated.",
        ),
    ] = None,
    over: Annotated[
        str, typer.Option(help="Horizontal axis: updates or minutes (curves of several runs).")
    ] = "updates",
    beam: Annotated[int, typer.Option(help="Width of the beam (attention, length).")] = 5,
    title: Annotated[str, typer.Option(help="Title of the picture.")] = "",
) -> None:
    """Draw learning curves, attention, gradients by source position, or BLEU by length.

    curves: loss and BLEU of one run, or of several side by side. attention: the weights on the
    source for each target piece. gradient: its norm at each source position. length: BLEU by length
    of the source.
    """
    from latimer.errors import InputError
    from latimer.plots.figure import save_figure

    if picture not in PICTURES:
        raise InputError(f"{picture}: no such picture; choose one of {', '.join(PICTURES)}")
    if names and len(names) != len(paths):
        raise InputError(f"--name: {len(names)} names for {len(paths)} folders; give one for each")
    if over not in ("updates", "minutes"):
        raise InputError(f"--over {over}: choose updates or minutes")
    _check_read(picture, text=text, source=source, target=target, figure=figures)
    written = out or Path(f"{picture}.png")
    if written.suffix.lower() != ".png":
        raise InputError(f"--out {written}: end the name in .png")
    found = names if names and picture == "curves" else _told_apart(names, paths)
    asked = Asked(
        paths, found, text, source, target, beam, title, figures or [], over
    )  # fmt: skip
    save_figure(PICTURES[picture](asked), written)
    typer.echo(written)


READ_BY = {
    "text": ("attention",),
    "source": ("gradient", "length"),
    "target": ("gradient", "length"),
    "figure": ("curves",),
}


def _check_read(picture: str, **given: object) -> None:
    from latimer.errors import InputError

    for name, value in given.items():
        if value and picture not in READ_BY[name]:
            raise InputError(f"--{name} is for {' and '.join(READ_BY[name])}, not for {picture}")


def _name(path: Path) -> str:
    """A run's name: of its folder, or of the run that a model folder is in."""
    whole = path.resolve()
    return whole.parents[1].name if whole.parent.name == "models" else whole.name


def _told_apart(names: list[str] | None, paths: list[Path]) -> list[str]:
    names = names or [_name(path) for path in paths]
    return names if len(set(names)) == len(names) else [str(path) for path in paths]


def _model_folder(path: Path) -> Path:
    """The model folder that `path` is, or the better one of the run that it is."""
    for better in ("average", "best"):
        if (path / "models" / better).is_dir():
            return path / "models" / better
    return path


def _curves(asked: Asked) -> Figure:
    from latimer.errors import InputError
    from latimer.plots.curves import Curves, learning_curve, read_log
    from latimer.plots.lines import run_lines

    logs = [path / "log.jsonl" for path in asked.paths]
    for path, log in zip(asked.paths, logs, strict=True):
        if not log.is_file():
            raise InputError(f"{path}: no run; curves are drawn of a folder with log.jsonl")
    if len(logs) == 1 and not asked.figures:
        return learning_curve(read_log(logs[0]), asked.title or asked.names[0])
    runs: dict[str, list[Curves]] = {}
    for name, log in zip(asked.names, logs, strict=True):
        runs.setdefault(name, []).append(read_log(log))
    return run_lines(runs, asked.title, figures=asked.figures, over=asked.over)


def _attention(asked: Asked) -> Figure:
    from latimer.engines.registry import load
    from latimer.errors import InputError
    from latimer.quickstart.pictures import attention_of
    from latimer.search.reading import read_search

    if asked.text is None or len(asked.paths) > 1:
        raise InputError("attention: one model and a sentence are needed; write --text '…'")
    folder = _model_folder(asked.paths[0])
    translator = load(folder)
    if not translator.capabilities.attention:
        raise InputError(f"{folder}: the model has no attention to draw")
    found = translator.translate(
        [asked.text], read_search({"width": asked.beam}, translator.search), attention=True
    )
    drawn = attention_of(found[0], asked.title)
    if drawn is None:
        raise InputError("--text: blank, or too long for one picture; give a shorter sentence")
    return drawn


def _gradient(asked: Asked) -> Figure:
    from itertools import islice

    from latimer.analysis.gradients import by_distance, source_gradients
    from latimer.model.folder import load_translator
    from latimer.plots.lines import gradient_lines

    source, target = _both(asked, "gradient")
    pairs = list(islice(_pairs(source, target), SENTENCES))
    means = {}
    for name, path in zip(asked.names, asked.paths, strict=True):
        norms = source_gradients(load_translator(_model_folder(path)), pairs)
        means[name] = by_distance(norms, least=max(1, len(norms) // 20)).tolist()
    return gradient_lines(means, asked.title)


def _length(asked: Asked) -> Figure:
    from latimer.engines.registry import load
    from latimer.metrics.lengths import bleu_by_length
    from latimer.plots.lines import length_lines
    from latimer.search.reading import read_search

    pairs = list(_pairs(*_both(asked, "length")))
    sources, references = [list(side) for side in zip(*pairs, strict=True)]
    scores = {}
    for name, path in zip(asked.names, asked.paths, strict=True):
        translator = load(_model_folder(path))
        search = read_search({"width": asked.beam}, translator.search)
        found = [one.text for one in translator.translate(sources, search)]
        scores[name] = bleu_by_length(
            sources, found, references, language=translator.languages.target
        )
    return length_lines(scores, asked.title)


def _both(asked: Asked, picture: str) -> tuple[Path, Path]:
    from latimer.errors import InputError

    if asked.source is None or asked.target is None:
        raise InputError(f"{picture}: sentences are needed; name files with --source and --target")
    return asked.source, asked.target


def _pairs(source: Path, target: Path) -> list[tuple[str, str]]:
    from latimer.formats.parallel import ParallelText

    return list(ParallelText(source, target))


PICTURES: dict[str, Callable[[Asked], Figure]] = {
    "curves": _curves,
    "attention": _attention,
    "gradient": _gradient,
    "length": _length,
}
