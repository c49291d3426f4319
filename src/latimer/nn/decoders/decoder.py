"""What a decoder is, what it reads of the source, and where search stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from torch import Tensor, nn

from latimer.nn.lexical import SentenceLexicon


@dataclass(frozen=True)
class Memory:
    """What the decoder reads of a batch of source sentences, padded to one length.

    `values [sentences, source_time, value]`, `keys [sentences, source_time, size]` made from them
    by the attention, `bias [sentences, source_time]` (0 on tokens, −∞ on padding) and
    `summary [sentences, summary]`. Without attention `source_time` is 0. `lexicon` is that of the
    sentences where the network has a lexical prior.
    """

    values: Tensor
    keys: Tensor
    bias: Tensor
    summary: Tensor
    lexicon: SentenceLexicon | None = None

    def select(self, sentences: Tensor) -> Memory:
        """The memory of the given sentences `[kept]`, in their order."""
        return Memory(
            self.values[sentences],
            self.keys[sentences],
            self.bias[sentences],
            self.summary[sentences],
            None if self.lexicon is None else self.lexicon.select(sentences),
        )

    def first(self, n: int) -> Memory:
        """The memory of the first `n` sentences, as views."""
        lexicon = None if self.lexicon is None else self.lexicon.first(n)
        return Memory(self.values[:n], self.keys[:n], self.bias[:n], self.summary[:n], lexicon)


@dataclass(frozen=True)
class State:
    """Where search stands: one row a hypothesis, grouped by sentence, equally many for each.

    `layers` are the recurrent states `[rows, parts * H]`, the first layer's first, and whatever
    else a decoder carries from step to step; `attention [rows, source_time]` are the weights of
    the last step, None before the first and without attention.
    """

    memory: Memory
    layers: tuple[Tensor, ...]
    attention: Tensor | None = None

    @property
    def rows(self) -> int:
        """How many hypotheses there are."""
        return len(self.layers[0])

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> State:
        """The state in which hypotheses `rows [kept]` go on, in that order.

        `rows` index the present rows, may repeat, and stay grouped by sentence. `sentences
        [left]`, ascending, are given when some have ended: the others' memory is dropped.
        """
        return replace(
            self,
            memory=self.memory if sentences is None else self.memory.select(sentences),
            layers=tuple(layer[rows] for layer in self.layers),
            attention=None if self.attention is None else self.attention[rows],
        )


class Decoder(Protocol):
    """A module from the source's memory and the tokens so far to features of the next token."""

    embedding: nn.Embedding

    @property
    def attention(self) -> nn.Module | None:
        """The attention, if there is one."""

    def remember(self, values: Tensor, bias: Tensor, summary: Tensor) -> Memory:
        """What is read of the encoder's outputs `values` and `summary`."""

    def start(self, memory: Memory) -> tuple[Tensor, ...]:
        """The first states, see `State.layers`."""

    def __call__(
        self, memory: Memory, tokens: Tensor, active: Sequence[int]
    ) -> tuple[Tensor, Tensor | None]:
        """What `features` reads `[time, rows, …]`, and attention weights if there are any.

        `tokens [time, rows]` are the inputs, one row a sentence; weights are
        `[time, rows, source_time]`.
        """

    def step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        """What `features` reads for the next token `[rows, …]`, and the new state; for search."""

    def features(self, read: Tensor) -> Tensor:
        """Features `[..., readout]` from what a call or `step` gathered."""
