"""The model card: README.md of a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from latimer.model.config import ModelConfig
from latimer.model.kinds import MODEL_KINDS

SECTIONS = ("data", "scores", "network", "vocabulary")


def model_card(config: ModelConfig, *, command: str) -> str:
    """Languages, data, scores, network and the `command` that made the model."""
    entries = _with_shares(config.as_json())
    lines = [f"# {_title(config)}", "", "Made by Latimer with", "", f"    {command}", ""]
    for section in SECTIONS:
        rows = _flat(entries.get(section, {}))
        if rows:
            lines += [f"## {section.capitalize()}", "", "| | |", "|---|---|"]
            lines += [f"| {key} | {value} |" for key, value in rows] + [""]
    use = MODEL_KINDS[config.kind].use(Path("THIS_FOLDER"))
    return "\n".join([*lines, "## Use", "", f"    {use}", ""])


def _with_shares(entries: dict[str, Any]) -> dict[str, Any]:
    """The entries, saying of the pairs that were too long how large a part they are."""
    data = {part: dict(facts) for part, facts in entries.get("data", {}).items()}
    for facts in data.values():
        if facts.get("too_long") is not None:
            left, every = facts["too_long"], facts["too_long"] + facts["pairs"]
            facts["too_long"] = f"{left} of {every} ({left / max(1, every):.1%})"
    return {**entries, "data": data}


def _title(config: ModelConfig) -> str:
    source, target = config.languages.source, config.languages.target
    pair = f"{source or 'source'} → {target or 'target'}"
    titles = {
        "translator": f"A translator, {pair}",
        "language_model": f"A language model{f' of {target}' if target else ''}",
        "critic": f"A critic of translations, {pair}",
    }
    return titles[config.kind]


def _flat(section: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested dictionaries as rows of dotted keys and values."""
    rows = []
    for key, value in section.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{key}.")
        else:
            shown = f"{value:.2f}" if isinstance(value, float) else str(value)
            rows.append((f"{prefix}{key}", shown.replace("|", "\\|")))
    return rows
