"""The output layer and the loss on it, without ever holding `[tokens, vocab]` whole."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from latimer.nn.precision import Products, outside_autocast, product_dtype

CHUNK_LOGITS = 1 << 21
"""Logits computed at a time: 8 MiB in float32, so that they stay in a CPU's last-level cache."""

LN_2 = math.log(2)


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


class CrossEntropy(NamedTuple):
    """Sums over tokens, in nats: the label-smoothed `loss []`, and `nll []` without smoothing."""

    loss: Tensor
    nll: Tensor


def smoothed_cross_entropy(
    features: Tensor, weight: Tensor, bias: Tensor, labels: Tensor, smoothing: float
) -> CrossEntropy:
    """Label-smoothed cross-entropy (Szegedy et al. 2016, section 7) of a linear output layer.

    `features [tokens, readout]`, `weight [vocab, readout]`, `bias [vocab]`, `labels [tokens]`.
    The target distribution is (1 − ε) on the label plus ε/vocab on every token, as in
    `torch.nn.functional.cross_entropy(…, label_smoothing=ε, reduction="sum")`. Gradients are
    computed together with the loss, a chunk of tokens at a time; only `loss` carries them.
    """
    products = Products(product_dtype(weight))
    features = features.to(weight.dtype)
    loss, nll = _SmoothedCrossEntropy.apply(products, features, weight, bias, labels, smoothing)
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
    ) -> tuple[Tensor, Tensor]:
        need = any(ctx.needs_input_grad)
        sums = _Sums(features, weight, bias, labels, products, smoothing)
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
        features, weight, bias = ctx.saved_tensors
        return None, features * scale, weight * scale, bias * scale, None, None


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
    ) -> None:
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
        self.mean_logits = total / len(weight)

    def add(self, chunk: slice, buffer: Tensor, need_gradients: bool) -> None:
        """Add one chunk of tokens; `buffer [rows, vocab]` is overwritten."""
        features, labels = self.features[chunk], self.labels[chunk, None]
        logits = buffer[: len(features)]
        self.products.addmm(self.bias_in_bits, features / LN_2, self.cast.t(), out=logits)
        self.label_logits = self.label_logits + logits.gather(1, labels).sum() * LN_2
        highest = logits.amax(1, keepdim=True)
        exponents = logits.sub_(highest).exp2_()
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

    def finish(self) -> tuple[Tensor, Tensor, Tensor]:
        """The gradients of features, weight and bias, with the label's and smoothing's parts."""
        label, uniform = 1 - self.smoothing, self.smoothing / len(self.weight)
        self.grad_features.sub_(self.weight[self.labels], alpha=label)
        self.grad_features.sub_(self.weight_sum, alpha=uniform)
        self.grad_weight.index_add_(0, self.labels, self.features, alpha=-label)
        self.grad_weight.sub_(self.features.sum(0), alpha=uniform)
        ones = torch.ones_like(self.labels, dtype=self.grad_bias.dtype)
        self.grad_bias.index_add_(0, self.labels, ones, alpha=-label)
        self.grad_bias.sub_(len(self.labels) * uniform)
        return self.grad_features, self.grad_weight, self.grad_bias
