"""How large a network, and how long a training, fit the text that there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from latimer.formats.pair import Pair

PASSES = 40
"""Over the text at most: beyond it a network of this size learns the text by heart."""
LEAST_UPDATES, VALIDATIONS = 300, 6
"""Of a training, whatever the text; and how many validations it has."""
CHARACTERS = 3.0
"""Of text in a piece, about: what a batch holds is counted in pieces."""


@dataclass(frozen=True)
class Size:
    """Of the subword vocabulary, and of the network: its embedding and its two recurrent layers."""

    pieces: int
    embedding: int
    encoder: int
    decoder: int

    def settings(self) -> dict[str, object]:
        """Keys of a recipe."""
        return {
            "subwords.size": self.pieces,
            "model.embedding": self.embedding,
            "model.readout": self.embedding,
            "model.encoder_size": self.encoder,
            "model.attention_size": self.encoder,
            "model.decoder_size": self.decoder,
        }


SIZES: list[tuple[int, Size]] = [
    (2_500, Size(1000, 128, 128, 192)),
    (10_000, Size(2000, 192, 192, 256)),
]
"""For fewer pairs than so many; of more text the recipe's own size."""


def fitted(pairs: Sequence[Pair], batch_tokens: int, updates: int) -> dict[str, object]:
    """Settings of the quickstart's recipe for a text, less of what it has where text is short.

    `batch_tokens` and `updates` are those of the recipe.
    """
    settings: dict[str, object] = {}
    for below, size in SIZES:
        if len(pairs) < below:
            settings |= size.settings()
            break
    characters = sum(max(len(pair.source), len(pair.target)) for pair in pairs)
    a_pass = max(1.0, characters / CHARACTERS / batch_tokens)
    enough = min(updates, max(LEAST_UPDATES, round(PASSES * a_pass)))
    return {
        **settings,
        "training.max_updates": enough,
        "training.validate_every": max(1, round(enough / VALIDATIONS)),
    }
