"""The size of the network and the length of training for a text of a given size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from latimer.formats.pair import Pair

PASSES = 40
"""Maximum number of epochs; with more, a network of this size overfits."""
LEAST_UPDATES, VALIDATIONS = 300, 6
"""Minimum number of updates, and number of validations of a training."""
CHARACTERS = 3.0
"""Approximate number of characters per piece."""


@dataclass(frozen=True)
class Size:
    """Sizes of the vocabulary, the embeddings and the two recurrent layers."""

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
"""Sizes for texts with fewer pairs than the number; larger texts use those of the recipe."""


def fitted(pairs: Sequence[Pair], batch_tokens: int, updates: int) -> dict[str, object]:
    """Settings of the quickstart's recipe for a text; a short text gets a smaller network.

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
