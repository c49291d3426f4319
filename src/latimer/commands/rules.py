"""`latimer rules`: rule folders begun, looked into, and drafted from translated text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def new(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")],
    source: Annotated[str, typer.Option(help="Code of the source language.")] = "en",
    target: Annotated[str, typer.Option(help="Code of the target language: de or es.")] = "de",
) -> None:
    """Begin a rule system: copy the example of a pair of languages into a folder."""
    from latimer.engines.rules.examples import copy_example

    copy_example(f"{source}-{target}", folder)
    typer.echo(f"latimer: written: {folder}; try: latimer translate {folder}", err=True)


def trace(
    folder: Annotated[Path, typer.Argument(help="Rule folder.")],
    text: Annotated[str, typer.Argument(help="Text to translate, in one line.")],
) -> None:
    """Show each step of a translation by rules, and which rule was applied where."""
    from latimer.commands.streams import open_output
    from latimer.engines.rules.loading import read_system
    from latimer.engines.rules.trace import trace_lines
    from latimer.text.checking import check_text
    from latimer.text.corpus.clean import normalise

    system = read_system(folder)
    check_text(text, "TEXT")
    with open_output(None) as out:
        out.writelines(f"{line}\n" for line in trace_lines(system.translate(normalise(text))))


def draft(
    text: Annotated[
        list[Path],
        typer.Argument(
            metavar="{MODEL|CORPUS|SRC TGT}",
            help="Model folder, for the text that it was trained on; folder of `latimer corpus`; "
            "or two files, line by line.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Rule folder to make.")],
    source: Annotated[str, typer.Option(help="Code of the source language.")] = "en",
    target: Annotated[str, typer.Option(help="Code of the target language.")] = "de",
) -> None:
    """Draft a lexicon and patterns from the word alignment of a text, for a person to edit.

    The draft alone translates badly, word for word with a few reorderings. Tags are guessed by
    rules for English sources.
    """
    from latimer.engines.rules.draft.text import read_text
    from latimer.engines.rules.draft.writing import draft_rules
    from latimer.engines.rules.examples import check_new

    check_new(out)
    pairs, languages = read_text(text, source, target)
    entries, rules = draft_rules(pairs, languages, out)
    typer.echo(
        f"latimer: written: {out}: {entries} entries, {rules} rules; this is a draft to edit: "
        "alone it gives some 11 BLEU, see docs/how-to/use-rules.md",
        err=True,
    )
