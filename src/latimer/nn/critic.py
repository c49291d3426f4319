"""The critic: a value for every next token (Bahdanau et al. 2017, section 3).

An encoder reads the reference, which the actor never sees, or, so that the critic can be used when
translating, the source; a decoder with attention reads the prefix and its output layer gives
q(source, prefix, token) of every token. It is a network like the actor, with weights of its own.

A value is the sum of v(prefix), which all tokens have in common, and of what is the token's own
(Wang et al. 2016), so that a token never drawn is worth what the state is, and not 0, which is the
value of ending when rewards are gains.
"""

from __future__ import annotations

import copy
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from latimer.nn.build import build_seq2seq
from latimer.nn.output import Output
from latimer.nn.seq2seq import Seq2Seq
from latimer.text.batching import Batch

READS = ("reference", "source")

M = TypeVar("M", bound=nn.Module)


class Critic(nn.Module):
    """An encoder–decoder whose output layer gives values instead of log-probabilities."""

    def __init__(self, network: Seq2Seq, reads: str) -> None:
        """`reads` is "reference" or "source"; raises ValueError for another."""
        super().__init__()
        if reads not in READS:
            raise ValueError(f"reads: {reads!r} is not one of {', '.join(READS)}")
        self.network = network
        self.reads = reads
        self.common_weight = nn.Parameter(torch.zeros_like(network.output.weight[0]))
        self.common_bias = nn.Parameter(torch.zeros_like(network.output.bias[0]))

    @property
    def output(self) -> Output:
        """The layer of the tokens' own parts: features `[..., readout]` to `[..., vocab]`.

        Where tokens are compared, these are enough.
        """
        return self.network.output

    def common(self, features: Tensor) -> Tensor:
        """v, what all tokens have in common, `[tokens]`, from `features [tokens, readout]`."""
        weight = self.common_weight
        return (features.to(weight.dtype) * weight).sum(1) + self.common_bias

    def taken(self, features: Tensor, actions: Tensor) -> Tensor:
        """Values of the actions taken, `[tokens]`, with gradients."""
        return self.common(features) + taken_values(features, self.output, actions)

    def features(self, batch: Batch, sentences: Tensor, inputs: Tensor, lengths: Tensor) -> Tensor:
        """What the output layer reads before each action, packed, `[tokens, readout]`.

        `sentences [rows]` are places in the batch, `inputs [rows, time]` the prefixes, BOS first,
        and `lengths [rows]`, falling, the numbers of actions.
        """
        if self.reads == "reference":
            read, read_lengths = batch.labels, batch.target_lengths
        else:
            read, read_lengths = batch.source, batch.source_lengths
        memory = self.network.encode(read, read_lengths)
        return self.network.features(memory.select(sentences), inputs, lengths)


def build_critic(*, reads: str, source_vocab: int, target_vocab: int, **options: Any) -> Critic:
    """A critic with freshly drawn weights; `options` are those of `build_seq2seq` but `tied`.

    The output layer is not an embedding's and begins with 0, the values of a critic that knows
    nothing. Raises ValueError for a combination that cannot be.
    """
    vocab = target_vocab if reads == "reference" else source_vocab
    tied = tied_inputs(vocab, target_vocab)
    network = build_seq2seq(source_vocab=vocab, target_vocab=target_vocab, tied=tied, **options)
    nn.init.zeros_(network.output.weight)
    return Critic(network, reads)


def tied_inputs(read_vocab: int, target_vocab: int) -> str:
    """What a critic ties: the embeddings of what it reads and of the prefix, where they can be."""
    return "inputs" if read_vocab == target_vocab else "none"


def taken_values(features: Tensor, output: Output, actions: Tensor) -> Tensor:
    """What is the actions' own, `[tokens]`, from `features [tokens, readout]`; with gradients."""
    weight = nn.functional.embedding(actions, output.weight)
    return (features.to(weight.dtype) * weight).sum(1) + output.bias[actions]


def spread_of_values(features: Tensor, output: Output, *, first: int) -> Tensor:
    """Σ_a (q(a) − mean q)² over actions from `first` on, `[tokens]`, with gradients.

    The penalty C_t of Bahdanau et al. 2017, equation 10. With the output layer's weight W and bias
    b centred over actions it is fᵀ(WᵀW)f + 2 fᵀ(Wᵀb) + bᵀb, so that no value is ever computed;
    what all actions have in common does not matter.
    """
    weight, bias = output.weight[first:], output.bias[first:]
    weight, bias = weight - weight.mean(0), bias - bias.mean()
    features = features.to(weight.dtype)
    square = ((features @ (weight.t() @ weight)) * features).sum(1)
    return square + 2 * features @ (weight.t() @ bias) + bias @ bias


def delayed(module: M) -> M:
    """A copy that shares nothing with `module` and is not trained; see `follow`."""
    twin = copy.deepcopy(module)
    for parameter in twin.parameters():
        parameter.requires_grad_(False)
    return twin


@torch.no_grad()
def follow(twin: nn.Module, module: nn.Module, rate: float) -> None:
    """θ' ← θ' + rate (θ − θ') (Lillicrap et al. 2016; Bahdanau et al. 2017, algorithm 1)."""
    mine = [p.detach() for p in twin.parameters()]  # shares the memory
    torch._foreach_lerp_(mine, [p.detach() for p in module.parameters()], rate)
