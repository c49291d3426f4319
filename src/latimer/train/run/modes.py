"""The modes in which updates may be computed: numbers of threads and precisions."""

from __future__ import annotations

import os

import torch

from latimer.recipe import Recipe
from latimer.threads import available_cores
from latimer.train.loop.distributed import Group
from latimer.train.loop.precision import choose_precision, possible_precisions
from latimer.train.loop.tuner import Mode
from latimer.train.loop.workers import Workers


def possible_modes(recipe: Recipe, group: Group, known: list[Mode]) -> list[Mode]:
    """One thread, half the cores or all of them, in fp32 or bf16, where the recipe leaves it open.

    With several processes or a GPU there is only one mode; a resumed run keeps the one that is
    `known` from its beginning.
    """
    asked, alone = recipe.training, group.world == 1 and group.device.type == "cpu"
    if alone:
        cores = available_cores()
        threads = [asked.threads] if asked.threads else sorted({1, (cores + 1) // 2, cores})
        precisions = possible_precisions(asked.precision, group.device)
        return [Mode(each, precision) for precision in precisions for each in reversed(threads)]
    if known and asked.precision == "auto":
        return [Mode(asked.threads or known[0].threads, known[0].precision)]
    return [Mode(asked.threads or _threads(group.device), _quicker(asked.precision, group))]


def _quicker(asked: str, group: Group) -> str:
    """The precision that the setting `asked` stands for; the leader's choice in all processes."""
    (bf16,) = group.from_leader([float(choose_precision(asked, group.device) == "bf16")])
    return "bf16" if bf16 else "fp32"


def _threads(device: torch.device) -> int:
    """One thread for each core of this process's share; one with a GPU."""
    if device.type != "cpu":
        return 1
    return max(1, available_cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def workers_for(seed: int, group: Group, modes: list[Mode]) -> Workers:
    """Workers with the greatest number of threads of any mode."""
    threads = max(mode.threads for mode in modes)
    return Workers(
        threads,
        seed=seed,
        first=group.rank * threads,
        device=group.device,
        precision=modes[0].precision,
    )
