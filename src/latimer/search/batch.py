"""What a strategy searches: a batch of encoded sentences and the scorer of their translations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from latimer.search.counters import text_key
from latimer.search.hypothesis import Hypothesis
from latimer.search.scorer import Scorer
from latimer.search.strategies import Search


@dataclass(frozen=True)
class SearchBatch:
    """Sentences that are searched together.

    scorer: obeys the constraints but for the phrases; source: `[batch, time]`; lengths: `[batch]`,
    EOS counted; limits: the most tokens of a translation, EOS counted, one number or `[batch]`;
    texts: the sentences as text; phrases: for each sentence lists of tokens that its translation
    must hold; write: the text of some tokens of the translation of the sentence with that place in
    the batch; language: the code of the target language, empty if unknown; keep_attention: whether
    hypotheses keep their attention weights.
    """

    scorer: Scorer[Any]
    source: Tensor
    lengths: Tensor
    limits: int | Tensor
    texts: Sequence[str]
    phrases: Sequence[Sequence[Sequence[int]]]
    write: Callable[[int, list[int]], str]
    language: str = ""
    keep_attention: bool = False

    def keys(self) -> Tensor:
        """A number for each sentence, `[batch]`, int64, that depends on its text alone."""
        return torch.tensor([text_key(text) for text in self.texts], device=self.source.device)


def run_search(search: Search, batch: SearchBatch) -> list[list[Hypothesis]]:
    """The hypotheses of each sentence, best first, found by the strategy's own function."""
    module, _, name = search.runner.partition(":")
    found: list[list[Hypothesis]] = getattr(import_module(module), name)(search, batch)
    return found
