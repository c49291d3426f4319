"""Which target pieces may translate a source piece: what search takes a shortlist from."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from latimer.errors import InputError

Ints = npt.NDArray[np.int32]

LIKELY = 50
"""Pieces that a lexicon names for each piece of the source, at most."""

_AGAIN = "remove it, or make it anew with `latimer shortlist`"


class Lexicon(NamedTuple):
    """likely `[source_vocab, LIKELY]`: target pieces that may translate each source piece, best
    first, −1 after the last; frequent `[n]`: the most frequent target pieces, most frequent first.
    """

    likely: Ints
    frequent: Ints

    def save(self, path: Path) -> None:
        """Write a safetensors file; raises OSError when the disk refuses."""
        try:
            save_file(self._asdict(), path)
        except SafetensorError as error:  # it hides the OSError of a full disk
            raise OSError(None, str(error)) from error
        path.chmod(0o644)

    @classmethod
    def load(cls, path: Path, source_vocab: int, target_vocab: int) -> Lexicon:
        """Read what `save` wrote.

        Raises InputError when the file is damaged or of vocabularies of other sizes.
        """
        try:
            found = load_file(path)
            lexicon = cls(found["likely"], found["frequent"])
        except (OSError, SafetensorError, ValueError, KeyError) as error:
            raise InputError(f"{path}: damaged ({error}); {_AGAIN}") from error
        shapes = lexicon.likely.ndim == 2 and lexicon.frequent.ndim == 1
        ids = np.concatenate([lexicon.likely.ravel(), lexicon.frequent.ravel()])
        if not shapes or ids.dtype != np.int32 or len(lexicon.likely) != source_vocab:
            raise InputError(f"{path}: of another vocabulary; {_AGAIN}")
        if ids.size and not -1 <= ids.min() <= ids.max() < target_vocab:
            raise InputError(f"{path}: names pieces that the vocabulary has not; {_AGAIN}")
        return lexicon
