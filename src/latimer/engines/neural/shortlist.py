"""Search in a part of the vocabulary: the pieces that may translate a sentence's own pieces.

As in Jean et al. 2015, section 3.2: every sentence has a vocabulary of its own, of the most
frequent pieces and those that a lexicon names for the pieces of its source. It depends on the
sentence alone and never on the others of its batch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from latimer.errors import SettingError
from latimer.nn.decoders.decoder import State
from latimer.nn.inference.quantised import QuantisedWeight
from latimer.nn.lexical import SentenceLexicon
from latimer.nn.seq2seq import Seq2Seq
from latimer.search.hypothesis import Hypothesis
from latimer.text.lexicon import LIKELY as MOST
from latimer.text.lexicon import Lexicon
from latimer.text.vocabulary.subwords import EOS

COMMON = 400
"""Pieces that every sentence may use."""
LIKELY = 20
"""Pieces that each piece of the source adds, at most."""
SMALL = 8000
"""A vocabulary of fewer pieces is looked at whole: there is little to gain (with 5,000 pieces a
fifth at beam 5 and nothing greedily) and up to 0.35 BLEU to lose."""
SMALL_IN_INT8 = 16000
"""The same where products are done in 8 bits, which are several times as quick: with 5,000 pieces a
shortlist gained nothing there."""


class Vocabularies(NamedTuple):
    """Each sentence's part of the vocabulary: `common [n]` for all, PAD, UNK, BOS and EOS first,
    and `own [sentences, most]`, −1 after the last.

    The columns of a sentence are `common` and then its `own`, so that `column == token` for the
    first four, by which search knows them.
    """

    common: Tensor
    own: Tensor


class Shortlist:
    """Chooses the vocabulary of a sentence that a network translates."""

    def __init__(
        self,
        lexicon: Lexicon,
        network: Seq2Seq,
        *,
        joint: bool,
        common: int = COMMON,
        likely: int = LIKELY,
    ) -> None:
        """`common` pieces for all and up to `likely` for each piece of the source.

        Where source and target share their pieces (`joint`), a source piece may be copied.
        """
        self.network, device, target_vocab = network, network.device, len(network.output.weight)
        special = torch.arange(EOS + 1)
        frequent = torch.from_numpy(lexicon.frequent).long()
        frequent = frequent[frequent > EOS][:common]
        self.common = torch.cat([special, frequent.sort().values]).to(device)
        self._likely = torch.from_numpy(lexicon.likely[:, :likely]).long().to(device)
        self._joint, self._none = joint, target_vocab
        self._is_common = torch.zeros(target_vocab + 1, dtype=torch.bool, device=device)
        self._is_common[self.common] = True
        self.weight = _part(network.output.weight, self.common)
        self.bias = network.output.bias[self.common].detach()

    def choose(self, source: Tensor) -> Vocabularies:
        """The vocabularies for `source [sentences, time]`, padded."""
        found = self._likely[source].flatten(1)
        if self._joint:
            found = torch.cat([found, source], 1)
        found = found.masked_fill(found < 0, self._none).sort(1).values
        again = torch.zeros_like(found, dtype=torch.bool)
        again[:, 1:] = found[:, 1:] == found[:, :-1]
        found = found.masked_fill(again | self._is_common[found], self._none).sort(1).values
        most = int((found < self._none).sum(1).max())
        found = found[:, :most]
        return Vocabularies(self.common, found.masked_fill(found == self._none, -1))


def _part(weight: Any, rows: Tensor) -> Any:
    """Rows of a weight, which is a tensor or `QuantisedWeight`, and of its kind."""
    return weight.part(rows) if isinstance(weight, QuantisedWeight) else weight[rows].detach()


@dataclass(frozen=True)
class ShortState:
    """A network's state, the piece in each column, and what the output layer has of own pieces.

    pieces `[sentences, columns]`, weight `[sentences, most, readout]`, bias `[sentences, 1, most]`;
    lexicon is that of a lexical prior, with columns for its pieces.
    """

    inner: State
    pieces: Tensor
    weight: Tensor
    bias: Tensor
    lexicon: SentenceLexicon | None = None

    @property
    def attention(self) -> Tensor | None:
        """As the network's."""
        return self.inner.attention

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> ShortState:
        """See `search.scorer.State`."""
        inner = self.inner.select(rows, sentences)
        if sentences is None:
            return replace(self, inner=inner)
        lexicon = None if self.lexicon is None else self.lexicon.select(sentences)
        return ShortState(
            inner, self.pieces[sentences], self.weight[sentences], self.bias[sentences], lexicon
        )


