"""Learning a phrase-based model from pairs of texts: words, alignment, phrases, n-grams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from latimer.engines.phrases.training.rungs import RUNGS
from latimer.recipe.phrases import PhrasesRecipe, TokenKind
from latimer.statistical.alignment.align import WordAlignment, align
from latimer.statistical.language_model.model import NgramModel
from latimer.statistical.phrases.learn import learn_phrases
from latimer.statistical.phrases.phrase_table import PhraseTable
from latimer.statistical.phrases.selection import keeps_symbols, select
from latimer.statistical.sentences import Sentences
from latimer.statistical.tokens.side import Kind, Side
from latimer.text.vocabulary.placeholders import MAX_SLOTS, mask, mask_target, slot

Progress = Callable[[str], None]
"""Called with what is being done."""


@dataclass(frozen=True)
class Encoded:
    """A parallel text in tokens."""

    source: Sentences
    target: Sentences


@dataclass(frozen=True)
class Learnt:
    """What is counted from a parallel text."""

    source: Side
    target: Side
    table: PhraseTable
    language_model: NgramModel


def learn(
    recipe: PhrasesRecipe, sources: Sequence[str], targets: Sequence[str], progress: Progress
) -> Learnt:
    """Learn from as many sources as targets; raises InputError when there is no text."""
    progress("words")
    pairs = [masked(*pair) for pair in zip(sources, targets, strict=True)]
    languages = recipe.data.source_language, recipe.data.target_language
    kinds = recipe.tokens.source, recipe.tokens.target
    source, target = (
        Side.learn([pair[side] for pair in pairs], languages[side], _kind(kinds[side]))
        for side in (0, 1)
    )
    encoded = encode_pairs(source, target, pairs)
    progress("alignment of words")
    alignment = align(encoded.source, encoded.target, len(source), len(target), recipe.alignment)
    progress("phrases")
    table = _table(recipe, source, target, encoded, alignment)
    progress("language model")
    order, least = recipe.language_model.order, recipe.language_model.least
    model = NgramModel.learn(encoded.target, len(target), order, (1, 1, 1, least))
    return Learnt(source, target, table, model)


def masked(source: str, target: str) -> tuple[str, str]:
    """A pair with slots for its placeholders."""
    text, table = mask(source)
    return text, mask_target(target, table)


def encode_pairs(source: Side, target: Side, pairs: Sequence[tuple[str, str]]) -> Encoded:
    """The tokens of masked pairs."""
    return Encoded(
        Sentences.of([source.encode(one).ids for one, _ in pairs]),
        Sentences.of([target.encode(other).ids for _, other in pairs]),
    )


def _table(
    recipe: PhrasesRecipe, source: Side, target: Side, encoded: Encoded, alignment: WordAlignment
) -> PhraseTable:
    longest = RUNGS[recipe.model.kind].longest
    settings = recipe.phrases if longest is None else recipe.phrases.replace(longest=longest)
    table = learn_phrases(encoded.source, encoded.target, alignment, settings)
    return select(table, keeps_symbols(table, _slots(source), _slots(target)))


def _slots(side: Side) -> dict[int, int]:
    """The numbers of the slots, by their tokens' ids; a piece may begin with a space."""
    written = {slot(number): number for number in range(MAX_SLOTS)}
    return {
        token: written[text.strip("▁")]
        for token, text in enumerate(side.vocabulary)
        if text.strip("▁") in written
    }


def _kind(kind: TokenKind) -> Kind | None:
    return None if kind == "auto" else kind
