"""Word alignment of a corpus: both directions, made one."""

from __future__ import annotations

from typing import NamedTuple

from latimer.errors import InputError
from latimer.statistical.alignment.direction import DirectionalModel, learn_direction, link_words
from latimer.statistical.alignment.links import Links
from latimer.statistical.alignment.settings import AlignmentSettings
from latimer.statistical.alignment.symmetrisation import symmetrise
from latimer.statistical.sentences import Sentences


class AlignmentModel(NamedTuple):
    """forward: t(target | source); backward: t(source | target)."""

    forward: DirectionalModel
    backward: DirectionalModel
    symmetrisation: str

    def align_pairs(self, source: Sentences, target: Sentences) -> Links:
        """Link the words of new sentence pairs; unknown tokens are -1."""
        check_pairs(source, target)
        forward = link_words(self.forward, source, target)
        backward = link_words(self.backward, target, source)
        return symmetrise(forward, backward, source.offsets, target.offsets, self.symmetrisation)


class WordAlignment(NamedTuple):
    """The links of a corpus, and the models they come from."""

    links: Links
    model: AlignmentModel

    @property
    def forward(self) -> DirectionalModel:
        """t(target | source); its `table` has the word pairs."""
        return self.model.forward

    @property
    def backward(self) -> DirectionalModel:
        """t(source | target)."""
        return self.model.backward


def align(
    source: Sentences,
    target: Sentences,
    source_vocab: int,
    target_vocab: int,
    settings: AlignmentSettings,
) -> WordAlignment:
    """Learn both directions and link the words of all pairs.

    Token ids are below the sizes of their vocabularies. Raises InputError when the numbers of
    sentences differ.
    """
    check_pairs(source, target)
    forward, there = learn_direction(source, target, source_vocab, target_vocab, settings)
    backward, back = learn_direction(target, source, target_vocab, source_vocab, settings)
    links = symmetrise(there, back, source.offsets, target.offsets, settings.symmetrisation)
    return WordAlignment(links, AlignmentModel(forward, backward, settings.symmetrisation))


def check_pairs(source: Sentences, target: Sentences) -> None:
    """Raise InputError when the numbers of sentences differ."""
    if source.size != target.size:
        raise InputError(
            f"{source.size:,} source sentences but {target.size:,} target sentences; "
            "word alignment needs pairs"
        )
