"""The output layer and the loss on it, without ever holding `[tokens, vocab]` whole."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from latimer.nn.lexical import PriorInSoftmax, TokenPrior
from latimer.nn.precision import Products, outside_autocast, product_dtype

CHUNK_LOGITS = 1 << 21
"""Logits computed at a time: 8 MiB in float32, so that they stay in a CPU's last-level cache."""

LN_2 = math.log(2)


class Features(NamedTuple):
    """The inputs of the output layer at some positions: `values [tokens, readout]`.

    `prior` is the lexical prior at these positions, which is added to the logits.
    """

    values: Tensor
    prior: TokenPrior | None = None

    def part(self, tokens: Tensor | slice) -> Features:
        """The features of a subset of the positions."""
        prior = None if self.prior is None else self.prior.part(tokens)
        return Features(self.values[tokens], prior)

    def detach(self) -> Features:
        """The same features without gradients."""
        prior = self.prior
        if prior is not None:
            prior = prior._replace(probabilities=prior.probabilities.detach())
        return Features(self.values.detach(), prior)

    @property
    def tensors(self) -> tuple[Tensor | None, ...]:
        """`values` and the tensors of the prior, as autograd functions take them."""
        return (self.values, *(self.prior or (None, None, None)))


def prior_of(
    probabilities: Tensor | None, sentences: Tensor | None, pieces: Tensor | None
) -> TokenPrior | None:
    """The prior from the tensors of `Features.tensors` after the first."""
    if probabilities is None or sentences is None or pieces is None:
        return None
    return TokenPrior(probabilities, sentences, pieces)


class Output(nn.Module):
    """Features `[..., readout]` to unnormalised log-probabilities `[..., vocab]`.

    `weight [vocab, readout]` may be an embedding's own (Press & Wolf 2017).
    """

    def __init__(self, weight: nn.Parameter) -> None:
        super().__init__()
        self.weight = weight
        self.bias = nn.Parameter(torch.zeros(len(weight)))

    def forward(self, features: Tensor) -> Tensor:
        """Logits `[..., vocab]` for features `[..., readout]`."""
        return nn.functional.linear(features, self.weight, self.bias)

    def logits(self, features: Features) -> Tensor:
        """Logits `[tokens, vocab]`, including a lexical prior."""
        logits: Tensor = self(features.values)
        return logits if features.prior is None else features.prior.added(logits)


class CrossEntropy(NamedTuple):
    """Sums over tokens, in nats: the label-smoothed `loss []`, and `nll []` without smoothing."""

    loss: Tensor
    nll: Tensor


def smoothed_cross_entropy(
    features: Features, output: Output, labels: Tensor, smoothing: float
) -> CrossEntropy:
    """Label-smoothed cross-entropy (Szegedy et al. 2016, section 7) of an output layer.

    `features` of some tokens, `labels [tokens]`.
    The target distribution is (1 − ε) on the label plus ε/vocab on every token, as in
    `torch.nn.functional.cross_entropy(…, label_smoothing=ε, reduction="sum")`. Gradients are
    computed together with the loss, a chunk of tokens at a time; only `loss` carries them.
    """
    weight = output.weight
    products = Products(product_dtype(weight))
    values, *prior = features.tensors
    assert values is not None
    loss, nll = _SmoothedCrossEntropy.apply(
        products, values.to(weight.dtype), weight, output.bias, labels, smoothing, *prior
    )
    return CrossEntropy(loss, nll)


