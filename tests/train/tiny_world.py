"""A translator small enough to list all it can write, and plain PyTorch to compare with."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor, nn

from latimer.nn.rl.critic import Critic
from latimer.nn.seq2seq import Seq2Seq
from latimer.search.sampling import Samples
from latimer.text.batching import Batch
from latimer.text.vocabulary.subwords import BOS, EOS, PAD
from latimer.train.objectives.trajectories import Draw
from networks import build_from_keys, critic_from_keys, with_lexicon

VOCAB, LIMIT = 7, 3
WORDS = tuple(range(EOS + 1, VOCAB))


def network(seed: int = 0, attention: str = "bahdanau", **options: object) -> Seq2Seq:
    """`attention` may be followed by ", lexicon"."""
    torch.manual_seed(seed)
    attention, *lexicon = attention.split(", ")
    options |= {"attention": attention, "lexical_prior": 2 * len(lexicon)}
    sizes = {
        "embedding": 6,
        "encoder_size": 4,
        "decoder_size": 5,
        "attention_size": 4,
        "readout": 6,
    }
    made = build_from_keys(
        source_vocab=VOCAB,
        target_vocab=VOCAB,
        dropout=0.3,
        **{**sizes, **options},  # type: ignore[arg-type]
    ).double()
    with torch.no_grad():  # far from uniform, so that something can go wrong
        for parameter in made.parameters():
            parameter.mul_(2.0)
    return with_lexicon(made)


def critic(reads: str = "reference", head: str = "layer") -> Critic:
    """A critic as small, that knows nothing yet."""
    return critic_from_keys(
        reads=reads, source_vocab=VOCAB, target_vocab=VOCAB, embedding=6, encoder_size=3,
        decoder_size=6, attention_size=3, readout=6, dropout=0.0, head=head,
    ).double()  # fmt: skip


def batch(copies: int = 1) -> Batch:
    source = torch.tensor([[4, 6, 5, EOS]]).expand(copies, -1).contiguous()
    target = torch.tensor([[BOS, 5, 4, EOS]]).expand(copies, -1).contiguous()
    lengths = torch.full((copies,), 4), torch.full((copies,), 3)
    return Batch(source, lengths[0], target, lengths[1])


def sequences() -> list[list[int]]:
    """All that can be written within LIMIT actions; the last is EOS unless it is cut."""
    found = [[*words, EOS] for n in range(LIMIT) for words in product(WORDS, repeat=n)]
    return found + [list(words) for words in product(WORDS, repeat=LIMIT)]


def scores(
    tokens: Tensor, lengths: Tensor, references: Tensor, reference_lengths: Tensor
) -> Tensor:
    """A reward that depends on every token, its place and the one before."""
    time = torch.arange(tokens.shape[1])
    before = torch.cat([torch.full_like(tokens[:, :1], BOS), tokens[:, :-1]], 1)
    gains = torch.sin(tokens * 1.7 + before * 0.9 + time * 2.3).double() + 0.3
    gains = gains * (time < lengths[:, None]) / 4
    return gains.cumsum(1)


def samples(rows: list[list[list[int]]]) -> Samples:
    """`[sentence][sample]` of tokens as `sample` returns them, with log-probabilities of 0."""
    wide = max(len(one) for several in rows for one in several)
    tokens = torch.tensor([[one + [PAD] * (wide - len(one)) for one in s] for s in rows])
    lengths = torch.tensor([[len(one) for one in s] for s in rows])
    finished = torch.tensor([[one[-1] == EOS for one in s] for s in rows])
    return Samples(tokens, lengths, finished, torch.zeros(lengths.shape, dtype=torch.float64))


def draw(count: int = 1) -> Draw:
    return Draw(scores, count, max_length=LIMIT)


def log_policy(
    net: Seq2Seq, rows: list[list[int]], first: int = EOS, temperature: float = 1.0
) -> Tensor:
    """log π of each sequence, by plain PyTorch, with gradients, `[rows]`."""
    made = batch(len(rows))
    wide = max(map(len, rows))
    actions = torch.tensor([row + [EOS] * (wide - len(row)) for row in rows])
    inputs = torch.cat([torch.full((len(rows), 1), BOS), actions[:, :-1]], 1)
    net.eval()
    logits = net.decode(net.encode(made.source, made.source_lengths), inputs)
    net.train()
    logits = logits[..., first:] / temperature
    logs = logits.log_softmax(-1).gather(2, (actions - first)[..., None]).squeeze(2)
    inside = torch.arange(wide) < torch.tensor([len(row) for row in rows])[:, None]
    return (logs * inside).sum(1)


def returns(rows: list[list[int]]) -> Tensor:
    """The score of each sequence, `[rows]`."""
    found = draw(len(rows)).judged(samples([rows]), batch())
    return found.grouped(found.scores)[0].double()


def gradient(value: Tensor, net: nn.Module) -> list[Tensor]:
    """Of `value` by all parameters; noughts where there is none."""
    parameters = list(net.parameters())
    found = torch.autograd.grad(value, parameters, allow_unused=True)
    return [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)]


def assert_same(left: list[Tensor], right: list[Tensor], tolerance: float = 1e-6) -> None:
    for one, other in zip(left, right, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=tolerance)


def states() -> list[list[int]]:
    """All prefixes before which an action is taken."""
    return [list(words) for n in range(LIMIT) for words in product(WORDS, repeat=n)]


def exact_values(net: Seq2Seq, best: bool = False) -> dict[tuple[int, ...], Tensor]:
    """q of every action `[VOCAB]` in every state, from the last states back, by definition."""
    found: dict[tuple[int, ...], Tensor] = {}
    for state in reversed(states()):
        values = torch.zeros(VOCAB, dtype=torch.float64)
        so_far = returns([[*state, EOS]])[0]
        for word in WORDS:
            after = (*state, word)
            values[word] = returns([[*after, EOS]])[0] - so_far
            if after in found:
                worth = found[after][EOS:]
                chances = next_chances(net, after)
                values[word] += worth.max() if best else (chances * worth).sum()
        found[tuple(state)] = values
    return found


def next_chances(net: Seq2Seq, prefix: tuple[int, ...]) -> Tensor:
    rows = [[*prefix, action] for action in range(EOS, VOCAB)]
    return log_policy(net, rows).detach().softmax(0)
