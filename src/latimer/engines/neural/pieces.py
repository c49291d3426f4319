"""Texts that translations must hold, as pieces of the vocabulary."""

from __future__ import annotations

from collections.abc import Sequence

from latimer.errors import SettingError
from latimer.text.checking import check_text
from latimer.text.corpus.clean import normalise
from latimer.text.vocabulary.placeholders import mask
from latimer.text.vocabulary.subwords import UNK
from latimer.text.vocabulary.vocabulary import Vocabulary


def why_not_writable(vocabulary: Vocabulary, text: str, pieces: Sequence[int]) -> str | None:
    """Why no translation can hold a text, in `pieces`; None if one can.

    That is one with a placeholder, or with what the vocabulary does not have.
    """
    if vocabulary.placeholders and mask(text)[1]:
        return (
            f"holds the placeholder {mask(text)[1][0]!r}; placeholders are copied from a source "
            "and cannot be demanded"
        )
    if UNK in pieces:
        words = text.split() if vocabulary.target.kind == "word" else dict.fromkeys(text)
        lacking = [word for word in words if UNK in vocabulary.encode_targets([word])[0]]
        return (
            "cannot be written: the model's vocabulary lacks "
            f"{', '.join(map(repr, lacking)) or 'a piece of it'}"
        )
    return None


def prefix_pieces(
    vocabulary: Vocabulary, prefix: str, max_length: int, field: str = "prefix"
) -> list[int]:
    """The pieces of a text that translations begin with; none of an empty one.

    Raises SettingError, of `field`, for what cannot be written, or does not fit into `max_length`.
    """
    check_text(prefix, field)
    text = normalise(prefix)
    (pieces,) = vocabulary.encode_targets([text])
    if why := why_not_writable(vocabulary, text, pieces):
        raise SettingError(field, prefix, f"it {why}")
    if len(pieces) >= max_length:
        raise SettingError(
            field, prefix,
            f"its {len(pieces)} pieces do not fit into max_length {max_length}, which counts the "
            "end of sentence",
        )  # fmt: skip
    return pieces
