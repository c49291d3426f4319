"""The verdict on a translator: three lines for its user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from latimer.metrics.significance import Comparison

FEW_PAIRS = 1_000
"""With fewer pairs, training rarely gives a useful translator."""
ENOUGH_PAIRS = 10_000
"""Pairs of interface text that usually suffice for a useful translator."""
WEAK = 20.0
"""BLEU below which most sentences have to be corrected."""
STEPS = (15, 60)
"""Minutes of training that are suggested in turn."""


@dataclass(frozen=True)
class Evidence:
    """The scores and the training of a translator."""

    copying: Comparison
    """BLEU of copying the source (first) and of the translator (second)."""
    memory: Comparison
    """BLEU of the translation memory (first) and of the translator (second)."""
    unseen: bool
    """Whether the text of the scores was not used to select the best model either."""
    pairs: int
    """Pairs in the training text."""
    updates: int
    minutes: float
    """Minutes of training, over all runs in the folder."""


@dataclass(frozen=True)
class Commands:
    """Next commands, ready to paste."""

    translate: str
    longer: Callable[[int], str]
    """The command that trains for the given minutes in total."""
    more_text: str


def verdict(evidence: Evidence | None, commands: Commands) -> list[str]:
    """The scores of the translator, whether it is useful, and the most helpful next command.

    `evidence` is None without a test or dev set. A difference counts if it is significant
    (`Comparison.clear`).
    """
    if evidence is None:
        return [
            "No text was left to test this translator on.",
            "Its quality is unknown: the text is too short to learn a translator from.",
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
    """A warning before training from fewer than `FEW_PAIRS` pairs; None for more."""
    if pairs >= FEW_PAIRS:
        return None
    return (
        f"{pairs:,} {'pair is' if pairs == 1 else 'pairs are'} few to learn a translator from: "
        f"{FEW_PAIRS:,} are the least, {ENOUGH_PAIRS:,} and more are better. "
        "Training starts anyway; a translation memory may help more."
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
    """The result of a comparison, in words."""
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
    """The next of `STEPS` that is well above the minutes trained; None if text is lacking."""
    if evidence.pairs < FEW_PAIRS:
        return None
    return next((step for step in STEPS if step >= 2 * evidence.minutes), None)


def _next(evidence: Evidence, commands: Commands) -> str:
    if _useful(evidence) and evidence.copying.second >= WEAK:
        return f"Next: translate your file: {commands.translate}"
    if minutes := _more_minutes(evidence):
        return f"Next: train for {minutes} minutes in total: {commands.longer(minutes)}"
    return _more_text(commands)


def _more_text(commands: Commands) -> str:
    return (
        f"Next: train on more text, {ENOUGH_PAIRS:,} pairs or more in total: {commands.more_text}"
    )
