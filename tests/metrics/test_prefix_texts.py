"""Rewards of what pieces spell, against sacreBLEU and counters on the text of every prefix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest
import sacrebleu
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.ter import TER

from latimer.metrics.rewards import REWARDS, reward_named
from latimer.metrics.sentence_bleu import prefix_gains
from latimer.text.vocabulary.subwords import BOS, EOS, PAD, Subwords
from spelt import SPELLINGS, Alphabet, padded, pairs

BLEU = sacrebleu.BLEU(
    smooth_method="add-k", smooth_value=1, tokenize="none", effective_order=True, force=True
)
CHRF = sacrebleu.CHRF()
Score = Callable[[str, str], float]


def bleu(text: str, reference: str) -> float:
    return BLEU.sentence_score(text, [reference]).score / 100


def chrf(text: str, reference: str) -> float:
    return CHRF.sentence_score(text, [reference]).score / 100


def gleu(text: str, reference: str) -> float:
    """nltk's definition, by counters."""
    sides = [
        Counter(tuple(s[k : k + n]) for n in range(1, 5) for k in range(len(s) - n + 1))
        for s in (text.split(), reference.split())
    ]
    return sum((sides[0] & sides[1]).values()) / max(1, *(sum(s.values()) for s in sides))


def distance(written: Sequence[object], wanted: Sequence[object]) -> int:
    """Levenshtein's, as in the books."""
    table = {(i, 0): i for i in range(len(written) + 1)}
    table |= {(0, j): j for j in range(len(wanted) + 1)}
    for i, own in enumerate(written, 1):
        for j, other in enumerate(wanted, 1):
            changed = table[i - 1, j - 1] + (own != other)
            table[i, j] = min(changed, table[i - 1, j] + 1, table[i, j - 1] + 1)
    return table[len(written), len(wanted)]


def agreement(written: Sequence[object], wanted: Sequence[object]) -> float:
    return 1 - distance(written, wanted) / len(wanted) if wanted and written else 0.0


def edits(text: str, reference: str) -> float:
    return agreement(text.split(), reference.split())


THEIRS: dict[str, Score] = {
    "chrf": chrf, "word_bleu": bleu, "word_gleu": gleu, "word_edits": edits,
}  # fmt: skip


def compare(
    name: str, pieces: Alphabet | Subwords, rows: list[tuple[list[int], list[int]]]
) -> None:
    """Every prefix of every row, and its last column behind the end."""
    hypotheses, lengths = padded([h for h, _ in rows])
    found = reward_named(name, pieces)(hypotheses, lengths, *padded([r for _, r in rows]))
    assert found.dtype == torch.float64
    for row, (written, wanted) in enumerate(rows):
        reference = pieces.decode(wanted)
        expected = [
            THEIRS[name](pieces.decode(written[: end + 1]), reference)
            for end in range(len(written))
        ]
        expected += [expected[-1] if expected else 0.0] * (hypotheses.shape[1] - len(written))
        assert found[row].tolist() == pytest.approx(expected, abs=1e-9)
    torch.testing.assert_close(prefix_gains(found).sum(1), found[:, -1])


@pytest.mark.parametrize("name", THEIRS)
@settings(max_examples=60, deadline=None)
@example(rows=[([], []), ([7, 7], [1])])
@example(rows=[([1, 2, 3], [1, 2, 3]), ([1, 7, 2], [0, 8])])
@given(rows=pairs())
def test_every_prefix_scores_as_its_text(
    name: str, rows: list[tuple[list[int], list[int]]]
) -> None:
    compare(name, Alphabet(), rows)


@pytest.mark.parametrize("name", THEIRS)
@settings(max_examples=15, deadline=None)
@given(rows=pairs(40), others=st.sampled_from([0, 12_000]))
def test_words_of_any_length_and_alphabets_of_any_size(
    name: str, rows: list[tuple[list[int], list[int]]], others: int
) -> None:
    # Pieces without spaces make words of up to 200 characters, of which a number holds 31 or 4.
    spellings = ["ab", "a", "b", "aab", "ba", "bb", "b ", "", *["a" * n for n in range(1, 7)]]
    compare(name, Alphabet([*spellings, *map(chr, range(0x4E00, 0x4E00 + others))]), rows)


