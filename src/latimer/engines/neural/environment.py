"""Translation as a decision process: for agents from elsewhere, and for planning.

State: the source and what has been written. Action: the next token. Transition: it is appended.
Reward: what it adds to the score of what has been written. Needs the extra `rl`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from torch import Tensor

from latimer.errors import InputError
from latimer.metrics.sentence_bleu import prefix_bleu
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.search.scorer import Scorer
from latimer.text.vocabulary.subwords import BOS, EOS, PAD
from latimer.text.vocabulary.vocabulary import Vocabulary
from latimer.threads import one_thread

Pair = tuple[Sequence[int], Sequence[int]]
"""Token ids of a source and of its reference, neither with EOS."""

Reward = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]

MAX_STATES = 1_000_000


class TranslationEnv(gymnasium.Env[Any, Any]):
    """A corpus as a Gymnasium environment: every episode translates one sentence.

    Observations hold `source` and `prefix`, token ids padded with PAD; an action is a token, from
    EOS up. EOS terminates the episode, `max_length` actions truncate it; rewards sum to the score.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012  (as Gymnasium declares it)

    def __init__(
        self,
        pairs: Sequence[Pair],
        vocab: int,
        *,
        source_vocab: int | None = None,
        max_length: int = 50,
        reward: Reward = prefix_bleu,
    ) -> None:
        """`vocab` is the number of tokens, of the source too unless `source_vocab` is told.

        Raises InputError without pairs.
        """
        if not pairs:
            raise InputError("an environment needs at least one sentence pair")
        self.pairs, self.reward, self.max_length = pairs, reward, max_length
        longest = max(len(source) for source, _ in pairs) + 1
        self._sizes = {"source": longest, "prefix": max_length}
        self.observation_space = spaces.Dict(
            {
                "source": spaces.Box(0, (source_vocab or vocab) - 1, (longest,), np.int64),
                "prefix": spaces.Box(0, vocab - 1, (max_length,), np.int64),
            }
        )
        self._vocab = vocab
        self.action_space = spaces.Discrete(vocab - EOS, start=EOS)
        self._pair, self._prefix, self._score = pairs[0], list[int](), 0.0
        self._going = False

    @classmethod
    def of_texts(
        cls, vocabulary: Vocabulary, texts: Sequence[tuple[str, str]], **settings: Any
    ) -> TranslationEnv:
        """Of pairs (source, reference), cut as a model's `vocabulary` does."""
        pairs = [(list(s), list(t)) for s, t in vocabulary.encode_pairs(texts)]
        sizes: dict[str, Any] = {"source_vocab": len(vocabulary.source), **settings}
        return cls(pairs, len(vocabulary.target), **sizes)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, npt.NDArray[np.int64]], dict[str, Any]]:
        """Begin with a sentence chosen by chance, or number `options["sentence"]`.

        Raises InputError for a number that there is not.
        """
        super().reset(seed=seed)
        chosen = (options or {}).get("sentence")
        row = int(self.np_random.integers(len(self.pairs))) if chosen is None else int(chosen)
        if not 0 <= row < len(self.pairs):
            raise InputError(f"sentence {row}: 0 to {len(self.pairs) - 1} expected")
        self._going = True
        self._pair, self._prefix, self._score = self.pairs[row], [], 0.0
        return self._observation(), {"sentence": row}

    def step(
        self, action: int
    ) -> tuple[dict[str, npt.NDArray[np.int64]], float, bool, bool, dict[str, Any]]:
        """Append a token; the reward is its gain in score.

        A reward that judges whole translations alone is paid with EOS, or where the limit cuts.
        Raises InputError for what is no action, and once the translation has ended.
        """
        if not self._going:
            raise InputError("the translation has ended: reset the environment first")
        if not self.action_space.contains(int(action)):
            raise InputError(f"action {action}: {EOS} to {self._vocab - 1} expected")
        ended = int(action) == EOS
        if not ended:
            self._prefix.append(int(action))
        cut = not ended and len(self._prefix) >= self.max_length
        self._going = not (ended or cut)
        before = self._score
        self._score = score_of(self._prefix, self._pair[1], self.reward, whole=ended or cut)
        return self._observation(), self._score - before, ended, cut, {"score": self._score}

    def _observation(self) -> dict[str, npt.NDArray[np.int64]]:
        found: dict[str, npt.NDArray[np.int64]] = {}
        sides = {"source": [*self._pair[0], EOS], "prefix": self._prefix}
        for name, tokens in sides.items():
            found[name] = np.full(self._sizes[name], PAD, dtype=np.int64)
            found[name][: len(tokens)] = tokens
        return found


