"""Options of the commands that translate, and the typed settings that are made of them.

A few options have names of their own; every other setting is given with `--set`. Both are read by
`latimer.search.reading` and by the engine's options, which also refuse what cannot be.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from latimer.engines.translator import Translator
    from latimer.search.constraints import Constraints
    from latimer.search.strategies import Search

Beam = Annotated[
    int | None,
    typer.Option(help="Width of the beam; 1 is greedy search.  [default: the model's, usually 5]"),
]
MaxLength = Annotated[
    int | None,
    typer.Option(
        help="Maximum length in pieces.  [default: the model's, or twice the source's plus 10]"
    ),
]
Prefix = Annotated[str | None, typer.Option(help="Text that every translation begins with.")]
Must = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PHRASE", help="Phrase that every translation must contain; may be repeated."
    ),
]
GlossaryFile = Annotated[
    Path | None,
    typer.Option(
        "--glossary",
        metavar="FILE",
        help="Source and target terms, separated by tabs: the translation of a line with a source "
        "term contains its target term.",
    ),
]
Threads = Annotated[int | None, typer.Option(help="CPU threads.  [default: every core]")]
Device = Annotated[str, typer.Option(help="Device: cpu, cuda, cuda:1, ….")]
EngineDevice = Annotated[
    str | None,
    typer.Option(help="Device: cpu, cuda, cuda:1, ….  [default: cpu]"),
]
"""None where it was not given, as not every engine has devices."""
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Any other setting of search, constraints or engine, such as search.alpha=0.6, "
        "constraints.no_repeat=3 or engine.precision=fp32; may be repeated. docs/reference/"
        "search.md has all of them.",
    ),
]

SECTIONS = ("search", "constraints", "engine")
SEVERAL = ("constraints.phrases", "engine.ensemble")
"""Settings that collect values when they are given several times."""


class Given:
    """The settings that a command was given, by section, and the option that each came from."""

    def __init__(self, options: Mapping[str, tuple[str, Any]], overrides: list[str] | None) -> None:
        """`options`: by dotted key the option's name and its value, None if it was not given.

        Raises InputError for an override that is not `section.key=value`, and for a setting that is
        given by an option and an override.
        """
        self.sections: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
        self._origins: dict[str, str] = {}
        for key, (option, value) in options.items():
            if value is not None:
                self._put(key, value, option if key == "search.kind" else f"{option} {value}")
        for override in overrides or []:
            self._override(override)

    def translator(self, model: Path) -> Translator:
        """The translator in a model folder, with the options of its engine."""
        from latimer.engines.registry import load
        from latimer.train.loop.allocator import keep_freed_memory

        keep_freed_memory()
        with self._named():
            return load(model, **self.sections["engine"])

    def search(self, translator: Translator) -> Search:
        """How to search: the translator's own way but for what was given."""
        from latimer.search.reading import read_search

        with self._named():
            return read_search(self.sections["search"], translator.search)

    def constraints(self) -> Constraints:
        """The constraints on every text."""
        from latimer.search.reading import read_constraints
        from latimer.text.glossary import read_glossary

        given = dict(self.sections["constraints"])
        if isinstance(given.get("glossary"), str | Path):
            given["glossary"] = read_glossary(Path(given["glossary"]))
        with self._named():
            return read_constraints(given)

    def check(self, translator: Translator, search: Search, constraints: Constraints) -> None:
        """Refuse what the translator cannot follow before anything is read."""
        with self._named():
            translator.translate([], search, constraints=constraints)

    def _override(self, override: str) -> None:
        from latimer import strict_yaml
        from latimer.errors import InputError

        origin = f"--set {override}"
        key, equals, text = override.partition("=")
        section, _, name = key.strip().partition(".")
        if not equals or not name or section not in SECTIONS:
            raise InputError(
                f"{origin}: write it as section.key=value; sections: {', '.join(SECTIONS)}"
            )
        value, _ = strict_yaml.parse(text, origin)
        dotted = f"{section}.{name}"
        known = self._origins.get(dotted, "")
        if known and not known.startswith("--set ") and dotted not in SEVERAL:
            raise InputError(f"{origin}: {known} says the same; leave one of the two out")
        self._put(dotted, value, origin)

    def _put(self, dotted: str, value: Any, origin: str) -> None:
        section, _, name = dotted.partition(".")
        if dotted in SEVERAL:
            several = value if isinstance(value, list) else [value]
            value = [*self.sections[section].get(name, []), *several]
        self.sections[section][name] = value
        self._origins[dotted] = origin

    def _named(self) -> _Named:
        return _Named(self._origins)


class _Named:
    """A context in which an error of a setting is told with the option that it came from."""

    def __init__(self, origins: Mapping[str, str]) -> None:
        self._origins = origins

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        from latimer.errors import InputError, SettingError

        if isinstance(error, SettingError) and (origin := self._origins.get(error.field)):
            raise InputError(f"{origin}: {error}") from error


def lines_of(settings: Mapping[str, Any]) -> Iterator[str]:
    """Settings as `key value`, but for those that are null."""
    for name, value in settings.items():
        if value is not None:
            yield f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