@pytest.mark.parametrize("name", THEIRS)
def test_a_whole_that_differs_far_inside_a_long_word(name: str) -> None:
    alphabet = Alphabet([*map(chr, range(0x4E00, 0x7E00)), " "])
    word = list(range(40))
    changed = [*word[:3], 77, *word[4:]]
    other = [*word[:33], 77, *word[34:]]
    space = len(alphabet.list) - 1
    compare(name, alphabet, [([*word, space, *word], [*word, space, *changed])])
    compare(name, alphabet, [([*word, space, *word], [*other, space, *changed])])
    compare(name, alphabet, [([*word, space, *word], [*word, space, *word])])


TEXT = [
    "Ein Mann in {0} fährt, langsam, mit dem Rad (rot) durch die Straße.",
    "Zwei Kinder spielen im Garten; ein Hund, zwei Hunde und drei Hunde sehen zu!",
    "Der Mann fährt mit dem roten Rad: durch die Straßen, durch den Garten …",
    "Öffne ⟦0⟧ und lösche „⟦1⟧“ im Ordner.",
]


@pytest.mark.parametrize("kind", ["bpe", "unigram", "char", "word"])
@pytest.mark.parametrize("slots", [True, False])
def test_real_subwords(kind: str, slots: bool) -> None:
    size = {"bpe": 110, "unigram": 90, "char": 80, "word": 90}[kind]
    subwords = Subwords.train(TEXT, size=size, kind=kind, slots=slots)  # type: ignore[arg-type]
    encoded = [subwords.encode(line) for line in [*TEXT, "Ein Hundegarten, Ωμέγα in Öl"]]
    rows = [(encoded[a], encoded[b]) for a, b in ((0, 2), (2, 0), (1, 1), (3, 3), (4, 0), (1, 3))]
    every = list(range(len(subwords)))
    rows += [(encoded[3], [*encoded[1], EOS, PAD]), ([BOS, *every[::3]], every[::2])]
    for name in THEIRS:
        compare(name, subwords, rows)
    spelt = "".join(subwords.spellings()[id] for id in every)
    assert spelt.split() == subwords.decode(every).split()


