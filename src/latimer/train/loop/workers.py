"""Gradients of a batch, computed by several threads with a share of the rows each.

Every thread runs forward and backward passes over its own rows on one core (see `latimer.threads`),
and the gradients are summed. The result is that of the whole batch up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor, nn

from latimer.nn.dropout import noise
from latimer.text.batching import Batch
from latimer.threads import Pool
from latimer.train.loop.precision import autocast
from latimer.train.objectives.objective import Loss, Objective

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Share:
    """The result of one worker: sums of loss, figures and gradients over its `weight` units."""

    weight: int
    loss: Tensor
    figures: dict[str, Tensor]
    gradients: tuple[Tensor | None, ...]


class Workers:
    """Gradients of an objective over a batch, computed by `threads` threads.

    Dropout masks are a pure function of `(seed, update, first + thread)`, so that a run can be
    resumed anywhere; `first` distinguishes the processes of a group. Results are deterministic for
    a fixed number of threads, because shares are summed in a fixed order.
    """

    def __init__(
        self,
        threads: int = 1,
        *,
        seed: int = 0,
        first: int = 0,
        device: torch.device | None = None,
        precision: str = "fp32",
    ) -> None:
        """`precision` is that of products, fp32 or bf16; `use` changes threads and precision."""
        self.threads = threads
        self.seed = seed
        self.first = first
        self.device = device or torch.device("cpu")
        self.precision = precision
        self._pool = Pool(threads)

    def use(self, threads: int, precision: str) -> None:
        """Compute the next gradients with `threads` threads in `precision`."""
        self.threads, self.precision = threads, precision

    def backward(self, objective: Objective, batch: Batch, update: int) -> Share:
        """Put the gradient of the summed loss of `batch` into the parameters' `grad`.

        The gradient is of the SUM over units; divide it by the weight of all processes' shares.
        """
        parameters = trained_parameters(objective)
        parts = split(batch, self.threads)

        def work(thread: int) -> Share:
            # Autocast and the source of noise are each thread's own.
            with noise(self._generator(update, thread)), autocast(self.precision, self.device):
                loss = objective.loss(parts[thread])
            return _share(loss, parameters)

        several = range(len(parts))
        first, *others = self.map(work, several) if len(parts) > 1 else map(work, several)
        for share in others:
            first = _add(first, share)
        for parameter, gradient in zip(parameters, first.gradients, strict=True):
            parameter.grad = gradient
        return first

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """`work(item)` of every item, in order, by all threads."""
        return self._pool.map(work, items)

    def close(self) -> None:
        """Stop the threads."""
        self._pool.close()

    def _generator(self, update: int, thread: int) -> torch.Generator:
        generator = torch.Generator(self.device)
        worker = self.first + thread
        # Odd multipliers separate the streams; a generator accepts seeds below 2⁶³.
        mixed = self.seed * 0x9E3779B97F4A7C15 + update * 0xBF58476D1CE4E5B9 + worker
        return generator.manual_seed(mixed % 2**63)


def trained_parameters(objective: Objective) -> list[nn.Parameter]:
    """The parameters of the objective's trained modules, each once, in a fixed order."""
    modules = objective.modules
    found = (p for name in objective.trained for p in modules[name].parameters())
    return list(dict.fromkeys(p for p in found if p.requires_grad))


def split(batch: Batch, shares: int) -> list[Batch]:
    """The batch split row by row in turn, so that all shares have similar lengths."""
    shares = min(shares, len(batch.source))
    if shares == 1:
        return [batch]
    return [
        replace(
            batch,
            source=batch.source[k::shares],
            source_lengths=batch.source_lengths[k::shares],
            target=batch.target[k::shares],
            target_lengths=batch.target_lengths[k::shares],
        )
        for k in range(shares)
    ]


def _share(loss: Loss, parameters: Sequence[nn.Parameter]) -> Share:
    total = loss.value * loss.weight
    gradients = torch.autograd.grad(total, list(parameters), allow_unused=True)
    figures = {name: figure * loss.weight for name, figure in loss.figures.items()}
    return Share(loss.weight, total.detach(), figures, gradients)


def _add(left: Share, right: Share) -> Share:
    return Share(
        left.weight + right.weight,
        left.loss + right.loss,
        {name: left.figures[name] + right.figures[name] for name in left.figures},
        tuple(_sum(one, other) for one, other in zip(left.gradients, right.gradients, strict=True)),
    )


def _sum(left: Tensor | None, right: Tensor | None) -> Tensor | None:
    if left is None or right is None:
        return right if left is None else left
    return left + right  # not in place: two parameters may share one gradient tensor
