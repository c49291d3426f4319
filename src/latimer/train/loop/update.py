"""One update: loss, gradients, clipping, optimiser."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from latimer.text.batching import Batch
from latimer.train.loop.distributed import Group, mean_gradients
from latimer.train.loop.workers import Workers
from latimer.train.objectives.objective import Objective

BETAS = (0.9, 0.98)
"""β₁ and β₂ of Adam; β₂ as in Vaswani et al. 2017, for runs of few updates."""


@dataclass(frozen=True)
class Step:
    """The result of one update, over all processes."""

    weight: float
    """Units of the loss (labels or sentences) in the batch."""
    sums: dict[str, float]
    """Sums over those units: `loss` and the figures of the objective."""
    norms: dict[str, float]
    """Norm of the gradient of each trained module, before clipping."""
    skipped: bool
    """Whether the update was skipped because a sum or norm was not finite."""
    seconds: float
    """Training time of the leader."""
    interrupted: bool
    """Whether one of the processes got a signal to stop."""

    @property
    def broken(self) -> list[str]:
        """The names of what is not finite."""
        norms = {f"the gradient of {name}": norm for name, norm in self.norms.items()}
        return [name for name, value in (self.sums | norms).items() if not math.isfinite(value)]


def build_optimisers(
    objective: Objective, *, weight_decay: float
) -> dict[str, torch.optim.Optimizer]:
    """An AdamW (Loshchilov & Hutter 2019; Adam when `weight_decay` is 0) for each trained module.

    Fused into one pass over the memory where PyTorch can do that on the module's device.
    """
    optimisers: dict[str, torch.optim.Optimizer] = {}
    for name in objective.trained:
        parameters = list(objective.modules[name].parameters())
        fused = parameters[0].device.type in ("cpu", "cuda")
        optimisers[name] = torch.optim.AdamW(
            parameters, lr=0.0, betas=BETAS, weight_decay=weight_decay, fused=fused
        )
    return optimisers


class Updater:
    """Makes updates of an objective's trained modules."""

    def __init__(
        self,
        objective: Objective,
        optimisers: dict[str, torch.optim.Optimizer],
        *,
        clip: float,
        workers: Workers,
        group: Group,
        factors: Mapping[str, float] | None = None,
    ) -> None:
        """`clip` is the maximum norm of a module's gradient, which `workers` compute.

        `factors` multiply the learning rate of the modules they name.
        """
        self.factors = factors or {}
        self.objective = objective
        self.optimisers = optimisers
        self.clip = clip
        self.workers = workers
        self.group = group
        self._parameters = {
            name: [p for g in optimiser.param_groups for p in g["params"]]
            for name, optimiser in optimisers.items()
        }

    def update(
        self, batch: Batch | None, number: int, rate: float, *, seconds: float, interrupted: bool
    ) -> Step:
        """Make update `number` (from 1) at learning rate `rate`.

        `batch` is this process's share of the rows, None if it has none. `seconds` and
        `interrupted` are those of this process; the result has those of all processes.
        """
        for optimiser in self.optimisers.values():
            optimiser.zero_grad(set_to_none=True)
        totals = self._gradients(batch, number, seconds, interrupted)
        norms = self._clip()
        numbers = torch.cat(
            [totals, norms.double()]
        ).tolist()  # the only synchronisation with a GPU
        step = self._step(numbers)
        if not step.skipped:
            for name, optimiser in self.optimisers.items():
                for settings in optimiser.param_groups:
                    settings["lr"] = rate * self.factors.get(name, 1.0)
                optimiser.step()
            means = {name: total / step.weight for name, total in step.sums.items()}
            self.objective.updated(means)
        return step

    def _gradients(
        self, batch: Batch | None, number: int, seconds: float, interrupted: bool
    ) -> Tensor:
        """Set the gradients; returns `[n]`: weight, sums, the leader's time, interruptions."""
        device, names = self.group.device, self.objective.figures
        sums, weight = [torch.zeros((), device=device)] * (1 + len(names)), 0
        if batch is not None:
            share = self.workers.backward(self.objective, batch, number)
            sums, weight = [share.loss, *(share.figures[name] for name in names)], share.weight
        clock = seconds if self.group.leads else 0.0
        known = torch.tensor([weight, clock, float(interrupted)], dtype=torch.float64)
        known = known.to(device)
        totals = torch.cat([known[:1], torch.stack(sums).double(), known[1:]])
        every = [p for parameters in self._parameters.values() for p in parameters]
        mean_gradients(self.group, every, totals)
        return totals

    def _clip(self) -> Tensor:
        """Scale each module's gradient to at most `clip`; its norms before that, `[modules]`."""
        return torch.stack(
            [
                # The norm of a module without gradients is a tensor on the CPU.
                torch.nn.utils.clip_grad_norm_(parameters, self.clip).to(self.group.device)
                for parameters in self._parameters.values()
            ]
        )

    def _step(self, numbers: list[float]) -> Step:
        names = ["loss", *self.objective.figures]
        weight, *sums = numbers[: 1 + len(names)]
        seconds, interrupted, *norms = numbers[1 + len(names) :]
        return Step(
            weight=weight,
            sums=dict(zip(names, sums, strict=True)),
            norms=dict(zip(self._parameters, norms, strict=True)),
            skipped=not all(math.isfinite(number) for number in (*sums, *norms)),
            seconds=seconds,
            interrupted=interrupted > 0,
        )
