"""Is the translator any good? Three lines for those who want to use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from latimer.metrics.significance import Comparison

FEW_PAIRS = 1_000
"""From fewer pairs a translator is hardly ever learnt."""
ENOUGH_PAIRS = 10_000
"""From about so many on, interface text is learnt well enough to be useful."""
WEAK = 20.0
"""BLEU below which most sentences have to be corrected."""
STEPS = (15, 60)
"""Minutes of training that are proposed, one after the other."""


@dataclass(frozen=True)
class Evidence:
    """What is known about a translator."""

    copying: Comparison
    """BLEU of copying the source, and second that of the translator."""
    memory: Comparison
    """BLEU of the nearest sentence of the text, and second that of the translator."""
    unseen: bool
    """Whether the text tested on had no part in training, not even in choosing the best model."""
    pairs: int
    """Learnt from."""
    updates: int
    minutes: float
    """Of training, over all sittings."""


@dataclass(frozen=True)
class Commands:
    """What can be done next; each is fit to paste."""

    translate: str
    longer: Callable[[int], str]
    """Training for so many minutes in all."""
    more_text: str


def verdict(evidence: Evidence | None, commands: Commands) -> list[str]:
    """What the translator scores, what that is worth, and the one command that helps most.

    `evidence` is None where there was no text to test on. A difference counts when chance would
    rarely bring it about (`Comparison.clear`).
    """
    if evidence is None:
        return [
            "No text was left to test this translator on.",
            "How good it is, nobody can say: the text is too short to learn a translator from.",
            _more_text(commands),
        ]
    held_out = "has never seen" if evidence.unseen else "has not learnt from"
    bleu, sentences = evidence.copying.second, evidence.copying.sentences
    scores = (
        f"Copying the source scores {evidence.copying.first:.1f}, "
        f"the nearest sentence of your text {evidence.memory.first:.1f}"
    )
    return [
        f"This translator scores BLEU {bleu:.1f} of 100 on {sentences:,} "
        f"{'sentence' if sentences == 1 else 'sentences'} it {held_out}.",
        f"{scores}: {_worth(evidence)}",
        _next(evidence, commands),
    ]


def too_few(pairs: int) -> str | None:
    """A word before training from so few pairs that little can come of it; None of more."""
    if pairs >= FEW_PAIRS:
        return None
    return (
        f"{pairs:,} {'pair is' if pairs == 1 else 'pairs are'} few to learn a translator from: "
        f"{FEW_PAIRS:,} are the least, {ENOUGH_PAIRS:,} and more are better. "
        "It is tried all the same; a translation memory may help more."
    )


def _worth(evidence: Evidence) -> str:
    if _useful(evidence):
        if evidence.copying.second < WEAK:
            return "it is better than both, but most of its sentences will need correcting."
        return "it is worth using, as a draft that people correct."
    copying, memory = _relation(evidence.copying), _relation(evidence.memory)
    if copying != "better":
        return f"it is {copying} than copying the source: {_cause(evidence)}"
    return f"it is {memory} than looking up the nearest sentence: {_cause(evidence)}"


def _useful(evidence: Evidence) -> bool:
    return {_relation(evidence.copying), _relation(evidence.memory)} == {"better"}


def _relation(comparison: Comparison) -> str:
    """How the translator stands to what it is compared with."""
    if not comparison.clear:
        return "not clearly better"
    return "better" if comparison.difference > 0 else "worse"


def _cause(evidence: Evidence) -> str:
    if evidence.pairs < FEW_PAIRS:
        return (
            f"{evidence.pairs:,} pairs are too few to learn a translator from; "
            "a translation memory, or more text, helps more."
        )
    if _more_minutes(evidence):
        return f"{evidence.updates:,} updates were too few here."
    return f"{evidence.pairs:,} pairs were too few here."


def _more_minutes(evidence: Evidence) -> int | None:
    """The next step that is well above the minutes trained; None when time is not what lacks."""
    if evidence.pairs < FEW_PAIRS:
        return None
    return next((step for step in STEPS if step >= 2 * evidence.minutes), None)


def _next(evidence: Evidence, commands: Commands) -> str:
    if _useful(evidence) and evidence.copying.second >= WEAK:
        return f"Next: translate your file: {commands.translate}"
    if minutes := _more_minutes(evidence):
        return f"Next: train for {minutes} minutes in all: {commands.longer(minutes)}"
    return _more_text(commands)


def _more_text(commands: Commands) -> str:
    return (
        f"Next: learn from more text, {ENOUGH_PAIRS:,} pairs or more in all: {commands.more_text}"
    )
