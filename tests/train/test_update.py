"""Updates against PyTorch's own optimiser and clipping, on an objective worked by hand."""

from collections.abc import Mapping

import pytest
import torch
from torch import nn

from latimer.text.batching import Batch
from latimer.train.loop.distributed import Group, mean_gradients
from latimer.train.loop.update import BETAS, Updater, build_optimisers
from latimer.train.loop.workers import Workers
from latimer.train.objectives.objective import Loss


class Squares:
    """Mean over rows of the squared difference between a line and the row's length."""

    figures = ("largest",)
    trained = ("line",)

    def __init__(self) -> None:
        torch.manual_seed(1)
        self.line = nn.Linear(3, 1)
        self.moved = 0
        self.poison = 0.0

    @property
    def modules(self):
        return {"line": self.line}

    def loss(self, batch: Batch) -> Loss:
        wrong = self.line(batch.source.float()).squeeze(1) - batch.source_lengths
        value = wrong.pow(2).mean() + self.poison * self.line.weight.sum()
        return Loss(value, len(wrong), {"largest": wrong.detach().abs().max()})

    def updated(self, figures: Mapping[str, float]) -> None:
        self.moved += 1


def batch(seed: int, rows: int = 4) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    source = torch.randint(0, 9, (rows, 3), generator=generator)
    return Batch(source, source.sum(1), source, torch.arange(rows, 0, -1))


def updater(objective: Squares, threads: int = 1, clip: float = 0.5) -> Updater:
    return Updater(
        objective,
        build_optimisers(objective, weight_decay=0.0),
        clip=clip,
        workers=Workers(threads),
        group=Group(),
    )


def by_hand(rates, clip):
    """The same in plain PyTorch."""
    objective = Squares()
    parameters = list(objective.line.parameters())
    adam = torch.optim.Adam(parameters, lr=0.0, betas=BETAS)
    norms = []
    for number, rate in enumerate(rates, 1):
        adam.zero_grad()
        objective.loss(batch(number)).value.backward()
        norms.append(float(nn.utils.clip_grad_norm_(parameters, clip)))
        adam.param_groups[0]["lr"] = rate
        adam.step()
    return objective, norms


@pytest.mark.parametrize(("threads", "clip"), [(1, 0.5), (1, 1e6), (3, 0.5)])
def test_updates_are_those_of_adam_with_clipping(threads, clip):
    rates = [0.1, 0.05, 0.2, 0.01]
    expected, norms = by_hand(rates, clip)
    objective = Squares()
    machine = updater(objective, threads, clip)
    for number, rate in enumerate(rates, 1):
        step = machine.update(batch(number), number, rate, seconds=1.5, interrupted=False)
        assert step.norms["line"] == pytest.approx(norms[number - 1], rel=1e-5)
        assert (step.weight, step.seconds, step.interrupted) == (4, 1.5, False)
    torch.testing.assert_close(objective.line.weight, expected.line.weight)
    torch.testing.assert_close(objective.line.bias, expected.line.bias)
    assert objective.moved == len(rates)


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
def test_what_is_not_finite_changes_nothing(poison):
    objective = Squares()
    machine = updater(objective)
    machine.update(batch(1), 1, 0.1, seconds=0, interrupted=False)
    before = [p.detach().clone() for p in objective.line.parameters()]
    moments = machine.optimisers["line"].state_dict()["state"]
    kept = {k: {n: t.clone() for n, t in entry.items()} for k, entry in moments.items()}
    objective.poison = poison
    step = machine.update(batch(2), 2, 0.1, seconds=0, interrupted=True)
    assert step.skipped
    assert step.interrupted
    assert objective.moved == 1
    for old, new in zip(before, objective.line.parameters(), strict=True):
        assert torch.equal(old, new)
    for number, entry in machine.optimisers["line"].state_dict()["state"].items():
        for name, tensor in entry.items():
            assert torch.equal(tensor, kept[number][name])


class Shared(Squares):
    """Two parameters that are only ever added, for which autograd has one gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.line.register_parameter("other", nn.Parameter(self.line.bias.detach().clone()))

    def loss(self, batch: Batch) -> Loss:
        wrong = batch.source_lengths - (self.line.bias + self.line.other)
        return Loss(wrong.pow(2).mean() / 2, len(wrong), {"largest": wrong.detach().max()})


@pytest.mark.parametrize("threads", [1, 2])
def test_parameters_that_share_a_gradient_are_scaled_once(threads):
    objective = Shared()
    data = batch(1)
    sums = (objective.line.bias + objective.line.other).detach()
    slope = abs(float((sums - data.source_lengths).mean()))
    step = updater(objective, threads, 1e9).update(data, 1, 0.1, seconds=0, interrupted=False)
    assert step.norms["line"] == pytest.approx(slope * 2**0.5, rel=1e-5)


def test_figures_are_sums_over_units():
    objective = Squares()
    expected = objective.loss(batch(3))
    step = updater(objective).update(batch(3), 1, 0.0, seconds=0, interrupted=False)
    assert step.sums["loss"] == pytest.approx(4 * float(expected.value.detach()), rel=1e-6)
    assert step.sums["largest"] == pytest.approx(4 * float(expected.figures["largest"]), rel=1e-6)


class Still(Squares):
    """Also has a module to train that nothing is learnt about."""

    trained = ("line", "still")

    def __init__(self) -> None:
        super().__init__()
        self.still = nn.Linear(2, 2)

    @property
    def modules(self):
        return {"line": self.line, "still": self.still}


def test_what_has_no_gradient_is_clipped_on_the_device():
    objective = Still()
    for module in objective.modules.values():
        module.to("meta")  # as on a GPU, of which a norm of nothing would not be
    optimisers = build_optimisers(objective, weight_decay=0.0)
    group = Group(device=torch.device("meta"))
    machine = Updater(objective, optimisers, clip=1.0, workers=Workers(1), group=group)
    for parameter in objective.line.parameters():
        parameter.grad = torch.zeros_like(parameter)
    assert machine._clip().device.type == "meta"


class Twin(Group):
    """Two processes that have the same gradients."""

    def add_up(self, tensor):
        tensor.mul_(2)


def test_what_has_no_gradient_in_any_process_has_none_after_them():
    objective = Still()
    first = batch(1)
    loss = objective.loss(first).value * 4
    loss.backward()
    learnt, still = (list(module.parameters()) for module in objective.modules.values())
    expected = [p.grad / 4 for p in learnt]
    totals = torch.tensor([4.0, 1.5], dtype=torch.float64)
    mean_gradients(Twin(world=2), [*learnt, *still], totals)
    assert totals.tolist() == [8.0, 3.0]
    for parameter, gradient in zip(learnt, expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)
    assert all(parameter.grad is None for parameter in still)
