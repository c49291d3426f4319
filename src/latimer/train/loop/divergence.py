"""Divergence of learning from reward: when to stop a run, and what to change."""

from __future__ import annotations

from dataclasses import dataclass

from latimer.train.loop.progress import RECENT, Progress

TOLD = 5.0
"""Below this BLEU a decrease is not judged."""

ADVICE = (
    "Try a lower training.learning_rate, a higher objective.likelihood (not of mixer) or, of "
    "actor_critic, a longer critic.pretraining"
)


@dataclass(frozen=True)
class Limits:
    """Limits of dev figures; each is checked only if the run began within it."""

    bleu: float = 0.7
    """Least dev BLEU, as a share of the best so far."""
    shortest: float = 0.5
    longest: float = 1.5
    """Range of pieces of greedy translations divided by pieces of references."""
    least_entropy: float = 0.01
    """Least entropy, nats per action: below it all samples are the same."""
    more_entropy: float = 2.0
    """Greatest increase of entropy above that of the start, nats per action."""
    kl: float = 2.0
    """Greatest KL from the start, nats per action, if dev BLEU is below that of the start."""
    explained: float = -0.5
    """Least explained variance, a mean over the last `RECENT` updates."""
    pretraining: int = 0
    """First updates, in which explained variance is not checked."""

    def reason(self, progress: Progress) -> str | None:
        """Which figure is beyond its limit and what to change, in words; None if none is."""
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
            f"the length of translations is out of range: length_ratio on dev was {begun:.2f} and "
            f"is {latest:.2f}",
            f"{ADVICE}; or another objective.reward, as this one rewards length",
        )

    def _entropy(self, progress: Progress) -> tuple[str, str] | None:
        begun, latest = _then_and_now(progress, "entropy")
        told = f"entropy on dev was {begun:.3g} nats an action and is {latest:.3g}"
        if latest < self.least_entropy <= begun:
            return (
                f"the policy is nearly deterministic: {told}",
                "Try a lower training.learning_rate, a higher objective.temperature or a higher "
                "objective.likelihood",
            )
        if latest > begun + self.more_entropy:
            return f"the policy is nearly random: {told}", ADVICE
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
        if mean >= self.explained:
            return None
        return (
            f"the critic misleads: explained_variance was {mean:.2f} on average over the last "
            f"{RECENT} updates, worse than a constant (0)",
            "Try a longer critic.pretraining, a lower critic.rate or training.learning_rate, "
            "critic.target=monte_carlo or a higher objective.likelihood",
        )


def _then_and_now(progress: Progress, name: str) -> tuple[float, float]:
    """A figure of the first and of the latest validation; NaN, which passes all checks, if none."""
    none = float("nan")
    return progress.first.get(name, none), progress.latest.get(name, none)
