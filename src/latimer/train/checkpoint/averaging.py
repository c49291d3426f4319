"""The best checkpoints of a run and the average of their weights.

The mean of the weights of several good checkpoints is usually a better model than each of them
(Junczys-Dowmunt et al. 2016, section 3; Izmailov et al. 2018). The mean has less noise than each
checkpoint, so that extrapolating from the initial weights beyond it may help (Zheng et al. 2024).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch

from latimer.files import write_atomically
from latimer.tensors import Tensors, read_tensors, write_tensors
from latimer.train.loop.progress import Candidate


class Checkpoints:
    """Weights of the best models so far, in a folder, one safetensors file each."""

    def __init__(self, folder: Path, size: int, prefix: str = "") -> None:
        """At most `size` are kept, in files whose names begin with `prefix`.

        Files that are already in the folder may belong to the last state, so the first clean-up
        keeps them.
        """
        self.folder = folder
        self.size = size
        self.prefix = prefix
        self._spared = {path.name for path in folder.iterdir()} if folder.is_dir() else set()

    def offer(
        self,
        candidates: list[Candidate],
        bleu: float,
        update: int,
        weights: Tensors,
        loss: float = 0.0,
    ) -> list[Candidate]:
        """The new list of candidates, best first: by BLEU, then by dev `loss`, then the newer.

        Writes the weights if they are among them. Raises LatimerError when the disk refuses.
        """
        new = Candidate(update, bleu, f"{self.prefix}{update:08}.safetensors", loss)
        ranked = sorted([*candidates, new], key=lambda c: (c.bleu, -c.loss, c.update), reverse=True)
        chosen = ranked[: self.size]
        if new in chosen:
            write_atomically(self.folder / new.file, lambda path: write_tensors(path, weights))
        return chosen

    def remove_others(self, candidates: list[Candidate]) -> None:
        """Delete the files that belong neither to the state just saved nor to the one before."""
        named = {candidate.file for candidate in candidates}
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                if path.name not in named | self._spared:
                    path.unlink(missing_ok=True)
        self._spared = named

    def weights(self, candidate: Candidate) -> Tensors:
        """The weights of `candidate`; raises InputError when the file is missing or damaged."""
        return read_tensors(self.folder / candidate.file)

    def average(self, candidates: list[Candidate]) -> Tensors:
        """The mean of the weights of all `candidates`."""
        return mean_of(self.weights(candidate) for candidate in candidates)


def mean_of(all_weights: Iterable[Tensors]) -> Tensors:
    """The mean of each floating-point tensor, summed in float64; other tensors are the first's."""
    first: Tensors = {}
    sums: Tensors = {}
    count = 0
    for weights in all_weights:
        first = first or weights
        count += 1
        for name, tensor in weights.items():
            if tensor.is_floating_point():
                sums[name] = sums.get(name, torch.zeros_like(tensor, dtype=torch.float64)) + tensor
    return {
        name: (sums[name] / count).to(tensor.dtype) if name in sums else tensor
        for name, tensor in first.items()
    }


def extrapolated(start: Tensors, mean: Tensors, factor: float) -> Tensors:
    """θ₀ + factor · (mean − θ₀) of each floating-point tensor, θ₀ being `start`.

    Other tensors are those of `mean`, whose devices are used.
    """
    found = dict(mean)
    for name, tensor in mean.items():
        if tensor.is_floating_point():
            origin = start[name].to(tensor.device, torch.float64)
            found[name] = torch.lerp(origin, tensor.double(), factor).to(tensor.dtype)
    return found
