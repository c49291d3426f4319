"""Ways of searching besides the beam, as `NeuralTranslator.translate` takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor

from latimer.errors import InputError
from latimer.search.beam import check_settings
from latimer.search.distinct import sample_distinct
from latimer.search.exact import DEFAULT_BUDGET, exact_search
from latimer.search.hypothesis import Hypothesis
from latimer.search.mbr import Utility, expected_utilities, utility_named
from latimer.search.normalise import normaliser
from latimer.search.sampling import check_sampling, sample, text_key
from latimer.search.scorer import Scorer

Write = Callable[[int, list[int]], str]
"""The text of some tokens of the translation of the sentence with that place in the batch."""
DRAWN = "samples (--nbest)"
"""What the number of samples is called in Python, and by `latimer translate --sample`."""


class Way(Protocol):
    """Finds hypotheses of a batch of sentences, the best of each first."""

    @property
    def rows(self) -> int:
        """Prefixes of a sentence that grow together, for the size of a batch."""

    @property
    def asked(self) -> tuple[str, int]:
        """The setting that memory grows with, as users know it, and what it is set to."""

    def check(self) -> None:
        """Raises InputError for settings that cannot be followed."""

    def search(
        self, scorer: Scorer[Any], source: Tensor, lengths: Tensor, limits: int | Tensor,
        texts: Sequence[str], write: Write,
    ) -> list[list[Hypothesis]]:  # fmt: skip
        """`source [batch, time]`, `lengths [batch]`; `limits` as `max_length` of a search."""


@dataclass(frozen=True)
class Sampling:
    """Ancestral sampling; see `latimer.search.sampling.sample`.

    What is drawn for a text depends on `seed` and the text alone.
    """

    samples: int = 1
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    seed: int = 0

    @property
    def rows(self) -> int:
        """See `Way`."""
        return self.samples

    @property
    def asked(self) -> tuple[str, int]:
        """See `Way`."""
        return DRAWN, self.samples

    def check(self) -> None:
        """See `Way`."""
        check_sampling(self.samples, self.temperature, self.top_k, self.top_p)

    def search(
        self, scorer: Scorer[Any], source: Tensor, lengths: Tensor, limits: int | Tensor,
        texts: Sequence[str], write: Write,
    ) -> list[list[Hypothesis]]:  # fmt: skip
        """See `Way`."""
        keys = torch.tensor([text_key(text) for text in texts], device=source.device)
        return sample(
            scorer, source, lengths, max_length=limits, samples=self.samples,
            temperature=self.temperature, top_k=self.top_k, top_p=self.top_p, keys=keys,
            seed=self.seed,
        ).hypotheses()  # fmt: skip


@dataclass(frozen=True)
class DistinctSampling:
    """Sampling without replacement; see `latimer.search.distinct.sample_distinct`.

    No two translations have the same pieces. They come in the order in which they are drawn, which
    is not that of their scores: these are log-probabilities.
    """

    samples: int = 1
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    seed: int = 0

    @property
    def rows(self) -> int:
        """See `Way`; more than there are, for noise in double precision takes its room."""
        return 4 * self.samples

    @property
    def asked(self) -> tuple[str, int]:
        """See `Way`."""
        return DRAWN, self.samples

    def check(self) -> None:
        """See `Way`."""
        check_sampling(self.samples, self.temperature, self.top_k, self.top_p)

    def search(
        self, scorer: Scorer[Any], source: Tensor, lengths: Tensor, limits: int | Tensor,
        texts: Sequence[str], write: Write,
    ) -> list[list[Hypothesis]]:  # fmt: skip
        """See `Way`."""
        keys = torch.tensor([text_key(text) for text in texts], device=source.device)
        drawn = sample_distinct(
            scorer, source, lengths, max_length=limits, samples=self.samples,
            temperature=self.temperature, top_k=self.top_k, top_p=self.top_p, keys=keys,
            seed=self.seed,
        )  # fmt: skip
        return [[replace(found, score=found.log_prob) for found in several] for several in drawn]


@dataclass(frozen=True)
class MinimumBayesRisk:
    """Of so many samples the one that is most like all of them; see `latimer.search.mbr`.

    utility: a name of `mbr.UTILITIES`, `module:function`, or any function of two texts. The score
    of a translation is its mean utility. language: the code of the target language, by default the
    model's; a named utility cuts texts into words as is done in that language.
    """

    samples: int = 32
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    seed: int = 0
    utility: str | Utility = "bleu"
    language: str = ""

    @property
    def rows(self) -> int:
        """See `Way`."""
        return self.samples

    @property
    def asked(self) -> tuple[str, int]:
        """See `Way`."""
        return "samples", self.samples

    @property
    def _sampling(self) -> Sampling:
        return Sampling(self.samples, self.temperature, self.top_k, self.top_p, self.seed)

    def check(self) -> None:
        """See `Way`."""
        self._sampling.check()
        if isinstance(self.utility, str):
            utility_named(self.utility)

    def search(
        self, scorer: Scorer[Any], source: Tensor, lengths: Tensor, limits: int | Tensor,
        texts: Sequence[str], write: Write,
    ) -> list[list[Hypothesis]]:  # fmt: skip
        """See `Way`."""
        drawn = self._sampling.search(scorer, source, lengths, limits, texts, write)
        utility = self.utility
        if isinstance(utility, str):
            utility = utility_named(utility)(self.language)
        best = []
        for row, several in enumerate(drawn):
            means = expected_utilities([write(row, h.tokens) for h in several], utility)
            # Of equals the most probable, which comes first.
            mean, place = max((mean, -place) for place, mean in enumerate(means))
            best.append([replace(several[-place], score=mean)])
        return best


@dataclass(frozen=True)
class Exact:
    """Exact search within a budget of prefixes; see `latimer.search.exact.exact_search`."""

    normalisation: str = "none"
    alpha: float = 1.0
    beam: int = 5
    budget: int = DEFAULT_BUDGET

    @property
    def rows(self) -> int:
        """See `Way`."""
        return self.beam

    @property
    def asked(self) -> tuple[str, int]:
        """See `Way`."""
        return "beam", self.beam

    def check(self) -> None:
        """See `Way`."""
        normaliser(self.normalisation, self.alpha)
        check_settings(self.beam, 1)
        if self.budget < 1:
            raise InputError(f"budget: at least 1 prefix expected, not {self.budget}")

    def search(
        self, scorer: Scorer[Any], source: Tensor, lengths: Tensor, limits: int | Tensor,
        texts: Sequence[str], write: Write,
    ) -> list[list[Hypothesis]]:  # fmt: skip
        """See `Way`."""
        found = exact_search(
            scorer, source, lengths, max_length=limits, normalisation=self.normalisation,
            alpha=self.alpha, beam=self.beam, budget=self.budget,
        )  # fmt: skip
        return [[result.hypothesis] for result in found]
