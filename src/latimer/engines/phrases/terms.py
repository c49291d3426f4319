"""Terms of a glossary as forced phrases of a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from latimer.statistical.decoder.decoder import ForcedPhrase
from latimer.statistical.tokens.side import Side
from latimer.statistical.tokens.words import JOINER
from latimer.text.glossary import Glossary, Term


class ForcedTerms(NamedTuple):
    """forced: the spans and their target tokens; further: the tokens that the target vocabulary
    does not have, which follow the copies of the source's tokens in numbering.
    """

    forced: list[ForcedPhrase]
    further: list[str]


def forced_terms(
    glossary: Glossary, text: str, written: Sequence[str], target: Side, symbols: int
) -> ForcedTerms:
    """The terms of `text`, whose tokens are `written`, each at all places where it occurs.

    `symbols`: ids from there on are copies, see `decoder.Step`.
    """
    forced: list[ForcedPhrase] = []
    further: list[str] = []
    taken = [False] * len(written)
    for term in glossary.find(text):
        for start, end in _places(term, written):
            if any(taken[start:end]):
                continue
            taken[start:end] = [True] * (end - start)
            tokens = _tokens(term, written[start:end], target)
            ids = []
            for token in tokens:
                number = target.exact_id(token)
                if number < 0:
                    number = symbols + len(written) + len(further)
                    further.append(token)
                ids.append(number)
            forced.append(ForcedPhrase(start, end, ids))
    return ForcedTerms(forced, further)


def _tokens(term: Term, source: Sequence[str], target: Side) -> list[str]:
    """The target tokens of a term, joined to its neighbours as the source's tokens are."""
    tokens = target.verbatim(term.target)
    if target.pieces is None:
        if source[0].startswith(JOINER) and not tokens[0].startswith(JOINER):
            tokens[0] = JOINER + tokens[0]
        if source[-1].endswith(JOINER) and not tokens[-1].endswith(JOINER):
            tokens[-1] += JOINER
    return tokens


def _places(term: Term, written: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Spans of tokens that make up the source term, whatever their neighbours and their case."""
    wanted = _plain([term.source]).lower()
    for start in range(len(written)):
        for end in range(start + 1, len(written) + 1):
            found = _plain(written[start:end]).lower()
            if len(found) > len(wanted):
                break
            if found == wanted:
                yield start, end
                break


def _plain(tokens: Sequence[str]) -> str:
    """Letters alone, without spaces and joiners."""
    return "".join(tokens).replace(JOINER, "").replace(" ", "").replace("▁", "")
