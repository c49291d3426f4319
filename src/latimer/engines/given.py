"""Texts that users give a search: whether they can be read, and those to be written, as pieces."""

from __future__ import annotations

from collections.abc import Sequence

from latimer.errors import InputError
from latimer.files import MAX_LINE_BYTES
from latimer.text.corpus.clean import normalise
from latimer.text.vocabulary.placeholders import mask
from latimer.text.vocabulary.subwords import UNK
from latimer.text.vocabulary.vocabulary import Vocabulary


def check_text(text: str, origin: str) -> None:
    """Raises InputError, which begins with `origin`, for broken Unicode and more than 1 MB."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise InputError(f"{origin}: not valid Unicode ({error.reason}); give UTF-8") from error
    if size > MAX_LINE_BYTES:
        raise InputError(f"{origin}: longer than {MAX_LINE_BYTES:,} bytes; cut it up")


def check_writable(vocabulary: Vocabulary, text: str, pieces: Sequence[int], origin: str) -> None:
    """Raises InputError for a text, in `pieces`, that no translation can hold.

    That is one with a placeholder, or with what the vocabulary does not have.
    """
    if vocabulary.placeholders and mask(text)[1]:
        raise InputError(
            f"{origin}: {text!r} holds the placeholder {mask(text)[1][0]!r}; placeholders are "
            "copied from a source and cannot be demanded"
        )
    if UNK in pieces:
        words = text.split() if vocabulary.target.kind == "word" else dict.fromkeys(text)
        lacking = [word for word in words if UNK in vocabulary.encode_targets([word])[0]]
        raise InputError(
            f"{origin}: {text!r} cannot be written: the model's vocabulary lacks "
            f"{', '.join(map(repr, lacking)) or 'a piece of it'}"
        )


def prefix_pieces(vocabulary: Vocabulary, prefix: str, max_length: int) -> list[int]:
    """The pieces of a text that translations begin with; none of an empty one.

    Raises InputError for what cannot be written, or does not fit into `max_length`.
    """
    check_text(prefix, "prefix")
    text = normalise(prefix)
    (pieces,) = vocabulary.encode_targets([text])
    check_writable(vocabulary, text, pieces, "prefix")
    if len(pieces) >= max_length:
        raise InputError(
            f"prefix: its {len(pieces)} pieces do not fit into max_length {max_length}, which "
            "counts the end of sentence"
        )
    return pieces
