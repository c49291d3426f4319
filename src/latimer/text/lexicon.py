"""A lexicon: the probable translations of every source piece.

Shortlists of search and lexical priors of networks are made from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from latimer.errors import InputError
from latimer.tensors import read_tensors, write_tensors

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

LIKELY = 50
"""Maximum number of target pieces for each source piece."""

_AGAIN = "remove it, or make a new one with `latimer shortlist`"


class Lexicon(NamedTuple):
    """Probable translations of every source piece.

    likely `[source_vocab, LIKELY]`: target pieces, most probable first, −1 after the last;
    probabilities, of the same shape: p(target | source), 0 after the last; frequent `[n]`: the most
    frequent target pieces of the corpus, most frequent first.
    """

    likely: Ints
    probabilities: Floats
    frequent: Ints

    def save(self, path: Path) -> None:
        """Write a safetensors file; raises OSError when the disk refuses."""
        arrays = {name: torch.from_numpy(array) for name, array in self._asdict().items()}
        write_tensors(path, arrays)

    @classmethod
    def load(cls, path: Path, source_vocab: int, target_vocab: int) -> Lexicon:
        """Read what `save` wrote.

        Raises InputError when the file is damaged or of vocabularies of other sizes.
        """
        try:
            found = {name: tensor.numpy() for name, tensor in read_tensors(path).items()}
            lexicon = cls(found["likely"], found["probabilities"], found["frequent"])
        except InputError as error:
            raise InputError(f"{error}; {_AGAIN}") from error
        except (TypeError, KeyError) as error:
            raise InputError(f"{path}: not a lexicon ({error}); {_AGAIN}") from error
        likely, probabilities, frequent = lexicon
        shapes = likely.ndim == 2 and probabilities.shape == likely.shape and frequent.ndim == 1
        ids = np.concatenate([lexicon.likely.ravel(), lexicon.frequent.ravel()])
        if not shapes or ids.dtype != np.int32 or len(lexicon.likely) != source_vocab:
            raise InputError(f"{path}: belongs to another vocabulary; {_AGAIN}")
        if ids.size and not -1 <= ids.min() <= ids.max() < target_vocab:
            raise InputError(f"{path}: contains pieces that the vocabulary has not; {_AGAIN}")
        if probabilities.dtype != np.float32 or not bool(
            ((probabilities >= 0) & (probabilities <= 1)).all()
        ):
            raise InputError(f"{path}: holds probabilities outside 0 to 1; {_AGAIN}")
        return lexicon
