"""Figures of a policy that learns from reward, measured at validations on fixed dev sentences.

Every validation uses the same random numbers, so that differences are those of the network.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from latimer.nn.dropout import silence
from latimer.nn.output import CHUNK_LOGITS, Features, Output
from latimer.nn.rl.policy import TOP
from latimer.nn.seq2seq import Seq2Seq
from latimer.search.sampling import sample
from latimer.search.strategies import Sampling
from latimer.text.batching import Batch, collate, plan
from latimer.text.corpus.tokenised import TokenisedCorpus
from latimer.train.loop.workers import Workers
from latimer.train.objectives.trajectories import Draw, features_of, first_action

SENTENCES = 200
"""Maximum number of dev sentences used, evenly spread."""

BATCH = 64

DEV_FIGURES = (
    "reward_greedy", "reward_sampled", "reward_gap", "length_ratio", "entropy", "kl", "peak",
    "top10",
)  # fmt: skip


class DevPolicy:
    """Compares greedy with sampled translations, and the policy with the initial one."""

    def __init__(
        self, draw: Draw, start: Seq2Seq | None, corpus: TokenisedCorpus, device: torch.device
    ) -> None:
        """KL is measured from `start`, frozen and on `device`; without it there is no KL."""
        self.draw, self.start, self.corpus, self.device = draw, start, corpus, device
        count = len(corpus)
        self.rows = np.unique(np.linspace(0, count - 1, min(count, SENTENCES)).astype(np.int64))

    def figures(
        self,
        network: Seq2Seq,
        workers: Workers,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> dict[str, float] | None:
        """`DEV_FIGURES` of `network`; None when `interrupted` became true meanwhile.

        reward_greedy, reward_sampled: mean scores of greedy and of sampled translations;
        reward_gap: the first minus the second; length_ratio: pieces of greedy translations divided
        by pieces of references. Means over the states of sampled translations: entropy and kl,
        KL(π‖π₀) with π₀ the initial policy, nats per action; peak and top10, the probability of the
        most probable action and of the ten most probable ones.
        """

        @torch.no_grad()
        def work(rows: npt.NDArray[np.int64]) -> Tensor | None:
            if interrupted():
                return None
            batch = collate(self.corpus, rows).to(self.device)
            with silence():
                return self._sums(network, batch, int(rows[0]))

        sums: list[Tensor] = []
        for found in workers.map(work, self._batches()):
            if found is None:
                return None
            sums.append(found)
        return _means(torch.stack(sums).sum(0).tolist(), self.start is not None)

    def _batches(self) -> list[npt.NDArray[np.int64]]:
        lengths = self.corpus.source_lengths[self.rows], self.corpus.target_lengths[self.rows]
        chosen = plan(*lengths, tokens=2**31, seed=0, epoch=0, max_sentences=BATCH)
        return [self.rows[places] for places in chosen]

    def _sums(self, network: Seq2Seq, batch: Batch, seed: int) -> Tensor:
        """Sums over a batch, float64, in the order that `_means` expects."""
        greedy, lengths = self.draw.greedy(network, batch)
        drawn = sample(
            network, batch.source, batch.source_lengths,
            Sampling(temperature=self.draw.temperature, seed=seed),
            max_length=self.draw.limits(batch),
        )  # fmt: skip
        found = self.draw.judged(drawn, batch)
        features = features_of(network, batch, found)
        start = self.start or network
        others = features if self.start is None else features_of(start, batch, found)
        policy = policy_sums(
            (features, network.output), (others, start.output), self.draw.temperature
        )
        sentences = torch.tensor(float(len(lengths)), device=lengths.device)
        wanted = (batch.target_lengths - 1).sum()
        counted = [sentences, greedy.sum(), found.scores.sum(), lengths.sum(), wanted]
        return torch.cat([torch.stack([one.double() for one in counted]), policy])


def policy_sums(
    now: tuple[Features, Output], start: tuple[Features, Output], temperature: float = 1.0
) -> Tensor:
    """Sums over states, float64 `[5]`, from the features and output layers of two policies.

    The number of states, and the sums of entropy, KL(now‖start), the highest probability, and the
    probability of the `TOP` most probable actions. Logits are computed in chunks of states.
    """
    features, output = now
    sums = features.values.new_zeros(5, dtype=torch.float64)
    size = max(1, CHUNK_LOGITS // len(output.weight))
    for first in range(0, len(features.values), size):
        chunk = slice(first, first + size)
        logs, others = (
            (layer.logits(read.part(chunk))[:, first_action() :] / temperature).log_softmax(1)
            for read, layer in (now, start)
        )
        probabilities = logs.exp()
        highest = probabilities.topk(min(TOP, probabilities.shape[1])).values
        told = (
            probabilities.new_tensor(float(len(probabilities))), -(probabilities * logs).sum(),
            (probabilities * (logs - others)).sum(), highest[:, 0].sum(), highest.sum(),
        )  # fmt: skip
        sums += torch.stack(told).double()
    return sums


def _means(sums: list[float], knows_start: bool) -> dict[str, float]:
    sentences, greedy, sampled, written, wanted, tokens, entropy, kl, one, top = sums
    return {
        "reward_greedy": greedy / sentences,
        "reward_sampled": sampled / sentences,
        "reward_gap": (greedy - sampled) / sentences,
        "length_ratio": written / wanted if wanted else math.nan,
        "entropy": entropy / tokens,
        "kl": kl / tokens if knows_start else math.nan,
        "peak": one / tokens,
        "top10": top / tokens,
    }
