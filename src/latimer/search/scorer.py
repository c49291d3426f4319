"""What search needs of a model: `start` and `step`, and states that can be reordered.

A network, an ensemble and a table of transition probabilities are all scorers; search knows
nothing else about them.
"""

from __future__ import annotations

from typing import Protocol, Self, TypeVar

import torch
from torch import Tensor

from latimer.errors import InputError, LatimerError
from latimer.text.vocabulary.subwords import BOS, EOS, PAD


class State(Protocol):
    """Everything a scorer remembers of the prefixes written so far, one row a prefix."""

    @property
    def attention(self) -> Tensor | None:
        """Weights over the source in the last step, `[rows, source_time]`, if there are any."""

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> Self:
        """The state of `rows` (LongTensor, in their new order).

        Rows are grouped by sentence, equally many for each. `sentences` (LongTensor, ascending)
        says which of the present sentences stay; without it all do.
        """


S = TypeVar("S", bound=State)


class Scorer(Protocol[S]):
    """Scores the next token of every prefix."""

    def start(self, source: Tensor, lengths: Tensor) -> S:
        """The state before the first token, one row a sentence.

        `source` `[batch, time]` is right-padded with PAD; `lengths` `[batch]` counts EOS.
        """

    def step(self, state: S, tokens: Tensor) -> tuple[Tensor, S]:
        """Append `tokens` `[rows]`; scores of the next token `[rows, vocab]`, and the new state.

        Scores are logarithms up to a constant for each row: search takes their log-softmax.
        """


def length_limits(max_length: int | Tensor, batch: int, device: torch.device) -> Tensor:
    """The most tokens, EOS counted, of each sentence's hypotheses: `[batch]`.

    A limit for each sentence by itself keeps a translation apart from the rest of its batch.
    Raises InputError for a limit below 1 or a tensor of another size.
    """
    limits = torch.as_tensor(max_length, dtype=torch.long, device=device)
    if limits.dim() > 1 or (limits.dim() == 1 and len(limits) != batch):
        raise InputError(f"max_length: one number or {batch} expected, not {tuple(limits.shape)}")
    if limits.numel() and int(limits.min()) < 1:
        raise InputError(f"max_length: at least 1 expected, not {int(limits.min())}")
    return limits.expand(batch)


def default_max_length(lengths: Tensor) -> Tensor:
    """Twice the source (`lengths` `[batch]` counts EOS) and ten more: `[batch]`."""
    return 2 * lengths + 10


def permitted(scores: Tensor, allow_unk: bool) -> Tensor:
    """`scores` `[rows, vocab]` of tokens that may be written; a translation holds no PAD or BOS.

    UNK is banned unless allowed. The first columns are left out rather than overwritten where
    that saves a copy, so add `vocab - permitted.size(1)` to a column to have its token.
    """
    if not allow_unk:
        return scores[:, EOS:]
    scores = scores.clone()
    scores[:, [PAD, BOS]] = -torch.inf
    return scores


def check_normaliser(normaliser: Tensor, log_probs: Tensor | None = None) -> None:
    """Refuse the scores of a broken model: `normaliser [rows]` holds their log-sum-exp.

    Rows whose `log_probs`, in any shape, are −∞ are dead and may hold anything.
    Raises LatimerError when one of the others is NaN or infinite.
    """
    sound = torch.isfinite(normaliser)
    if bool(sound.all()):
        return
    if log_probs is None or not bool(sound[log_probs.flatten() > -torch.inf].all()):
        raise LatimerError(
            "the model is broken: it scored the next token with NaN, with infinity, or gave every "
            "token probability zero; its weights are damaged or its training diverged"
        )


class DeadEnd(LatimerError):
    """None of a sentence's prefixes can go on; `sentence` is its place in the batch, if known."""

    def __init__(self, sentence: int | None = None) -> None:
        super().__init__(
            "the model is broken: it gives probability zero to every token that may be written"
        )
        self.sentence = sentence


def dead_end(sentence: int | None = None) -> DeadEnd:
    """The error for a sentence none of whose prefixes can go on."""
    return DeadEnd(sentence)
