"""The critic: a value for every next token (Bahdanau et al. 2017, section 3).

An encoder reads the reference, which the actor never sees, or, so that the critic can be used when
translating, the source; a decoder with attention reads the prefix and its output layer gives
q(source, prefix, token) of every token. It is a network like the actor, with weights of its own.

A value is the sum of v(prefix), which all tokens have in common that go on, and of what is the
token's own (Wang et al. 2016), so that a token never drawn is worth what the state is, and not 0,
which is the value of ending when rewards are gains. Nothing follows the end of the sentence, so
that its value is its own alone. A critic with a pointer (`latimer.nn.rl.pointer`) adds what the
places of the reference are worth at which the token stands.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TypeVar, get_args

import torch
from torch import Tensor, nn

from latimer.nn.build import build_network
from latimer.nn.description import NetworkDescription
from latimer.nn.names import Reads, Tied
from latimer.nn.output import Output
from latimer.nn.rl.pointer import Pointer
from latimer.nn.seq2seq import Seq2Seq
from latimer.text.batching import Batch
from latimer.text.vocabulary.subwords import EOS

READS: tuple[Reads, ...] = get_args(Reads)

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Pointed:
    """Values `[tokens, read time]` of the places of what was read, and the tokens there."""

    values: Tensor
    tokens: Tensor

    def added(self, values: Tensor, rows: slice, first: int) -> Tensor:
        """`values [rows, actions]`, of the actions from `first` on, with these added in place."""
        tokens = self.tokens[rows]
        # What comes below `first`, padding and unknown words, is no action and adds nothing.
        own = self.values[rows].masked_fill(tokens < first, 0.0)
        return values.scatter_add_(1, (tokens - first).clamp(min=0), own.to(values.dtype))

    def taken(self, actions: Tensor) -> Tensor:
        """What they add to the values of `actions [tokens]`."""
        return (self.values * (self.tokens == actions[:, None])).sum(1)


@dataclass(frozen=True)
class Values:
    """What a critic says before some actions, packed; none is computed until it is asked for.

    features `[tokens, readout]` are what `output` reads; common `[tokens]` is what all actions have
    in common but EOS.
    """

    output: Output
    features: Tensor
    common: Tensor
    pointed: Pointed | None = None

    @torch.no_grad()
    def of(self, tokens: slice, first: int) -> Tensor:
        """Q `[tokens, actions]` of all actions from `first` on, at most EOS; no gradient."""
        return self.compared(tokens, first).add_(self.common[tokens, None])

    @torch.no_grad()
    def compared(self, tokens: slice, first: int) -> Tensor:
        """As `of`, less the common part; of EOS too, which has none, so that all compare as there.

        That is one column to change instead of all. Differences of values are small: these products
        are never done in halves.
        """
        weight, bias = self.output.weight[first:], self.output.bias[first:]
        with torch.autocast(weight.device.type, enabled=False):
            values = nn.functional.linear(self.features[tokens].to(weight.dtype), weight, bias)
        values[:, EOS - first] -= self.common[tokens]
        return values if self.pointed is None else self.pointed.added(values, tokens, first)

    def taken(self, actions: Tensor) -> Tensor:
        """Values of the actions taken, `[tokens]`, with gradients."""
        common = self.common.masked_fill(actions == EOS, 0.0)
        values = common + taken_values(self.features, self.output, actions)
        return values if self.pointed is None else values + self.pointed.taken(actions)

    def spread(self, first: int) -> Tensor:
        """`spread_of_values` of the output layer; what a pointer adds is free."""
        return spread_of_values(self.features, self.output, first=first)


class Critic(nn.Module):
    """An encoder–decoder whose output layer gives values instead of log-probabilities."""

    def __init__(self, network: Seq2Seq, reads: Reads, pointer: Pointer | None = None) -> None:
        """`reads` is "reference" or "source"; raises ValueError for another.

        A pointer is for what is written in the translation's tokens: for references; raises
        ValueError otherwise.
        """
        super().__init__()
        if reads not in READS:
            raise ValueError(f"reads: {reads!r} is not one of {', '.join(READS)}")
        if pointer is not None and reads != "reference":
            raise ValueError("a pointer is for a critic that reads the reference")
        self.network = network
        self.reads = reads
        self.pointer = pointer
        self.common_weight = nn.Parameter(torch.zeros_like(network.output.weight[0]))
        self.common_bias = nn.Parameter(torch.zeros_like(network.output.bias[0]))

    @property
    def output(self) -> Output:
        """The layer of the tokens' own parts: features `[..., readout]` to `[..., vocab]`."""
        return self.network.output

    @torch.no_grad()
    def whole(self) -> Seq2Seq:
        """A copy of the network whose output layer gives the whole of q.

        What tokens have in common is in all rows of its layer but that of EOS. Raises ValueError
        for a critic with a pointer, which is more than a network.
        """
        if self.pointer is not None:
            raise ValueError("a critic with a pointer is more than a network")
        network = copy.deepcopy(self.network)
        going_on = torch.arange(len(network.output.bias), device=network.device) != EOS
        network.output.weight.addcmul_(going_on[:, None], self.common_weight)
        network.output.bias.addcmul_(going_on, self.common_bias)
        return network

    def forward(self, batch: Batch, sentences: Tensor, inputs: Tensor, lengths: Tensor) -> Values:
        """What it says before each action, packed.

        `sentences [rows]` are places in the batch, `inputs [rows, time]` the prefixes, BOS first,
        and `lengths [rows]`, falling, the numbers of actions.
        """
        if self.reads == "reference":
            read, read_lengths = batch.labels, batch.target_lengths
        else:
            read, read_lengths = batch.source, batch.source_lengths
        memory = self.network.encode(read, read_lengths).select(sentences)
        features = self.network.features(memory, inputs, lengths).values
        weight = self.common_weight
        common = (features.to(weight.dtype) * weight).sum(1) + self.common_bias
        if self.pointer is None:
            return Values(self.output, features, common)
        read = read[
            :, : memory.values.shape[1]
        ]  # an encoder leaves out what is padding in all rows
        pointed = self.pointer(features, memory, read[sentences], inputs, lengths)
        return Values(self.output, features, common, Pointed(*pointed))


