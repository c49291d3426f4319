"""How much of the phrases that a translation must hold a prefix has written.

The automaton of Aho & Corasick (1975): its node is the longest end of the prefix that begins some
phrase, so phrases may overlap, be parts of one another and be demanded several times. There is one
for each sentence, and all advance together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from latimer.errors import InputError
from latimer.text.vocabulary.subwords import EOS

Tokens = tuple[int, ...]


class Progress(NamedTuple):
    """Where prefixes stand: node `[…]` of the automaton, counts `[…, phrases]` of each phrase."""

    node: Tensor
    counts: Tensor


class _Automaton:
    """That of one sentence, in lists."""

    def __init__(self, phrases: Counter[Tokens]) -> None:
        self.phrases = phrases
        self.letters = sorted({token for phrase in phrases for token in phrase})
        prefixes = {phrase[:end] for phrase in phrases for end in range(len(phrase) + 1)}
        nodes = sorted(prefixes | {()}, key=lambda prefix: (len(prefix), prefix))
        places = {prefix: place for place, prefix in enumerate(nodes)}

        def follow(written: Tokens) -> int:
            ends = (written[start:] for start in range(len(written) + 1))
            return next(places[end] for end in ends if end in places)

        self.after = [[follow((*node, letter)) for letter in self.letters] for node in nodes]
        self.whole = [[int(_ends(node, phrase)) for phrase in phrases] for node in nodes]
        self.begun = [[_begun(node, phrase) for phrase in phrases] for node in nodes]


def _ends(written: Tokens, phrase: Tokens) -> bool:
    return written[len(written) - len(phrase) :] == phrase if len(written) >= len(phrase) else False


def _begun(written: Tokens, phrase: Tokens) -> int:
    """Tokens of the longest beginning of `phrase`, not all of it, with which `written` ends."""
    sizes = range(len(phrase) - 1, 0, -1)
    return next((size for size in sizes if _ends(written, phrase[:size])), 0)


class Phrases:
    """The phrases of a batch of sentences, as tables to look up.

    total `[batch]`: tokens of all phrases of a sentence, 0 where there is none; letters
    `[batch, letters]`: the tokens that occur in them, −1 filling up.
    """

    def __init__(
        self, phrases: Sequence[Sequence[Sequence[int]]], device: torch.device | str = "cpu"
    ) -> None:
        """`phrases[i]` are the token lists that sentence i must hold, each as often as it is there.

        Raises InputError for an empty phrase, or one with a token that is never written.
        """
        counted = [Counter(map(tuple, several)) for several in phrases]
        for phrase in (phrase for several in counted for phrase in several):
            if not phrase or min(phrase) <= EOS:
                raise InputError(
                    f"phrase {list(phrase)}: at least one token expected, each of them one that "
                    "may be written"
                )
        known: dict[frozenset[tuple[Tokens, int]], _Automaton] = {}
        automata = []
        for several in counted:
            key = frozenset(several.items())
            if key not in known:
                known[key] = _Automaton(several)
            automata.append(known[key])

        def table(rows: Iterable[object], fill: int = 0) -> Tensor:
            return _padded([torch.tensor(row, dtype=torch.long) for row in rows], fill).to(device)

        self.letters = table((a.letters for a in automata), -1)
        self.total = torch.tensor(
            [sum(len(p) * n for p, n in a.phrases.items()) for a in automata], dtype=torch.long
        ).to(device)
        self._wanted = table(list(a.phrases.values()) for a in automata)
        self._sizes = table([len(phrase) for phrase in a.phrases] for a in automata)
        self._whole = table(a.whole for a in automata)
        self._begun = table(a.begun for a in automata)
        # A last column for all tokens of no phrase: back to the first node.
        after = table(a.after for a in automata)
        self._after = torch.cat([after, torch.zeros_like(self._whole[:, :, :1])], 2)

    def start(self, sentences: int) -> Progress:
        """Nothing written: one prefix for each sentence."""
        node = self.total.new_zeros(sentences)
        return Progress(node, self._wanted.new_zeros(sentences, self._wanted.shape[1]))

    def read(self, progress: Progress, tokens: Tensor, sentences: Tensor) -> Progress:
        """`tokens` appended to prefixes of `sentences`, both `[rows]`."""
        same = self.letters[sentences] == tokens[:, None]
        nothing = torch.full_like(tokens, self._after.shape[2] - 1)
        letter = torch.where(same.any(1), same.to(torch.uint8).argmax(1), nothing)
        node = self._after[sentences, progress.node, letter]
        counts = progress.counts + self._whole[sentences, node]
        return Progress(node, torch.minimum(counts, self._wanted[sentences]))

    def met(self, progress: Progress, sentences: Tensor) -> Tensor:
        """Tokens of phrases that are written `[rows]`; `total` if and only if all phrases are.

        Whole phrases count, and the most that is written of one that is still missing.
        """
        missing = progress.counts < self._wanted[sentences]
        begun = (self._begun[sentences, progress.node] * missing).amax(1)
        return (progress.counts * self._sizes[sentences]).sum(1) + begun


def _padded(rows: Sequence[Tensor], fill: int) -> Tensor:
    """Tensors of any sizes as one, `[rows, …]`, at least 1 long in every direction."""
    dimensions = max((row.dim() for row in rows), default=1)
    rows = [row if row.numel() else row.new_zeros([0] * dimensions) for row in rows]
    longest = [max((row.shape[d] for row in rows), default=1) for d in range(dimensions)]
    result = torch.full([len(rows), *(max(1, n) for n in longest)], fill)
    for place, row in enumerate(rows):
        part = result[place]
        for dimension, size in enumerate(row.shape):
            part = part.narrow(dimension, 0, size)
        part.copy_(row)
    return result
