"""The pages of the reference that are generated from settings; `make reference` writes them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from latimer.engines.apertium.options import ApertiumOptions
from latimer.engines.combined.options import CombinedOptions
from latimer.engines.neural.options import NeuralOptions
from latimer.engines.phrases.options import PhrasesOptions
from latimer.engines.rules.options import RulesOptions
from latimer.errors import shown
from latimer.recipe.help import in_cell, markdown
from latimer.search.constraints import Constraints
from latimer.search.strategies import STRATEGIES
from latimer.settings import Settings, allowed

_HEAD = """\
# Settings of search

`latimer translate` and `latimer evaluate` take every setting below with `--set KEY=VALUE`. In
Python they are the fields of `latimer.Beam`, `latimer.Constraints` and so on; `engine` is what
`latimer.load` takes. A recipe keeps the sections `search` and `constraints` as the model's own.
JSON has the same names: `{"kind": "sampling", "samples": 3}`.

What is not given is the model's own. A value that cannot be used is refused in one line that names
the setting, the value and the reason.

The engine of a model, which its `config.json` names, says which searches and constraints it can
keep:

| engine | searches | constraints |
|---|---|---|
| `neural` | all but `stack` | all, where the kind of search can keep them |
| `phrases` | `stack` | `glossary` |
| `combined` | `beam` | `glossary` |
| `apertium`, `rules` | none | none |

This page is generated from `latimer.search.strategies`, `latimer.search.constraints` and the module
`options` of each engine.

"""

ENGINE_OPTIONS: dict[str, type[Settings]] = {
    "neural": NeuralOptions,
    "phrases": PhrasesOptions,
    "combined": CombinedOptions,
    "apertium": ApertiumOptions,
    "rules": RulesOptions,
}
"""What `latimer.load` takes for the models of each engine."""


def search_settings() -> str:
    """`docs/reference/search.md`."""
    parts = [_HEAD]
    for kind, strategy in STRATEGIES.items():
        parts.append(f"## search.kind={kind}\n\n")
        parts.append(_section("search", strategy))
    parts += ["## constraints\n\n", _section("constraints", Constraints)]
    for engine, options in ENGINE_OPTIONS.items():
        parts += [f"## engine: {engine}\n\n", _section("engine", options)]
    return "".join(parts).rstrip() + "\n"


def _section(section: str, settings: type[Settings]) -> str:
    summary = (settings.__doc__ or "").splitlines()[0]
    rows = "".join(_rows(section, settings))
    return f"{summary}\n\n| key | default | allowed | meaning |\n|---|---|---|---|\n{rows}\n"


def _rows(section: str, settings: type[Settings]) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        if name == "kind":
            continue
        default = field.default
        text = shown(default) if default is None or isinstance(default, bool) else str(default)
        text = "" if default in ("", ()) else f"`{text}`"
        meaning = in_cell(str(field.description))
        yield f"| `{section}.{name}` | {text} | {allowed(field)} | {meaning} |\n"


PAGES: dict[str, Callable[[], str]] = {"recipe.md": markdown, "search.md": search_settings}
"""What makes each generated page of `docs/reference`."""


def write_pages(folder: Path) -> None:
    """Write every generated page into `folder`."""
    from latimer.files import write_atomically

    for name, text in PAGES.items():
        write_atomically(folder / name, partial(_write, text()))


def _write(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
