"""Noisy-channel reranking of the outputs that an engine finds (Yee et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from latimer.engines.engine import Engine, Output, Segment
from latimer.engines.neural.languages import check_languages
from latimer.engines.neural.scoring import score_texts
from latimer.engines.translator import Capabilities
from latimer.errors import InputError, SettingError
from latimer.model.config import Languages
from latimer.model.folder import Model
from latimer.search.constraints import Constraints, LengthConstraints
from latimer.search.noisy_channel import channel_scores
from latimer.search.strategies import Beam, Search


class _Scored(NamedTuple):
    """The parts of the scores of some candidates, all `[candidates]`, float64."""

    direct: Tensor
    channel: Tensor
    language: Tensor
    target_lengths: Tensor
    source_lengths: Tensor


class NoisyChannel:
    """Scores of candidates by a direct model, a reverse model and perhaps a language model.

    Models meet in text alone, so each has its own vocabulary.
    """

    def __init__(
        self,
        direct: Model,
        reverse: Model,
        language_model: Model | None = None,
        *,
        channel_weight: float = 1.0,
        language_weight: float = 1.0,
    ) -> None:
        """`reverse` translates from the target language to the source's.

        Raises InputError for a model of the wrong kind or direction, or a weight out of range.
        """
        if not reverse.config.reads_source:
            raise InputError("the reverse model is a language model; a translator is needed")
        if language_model is not None and language_model.config.reads_source:
            raise InputError("the language model is a translator")
        there, back = direct.config.languages, reverse.config.languages
        for one, other in ((there.source, back.target), (there.target, back.source)):
            if one and other and one != other:
                raise InputError(
                    f"the reverse model translates {back.source} → {back.target}, "
                    f"which is not the way back from {there.source} → {there.target}"
                )
        if language_model is not None:
            check_languages("the language model", language_model, direct, ("target",))
        for name, weight in (("channel", channel_weight), ("language model", language_weight)):
            if not 0 <= weight <= 100:
                raise InputError(f"the weight of the {name}: 0 to 100 expected, not {weight}")
        self.direct, self.reverse, self.language_model = direct, reverse, language_model
        self.channel_weight, self.language_weight = channel_weight, language_weight

    def scores(self, sources: Sequence[str], texts: Sequence[str]) -> Tensor:
        """Of each text as the translation of its source, `[candidates]`, float64; high is good."""
        if not texts:
            return torch.empty(0)
        direct = score_texts(self.direct, texts, sources)
        channel = score_texts(self.reverse, sources, texts)
        language = score_texts(self.language_model, texts) if self.language_model else []

        def column(values: Sequence[float]) -> Tensor:
            return torch.tensor(values, dtype=torch.float64)

        parts = _Scored(
            column([score.log_prob for score in direct]),
            column([score.log_prob for score in channel]),
            column([score.log_prob for score in language] or [0.0] * len(texts)),
            column([score.pieces for score in direct]),
            column([score.pieces for score in channel]),
        )
        return channel_scores(
            *parts, channel_weight=self.channel_weight, language_weight=self.language_weight
        )


class NoisyChannelEngine:
    """An engine whose outputs are ranked anew, all that its beam finds."""

    def __init__(self, engine: Engine, channel: NoisyChannel) -> None:
        """`engine` searches with the direct model of the channel."""
        self.engine, self.channel = engine, channel

    @property
    def languages(self) -> Languages:
        """See `Engine`."""
        return self.engine.languages

    @property
    def capabilities(self) -> Capabilities:
        """See `Engine`."""
        return self.engine.capabilities

    @property
    def search(self) -> Search:
        """See `Engine`."""
        return self.engine.search

    @property
    def constraints(self) -> LengthConstraints:
        """See `Engine`."""
        return self.engine.constraints

    @property
    def longest(self) -> int:
        """See `Engine`."""
        return self.engine.longest

    def size(self, text: str) -> int:
        """See `Engine`."""
        return self.engine.size(text)

    def check(self, search: Search, constraints: Sequence[Constraints]) -> None:
        """See `Engine`; there must be something to choose from."""
        self.engine.check(self._wide(search), constraints)

    def find(
        self, segments: Sequence[Segment], search: Search, *, attention: bool = False
    ) -> list[list[Output]]:
        """See `Engine`; scores are those of the channel.

        Of equal texts one is kept. Attention stays with a best output that stays the best.
        """
        found = self.engine.find(segments, self._wide(search), attention=attention)
        distinct = [_distinct(several) for several in found]
        sources = [
            segment.text for segment, several in zip(segments, distinct, strict=True)
            for _ in several
        ]  # fmt: skip
        texts = [output.text for several in distinct for output in several]
        scores = iter(self.channel.scores(sources, texts).tolist())
        ranked = []
        for several in distinct:
            scored = [Output(one.text, next(scores), one.attention) for one in several]
            ranked.append(sorted(scored, key=lambda output: -output.score)[: search.outputs])
        return ranked

    def close(self) -> None:
        """See `Engine`."""
        self.engine.close()

    def _wide(self, search: Search) -> Beam:
        """The search that finds what is ranked: every hypothesis of the beam."""
        if not isinstance(search, Beam):
            raise SettingError(
                "search.kind", search.kind, "engine.reverse ranks what a beam finds; use beam"
            )
        if search.width == 1:
            raise SettingError(
                "search.width", 1, "engine.reverse has nothing to choose from; widen the beam"
            )
        return search.replace(nbest=search.width)


def _distinct(outputs: Sequence[Output]) -> list[Output]:
    """The first output of each text."""
    seen: dict[str, Output] = {}
    for output in outputs:
        seen.setdefault(output.text, output)
    return list(seen.values())