class _SmoothedCrossEntropy(torch.autograd.Function):
    @staticmethod
    @outside_autocast
    def forward(
        ctx: Any,
        products: Products,
        features: Tensor,
        weight: Tensor,
        bias: Tensor,
        labels: Tensor,
        smoothing: float,
        *prior: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        need = any(ctx.needs_input_grad)
        sums = _Sums(features, weight, bias, labels, products, smoothing, prior_of(*prior))
        rows = max(1, CHUNK_LOGITS // len(weight))
        buffer = features.new_empty(min(rows, len(features)), len(weight))
        for start in range(0, len(features), rows):
            sums.add(slice(start, start + rows), buffer, need)
        if need:
            ctx.save_for_backward(*sums.finish())
        loss = sums.log_sum - (1 - smoothing) * sums.label_logits
        nll = sums.log_sum - sums.label_logits
        ctx.mark_non_differentiable(nll)
        return loss - smoothing * sums.mean_logits, nll

    @staticmethod
    @once_differentiable
    @outside_autocast
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        scale = gradients[0]
        features, weight, bias, *probabilities = (part * scale for part in ctx.saved_tensors)
        return None, features, weight, bias, None, None, *(probabilities or [None]), None, None


class _Sums:
    """Running sums of the loss and its gradients over chunks of tokens.

    Logits are computed in base 2, because PyTorch's exp2 is twice as fast as its exp on x86.

    With E = 2^(logits − max) and S its sum over the vocabulary, the softmax's part of the
    gradients is (E W)/S and Eᵀ(F/S): dividing the narrow side saves passes over the wide one. The
    label's and the smoothing's parts need no product and are added on the narrow side as well.
    """

    def __init__(
        self,
        features: Tensor,
        weight: Tensor,
        bias: Tensor,
        labels: Tensor,
        products: Products,
        smoothing: float,
        prior: TokenPrior | None = None,
    ) -> None:
        self.prior = None if prior is None else PriorInSoftmax(prior)
        self.features, self.labels, self.smoothing = features, labels, smoothing
        self.weight, self.products = weight, products
        self.bias_in_bits = bias / LN_2
        self.cast = products.weight(weight)
        self.grad_features = torch.empty_like(features)
        self.grad_weight = torch.zeros_like(weight)
        self.grad_bias = torch.zeros_like(bias)
        zero = features.new_zeros(())
        self.log_sum, self.label_logits = zero, zero.clone()
        self.weight_sum = weight.sum(0)
        total = features.sum(0) @ self.weight_sum + len(features) * bias.sum()
        if self.prior is not None:
            total = total + self.prior.total()
        self.mean_logits = total / len(weight)

    def add(self, chunk: slice, buffer: Tensor, need_gradients: bool) -> None:
        """Add one chunk of tokens; `buffer [rows, vocab]` is overwritten."""
        features, labels = self.features[chunk], self.labels[chunk, None]
        logits = buffer[: len(features)]
        self.products.addmm(self.bias_in_bits, features / LN_2, self.cast.t(), out=logits)
        self.label_logits = self.label_logits + logits.gather(1, labels).sum() * LN_2
        highest = logits.amax(1, keepdim=True)
        exponents = logits.sub_(highest).exp2_()
        if self.prior is not None:
            self.label_logits = self.label_logits + self.prior.of(chunk, labels[:, 0]).sum()
            self.prior.multiply(chunk, exponents)
        totals = exponents.sum(1, keepdim=True)
        self.log_sum = self.log_sum + (highest * LN_2 + totals.log()).sum()
        if need_gradients:
            self._add_gradients(chunk, exponents, totals)

    def _add_gradients(self, chunk: slice, exponents: Tensor, totals: Tensor) -> None:
        features, grad = self.features[chunk], self.grad_features[chunk]
        self.products.mm(exponents, self.cast, out=grad).div_(totals)
        shares = features / totals
        if self.products.dtype == features.dtype:
            self.grad_weight.addmm_(exponents.t(), shares)
        else:
            self.grad_weight += self.products.weight_gradient(exponents, shares)
        self.grad_bias.addmv_(exponents.t(), totals.reciprocal().squeeze(1))
        if self.prior is not None:
            label, uniform = 1 - self.smoothing, self.smoothing / len(self.weight)
            columns = self.prior.columns(chunk)
            slopes = exponents.gather(1, columns).div_(totals).sub_(uniform)
            chosen = columns == self.labels[chunk, None]
            slopes.sub_(chosen.to(slopes.dtype), alpha=label)
            self.prior.add_slopes(chunk, slopes)

    def finish(self) -> tuple[Tensor, ...]:
        """The gradients of features, weight, bias and, with a prior, its probabilities.

        Adds the terms of labels and smoothing.
        """
        label, uniform = 1 - self.smoothing, self.smoothing / len(self.weight)
        self.grad_features.sub_(self.weight[self.labels], alpha=label)
        self.grad_features.sub_(self.weight_sum, alpha=uniform)
        self.grad_weight.index_add_(0, self.labels, self.features, alpha=-label)
        self.grad_weight.sub_(self.features.sum(0), alpha=uniform)
        ones = torch.ones_like(self.labels, dtype=self.grad_bias.dtype)
        self.grad_bias.index_add_(0, self.labels, ones, alpha=-label)
        self.grad_bias.sub_(len(self.labels) * uniform)
        gradients = (self.grad_features, self.grad_weight, self.grad_bias)
        return gradients if self.prior is None else (*gradients, self.prior.gradient)
