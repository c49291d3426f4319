"""A lexicon in the output layer: what the words attended to may become, known before training.

The bias method of Arthur, Neubig & Nakamura 2016 (section 3.2.1). A table holds p(v | x), how often
the source piece x is translated by the target piece v, counted in the training text. With the
attention's weights α a step expects p(v) = Σ_s α_s p(v | x_s), and log(p(v) + ε) is added to the
logit of v. Gradients go through α, so that attention learns to point at what is being translated.

The table names a few pieces for each source piece, so that Σ_s α_s p(v | x_s) is 0 but for some
pieces of each sentence. What is added is then log(1 + p(v) / ε) for these alone: the constant log ε
does not change a softmax.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from latimer.text.vocabulary.subwords import EOS, PAD

FLOOR = 1e-3
"""ε: what a piece that no lexicon names has for a probability."""


class TokenPrior(NamedTuple):
    """What the lexicon expects of some tokens.

    chances `[tokens, most]`, with gradients, the probabilities of `pieces [sentences, most]` of the
    sentence that each token belongs to, `sentences [tokens]`. Where a sentence has fewer pieces,
    EOS stands behind the last, with a chance of 0.
    """

    chances: Tensor
    sentences: Tensor
    pieces: Tensor

    def part(self, tokens: Tensor | slice) -> TokenPrior:
        """The same of some tokens."""
        return TokenPrior(self.chances[tokens], self.sentences[tokens], self.pieces)

    def added(self, logits: Tensor) -> Tensor:
        """`logits [tokens, vocab]` with the prior."""
        bias = log_factor(self.chances).to(logits.dtype)
        return logits.scatter_add(1, self.pieces[self.sentences], bias)


class SentenceLexicon(NamedTuple):
    """The lexicon of some sentences.

    pieces `[sentences, most]`, without repetition, as in `TokenPrior`; chances `[sentences,
    source_time, most]`, p(piece | source token).
    """

    pieces: Tensor
    chances: Tensor

    def select(self, sentences: Tensor) -> SentenceLexicon:
        """That of the given sentences `[kept]`, in their order."""
        return SentenceLexicon(self.pieces[sentences], self.chances[sentences])

    def first(self, n: int) -> SentenceLexicon:
        """That of the first `n` sentences, as views."""
        return SentenceLexicon(self.pieces[:n], self.chances[:n])

    def expected(self, weights: Tensor) -> Tensor:
        """Σ_s α_s p(v | x_s), `[sentences, n, most]`, for `weights [sentences, n, source_time]`."""
        with torch.autocast(weights.device.type, enabled=False):
            return torch.bmm(weights.to(self.chances.dtype), self.chances)

    def add_to(self, logits: Tensor, weights: Tensor) -> Tensor:
        """Add the prior to `logits [rows, vocab]` in place; for search.

        `weights [rows, source_time]`, rows being grouped by sentence, equally many for each.
        """
        sentences, most = self.pieces.shape
        by_sentence = weights.view(sentences, -1, weights.shape[1])
        bias = log_factor(self.expected(by_sentence)).flatten(0, 1)
        width = by_sentence.shape[1]
        places = self.pieces[:, None].expand(-1, width, -1).reshape(-1, most)
        return logits.scatter_add_(1, places, bias.to(logits.dtype))


def log_factor(chances: Tensor) -> Tensor:
    """log(1 + p / ε) of `chances` of any shape: what is added to logits."""
    return (chances / FLOOR).log1p()


class LexicalPrior(nn.Module):
    """The table: `pieces [source_vocab, most]`, PAD where there are fewer, and their `chances`."""

    pieces: Tensor
    chances: Tensor

    def __init__(self, source_vocab: int, most: int) -> None:
        """With no piece for any source piece; see `fill`."""
        super().__init__()
        self.register_buffer("pieces", torch.full((source_vocab, most), PAD, dtype=torch.int32))
        self.register_buffer("chances", torch.zeros(source_vocab, most))

    @torch.no_grad()
    def fill(self, pieces: Tensor, chances: Tensor) -> None:
        """Take a table `[source_vocab, at most `most`]` of both; pieces below 0 are none.

        The end of a sentence means the end of its translation.
        """
        width = min(pieces.shape[1], self.pieces.shape[1])
        named = pieces[:, :width] > EOS
        self.pieces.fill_(PAD)
        self.chances.fill_(0.0)
        self.pieces[:, :width] = pieces[:, :width].masked_fill(~named, PAD).to(torch.int32)
        self.chances[:, :width] = chances[:, :width].masked_fill(~named, 0.0)
        self.pieces[EOS], self.chances[EOS] = PAD, 0.0
        self.pieces[EOS, 0], self.chances[EOS, 0] = EOS, 1.0

    def forward(self, source: Tensor) -> SentenceLexicon:
        """The lexicon of sentences `source [sentences, time]`, padded."""
        named = self.pieces[source]
        sentences, time, most = named.shape
        ordered, order = named.flatten(1).sort(1)
        fresh = torch.cat([ordered[:, :1] != PAD, ordered[:, 1:] != ordered[:, :-1]], 1)
        places = fresh.cumsum(1)  # from 1; 0 is that of PAD
        columns = int(places[:, -1].max()) if places.numel() else 0
        pieces = ordered.new_full((sentences, columns + 1), EOS, dtype=torch.long)
        pieces.scatter_(1, places, ordered.long())
        where = torch.empty_like(places).scatter_(1, order, places).view(sentences, time, most)
        chances = self.chances.new_zeros(sentences, time, columns + 1)
        chances.scatter_(2, where, self.chances[source])
        return SentenceLexicon(pieces[:, 1:], chances[:, :, 1:].contiguous())


class PriorInSoftmax:
    """The prior's part in a softmax that is computed a chunk of tokens at a time.

    Exponentials of the other logits are multiplied by (1 + p / ε)^(1 / temperature). The policy
    is one over the actions from `first` on, whose columns the exponentials are.
    """

    def __init__(self, prior: TokenPrior, *, first: int = 0, temperature: float = 1.0) -> None:
        self.prior, self.first, self.temperature = prior, first, temperature
        self.gradient = torch.zeros_like(prior.chances)
        """That of `prior.chances`."""

    def columns(self, chunk: slice) -> Tensor:
        """Of the pieces of each token, `[tokens, most]`."""
        return self.prior.pieces[self.prior.sentences[chunk]] - self.first

    def multiply(self, chunk: slice, exponentials: Tensor) -> None:
        """Multiply `exponentials [tokens, actions]` in place."""
        columns = self.columns(chunk)
        factors = self._bias(chunk).expm1()
        exponentials.scatter_add_(1, columns, exponentials.gather(1, columns).mul_(factors))

    def of(self, chunk: slice, actions: Tensor) -> Tensor:
        """What is added to the logits of `actions [tokens]`, `[tokens]`, nats."""
        chosen = self.columns(chunk) == actions[:, None]
        return (self._bias(chunk) * chosen).sum(1)

    def total(self) -> Tensor:
        """What is added to all logits of all tokens, `[]`, nats."""
        return log_factor(self.prior.chances).sum() / self.temperature

    def add_gradient(self, chunk: slice, slopes: Tensor) -> None:
        """Take in the derivative of a loss by the logits, `slopes [tokens, actions]`.

        These are the logits divided by the temperature.
        """
        self.add_slopes(chunk, slopes.gather(1, self.columns(chunk)))

    def add_slopes(self, chunk: slice, slopes: Tensor) -> None:
        """The same of the pieces' own logits, `slopes [tokens, most]`."""
        chances = self.prior.chances[chunk]
        self.gradient[chunk] = slopes / ((chances + FLOOR) * self.temperature)

    def _bias(self, chunk: slice) -> Tensor:
        return log_factor(self.prior.chances[chunk]) / self.temperature
