"""Translation as a decision process against all translations listed one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from searches import sample

from latimer.engines.neural.environment import TranslationEnv, finite_mdp, score_of
from latimer.errors import InputError
from latimer.metrics.rewards import reward_named
from latimer.metrics.sentence_bleu import prefix_bleu
from latimer.rl import value_iteration
from latimer.search.sampling import Samples
from latimer.text.batching import Batch
from latimer.text.vocabulary.subwords import BOS, EOS, PAD
from latimer.train.objectives.trajectories import Draw
from networks import build_from_keys
from spelt import Alphabet
from tiny_model import tiny_vocabulary

VOCAB, LIMIT, SOURCE, REFERENCE = 7, 4, [5, 4, 6], [6, 4, 6]


def network(attention: str = "bahdanau"):
    torch.manual_seed(4)
    made = build_from_keys(
        source_vocab=VOCAB, target_vocab=VOCAB, embedding=6, encoder_size=4, decoder_size=5,
        attention_size=4, readout=6, attention=attention, dropout=0.0,
    )  # fmt: skip
    return made.double().eval()


def everything() -> list[list[int]]:
    words = range(EOS + 1, VOCAB)
    ended = [[*w, EOS] for n in range(LIMIT) for w in product(words, repeat=n)]
    return ended + [list(w) for w in product(words, repeat=LIMIT)]


def chance(net, row: list[int]) -> float:
    source = torch.tensor([[*SOURCE, EOS]])
    memory = net.encode(source, torch.tensor([len(SOURCE) + 1]))
    with torch.no_grad():
        logits = net.decode(memory, torch.tensor([[BOS, *row[:-1]]]))[0, :, EOS:]
    logs = logits.log_softmax(1)
    return float(sum(logs[t, token - EOS] for t, token in enumerate(row)).exp())


def score(row: list[int]) -> float:
    return score_of([token for token in row if token != EOS], REFERENCE, prefix_bleu)


@pytest.mark.parametrize("attention", ["bahdanau", "luong_general", "none"])
def test_the_policys_value_is_the_expected_score(attention: str) -> None:
    net = network(attention)
    listed = finite_mdp(net, SOURCE, REFERENCE, VOCAB, max_length=LIMIT)
    rows = everything()
    expected = sum(chance(net, row) * score(row) for row in rows)
    assert sum(chance(net, row) for row in rows) == pytest.approx(1)
    assert listed.mdp.under(listed.policy).value()[0] == pytest.approx(expected, abs=1e-9)


def test_the_best_value_is_the_best_score() -> None:
    listed = finite_mdp(network(), SOURCE, REFERENCE, VOCAB, max_length=LIMIT)
    best = max(score(row) for row in everything())
    assert value_iteration(listed.mdp, accuracy=1e-9).values[0] == pytest.approx(best, abs=1e-8)
    assert best == pytest.approx(1)


def test_samples_of_the_network_follow_the_policy() -> None:
    net = network()
    listed = finite_mdp(net, SOURCE, REFERENCE, VOCAB, max_length=LIMIT)
    source = torch.tensor([[*SOURCE, EOS]])
    drawn = sample(net, source, torch.tensor([4]), max_length=LIMIT, samples=4000, seed=1)
    firsts = torch.bincount(drawn.tokens[0, :, 0], minlength=VOCAB)[EOS:].double() / 4000
    np.testing.assert_allclose(firsts.numpy(), listed.policy[0], atol=0.03)


class Elsewhere:
    """A scorer on a device without a memory, which knows what to score by the length alone."""

    device, attention = torch.device("meta"), None

    def __init__(self, length: int = 0) -> None:
        self.length = length

    def start(self, source, lengths):
        assert (source.device, lengths.device) == (self.device, self.device)
        return self

    def step(self, state, tokens):
        assert tokens.device == self.device
        scores = torch.arange(VOCAB).double().roll(state.length).repeat(len(tokens), 1)
        return scores.requires_grad_(), Elsewhere(state.length + 1)

    def select(self, rows, sentences=None):
        assert rows.device == self.device
        return self


def test_a_scorer_is_asked_on_its_own_device() -> None:
    listed = finite_mdp(Elsewhere(), SOURCE, REFERENCE, VOCAB, max_length=3)
    assert len(listed.prefixes) == 1 + 3 + 9
    for prefix, chances in zip(listed.prefixes, listed.policy, strict=True):
        scores = np.exp(np.roll(np.arange(VOCAB), len(prefix))[EOS:])
        np.testing.assert_allclose(chances, scores / scores.sum())


def test_too_many_states_are_refused() -> None:
    with pytest.raises(InputError, match="smaller vocabulary or max_length"):
        finite_mdp(network(), SOURCE, REFERENCE, 5000, max_length=3)


def environment() -> TranslationEnv:
    return TranslationEnv([(SOURCE, REFERENCE), ([4], [5, 5])], VOCAB, max_length=LIMIT)


def test_gymnasium_accepts_the_environment() -> None:
    check_env(environment(), skip_render_check=True)


def test_rewards_of_an_episode_sum_to_the_score() -> None:
    env = environment()
    observation, _ = env.reset(options={"sentence": 0})
    assert observation["source"].tolist() == [*SOURCE, EOS]
    total = 0.0
    for action in (6, 4, 5):
        observation, reward, terminated, truncated, _ = env.step(action)
        total += reward
        assert not terminated
        assert not truncated
    assert observation["prefix"].tolist() == [6, 4, 5, 0]
    _, reward, terminated, truncated, facts = env.step(EOS)
    assert (terminated, truncated) == (True, False)
    assert reward == pytest.approx(0)
    assert total == pytest.approx(score([6, 4, 5])) == facts["score"]


def own(text: str, reference: str) -> float:
    """A function of texts: 1 / (1 + how many words are missing or too many)."""
    return 1 / (1 + abs(len(text.split()) - len(reference.split())))


@pytest.mark.parametrize("row", [[6, 4, EOS], [EOS], [6, 4, 5, 4]])
@pytest.mark.parametrize("name", ["bleu", "word_edits", "ter", "own", "0.5 bleu + 0.5 own"])
def test_actions_are_paid_as_in_training(name: str, row: list[int]) -> None:
    pieces = Alphabet(["", "", "", "", " a", " b", "c"])
    reward = reward_named(name.replace("own", f"{__name__}:own"), pieces)
    env = TranslationEnv([(SOURCE, REFERENCE)], VOCAB, max_length=LIMIT, reward=reward)
    env.reset(options={"sentence": 0})
    found = [env.step(action)[1] for action in row]
    # The same translation, drawn in training beside another that is cut.
    tokens = torch.tensor([[row + [PAD] * (LIMIT - len(row)), [4] * LIMIT]])
    lengths, finished = torch.tensor([[len(row), LIMIT]]), torch.tensor([[row[-1] == EOS, False]])
    batch = Batch(
        torch.tensor([[*SOURCE, EOS]]), torch.tensor([4]),
        torch.tensor([[BOS, *REFERENCE, EOS]]), torch.tensor([len(REFERENCE) + 1]),
    )  # fmt: skip
    samples = Samples(tokens, lengths, finished, torch.zeros(1, 2).double())
    drawn = Draw(reward, 2, max_length=LIMIT).judged(samples, batch)
    mine = (drawn.places == 0).nonzero().item()
    assert drawn.rewards[mine, : len(row)].tolist() == pytest.approx(found, abs=1e-6)
    assert not drawn.rewards[mine, len(row) :].any()
    assert float(drawn.scores[mine]) == pytest.approx(sum(found), abs=1e-6)
    assert sum(found) or row == [EOS]
    if name == "own" and row != [EOS]:
        assert not any(found[:-1])
        assert found[-1] == own(pieces.decode(row), pieces.decode(REFERENCE))


def test_listed_translations_are_paid_as_in_the_environment() -> None:
    reward = reward_named(f"{__name__}:own", Alphabet(["", "", "", "", " a", " b", "c"]))
    listed = finite_mdp(network(), SOURCE, REFERENCE, VOCAB, max_length=LIMIT, reward=reward)
    wholes = [score_of([token for token in row if token != EOS], REFERENCE, reward)
              for row in everything()]  # fmt: skip
    net = network()
    expected = sum(chance(net, row) * one for row, one in zip(everything(), wholes, strict=True))
    assert listed.mdp.under(listed.policy).value()[0] == pytest.approx(expected, abs=1e-9)


def test_the_limit_truncates() -> None:
    env = environment()
    env.reset(options={"sentence": 1})
    ends = [env.step(4)[2:4] for _ in range(LIMIT)]
    assert ends == [(False, False)] * (LIMIT - 1) + [(False, True)]


def test_nothing_to_translate_is_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        TranslationEnv([], VOCAB)


def test_sources_may_have_pieces_of_their_own() -> None:
    env = TranslationEnv([([30, 10], [4, 5])], VOCAB, source_vocab=40)
    check_env(env, skip_render_check=True)
    vocabulary = tiny_vocabulary(joint=False)
    env = TranslationEnv.of_texts(vocabulary, [("Kalo suti.", "Zovami."), ("Mi.", "Lo.")])
    for row in range(2):
        observation, _ = env.reset(options={"sentence": row})
        assert env.observation_space.contains(observation)
    assert int(env.observation_space["source"].high.max()) == len(vocabulary.source) - 1


def test_what_is_no_action_is_refused() -> None:
    env = TranslationEnv([(SOURCE, REFERENCE)], VOCAB, max_length=2)
    with pytest.raises(InputError, match="reset the environment first"):
        env.step(4)
    with pytest.raises(InputError, match="sentence 7: 0 to 0 expected"):
        env.reset(options={"sentence": 7})
    env.reset()
    for wrong in (PAD, BOS, VOCAB):
        with pytest.raises(InputError, match=f"action {wrong}: {EOS} to {VOCAB - 1} expected"):
            env.step(wrong)
    env.step(4)
    assert env.step(5)[3]
    with pytest.raises(InputError, match="reset the environment first"):
        env.step(4)
