"""Word alignments: read from attention, written as links, scored by alignment error rate.

A link `(i, j)` joins word i of the source to word j of the target, both counted from 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from latimer.errors import InputError

Links = frozenset[tuple[int, int]]
_LINK = re.compile(r"(\d+)([-?])(\d+)")
_WORD = "▁"


class Gold(NamedTuple):
    """Human alignment of one sentence pair; sure links are possible ones as well."""

    sure: Links
    possible: Links


def parse_links(line: str, where: str = "links") -> Gold:
    """Links as `0-0 1?2`: sure with a dash, only possible with a question mark.

    Raises InputError naming `where` for anything else.
    """
    sure, possible = set(), set()
    for word in line.split():
        match = _LINK.fullmatch(word)
        if not match:
            raise InputError(
                f"{where}: {word!r} is not a link; write 3-4 if it is sure, 3?4 if not"
            )
        link = int(match[1]), int(match[3])
        possible.add(link)
        if match[2] == "-":
            sure.add(link)
    return Gold(frozenset(sure), frozenset(possible))


class AlignmentScores(NamedTuple):
    """Of a whole test set, each between 0 and 1."""

    precision: float
    recall: float
    error_rate: float


def alignment_scores(found: Iterable[Links], gold: Iterable[Gold]) -> AlignmentScores:
    """Precision |A ∩ P| / |A|, recall |A ∩ S| / |S| and AER of all sentences together.

    AER = 1 − (|A ∩ S| + |A ∩ P|) / (|A| + |S|), Och & Ney 2003, equation 29. Raises InputError
    when the numbers of sentences differ or there is neither a link nor a sure one.
    """
    links = in_sure = in_possible = sure = 0
    try:
        for one, wanted in zip(found, gold, strict=True):
            links, sure = links + len(one), sure + len(wanted.sure)
            in_sure += len(one & wanted.sure)
            in_possible += len(one & wanted.possible)
    except ValueError as error:
        raise InputError("alignments: as many sentences found as in the gold are needed") from error
    if not links + sure:
        raise InputError("alignments: there are no links to score")
    return AlignmentScores(
        in_possible / links if links else 1.0,
        in_sure / sure if sure else 1.0,
        1 - (in_sure + in_possible) / (links + sure),
    )


def words_of(pieces: Sequence[str]) -> list[int]:
    """The number of the word to which each subword piece belongs: a word begins with `▁`."""
    words, word = [], -1
    for piece in pieces:
        word += piece.startswith(_WORD) or word < 0
        words.append(word)
    return words


def word_weights(weights: Tensor, source: Sequence[str], target: Sequence[str]) -> Tensor:
    """Attention between words `[target_words, source_words]` from that between pieces.

    `weights [target, source]` has a row for each piece of `target`; columns beyond `source`
    (end of sentence) are left out. Weights on the pieces of a source word are added; rows of
    the pieces of a target word are averaged.
    """
    columns, rows = torch.tensor(words_of(source)), torch.tensor(words_of(target))
    weights = weights[: len(target), : len(source)].double().cpu()
    across = weights.new_zeros(len(target), int(columns.max()) + 1).index_add_(1, columns, weights)
    down = across.new_zeros(int(rows.max()) + 1, across.shape[1]).index_add_(0, rows, across)
    return down / torch.bincount(rows)[:, None]


def strongest_links(weights: Tensor) -> Links:
    """Each target word linked to the source word it attends to most: `[target, source]`."""
    return frozenset((int(i), j) for j, i in enumerate(weights.argmax(1)))