def build_critic(
    description: NetworkDescription,
    reads: Reads,
    *,
    source_vocab: int,
    target_vocab: int,
    pointer: bool = False,
) -> Critic:
    """A critic with freshly drawn weights; see `tied_inputs` for the `tied` of its network.

    The output layer must not be tied to an embedding: it begins with 0, the values of a critic that
    knows nothing. Raises ValueError for a combination that cannot be.
    """
    vocab = target_vocab if reads == "reference" else source_vocab
    network = build_network(description, source_vocab=vocab, target_vocab=target_vocab)
    nn.init.zeros_(network.output.weight)
    width = 2 * description.encoder_size
    return Critic(network, reads, Pointer(description.readout, width) if pointer else None)


def tied_inputs(reads: Reads, *, joint: bool) -> Tied:
    """What a critic ties: the embeddings of what it reads and of the prefix, if of one language.

    `joint` says that source and target have one vocabulary, which is as good.
    """
    return "inputs" if reads == "reference" or joint else "none"


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
    """A copy that shares nothing with `module` and is not trained; see `update_target`."""
    twin = copy.deepcopy(module)
    for parameter in twin.parameters():
        parameter.requires_grad_(False)
    return twin


@torch.no_grad()
def update_target(target: nn.Module, module: nn.Module, rate: float) -> None:
    """θ' ← θ' + rate (θ − θ') (Lillicrap et al. 2016; Bahdanau et al. 2017, algorithm 1)."""
    mine = [p.detach() for p in target.parameters()]  # shares the memory
    torch._foreach_lerp_(mine, [p.detach() for p in module.parameters()], rate)
