"""The multilayer perceptron that translates N slots into N slots (Allen 1987).

Each slot of the source holds a token or nothing. The embeddings of all slots side by side are the
input of one or two hidden layers, and each slot of the translation has a softmax of its own over
the vocabulary, as in Koncar & Guthrie 1994:

    h = f(W [e(x_1); …; e(x_N)] + b)        P(y_t | x) = softmax(E (V_t h + c_t) + d)

The weights of the output layer of slot t are E V_t: what is particular to a slot is V_t, and the
vectors E of the pieces are shared by all slots. Given the source, a slot does not depend on the
other slots; only the end of the sentence makes what follows it unread.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from latimer.errors import InputError
from latimer.nn.decoders.decoder import Memory, State
from latimer.nn.dropout import Dropout
from latimer.nn.names import ActivationName
from latimer.text.vocabulary.subwords import PAD

ACTIVATIONS: dict[ActivationName, Any] = {"tanh": torch.tanh, "sigmoid": torch.sigmoid}


class SlotEncoder(nn.Module):
    """The slots of the source and the hidden layers."""

    def __init__(
        self,
        embedding: nn.Embedding,
        slots: int,
        hidden: Sequence[int],
        activation: ActivationName,
        dropout: float,
    ) -> None:
        """`hidden` are the units of each hidden layer."""
        super().__init__()
        self.embedding = embedding
        self.slots = slots
        sizes = [slots * embedding.embedding_dim, *hidden]
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))
        self.activation = ACTIVATIONS[activation]
        self.dropout = Dropout(dropout)

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """No values `[batch, 0, 0]`, and the last hidden layer `[batch, hidden]`.

        `source [batch, time]` are tokens, the end included, `lengths [batch]` their numbers; what
        stands behind a length changes nothing. Raises InputError for a longer text than the slots
        hold.
        """
        if len(lengths) and int(lengths.max()) > self.slots:
            raise InputError(_too_many("a source", int(lengths.max()), self.slots, "shorten it"))
        embedded = self.dropout(self.embedding(self._filled(source, lengths).t()))
        hidden = embedded.transpose(0, 1).flatten(1)
        for layer in self.layers:
            hidden = self.dropout(self.activation(layer(hidden)))
        return hidden[:, None, :0].expand(-1, 0, -1), hidden

    def _filled(self, source: Tensor, lengths: Tensor) -> Tensor:
        """Tokens `[batch, slots]`; PAD stands for a slot with nothing in it."""
        place = torch.arange(self.slots, device=source.device)
        filled = source.new_full((len(source), self.slots), PAD)
        time = min(self.slots, source.shape[1])
        filled[:, :time] = source[:, :time]
        return filled.masked_fill(place >= lengths[:, None], PAD)


class SlotDecoder(nn.Module):
    """The slots of the translation: step t reads slot t, whatever the tokens before it are.

    weight `[slots, readout, hidden]` is V and bias `[slots, 1, readout]` is c of the module.
    `embedding` holds the vectors of the output layer; no input is looked up in it.
    """

    attention = None

    def __init__(self, embedding: nn.Embedding, slots: int, hidden: int) -> None:
        super().__init__()
        self.embedding = embedding
        self.slots = slots
        bound = hidden**-0.5
        readout = embedding.embedding_dim
        self.weight = nn.Parameter(torch.empty(slots, readout, hidden).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(slots, 1, readout))

    def remember(self, values: Tensor, bias: Tensor, summary: Tensor) -> Memory:
        """The memory of sentences with this last hidden layer, `summary [sentences, hidden]`."""
        return Memory(values, values, bias, summary)

    def start(self, memory: Memory) -> tuple[Tensor, ...]:
        """The number of the next slot for each sentence, `[sentences, 1]`: the first."""
        summary = memory.summary
        return (torch.zeros(len(summary), 1, dtype=torch.long, device=summary.device),)

    def forward(self, memory: Memory, tokens: Tensor, active: Sequence[int]) -> tuple[Tensor, None]:
        """What `features` reads of the first slots, `[time, rows, readout]`; no attention weights.

        `tokens [time, rows]` only say how many slots are wanted. Raises InputError for more than
        there are.
        """
        time = len(tokens)
        self._check(time)
        hidden = memory.summary.expand(time, -1, -1)
        return torch.baddbmm(self.bias[:time], hidden, self.weight[:time].mT), None

    def step(self, state: State, tokens: Tensor) -> tuple[Tensor, State]:
        """What `features` reads of the next slot `[rows, readout]`, and the state after it.

        Raises InputError after the last slot.
        """
        (places,), hidden = state.layers, state.memory.summary
        slot = int(places[0]) if len(places) else 0
        self._check(slot + 1)
        read = nn.functional.linear(hidden, self.weight[slot], self.bias[slot, 0])
        width = len(tokens) // max(1, len(hidden))
        return read.repeat_interleave(width, 0), State(state.memory, (places + 1,))

    def features(self, read: Tensor) -> Tensor:
        """`read` itself: there is nothing between a slot and the output layer."""
        return read

    def _check(self, tokens: int) -> None:
        if tokens > self.slots:
            advice = f"set constraints.max_length to {self.slots} at most"
            raise InputError(_too_many("a translation", tokens, self.slots, advice))


def _too_many(what: str, tokens: int, slots: int, advice: str) -> str:
    return (
        f"{what} of {tokens} tokens, the end counted, does not fit into the {slots} slots of the "
        f"perceptron (model.slots); {advice}"
    )
