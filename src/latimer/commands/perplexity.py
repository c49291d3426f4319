"""`latimer perplexity`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latimer.commands.search_options import Device

if TYPE_CHECKING:
    from latimer.engines.neural.scoring import TextScore

CHUNK = 4096
"""Lines scored at a time."""


def perplexity(
    model: Annotated[Path, typer.Argument(help="Model folder.")],
    file: Annotated[
        Path, typer.Argument(help="Text (or .gz), one sentence a line; blank lines are left out.")
    ],
    source: Annotated[
        Path | None,
        typer.Option(help="Source of FILE, line by line; only for a translator."),
    ] = None,
    lines: Annotated[
        bool,
        typer.Option(
            "--lines", help="Print the log-probability of each line (natural logarithm) instead."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    device: Device = "cpu",
) -> None:
    """Perplexity of a text under a language model, or under a translator given the source."""
    from latimer.commands.streams import open_output
    from latimer.engines.neural.scoring import score_texts
    from latimer.errors import InputError
    from latimer.model.folder import load_model

    loaded = load_model(model, device)
    if source is not None and not loaded.config.reads_source:
        raise InputError(
            f"--source: {model} is a language model, which reads no source; leave it out"
        )
    if source is None and loaded.config.reads_source:
        raise InputError(f"{model} is a translator; say with --source what {file} translates")
    texts, sources = _read(file, source)
    scores: list[TextScore] = []
    for start in range(0, len(texts), CHUNK):
        part = slice(start, start + CHUNK)
        scores += score_texts(loaded, texts[part], sources and sources[part])
    with open_output(None) as out:
        if lines:
            out.writelines(f"{score.log_prob:.6f}\n" for score in scores)
            return
        figures = _figures(scores, texts)
        out.write(_as_json(figures) if json else _as_text(figures))


def _read(file: Path, source: Path | None) -> tuple[list[str], list[str] | None]:
    """The lines to score, and their sources; lines that are blank on either side are left out."""
    from latimer.formats.parallel import MonolingualText, ParallelText

    if source is None:
        return [text for _, text in MonolingualText(file)], None
    pairs = list(ParallelText(source, file))
    return [text for _, text in pairs], [text for text, _ in pairs]


def _figures(scores: list[TextScore], texts: list[str]) -> dict[str, Any]:
    """Sums and perplexities: exp(−log P / n), and bits a character with the line's end as one."""
    from math import log

    from latimer.train.loop.loop import perplexity as exponential

    total = -sum(score.log_prob for score in scores)
    pieces = sum(score.pieces for score in scores)
    words = sum(len(text.split()) + 1 for text in texts)
    characters = sum(len(text) + 1 for text in texts)
    return {
        "perplexity": exponential(total / pieces),
        "perplexity_per_word": exponential(total / words),
        "bits_per_character": total / characters / log(2),
        "sentences": len(texts),
        "pieces": pieces,
        "words": words,
        "unknown": sum(score.unknown for score in scores),
        "log_prob": -total,
    }


def _as_text(figures: dict[str, Any]) -> str:
    unknown = f", {figures['unknown']:,} of them unknown" if figures["unknown"] else ""
    return (
        f"perplexity {figures['perplexity']:.2f} a piece, "
        f"{figures['perplexity_per_word']:.2f} a word; "
        f"{figures['bits_per_character']:.3f} bits a character\n"
        f"{figures['sentences']:,} sentences, {figures['pieces']:,} pieces{unknown}, "
        f"{figures['words']:,} words; every end of sentence is counted\n"
    )


def _as_json(figures: dict[str, Any]) -> str:
    from json import dumps

    return dumps(figures, indent=2) + "\n"