def score_of(
    prefix: Sequence[int], reference: Sequence[int], reward: Reward, *, whole: bool = True
) -> float:
    """The score of one prefix: as a `whole` translation, or as one that may go on."""
    if not prefix:
        return 0.0
    # Something behind it: its end, or a token more, which makes it part of a longer translation.
    written, wanted = torch.tensor([[*prefix, EOS]]), torch.tensor([list(reference)])
    length = torch.tensor([len(prefix) + (not whole)])
    scores = reward(written, length, wanted, torch.tensor([len(reference)]))[0]
    return float(scores[-1 if whole else -2])


class ListedTranslation(NamedTuple):
    """All ways to translate one sentence.

    mdp: states are prefixes, state 0 the empty one, actions tokens less EOS; prefixes of all
    states; policy `[states, actions]`: that of the scorer.
    """

    mdp: FiniteMDP
    prefixes: list[tuple[int, ...]]
    policy: npt.NDArray[np.float64]


@one_thread()
def finite_mdp(
    scorer: Scorer[Any],
    source: Sequence[int],
    reference: Sequence[int],
    vocab: int,
    *,
    max_length: int,
    reward: Reward = prefix_bleu,
) -> ListedTranslation:
    """The translation of one sentence as a `FiniteMDP`, for vocabularies small enough to list.

    `source` and `reference` are token ids without EOS. Episodes end with EOS or with action number
    `max_length`; rewards are gains in score, so that the value of state 0 is the expected score.
    The scorer is asked on its own `device`, or on the CPU if it has none. Raises InputError when
    there are more than a million states.
    """
    words = vocab - EOS - 1
    count = sum(words**n for n in range(max_length))
    if count > MAX_STATES:
        raise InputError(
            f"{words} words and {max_length} actions make {count:,} states; at most "
            f"{MAX_STATES:,} can be listed: take a smaller vocabulary or max_length"
        )
    prefixes: list[tuple[int, ...]] = [()]
    policy = []
    device = getattr(scorer, "device", torch.device("cpu"))
    given = torch.tensor([[*source, EOS]], device=device)
    state = scorer.start(given, torch.tensor([given.shape[1]], device=device))
    tokens = torch.tensor([BOS], device=device)
    for length in range(1, max_length + 1):
        scores, state = scorer.step(state, tokens)
        policy.append(scores[:, EOS:].double().softmax(1))
        if length < max_length:
            tokens = torch.arange(EOS + 1, vocab, device=device).repeat(len(tokens))
            rows = torch.arange(len(policy[-1]), device=device)
            state = state.select(rows.repeat_interleave(words))
            last = prefixes[-len(policy[-1]) :]
            prefixes += [(*prefix, word) for prefix in last for word in range(EOS + 1, vocab)]
    table = _table(prefixes, reference, vocab, max_length, reward)
    return ListedTranslation(
        FiniteMDP.from_table(table, 1.0), prefixes, torch.cat(policy).detach().cpu().numpy()
    )


def _table(
    prefixes: list[tuple[int, ...]],
    reference: Sequence[int],
    vocab: int,
    max_length: int,
    reward: Reward,
) -> dict[int, dict[int, list[tuple[float, int, float, bool]]]]:
    """Gymnasium's table `P` of the process."""
    numbers = {prefix: number for number, prefix in enumerate(prefixes)}
    table: dict[int, dict[int, list[tuple[float, int, float, bool]]]] = {}
    for prefix, number in numbers.items():
        before = score_of(prefix, reference, reward, whole=False)
        ended = score_of(prefix, reference, reward) - before
        table[number] = {0: [(1.0, number, ended, True)]}
        for word in range(EOS + 1, vocab):
            after = (*prefix, word)
            ends = len(after) == max_length
            gain = score_of(after, reference, reward, whole=ends) - before
            table[number][word - EOS] = [(1.0, numbers.get(after, number), gain, ends)]
    return table
