"""Data-parallel training by several processes, as `torchrun` starts them.

Every process holds the whole model and computes the gradients of its share of the rows of every
batch; the gradients are summed, weighted by labels. The run equals that of a single process with
the same recipe up to rounding and the dropout masks.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist
from torch import Tensor, nn

from latimer.errors import InputError


class Group:
    """The processes of this run; without `torchrun`, this one alone."""

    def __init__(self, rank: int = 0, world: int = 1, device: torch.device | None = None) -> None:
        self.rank = rank
        self.world = world
        self.device = device or torch.device("cpu")

    @property
    def leads(self) -> bool:
        """Whether this process is the leader, which writes, validates and reports."""
        return self.rank == 0

    def share(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """This process's part of the `rows` of a batch; it may be empty."""
        return rows[self.rank :: self.world]

    def add_up(self, tensor: Tensor) -> None:
        """Replace `tensor` by its sum over the processes."""
        if self.world > 1:
            dist.all_reduce(tensor)

    def from_leader(self, values: Sequence[float]) -> list[float]:
        """The leader's `values`, in every process."""
        if self.world == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.broadcast(tensor, 0)
        return tensor.tolist()

    def gather(self, tensor: Tensor) -> list[Tensor]:
        """The `tensor` of every process, in order of rank, on the CPU; all have one shape."""
        if self.world == 1:
            return [tensor]
        mine = tensor.to(self.device)
        parts = [torch.empty_like(mine) for _ in range(self.world)]
        dist.all_gather(parts, mine)
        return [part.cpu() for part in parts]

    def wait(self) -> None:
        """Wait until every process has called this."""
        if self.world > 1:
            dist.barrier()

    def leave(self) -> None:
        """Leave the process group."""
        if self.world > 1 and dist.is_initialized():
            dist.destroy_process_group()


def join(device: str) -> Group:
    """The group that `torchrun` describes in the environment, or this process alone.

    `device` is `cpu`, `cuda` or `cuda:N`; with `cuda` each process of a machine gets one GPU.
    Raises InputError when there is no such device.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if device == "cuda" and world > 1:
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    place = check_device(device)
    if world == 1:
        return Group(device=place)
    if place.type == "cuda":
        torch.cuda.set_device(place)
    dist.init_process_group("nccl" if place.type == "cuda" else "gloo")
    return Group(dist.get_rank(), dist.get_world_size(), place)


def check_device(device: str) -> torch.device:
    """The device of that name; raises InputError when PyTorch does not know or find it."""
    try:
        place = torch.device(device)
        torch.empty(1, device=place)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        gpus = torch.cuda.device_count()
        found = ", ".join(["cpu", *(f"cuda:{k}" for k in range(gpus))])
        raise InputError(f"device {device}: not available here; choose one of {found}") from error
    return place


def mean_gradients(group: Group, parameters: Sequence[nn.Parameter], totals: Tensor) -> None:
    """Turn gradients of sums into gradients of means over all processes, and sum `totals`.

    `totals [n]` are numbers to be summed as well; the first is the number of units that the
    gradients are sums over. Everything is exchanged in one flat buffer. A parameter without a
    gradient in any process keeps none, so that the optimiser skips it.
    """
    if group.world == 1:
        having = [p for p in parameters if p.grad is not None]
        # Not in place: autograd may give two parameters one tensor.
        sums = [p.grad for p in having if p.grad is not None]
        means = torch._foreach_div(sums, totals[0].float())
        for parameter, mean in zip(having, means, strict=True):
            parameter.grad = mean
        return
    sizes = [parameter.numel() for parameter in parameters]
    parts = [*sizes, len(parameters), len(totals)]
    flat = torch.zeros(sum(parts), dtype=torch.float32, device=totals.device)
    *places, having, tail = flat.split(parts)
    for parameter, place in zip(parameters, places, strict=True):
        if parameter.grad is not None:
            place.copy_(parameter.grad.flatten())
    having.copy_(torch.tensor([parameter.grad is not None for parameter in parameters]))
    tail.copy_(totals)
    group.add_up(flat)
    totals.copy_(tail)
    flat[: sum(sizes)] /= tail[0]
    for parameter, place, found in zip(parameters, places, having.tolist(), strict=True):
        parameter.grad = place.view_as(parameter).to(parameter.dtype) if found else None
