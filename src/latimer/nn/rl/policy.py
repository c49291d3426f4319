"""The output layer as a policy: gradients of what its actions are worth.

As `latimer.nn.output`, nothing here ever holds `[tokens, vocab]` whole. Logits are computed a chunk
of tokens at a time, in base 2, and the gradient at once with the value.

A policy π is the softmax of the logits divided by a temperature, over the actions from `first` on:
what search never writes (PAD, BOS, UNK) has no probability, as when translations are drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from latimer.nn.lexical import PriorInSoftmax, TokenPrior
from latimer.nn.output import CHUNK_LOGITS, LN_2, Features, Output, prior_of
from latimer.nn.precision import Products, outside_autocast, product_dtype

TOP = 10
"""Actions whose probabilities together say how peaked a policy is (Choshen et al. 2020)."""

STRIDE = 32
"""One token in so many is asked for its `TOP` actions, for finding them is slow."""


class Peaks(NamedTuple):
    """How peaked a policy is, without gradients.

    one `[tokens]`, the probability of the most probable action; top `[tokens / STRIDE or more]`,
    that of the `TOP` most probable together, of one token in `STRIDE` of every chunk.
    """

    one: Tensor
    top: Tensor


class Surrogate(NamedTuple):
    """What `policy_gradient` returns.

    loss `[]`, with gradients; log_probs `[tokens]` of the actions and peaks, both without.
    """

    loss: Tensor
    log_probs: Tensor
    peaks: Peaks


class Expected(NamedTuple):
    """What `expected_values` returns.

    total `[]`, with gradients, the sum of values `[tokens]`, Σ_a π(a) q(a), and of what is added
    for the actions taken; log_probs `[tokens]` of these, without gradients.
    """

    total: Tensor
    values: Tensor
    log_probs: Tensor
    peaks: Peaks


def policy_gradient(
    features: Features,
    output: Output,
    actions: Tensor,
    weights: Tensor,
    *,
    first: int,
    temperature: float = 1.0,
) -> Surrogate:
    """−Σ w_t log π(a_t), whose gradient is the policy gradient (Sutton & Barto 2018, eq. 13.9).

    `features` of some tokens, `actions [tokens]`, all at least `first`; `weights [tokens]`,
    advantages or whatever else an action is worth, are constants.
    """
    loss, log_probs, *peaks = _PolicyGradient.apply(
        features.values.to(output.weight.dtype),
        output.weight[first:],
        output.bias[first:],
        actions - first,
        weights.detach().to(output.weight.dtype),
        _Softmax(Products(product_dtype(output.weight)), first, temperature),
        *features.tensors[1:],
    )
    return Surrogate(loss, log_probs, Peaks(*peaks))


def expected_values(
    features: Features,
    output: Output,
    worth: Callable[[slice], Tensor],
    *,
    first: int,
    temperature: float = 1.0,
    taken: tuple[Tensor, Tensor] | None = None,
) -> Expected:
    """Σ_t Σ_a π(a | s_t) q(s_t, a), to be raised; only π gets gradients.

    With the true values q^π that is the gradient of the expected return (Sutton et al. 2000,
    theorem 1; Bahdanau et al. 2017, equation 4). `features` are the actor's;
    `worth` gives q `[tokens asked for, actions from first on]`, or that but for what all actions of
    a token have in common, and may be written over.

    `taken` are actions `[tokens]`, of which log_probs are told, and what q missed of them, w
    `[tokens]`: Σ_t w_t log π(a_t) is added. Where w_t is the return less q(s_t, a_t), and a_t was
    drawn from π, the gradient is right in the mean whatever q is (Gu et al. 2017, Q-Prop,
    equation 8).
    """
    tokens = len(features.values)
    actions, missed = taken or (torch.full((tokens,), first, device=output.bias.device), 0.0)
    total, values, log_probs, *peaks = _ExpectedValues.apply(
        features.values.to(output.weight.dtype),
        output.weight[first:],
        output.bias[first:],
        worth,
        _Softmax(Products(product_dtype(output.weight)), first, temperature),
        actions - first,
        torch.as_tensor(missed).detach().to(output.weight).expand(tokens),
        *features.tensors[1:],
    )
    return Expected(total, values, log_probs, Peaks(*peaks))


@torch.no_grad()
def action_log_probs(
    features: Features, output: Output, actions: Tensor, *, first: int, temperature: float = 1.0
) -> Tensor:
    """Log π(a_t) `[tokens]`; no gradient. Arguments as those of `policy_gradient`."""
    none = torch.zeros(len(actions), device=actions.device)
    return policy_gradient(
        features, output, actions, none, first=first, temperature=temperature
    ).log_probs


class _Softmax(NamedTuple):
    """The policy: over actions from `first` on, of logits divided by the temperature.

    `products` computes the logits.
    """

    products: Products
    first: int
    temperature: float


class _Layer:
    """An output layer, chunk by chunk: the policy, and gradients of the layer from its logits'."""

    def __init__(
        self,
        features: Tensor,
        weight: Tensor,
        bias: Tensor,
        softmax: _Softmax,
        prior: TokenPrior | None,
    ) -> None:
        products, first, temperature = softmax
        self.prior = None
        if prior is not None:
            self.prior = PriorInSoftmax(prior, first=first, temperature=temperature)
        self.products, self.features = products, features
        self.scale = 1 / (LN_2 * temperature)
        self.temperature = temperature
        self.cast = products.weight(weight)
        self.bias_in_bits = bias * self.scale
        self.grad_features = torch.empty_like(features)
        self.grad_weight = torch.zeros_like(weight)
        self.grad_bias = torch.zeros_like(bias)
        rows = max(1, CHUNK_LOGITS // len(weight))
        self.chunks = [slice(k, k + rows) for k in range(0, len(features), rows)]
        self.buffer = features.new_empty(min(rows, len(features)), len(weight))

    def logits(self, chunk: slice) -> Tensor:
        """Logits of a chunk in bits, `[rows, vocab]`; the next chunk overwrites them."""
        features = self.features[chunk]
        out = self.buffer[: len(features)]
        return self.products.addmm(self.bias_in_bits, features * self.scale, self.cast.t(), out=out)

    def add(self, chunk: slice, slopes: Tensor) -> None:
        """Add the gradients for `slopes [rows, vocab]`, those of the logits before the scaling."""
        self.products.mm(slopes, self.cast, out=self.grad_features[chunk])
        features = self.features[chunk]
        if self.products.dtype == features.dtype:
            self.grad_weight.addmm_(slopes.t(), features)
        else:
            self.grad_weight += self.products.weight_gradient(slopes, features)
        self.grad_bias += slopes.sum(0)
        if self.prior is not None:
            self.prior.add_gradient(chunk, slopes)

    def softmax(self, chunk: slice, actions: Tensor) -> _Chunk:
        """The policy in a chunk, and the log-probabilities of `actions [rows]` there."""
        logits = self.logits(chunk)
        at = logits.gather(1, actions[:, None])
        highest = logits.amax(1, keepdim=True)
        exponents = logits.sub_(highest).exp2_()
        peak = exponents.new_ones(())
        if self.prior is not None:
            self.prior.multiply(chunk, exponents)
            peak = exponents.amax(1)
        totals = exponents.sum(1, keepdim=True)
        log_probs = ((at - highest - totals.log2()) * LN_2).squeeze(1)
        if self.prior is not None:
            log_probs += self.prior.of(chunk, actions)
        return _Chunk(exponents, totals, log_probs, peak / totals.squeeze(1))

    def gradients(self) -> tuple[Tensor, ...]:
        """Those of features, weight, bias, and the prior's probabilities if there are any."""
        temperature = self.temperature
        found = tuple(
            gradient / temperature
            for gradient in (self.grad_features, self.grad_weight, self.grad_bias)
        )
        return found if self.prior is None else (*found, self.prior.gradient)


class _Chunk(NamedTuple):
    """A policy: exponentials `[rows, actions]`, their sums `[rows, 1]`, the log-probabilities of
    the actions asked about `[rows]`, and the highest probabilities `[rows]`.
    """

    exponents: Tensor
    totals: Tensor
    log_probs: Tensor
    peaks: Tensor


def _top(exponents: Tensor, totals: Tensor) -> Tensor:
    """See `Peaks.top`, of one chunk."""
    some = exponents[::STRIDE]
    return some.topk(min(TOP, some.shape[1]), sorted=False).values.sum(1) / totals[::STRIDE, 0]


class _PolicyGradient(torch.autograd.Function):
    @staticmethod
    @outside_autocast
    def forward(
        ctx: Any,
        features: Tensor,
        weight: Tensor,
        bias: Tensor,
        actions: Tensor,
        weights: Tensor,
        softmax: _Softmax,
        *prior: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        layer = _Layer(features, weight, bias, softmax, prior_of(*prior))
        log_probs, peaks = features.new_empty(2, len(features)).unbind()
        tops = [features.new_empty(0)]
        need = any(ctx.needs_input_grad)
        for chunk in layer.chunks:
            chosen = actions[chunk, None]
            exponents, totals, log_probs[chunk], peaks[chunk] = layer.softmax(chunk, actions[chunk])
            tops.append(_top(exponents, totals))
            if need:  # w (π − 1[a])
                worth = weights[chunk, None]
                slopes = exponents.mul_(worth / totals).scatter_add_(1, chosen, -worth)
                layer.add(chunk, slopes)
        if need:
            ctx.save_for_backward(*layer.gradients())
        top = torch.cat(tops)
        ctx.mark_non_differentiable(log_probs, peaks, top)
        return -(weights * log_probs).sum(), log_probs, peaks, top

    @staticmethod
    @once_differentiable
    @outside_autocast
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        features, weight, bias, *probabilities = [g * gradients[0] for g in ctx.saved_tensors]
        rest = (None,) * 3
        return features, weight, bias, *rest, *(probabilities or [None]), None, None


class _ExpectedValues(torch.autograd.Function):
    @staticmethod
    @outside_autocast
    def forward(
        ctx: Any,
        features: Tensor,
        weight: Tensor,
        bias: Tensor,
        worth: Callable[[slice], Tensor],
        softmax: _Softmax,
        actions: Tensor,
        missed: Tensor,
        *prior: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        layer = _Layer(features, weight, bias, softmax, prior_of(*prior))
        found, peaks, log_probs = features.new_empty(3, len(features)).unbind()
        tops = [features.new_empty(0)]
        need = any(ctx.needs_input_grad)
        for chunk in layer.chunks:
            chosen = actions[chunk, None]
            exponents, totals, log_probs[chunk], peaks[chunk] = layer.softmax(chunk, actions[chunk])
            tops.append(_top(exponents, totals))
            q = worth(chunk).to(exponents.dtype)
            expected = torch.einsum("tv,tv->t", exponents, q)[:, None] / totals
            found[chunk] = expected.squeeze(1)
            if need:  # π (q − Σ π q) + w (1[a] − π)
                w = missed[chunk, None]
                slopes = q.sub_(expected + w).mul_(exponents).div_(totals)
                layer.add(chunk, slopes.scatter_add_(1, chosen, w))
        if need:
            ctx.save_for_backward(*layer.gradients())
        top = torch.cat(tops)
        ctx.mark_non_differentiable(found, log_probs, peaks, top)
        return found.sum() + missed @ log_probs, found, log_probs, peaks, top

    @staticmethod
    @once_differentiable
    @outside_autocast
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        features, weight, bias, *probabilities = [g * gradients[0] for g in ctx.saved_tensors]
        rest = (None,) * 4
        return features, weight, bias, *rest, *(probabilities or [None]), None, None
