"""Noisy-channel reranking of the translations that a translator finds (Yee et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from latimer.engines.languages import check_languages
from latimer.engines.scoring import score_texts
from latimer.engines.translator import Alternative, Translation
from latimer.errors import InputError
from latimer.model.folder import Model, load_language_model, load_translator
from latimer.search.noisy_channel import channel_scores


class _Scored(NamedTuple):
    """The parts of the scores of some candidates, all `[candidates]`, float64."""

    direct: Tensor
    channel: Tensor
    language: Tensor
    target_lengths: Tensor
    source_lengths: Tensor


class NoisyChannel:
    """Ranks candidates by a direct model, a reverse model and perhaps a language model.

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

    def rerank(self, translations: Sequence[Translation]) -> list[Translation]:
        """Each with the best of it and its alternatives first, and the scores of the channel.

        Of equal texts one is kept. Attention and the like stay with a best that stays the best.
        """
        lists = [
            list(dict.fromkeys([one.text, *(other.text for other in one.alternatives)]))
            for one in translations
        ]
        sources = [
            one.source for one, texts in zip(translations, lists, strict=True) for _ in texts
        ]
        scores = iter(self._scores(sources, [text for texts in lists for text in texts]).tolist())
        found = []
        for one, texts in zip(translations, lists, strict=True):
            ranked = [Alternative(text, next(scores)) for text in texts]
            best, *others = sorted(ranked, key=lambda candidate: -candidate.score)
            attention = one.attention if best.text == one.text else None
            found.append(
                replace(
                    one, text=best.text, score=best.score, alternatives=others, attention=attention
                )
            )
        return found

    def _scores(self, sources: Sequence[str], texts: Sequence[str]) -> Tensor:
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


def load_channel(
    direct: Model,
    reverse: str | Path,
    language_model: str | Path | None = None,
    *,
    channel_weight: float = 1.0,
    language_weight: float | None = None,
    device: str = "cpu",
) -> NoisyChannel:
    """That of the models in folders; the language model's weight is by default the channel's.

    Raises InputError naming the folders.
    """
    back = load_translator(reverse, device)
    fluent = None if language_model is None else load_language_model(language_model, device)
    try:
        return NoisyChannel(
            direct, back, fluent, channel_weight=channel_weight,
            language_weight=channel_weight if language_weight is None else language_weight,
        )  # fmt: skip
    except InputError as error:
        named = ", ".join(str(one) for one in (reverse, language_model) if one is not None)
        raise InputError(f"{named}: {error}") from error
