"""Lengths, words, n-grams, what is kept and sentences, worked out by hand."""

from collections import Counter

import pytest

from latimer.compare.kept import kept, numbers, placeholders
from latimer.compare.lengths import by_length
from latimer.compare.ngrams import Gram, changes
from latimer.compare.samples import choose
from latimer.compare.statistics import Draws, count
from latimer.compare.words import by_frequency, training_counts
from latimer.metrics.corpus_scores import sentence_score
from latimer.metrics.lengths import bleu_by_length
from latimer.text.glossary import Glossary
from made_outputs import system
from made_systems import corpus


def test_bleu_by_length_is_that_of_the_sentences_alone():
    first, second, references = corpus(60, (0.2, 0.4), 3)
    systems = [system("a", first), system("group", second, first)]
    statistics = count(systems, references, ("bleu",), draws=Draws(1, 1))
    found = by_length(references, statistics, classes=4)
    one = bleu_by_length(references, first, references, classes=4)
    two = bleu_by_length(references, second, references, classes=4)
    for ours, alone, other in zip(found, one, two, strict=True):
        assert (ours.first, ours.last, ours.words, ours.sentences) == alone[:4]
        assert ours.bleu == pytest.approx((alone.bleu, (alone.bleu + other.bleu) / 2))


def test_characters_measure_a_source_without_spaces():
    references = ["a b", "c d"]
    statistics = count([system("x", references)], references, ("bleu",), draws=Draws(1, 1))
    found = by_length(["門を開ける", "門"], statistics, "ja")
    assert [(one.first, one.last) for one in found] == [(1, 1), (5, 5)]


def test_words_by_frequency_by_hand():
    """Training: a 7 times, b 3 times, c once. Unseen: d in the reference, x in the output.

    a: 2 of 2, 3 written, F1 = 4 / 5. b: 1 of 2, 1 written, F1 = 2 / 3. c: 0 of 1. d: 1 of 1,
    and x written, F1 = 2 / 3.
    """
    training = training_counts(["a a a", "a a a a b", "b b c"])
    assert training == Counter(a=7, b=3, c=1)
    found = by_frequency([system("s", ["a a a b d", "x"])], ["a a b d", "b c"], training)
    assert [(one.first, one.last) for one in found[:4]] == [(0, 0), (1, 1), (2, 5), (6, 20)]
    assert [one.words for one in found] == [1, 1, 2, 2, 0, 0, 0]
    assert [one.f1[0] for one in found[:4]] == pytest.approx([200 / 3, 0, 200 / 3, 80])
    assert [one.found[0] for one in found[:4]] == [100, 0, 50, 100]
    assert found[4].f1 == found[4].found == (None,)


def test_a_group_has_the_mean_of_its_members():
    found = by_frequency([system("s", ["a"], ["b"])], ["a"], Counter(a=1))
    assert found[1].f1 == (50.0,)


def test_ngrams_gained_and_lost_by_hand():
    """From "the cat sat" / "a a" to "the dog sat" / "a": dog and "the dog", "dog sat" gained."""
    first, second = ["the cat sat", "a a"], ["the dog sat", "a"]
    one, two, three, four = changes(first, second, ["the dog sat", "a a b"])
    assert (one.reference, one.matched) == (6, (4, 4))
    assert one.gained == (Gram("dog", 0, 1),)
    assert one.lost == (Gram("a", 2, 1),)
    assert (two.reference, two.matched) == (4, (1, 2))
    assert two.gained == (Gram("dog sat", 0, 1), Gram("the dog", 0, 1))
    assert two.lost == (Gram("a a", 1, 0),)
    assert three.gained == (Gram("the dog sat", 0, 1),)
    assert (four.reference, four.gained, four.lost) == (0, (), ())


def test_a_match_needs_the_same_sentence():
    assert changes(["b", "a"], ["a", "b"], ["a", "b"])[0].matched == (0, 2)


def test_most_gained_come_first_and_few_are_shown():
    one, *_ = changes([""] * 3, ["a b", "b c", "b"], ["a b", "b c", "b"], shown=2)
    assert one.gained == (Gram("b", 0, 3), Gram("a", 0, 1))


def test_placeholders_and_numbers_of_a_text():
    assert placeholders("{a} of {b} and {a}, <b>10</b>") == Counter(
        {"{a}": 2, "{b}": 1, "<b>": 1, "</b>": 1}
    )
    assert numbers("1,000.5 and 12:30, {n2} 7") == Counter({"10005": 1, "1230": 1, "7": 1})
    assert numbers("1.000,5") == numbers("1,000.5")


def test_what_is_kept_by_hand():
    sources = ["{a} has 2 files", "{a} and {b}", "the door"]
    references = ["{a} hat zwei Dateien", "{a} und {b}", "die Tür"]
    written = ["{a} hat 2 Dateien", "{a} und {a}", "das Tor 3"]
    glossary = Glossary.of({"file": "Datei", "door": "Tür"})
    found = kept(sources, references, [system("s", written, references)], glossary)
    slots, figures, terms = found
    assert (slots.wanted, slots.reference, slots.systems) == (3, 3, ((2 + 3) / 2,))
    assert slots.added == (0.5,)  # the first member has one {a} too many
    assert (figures.wanted, figures.reference, figures.systems) == (1, 0, (0.5,))
    assert figures.added == (0.5,)
    assert (terms.wanted, terms.reference, terms.systems) == (1, 1, (0.5,))
    assert terms.added is None
    assert len(kept(sources, references, [system("s", written)])) == 2


def test_sentences_that_differ_most_come_first():
    references = ["one two three", "four five six", "seven eight", "nine ten"]
    first = ["one two three", "four", "seven eight", "none"]
    second = ["one two", "four five six", "seven eight", "nine ten"]
    found = choose(references, references, first, second, seed=1, shown=2)
    chrf = sentence_score("chrf")
    gains = {
        k: abs(chrf(second[k], references[k]) - chrf(first[k], references[k])) for k in (0, 1, 3)
    }
    order = sorted(gains, key=gains.get, reverse=True)
    assert [one.number - 1 for one in found.differing] == order[:2]
    assert found.differing[0].scores[1] == pytest.approx(100)
    everything = choose(references, references, first, second, seed=1)
    assert [one.number for one in everything.random] == [1, 2, 3, 4]
    assert len(everything.differing) == 3  # equal outputs do not differ


def test_random_sentences_depend_on_the_seed_alone():
    lines = [str(k) for k in range(500)]
    drawn = [choose(lines, lines, lines, lines, seed).random for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    numbers = [one.number for one in drawn[0]]
    assert len(set(numbers)) == 20
    assert numbers == sorted(numbers)
