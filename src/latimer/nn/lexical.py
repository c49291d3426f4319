"""A lexical prior in the output layer.

The bias method of Arthur, Neubig & Nakamura 2016 (section 3.2.1). A table holds p(v | x), the
probability that the source piece x is translated by the target piece v, estimated from the training
text. With attention weights α, p(v) = Σ_s α_s p(v | x_s), and log(p(v) + ε) is added to the logit
of v. Gradients flow through α, so that attention learns to point at the piece being translated.

The table has a few pieces v for each x, so that p(v) is 0 except for a few candidates of each
sentence. Only their biases log(1 + p(v) / ε) are computed: the constant log ε does not change a
softmax.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from latimer.text.vocabulary.subwords import EOS, PAD

FLOOR = 1e-3
"""ε: the probability of a piece that the lexicon does not contain."""


class TokenPrior(NamedTuple):
    """Lexical probabilities at some target positions.

    probabilities `[tokens, most]`, with gradients: Σ_s α_s p(v | x_s) of the candidates v;
    sentences `[tokens]`: the sentence of each position; pieces `[sentences, most]`: the candidates
    of each sentence. Where a sentence has fewer, the rest is EOS with probability 0.
    """

    probabilities: Tensor
    sentences: Tensor
    pieces: Tensor

    def part(self, tokens: Tensor | slice) -> TokenPrior:
        """The prior of a subset of the positions."""
        return TokenPrior(self.probabilities[tokens], self.sentences[tokens], self.pieces)

    def added(self, logits: Tensor) -> Tensor:
        """`logits [tokens, vocab]` plus the prior's bias."""
        bias = log_factor(self.probabilities).to(logits.dtype)
        return logits.scatter_add(1, self.pieces[self.sentences], bias)


class SentenceLexicon(NamedTuple):
    """The lexicon of some sentences.

    pieces `[sentences, most]`, without repetition, as in `TokenPrior`; probabilities `[sentences,
    source_time, most]`, p(piece | source token).
    """

    pieces: Tensor
    probabilities: Tensor

    def select(self, sentences: Tensor) -> SentenceLexicon:
        """The lexicon of the given sentences `[kept]`, in their order."""
        return SentenceLexicon(self.pieces[sentences], self.probabilities[sentences])

    def first(self, n: int) -> SentenceLexicon:
        """The lexicon of the first `n` sentences, as views."""
        return SentenceLexicon(self.pieces[:n], self.probabilities[:n])

    def expected(self, weights: Tensor) -> Tensor:
        """Σ_s α_s p(v | x_s), `[sentences, n, most]`, for `weights [sentences, n, source_time]`."""
        with torch.autocast(weights.device.type, enabled=False):
            return torch.bmm(weights.to(self.probabilities.dtype), self.probabilities)

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


def log_factor(probabilities: Tensor) -> Tensor:
    """log(1 + p / ε) of `probabilities` of any shape: the bias added to logits."""
    return (probabilities / FLOOR).log1p()


class LexicalPrior(nn.Module):
    """The table: `pieces [source_vocab, most]`, padded with PAD, and their `probabilities`."""

    pieces: Tensor
    probabilities: Tensor

    def __init__(self, source_vocab: int, most: int) -> None:
        """An empty table; see `fill`."""
        super().__init__()
        self.register_buffer("pieces", torch.full((source_vocab, most), PAD, dtype=torch.int32))
        self.register_buffer("probabilities", torch.zeros(source_vocab, most))

    @torch.no_grad()
    def fill(self, pieces: Tensor, probabilities: Tensor) -> None:
        """Copy a table of pieces and probabilities `[source_vocab, n]`; −1 is an empty entry.

        At most `most` columns are used. EOS is translated by EOS with probability 1.
        """
        width = min(pieces.shape[1], self.pieces.shape[1])
        named = pieces[:, :width] > EOS
        self.pieces.fill_(PAD)
        self.probabilities.fill_(0.0)
        self.pieces[:, :width] = pieces[:, :width].masked_fill(~named, PAD).to(torch.int32)
        self.probabilities[:, :width] = probabilities[:, :width].masked_fill(~named, 0.0)
        self.pieces[EOS], self.probabilities[EOS] = PAD, 0.0
        self.pieces[EOS, 0], self.probabilities[EOS, 0] = EOS, 1.0

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
        probabilities = self.probabilities.new_zeros(sentences, time, columns + 1)
        probabilities.scatter_(2, where, self.probabilities[source])
        return SentenceLexicon(pieces[:, 1:], probabilities[:, :, 1:].contiguous())


class PriorInSoftmax:
    """The prior's part in a softmax that is computed a chunk of tokens at a time.

    Exponentials of the other logits are multiplied by (1 + p / ε)^(1 / temperature). The policy
    is one over the actions from `first` on, whose columns the exponentials are.
    """

    def __init__(self, prior: TokenPrior, *, first: int = 0, temperature: float = 1.0) -> None:
        self.prior, self.first, self.temperature = prior, first, temperature
        self.gradient = torch.zeros_like(prior.probabilities)
        """The gradient of `prior.probabilities`."""

    def columns(self, chunk: slice) -> Tensor:
        """The columns of each position's candidates, `[tokens, most]`."""
        return self.prior.pieces[self.prior.sentences[chunk]] - self.first

    def multiply(self, chunk: slice, exponentials: Tensor) -> None:
        """Multiply `exponentials [tokens, actions]` in place."""
        columns = self.columns(chunk)
        factors = self._bias(chunk).expm1()
        exponentials.scatter_add_(1, columns, exponentials.gather(1, columns).mul_(factors))

    def of(self, chunk: slice, actions: Tensor) -> Tensor:
        """The bias of the logits of `actions [tokens]`, `[tokens]`, nats."""
        chosen = self.columns(chunk) == actions[:, None]
        return (self._bias(chunk) * chosen).sum(1)

    def total(self) -> Tensor:
        """The sum of the biases of all logits at all positions, `[]`, nats."""
        return log_factor(self.prior.probabilities).sum() / self.temperature

    def add_gradient(self, chunk: slice, slopes: Tensor) -> None:
        """Add the gradient of a loss for the scaled logits, `slopes [tokens, actions]`.

        Scaled logits are those divided by the temperature.
        """
        self.add_slopes(chunk, slopes.gather(1, self.columns(chunk)))

    def add_slopes(self, chunk: slice, slopes: Tensor) -> None:
        """As `add_gradient`, from gradients of the candidates' logits, `slopes [tokens, most]`."""
        probabilities = self.prior.probabilities[chunk]
        self.gradient[chunk] = slopes / ((probabilities + FLOOR) * self.temperature)

    def _bias(self, chunk: slice) -> Tensor:
        return log_factor(self.prior.probabilities[chunk]) / self.temperature