def test_neighbours_and_what_stands_behind_make_no_difference() -> None:
    rows = [([1, 3, 4, 6], [1, 2, 4]), ([5, 6, 3, 9, 2, 4, 12, 2], [5, 6, 9, 9, 2, 4, 1, 1, 1])]
    for name in REWARDS:
        reward = reward_named(name, Alphabet())
        both = reward(*padded([h for h, _ in rows], 9), *padded([r for _, r in rows], 3))
        alone = reward(*padded([rows[0][0]]), *padded([rows[0][1]]))
        width = alone.shape[1]
        if (
            name != "ter"
        ):  # told of wholes alone: its score comes behind the end, where there is room
            torch.testing.assert_close(both[:1, :width], alone, rtol=0, atol=1e-12)
        torch.testing.assert_close(both[:1, -1], alone[:, -1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", sorted(REWARDS))
@pytest.mark.parametrize("shape", [(0, 3), (0, 0), (2, 0), (2, 3)])
def test_nothing_written(name: str, shape: tuple[int, int]) -> None:
    hypotheses = torch.ones(shape, dtype=torch.long)
    lengths = torch.zeros(shape[0], dtype=torch.long)
    references = torch.ones((shape[0], 2), dtype=torch.long)
    found = reward_named(name, Alphabet())(hypotheses, lengths, references, lengths + 2)
    assert found.shape == shape
    assert not found.any()


def test_chrf_by_hand() -> None:
    # "ab" of "ab ac": 2 of 2 and of 4 characters, 1 of 1 and of 3 pairs; longer ones are not in
    # both. Precision 1, recall 5/12, so 5 · (5/12) / (4 + 5/12).
    alphabet = Alphabet([" ", "a", "b", "c"])
    scores = reward_named("chrf", alphabet)(*padded([[1, 2]]), *padded([[1, 2, 0, 1, 3]]))
    first = 5 * 1 * (1 / 4) / (4 * 1 + 1 / 4)
    assert scores[0].tolist() == pytest.approx([first, 5 * (5 / 12) / (4 + 5 / 12)])


def test_a_draft_of_a_word_counts_until_it_is_another() -> None:
    # "a", "ab", "ab a" against "a ab": the prefix's words, as far as they are written.
    alphabet = Alphabet(["a", "b", " a", " ab"])
    scores = reward_named("word_edits", alphabet)(*padded([[0, 1, 2]]), *padded([[0, 3]]))
    assert scores[0].tolist() == [0.5, 0.5, 0.0]


@settings(max_examples=60, deadline=None)
@given(rows=pairs())
def test_edits_of_tokens(rows: list[tuple[list[int], list[int]]]) -> None:
    hypotheses, lengths = padded([h for h, _ in rows])
    found = reward_named("edits", Alphabet())(hypotheses, lengths, *padded([r for _, r in rows]))
    for row, (written, wanted) in enumerate(rows):
        for end in range(hypotheses.shape[1]):
            expected = agreement(written[: end + 1], wanted)
            assert float(found[row, end]) == pytest.approx(expected, abs=1e-12)


WORD = st.integers(0, 5)


@settings(max_examples=60, deadline=None)
@given(st.lists(WORD, min_size=1, max_size=10), st.lists(WORD, min_size=1, max_size=10))
def test_ter_is_sacrebleus_and_never_below_the_edits(written: list[int], wanted: list[int]) -> None:
    alphabet = Alphabet([f" w{k}" for k in range(6)])
    both = padded([written]), padded([wanted])
    found = reward_named("ter", alphabet)(*both[0], *both[1])[0, -1].item()
    theirs = TER().sentence_score(alphabet.decode(written), [alphabet.decode(wanted)]).score
    assert found == pytest.approx(1 - theirs / 100, abs=1e-12)
    assert found >= reward_named("word_edits", alphabet)(*both[0], *both[1])[0, -1].item() - 1e-12


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 3))
def test_edits_are_ter_where_no_shift_helps(changed: list[bool], more: int) -> None:
    # Words of the reference stand in their own places, all else occurs in it nowhere.
    wanted = list(range(len(changed)))
    written = [100 + k if wrong else k for k, wrong in enumerate(changed)]
    written += [200 + k for k in range(more)]
    alphabet = Alphabet([f" w{k}" for k in range(300)])
    both = *padded([written]), *padded([wanted])
    scores = [reward_named(name, alphabet)(*both)[0, -1].item() for name in ("ter", "word_edits")]
    assert scores[0] == pytest.approx(scores[1], abs=1e-12)
    assert scores[0] == pytest.approx(1 - (sum(changed) + more) / len(wanted))


def test_a_shift_is_one_edit_of_ter() -> None:
    alphabet = Alphabet([f" w{k}" for k in range(6)])
    both = *padded([[3, 4, 0, 1, 2]]), *padded([[0, 1, 2, 3, 4]])
    assert reward_named("ter", alphabet)(*both)[0, -1].item() == pytest.approx(1 - 1 / 5)
    assert reward_named("word_edits", alphabet)(*both)[0, -1].item() == pytest.approx(1 - 4 / 5)


def test_ter_alone_is_told_of_wholes() -> None:
    scores = reward_named("ter", Alphabet())(*padded([[1, 4, 4], [1]]), *padded([[1, 4], [1]]))
    assert scores.tolist() == [[0, 0, 0.5], [0, 1, 1]]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no second device here")
@pytest.mark.parametrize("name", sorted(REWARDS))
def test_scores_are_on_the_device_of_the_tokens(name: str) -> None:
    rows = [([1, 3, 4, 6], [1, 2, 4]), ([5, 6, 3, 9], [5, 6, 9, 9, 2])]
    both = *padded([h for h, _ in rows]), *padded([r for _, r in rows])
    reward = reward_named(name, Alphabet())
    found = reward(*(part.cuda() for part in both))
    assert found.is_cuda
    torch.testing.assert_close(found.cpu(), reward(*both), rtol=0, atol=1e-9)


def test_spellings_cover_the_awkward_cases() -> None:
    assert any(text.isspace() for text in SPELLINGS)
    assert any("\u00a0" in text for text in SPELLINGS)
