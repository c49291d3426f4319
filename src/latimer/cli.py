"""The `latimer` command: assembles the commands and turns errors into one line and an exit code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperGroup

from latimer import __version__
from latimer.commands.analyse import analyse
from latimer.commands.average import average
from latimer.commands.combine import combine
from latimer.commands.compare import compare
from latimer.commands.corpus import corpus
from latimer.commands.evaluate import evaluate
from latimer.commands.explain import explain
from latimer.commands.improve import improve
from latimer.commands.learn import learn
from latimer.commands.perplexity import perplexity
from latimer.commands.plan import plan
from latimer.commands.play import play
from latimer.commands.plot import plot
from latimer.commands.quickstart import quickstart
from latimer.commands.rules import draft, new, trace
from latimer.commands.sample import sample
from latimer.commands.shortlist import shortlist
from latimer.commands.train import train
from latimer.commands.translate import translate
from latimer.errors import LatimerError

Command = Callable[..., None]


@dataclass(frozen=True)
class Family:
    """Commands under one name, as `latimer rules new` and `latimer rules trace` are."""

    name: str
    help: str
    members: tuple[Command, ...]


RULES = Family(
    "rules", "Write and look into a translator made of rules, or draft one.", (new, draft, trace)
)

COMMANDS: dict[str, tuple[Command | Family, ...]] = {
    "Translators": (
        quickstart,
        corpus,
        train,
        improve,
        combine,
        translate,
        evaluate,
        compare,
        explain,
        plot,
    ),
    "Decision processes": (plan, learn, play),
    "Smaller tools": (average, analyse, shortlist, perplexity, sample, RULES),
}
"""The commands, in the groups that `latimer --help` shows."""


class _Grouped(TyperGroup):
    """Shows the commands in their groups, each with the first sentence of its help."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the part of the help that lists the commands; see `click.Group`."""
        for title, commands in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([_name_and_help(one) for one in commands])


def _name_and_help(command: Command | Family) -> tuple[str, str]:
    """The name of a command, and the first sentence of its help."""
    if isinstance(command, Family):
        return command.name, command.help
    return command.__name__, " ".join(_sentence(command.__doc__ or ""))


def _sentence(text: str) -> list[str]:
    """The words of the first sentence."""
    words = text.split()
    ends = [place for place, word in enumerate(words) if word.endswith(".")]
    return words[: ends[0] + 1] if ends else words


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"latimer {__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and leave."
    ),
) -> None:
    """Train small recurrent translators on your own text, and run them on an ordinary CPU."""


def build_app() -> typer.Typer:
    """The command line as a Typer application, one command a function of `latimer.commands`."""
    app = _app("latimer", cls=_Grouped)
    app.callback()(_root)
    for commands in COMMANDS.values():
        for command in commands:
            if isinstance(command, Family):
                family = _app(command.name, help=command.help)
                for member in command.members:
                    family.command()(member)
                app.add_typer(family)
            else:
                app.command()(command)
    return app


def _app(name: str, **settings: Any) -> typer.Typer:
    return typer.Typer(
        name=name,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        **settings,
    )


def main() -> None:
    """Run the command; exit codes: 0 done, 1 the work failed, 2 the call or its input is wrong."""
    _speak_utf8()
    try:
        build_app()()
    except LatimerError as error:
        _leave(str(error), error.exit_code)
    except BrokenPipeError:
        # The reader has gone (`latimer translate … | head`): nothing is wrong, so say nothing,
        # and keep the interpreter from complaining when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        _leave("interrupted", 130)
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        _leave("out of memory; use smaller batches, beams or models", 1)


def _is_out_of_memory(error: Exception) -> bool:
    """Whether it is Python's error or PyTorch's, of a GPU or of the CPU; imports no PyTorch."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"MemoryError", "OutOfMemoryError"}) or "DefaultCPUAllocator" in str(error)


def _speak_utf8() -> None:
    """Write UTF-8 whatever the locale; a terminal keeps its own, with `?` for what it lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                encoding=None if stream.isatty() else "utf-8",
                errors="replace" if stream.isatty() else "backslashreplace",
            )


def _leave(message: str, code: int) -> None:
    print(f"latimer: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