def choose_shortlist(
    wanted: str | int, lexicon: Lexicon | None, network: object, *, joint: bool, precision: str
) -> Shortlist | None:
    """The shortlist of a translator, None without one.

    `wanted` is "off", how many pieces each piece of the source adds, or "auto": so many as are
    right where there is a lexicon, and `network`, the scorer, is one alone of a large vocabulary;
    what is large depends on the `precision` of its products, "fp32" or "int8".
    Raises InputError for other settings, and for a number where no shortlist can be.
    """
    if wanted == "off":
        return None
    number = LIKELY if wanted == "auto" else _number(wanted)
    if lexicon is None or not isinstance(network, Seq2Seq):
        if wanted == "auto":
            return None
        why = "it has no lexicon; make one with `latimer shortlist`"
        if lexicon is not None:
            why = "it is searched with other models; leave it out"
        raise SettingError("engine.shortlist", wanted, f"not with this model: {why}")
    small = SMALL_IN_INT8 if precision == "int8" else SMALL
    if wanted == "auto" and len(network.output.weight) < small:
        return None
    return Shortlist(lexicon, network, joint=joint, likely=number)


def check_shortlist(wanted: str | int, possible: bool) -> None:
    """Refuse a number for a search that no shortlist is for; `possible` says that one is."""
    if wanted not in ("auto", "off") and not possible:
        raise SettingError(
            "engine.shortlist", wanted,
            "a shortlist is for beam search of the one best translation without constraints; "
            "leave it out",
        )  # fmt: skip


def _number(wanted: str | int) -> int:
    try:
        number = int(wanted)
    except ValueError:
        number = 0
    if not 1 <= number <= MOST:
        raise SettingError(
            "engine.shortlist", wanted, f"allowed: auto, off or a number from 1 to {MOST}"
        )
    return number


class Shortlisted:
    """A network that knows each sentence's own vocabulary only; a search `Scorer`.

    What search calls tokens are columns of `Vocabularies`, and log-probabilities are over them.
    """

    def __init__(self, shortlist: Shortlist, source: Tensor) -> None:
        """For `source [sentences, time]` and no other sentences."""
        self.network, self._vocabularies = shortlist.network, shortlist.choose(source)
        self._weight, self._bias = shortlist.weight, shortlist.bias

    @torch.no_grad()
    def start(self, source: Tensor, lengths: Tensor) -> ShortState:
        """See `Scorer`; the sentences are those that this was made for."""
        (common, own), output = self._vocabularies, self.network.output
        known = own.clamp(min=0)
        bias = output.bias[known].masked_fill(own < 0, -torch.inf)[:, None]
        pieces = torch.cat([common.expand(len(own), -1), known], 1)
        inner = self.network.start(source, lengths)
        lexicon = inner.memory.lexicon
        if lexicon is not None:
            real = torch.cat([torch.ones_like(common).bool().expand(len(own), -1), own >= 0], 1)
            lexicon = _in_columns(lexicon, pieces, real, len(output.weight))
        return ShortState(inner, pieces, output.weight[known], bias, lexicon)

    @torch.no_grad()
    def step(self, state: ShortState, columns: Tensor) -> tuple[Tensor, ShortState]:
        """See `Scorer`; scores are `[rows, columns]`."""
        decoder, sentences = self.network.decoder, len(state.pieces)
        tokens = state.pieces.gather(1, columns.view(sentences, -1)).flatten()
        read, inner = decoder.step(state.inner, tokens)
        features = decoder.features(read)
        common = torch.nn.functional.linear(features, self._weight, self._bias)
        by_sentence = features.view(sentences, -1, features.shape[1])
        own = torch.baddbmm(state.bias, by_sentence, state.weight.transpose(1, 2))
        scores = torch.cat([common, own.flatten(0, 1)], 1)
        if state.lexicon is not None and inner.attention is not None:
            scores = state.lexicon.add_to(scores, inner.attention)
        return scores, replace(state, inner=inner)

    def in_tokens(self, found: list[list[Hypothesis]]) -> list[list[Hypothesis]]:
        """Hypotheses of all sentences with tokens for their columns."""
        common, own = (part.tolist() for part in self._vocabularies)
        named: list[list[Hypothesis]] = []
        for several, theirs in zip(found, own, strict=True):
            pieces = common + theirs
            named.append([replace(h, tokens=[pieces[c] for c in h.tokens]) for h in several])
        return named


def _in_columns(
    lexicon: SentenceLexicon, pieces: Tensor, real: Tensor, vocab: int
) -> SentenceLexicon:
    """The lexicon with columns for its pieces; those that have none are left out.

    `pieces [sentences, columns]` and whether each column is one, `real`, the same shape.
    """
    nowhere = pieces.shape[1]
    columns = pieces.new_full((len(pieces), vocab + 1), nowhere)
    places = torch.arange(nowhere, device=pieces.device).expand_as(pieces)
    columns.scatter_(1, pieces.masked_fill(~real, vocab), places)
    found = columns.gather(1, lexicon.pieces)
    there = found < nowhere
    chances = lexicon.probabilities * there[:, None]
    return SentenceLexicon(found.masked_fill(~there, EOS), chances)
