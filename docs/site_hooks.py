"""What the site needs beyond Markdown: the reference of commands, and formulas as MathML.

Both happen while the site is built, so its pages need no script from elsewhere.
"""

from __future__ import annotations

import html
import re
from typing import Any

MARKER = "<!-- commands -->"
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the reference of commands where the page asks for it."""
    return markdown.replace(MARKER, commands()) if MARKER in markdown else markdown


def on_page_content(content: str, **_: Any) -> str:
    """Write every formula as MathML."""
    return FORMULA.sub(_mathml, content)


def _mathml(found: re.Match[str]) -> str:
    from latex2mathml.converter import convert

    display = "block" if found[1] == "div" else "inline"
    return str(convert(html.unescape(found[3]).strip(), display=display))


def commands() -> str:
    """Every command of the Typer application: usage, arguments, options and defaults."""
    import typer

    from latimer.cli import build_app

    group: Any = typer.main.get_command(build_app())
    parts = []
    for name, command in _leaves(group):
        context = command.make_context(name, [], resilient_parsing=True)
        parts.append(f"## {name}\n\n{_paragraphs(command.help)}\n")
        usage = " ".join(command.collect_usage_pieces(context))
        parts.append(f"```text\nlatimer {name} {usage}\n```\n")
        records = [param.get_help_record(context) for param in command.get_params(context)]
        rows = [record for record in records if record and "--help" not in record[0]]
        if rows:
            parts.append("| argument or option | meaning |\n|---|---|")
            parts += [f"| `{left.strip()}` | {_cell(right)} |" for left, right in rows]
            parts.append("")
    return "\n".join(parts)


def _leaves(group: Any) -> Any:
    """Commands by name; those of a family, such as `rules`, with its name in front."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from ((f"{name} {inner}", one) for inner, one in _leaves(command))
        else:
            yield name, command


def _paragraphs(text: str | None) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (text or "").split("\n\n"))


def _cell(text: str) -> str:
    text = html.escape(" ".join(text.split()), quote=False)
    return re.sub(r"([|*\[\]_`])", r"\\\1", text)
