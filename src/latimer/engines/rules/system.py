"""A rule folder read, and the steps of a translation kept for a person to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from latimer.engines.rules.analysis import Analyser
from latimer.engines.rules.features import Grammar, read_grammar
from latimer.engines.rules.generation import Form, capitalise, contract, generate, join
from latimer.engines.rules.lexical_transfer import transfer_words
from latimer.engines.rules.lexicon import read_lexicon
from latimer.engines.rules.nodes import Node, Word
from latimer.engines.rules.paradigms import read_paradigms
from latimer.engines.rules.places import Source
from latimer.engines.rules.syntactic_transfer import Fired, apply_rules, disambiguate
from latimer.engines.rules.transfer_rules import Transfer, read_transfer

LEXICON, PARADIGMS, TRANSFER = "lexicon.tsv", "paradigms.yaml", "transfer.yaml"


@dataclass(frozen=True)
class Steps:
    """A translation, step by step.

    analysis: the words with their readings; transferred: the same with the translation of each
    reading; fired: the rules that were applied; structure: what they made; forms: the words of the
    translation; text: the translation.
    """

    source: str
    analysis: tuple[Word, ...]
    transferred: tuple[Word, ...]
    fired: tuple[Fired, ...]
    structure: tuple[Node, ...]
    forms: tuple[Form, ...]
    text: str


class RuleSystem:
    """The lexicon, paradigms and rules of a folder."""

    def __init__(self, folder: Path) -> None:
        """Raises InputError, naming file and line, for what cannot be used."""
        written = Source(folder / PARADIGMS)
        self.grammar: Grammar = read_grammar(written)
        self.paradigms = read_paradigms(written, self.grammar)
        self.entries = read_lexicon(folder / LEXICON, self.grammar, self.paradigms)
        self.transfer: Transfer = read_transfer(
            Source(folder / TRANSFER), self.grammar, self.paradigms
        )
        self._analyser = Analyser(self.entries)

    def translate(self, text: str, *, mark_unknown: bool = False) -> Steps:
        """All steps of the translation of a line."""
        analysis = self._analyser.analyse(text)
        transferred = transfer_words(analysis)
        structure, fired = self._transfer(transferred)
        forms = contract(
            generate(structure, self.transfer, self.grammar), self.transfer.contractions
        )
        forms = capitalise(forms, analysis)
        return Steps(
            text, tuple(analysis), tuple(transferred), tuple(fired), tuple(structure),
            tuple(forms), join(forms, mark_unknown=mark_unknown),
        )  # fmt: skip

    def _transfer(self, words: Sequence[Word]) -> tuple[list[Node], list[Fired]]:
        chosen, fired = disambiguate(words, self.transfer.choices, self.grammar)
        nodes: list[Node] = list(chosen)
        for name, rules in self.transfer.passes.items():
            nodes, more = apply_rules(nodes, name, rules, self.grammar)
            fired += more
        return nodes, fired
