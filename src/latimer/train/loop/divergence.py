"""When there is no hope left for a run that learns from reward, and what to change."""

from __future__ import annotations

from dataclasses import dataclass

from latimer.train.loop.progress import RECENT, Progress

TOLD = 5.0
"""Below this BLEU a fall says little."""

ADVICE = (
    "Try a lower training.learning_rate, a higher objective.likelihood (not of mixer) or, of "
    "actor_critic, a longer critic.pretraining"
)


@dataclass(frozen=True)
class Limits:
    """How far figures may go. Those of dev count only if the run began within their limits."""

    bleu: float = 0.7
    """The share of the best dev BLEU so far below which there is no hope."""
    shortest: float = 0.5
    longest: float = 1.5
    """Pieces of greedy translations beside those of the references."""
    least_entropy: float = 0.01
    """Nats an action: below it all samples are the same, and nothing is left to compare."""
    more_entropy: float = 2.0
    """Nats an action above the start's."""
    kl: float = 2.0
    """Nats an action from the start, unless dev BLEU has become better on the way."""
    foresight: float = -0.5
    """The least explained variance, a mean over the last `RECENT` updates."""
    pretraining: int = 0
    """First updates, in which explained variance does not count."""

    def reason(self, progress: Progress) -> str | None:
        """Which figure went wrong and what to change, in words; None as long as there is hope."""
        for check in (self._bleu, self._length, self._entropy, self._far, self._critic):
            found = check(progress)
            if found is not None:
                return f"{found[0]}; the best model is kept. {found[1]}"
        return None

    def _bleu(self, progress: Progress) -> tuple[str, str] | None:
        best, latest = progress.best_bleu, progress.latest_bleu
        if best < TOLD or latest >= self.bleu * best:
            return None
        return f"dev BLEU has collapsed, from {best:.1f} to {latest:.1f}", ADVICE

    def _length(self, progress: Progress) -> tuple[str, str] | None:
        begun, latest = _then_and_now(progress, "length_ratio")
        if self.shortest <= latest <= self.longest or not self.shortest <= begun <= self.longest:
            return None
        return (
            f"the length of translations has run away: length_ratio on dev was {begun:.2f} and is "
            f"{latest:.2f}",
            f"{ADVICE}; or another objective.reward, as this one pays for length",
        )

    def _entropy(self, progress: Progress) -> tuple[str, str] | None:
        begun, latest = _then_and_now(progress, "entropy")
        told = f"entropy on dev was {begun:.3g} nats an action and is {latest:.3g}"
        if latest < self.least_entropy <= begun:
            return (
                f"the policy no longer tries anything: {told}",
                "Try a lower training.learning_rate, a higher objective.temperature or a higher "
                "objective.likelihood",
            )
        if latest > begun + self.more_entropy:
            return f"the policy has come apart: {told}", ADVICE
        return None

    def _far(self, progress: Progress) -> tuple[str, str] | None:
        _, kl = _then_and_now(progress, "kl")
        begun, latest = _then_and_now(progress, "bleu")
        if not (kl > self.kl and latest < begun and begun >= TOLD):
            return None
        return (
            f"the policy is too far from its start: kl on dev is {kl:.2f} nats an action, and BLEU "
            f"has fallen from {begun:.1f} to {latest:.1f}",
            f"{ADVICE} or, of ppo, a higher objective.kl_weight",
        )

    def _critic(self, progress: Progress) -> tuple[str, str] | None:
        seen = progress.recent.get("explained_variance", [])
        if len(seen) < RECENT or progress.update < self.pretraining + RECENT:
            return None
        mean = sum(seen) / len(seen)
        if mean >= self.foresight:
            return None
        return (
            f"the critic misleads: explained_variance was {mean:.2f} in the mean of the last "
            f"{RECENT} updates, worse than knowing nothing (0)",
            "Try a longer critic.pretraining, a lower critic.rate or training.learning_rate, "
            "critic.target=monte_carlo or a higher objective.likelihood",
        )


def _then_and_now(progress: Progress, name: str) -> tuple[float, float]:
    """A figure of the first and of the latest validation; NaN, beyond no limit, if unknown."""
    none = float("nan")
    return progress.first.get(name, none), progress.latest.get(name, none)
