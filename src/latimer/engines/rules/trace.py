"""The steps of a translation in plain text."""

from __future__ import annotations

from collections.abc import Iterator

from latimer.engines.rules.features import shown
from latimer.engines.rules.nodes import Group, Node, Reading
from latimer.engines.rules.syntactic_transfer import Fired
from latimer.engines.rules.system import Steps


def trace_lines(steps: Steps) -> Iterator[str]:
    """Source, analysis, lexical transfer, each rule that was applied, generation, translation."""
    yield f"source       {steps.source}"
    for word in steps.analysis:
        yield f"analysis     {word.text}: {' | '.join(map(_read, word.readings))}"
    for word in steps.transferred:
        found = [one.target.word for one in word.readings if one.target is not None]
        if found:
            yield f"lexical      {word.text} → {' | '.join(found)}"
    for fired in steps.fired:
        yield f"{fired.step:<12} {_fired(fired)}"
    for form in steps.forms:
        if (target := form.word.reading.target) is not None:
            how = f" ({form.features})" if form.features else ""
            yield f"generation   {target.word}{how} → {form.text}"
    yield f"translation  {steps.text}"


def _read(reading: Reading) -> str:
    features = shown(reading.features)
    line = f", line {reading.entry.line}" if reading.entry is not None else ""
    return f"{reading.lemma} {reading.tag}{'.' if features else ''}{features}{line}"


def _fired(fired: Fired) -> str:
    if fired.step == "disambiguation":
        return f"{fired.rule}: {_shown(fired.before[0])} is {fired.after[0].reading.tag}"  # type: ignore[union-attr]
    before, after = (" ".join(map(_shown, nodes)) for nodes in (fired.before, fired.after))
    return f"{fired.rule}: {before} → {after}"


def _shown(node: Node) -> str:
    """A group as `NP(die Datei)`, a word by its translation and features, else by its text."""
    if isinstance(node, Group):
        return f"{node.tag}({' '.join(map(_shown, node.members))})"
    reading = node.reading
    name = node.text if reading.target is None else reading.target.word
    features = shown(reading.features)
    return f"{name}[{reading.tag}{'.' if features else ''}{features}]" if reading.tag else name
