"""The parts of a run that have a state, and how it is saved and restored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from latimer.tensors import (
    Tensors,
    load_moments,
    load_weights,
    moments_of,
    weights_of,
)
from latimer.train.checkpoint import randomness
from latimer.train.checkpoint.averaging import Checkpoints
from latimer.train.checkpoint.state import Snapshot, save_state
from latimer.train.loop.distributed import Group
from latimer.train.loop.log import RunLog
from latimer.train.loop.progress import Progress
from latimer.train.objectives.objective import Objective


class Session:
    """The parts of a run that have a state, together."""

    def __init__(
        self,
        folder: Path,
        objective: Objective,
        optimisers: dict[str, torch.optim.Optimizer],
        progress: Progress,
        checkpoints: Checkpoints,
        group: Group,
        log: RunLog | None,
        constants: dict[str, Any],
    ) -> None:
        """`constants` are stored in every state; `log` is None in all processes but the leader."""
        self.folder = folder
        self.objective = objective
        self.optimisers = optimisers
        self.progress = progress
        self.checkpoints = checkpoints
        self.group = group
        self.log = log
        self.constants = constants

    def save(self) -> None:
        """Write the state; every process takes part, the leader writes."""
        states = randomness.capture(self.group.device)
        gathered = {name: self.group.gather(tensor) for name, tensor in states.items()}
        if self.log is None:
            return
        facts = {
            **self.constants,
            "progress": self.progress.to_json(),
            "logs": self.log.sync(),
        }
        tensors: dict[str, Tensors] = {
            "random": {
                f"{rank}.{name}": tensor
                for name, tensors in gathered.items()
                for rank, tensor in enumerate(tensors)
            }
        }
        for name, module in self.objective.modules.items():
            tensors[name] = weights_of(module)
        for name, optimiser in self.optimisers.items():
            tensors[f"{name}.optimiser"] = moments_of(optimiser)
        save_state(self.folder, Snapshot(facts, tensors))
        self.checkpoints.remove_others(self.progress.candidates)

    def restore(self, snapshot: Snapshot) -> None:
        """Restore the tensors and random states of `snapshot`."""
        tensors, rank = snapshot.tensors, f"{self.group.rank}."
        for name, module in self.objective.modules.items():
            load_weights(module, tensors[name])
        for name, optimiser in self.optimisers.items():
            load_moments(optimiser, tensors[f"{name}.optimiser"])
        mine = {
            name.removeprefix(rank): tensor
            for name, tensor in tensors["random"].items()
            if name.startswith(rank)
        }
        randomness.restore(mine, self.group.device)
