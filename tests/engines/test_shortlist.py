"""Search in each sentence's own vocabulary, against search in the whole one that bans the rest."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from searches import beam_search

from asking import asked, translator_of
from latimer.engines.neural import shortlist as shortlists
from latimer.engines.neural.shortlist import Shortlist, Shortlisted
from latimer.engines.registry import load
from latimer.errors import InputError
from latimer.model.folder import save_model
from latimer.nn.inference.fp16 import fp16_works
from latimer.nn.inference.int8 import int8_exact
from latimer.search.strategies import Sampling
from latimer.text.batching import pad_sources
from latimer.text.lexicon import Lexicon
from latimer.text.model1 import lexicon_of_texts
from latimer.text.vocabulary.subwords import EOS
from networks import NETWORKS, build_from_keys, with_lexicon
from tiny_model import SIZES, copying_model, sentences, tiny_model

VOCAB = 40
TRANSLATORS = {n: o for n, o in NETWORKS.items() if o.get("kind") != "language_model"}

CPU = torch.device("cpu")


def random_lexicon(seed, vocab=VOCAB):
    chance = np.random.default_rng(seed)
    likely = chance.integers(4, vocab, size=(vocab, 5)).astype(np.int32)
    likely[chance.random((vocab, 5)) < 0.2] = -1
    likely[:4] = -1
    chances = chance.random(likely.shape, dtype=np.float32)
    return Lexicon(likely, chances, chance.permutation(np.arange(4, vocab)).astype(np.int32)[:9])


def allowed(lexicon, source, common, likely, joint):
    """A sentence's vocabulary, in words of sets."""
    own = {int(piece) for s in source for piece in lexicon.likely[s, :likely]} - {-1}
    own |= set(source) if joint else set()
    return own | set(range(EOS + 1)) | set(lexicon.frequent[:common].tolist())


def random_network(seed=0, **options):
    torch.manual_seed(seed)
    network = with_lexicon(
        build_from_keys(source_vocab=VOCAB, target_vocab=VOCAB, **(SIZES | options))
    ).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2.5)
    return network


@dataclass(frozen=True)
class Banned:
    """The network, with −∞ for what a sentence's vocabulary lacks; one sentence at a time."""

    network: object
    keep: set

    def start(self, source, lengths):
        return self.network.start(source, lengths)

    def step(self, state, tokens):
        scores, state = self.network.step(state, tokens)
        ban = torch.tensor([token not in self.keep for token in range(scores.shape[1])])
        return scores.masked_fill(ban, -torch.inf), state


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(4, VOCAB - 1), max_size=6), min_size=1, max_size=5),
       st.integers(0, 9), st.integers(1, 5), st.booleans())  # fmt: skip
def test_a_sentences_vocabulary_is_its_own(sources, common, likely, joint):
    lexicon = random_lexicon(0)
    shortlist = Shortlist(lexicon, random_network(), joint=joint, common=common, likely=likely)
    source, _ = pad_sources(sources)
    chosen = shortlist.choose(source)
    assert chosen.common[: EOS + 1].tolist() == [0, 1, 2, 3]
    for pieces, own in zip(sources, chosen.own.tolist(), strict=True):
        there = [*chosen.common.tolist(), *(piece for piece in own if piece >= 0)]
        assert len(there) == len(set(there))
        assert set(there) == allowed(lexicon, pieces, common, likely, joint)


@pytest.mark.parametrize("options", TRANSLATORS.values(), ids=TRANSLATORS)
@pytest.mark.parametrize("beam", [1, 4])
def test_search_is_that_of_a_banned_vocabulary(options, beam):
    network, lexicon = random_network(**options), random_lexicon(3)
    shortlist = Shortlist(lexicon, network, joint=True, common=5, likely=3)
    sources = [[5, 6, 7, 8, 9], [4, 12], [30], [22, 8, 8, 17]]
    source, lengths = pad_sources(sources)
    short = Shortlisted(shortlist, source)
    found = short.in_tokens(beam_search(short, source, lengths, max_length=9, beam=beam))
    for pieces, several in zip(sources, found, strict=True):
        banned = Banned(network, allowed(lexicon, pieces, 5, 3, joint=True))
        (wanted,) = beam_search(banned, *pad_sources([pieces]), max_length=9, beam=beam)
        assert [h.tokens for h in several] == [h.tokens for h in wanted]
        assert several[0].log_prob == pytest.approx(wanted[0].log_prob, rel=1e-4)


def model_with_lexicon():
    model, lines = tiny_model(), sentences(80, seed=3)
    lexicon = lexicon_of_texts(model.vocabulary, list(zip(lines, lines, strict=True)))
    return replace(model, lexicon=lexicon)


def test_a_translation_does_not_depend_on_its_batch():
    translator = translator_of(model_with_lexicon(), shortlist=3)
    lines = sentences(20, seed=5)
    together = translator.translate(lines, **asked(max_length=12))
    assert [t.text for t in together] == [
        translator.translate([line], **asked(max_length=12))[0].text for line in lines
    ]


def test_a_lexicon_comes_back_with_its_model_and_is_used(tmp_path):
    model, lines = model_with_lexicon(), sentences(20, seed=5)
    save_model(tmp_path / "m", model, "card")
    expected = translator_of(model, shortlist=2).translate(lines, **asked(max_length=12))
    whole = translator_of(model, shortlist="off").translate(lines, **asked(max_length=12))
    assert (
        load(tmp_path / "m", precision="fp32", shortlist=2).translate(lines, **asked(max_length=12))
        == expected
    )
    assert expected != whole
    save_model(tmp_path / "m", replace(model, lexicon=None), "card")
    plain = load(tmp_path / "m", precision="fp32").translate(lines, **asked(max_length=12))
    assert [t.text for t in plain] == [t.text for t in whole]


def test_a_small_vocabulary_is_looked_at_whole(monkeypatch):
    model, lines = model_with_lexicon(), sentences(20, seed=5)
    whole = translator_of(model, shortlist="off").translate(lines, **asked(max_length=12))
    assert translator_of(model).translate(lines, **asked(max_length=12)) == whole
    monkeypatch.setattr(shortlists, "SMALL", len(model.vocabulary.target))
    short = translator_of(model).translate(lines, **asked(max_length=12))
    assert short == translator_of(model, shortlist=20).translate(lines, **asked(max_length=12))
    assert [t.score for t in short] != [t.score for t in whole]


def test_quick_products_need_a_larger_vocabulary_to_leave_any_out(monkeypatch):
    model = model_with_lexicon()
    chosen = partial(shortlists.choose_shortlist, "auto", model.lexicon, model.network, joint=True)
    monkeypatch.setattr(shortlists, "SMALL", 0)
    assert chosen(precision="fp32") is not None
    assert chosen(precision="int8") is None
    monkeypatch.setattr(shortlists, "SMALL_IN_INT8", len(model.vocabulary.target))
    assert chosen(precision="int8") is not None


def test_other_searches_look_at_the_whole_vocabulary(monkeypatch):
    monkeypatch.setattr(shortlists, "SMALL", 0)
    monkeypatch.setattr(shortlists, "SMALL_IN_INT8", 0)
    model, lines = model_with_lexicon(), sentences(10, seed=5)
    automatic, whole = (translator_of(model, shortlist=kind) for kind in ("auto", "off"))
    ways = ({"search": Sampling(2, seed=1)}, {"nbest": 2}, {"min_length": 3}, {"prefix": "Ka"})
    for settings_ in ways:
        found = automatic.translate(lines, **asked(max_length=12, **settings_))
        assert found == whole.translate(lines, **asked(max_length=12, **settings_))
        with pytest.raises(InputError, match=r"shortlist is 4; a shortlist is for beam search"):
            translator_of(model, shortlist=4).translate(lines, **asked(max_length=12, **settings_))


@pytest.mark.parametrize("wanted", ["0", "51", "some", "-3", 0])
def test_other_settings_are_refused(wanted):
    with pytest.raises(InputError, match=rf"shortlist is {wanted!r}; allowed: auto, off or a num"):
        translator_of(model_with_lexicon(), shortlist=wanted)


def test_what_has_no_lexicon_has_no_shortlist():
    with pytest.raises(InputError, match=r"shortlist is '9'; .*no lexicon; make one with `latimer"):
        translator_of(tiny_model(), shortlist="9")
    translator_of(copying_model())
    model = model_with_lexicon()
    with pytest.raises(InputError, match=r"shortlist is '9'; .*with other models"):
        translator_of(model, model, shortlist="9")
    translator_of(model, model)


@pytest.mark.parametrize(
    "precision",
    [
        pytest.param("fp16", marks=pytest.mark.skipif(not fp16_works(CPU), reason="no products")),
        pytest.param("int8", marks=pytest.mark.skipif(not int8_exact(CPU), reason="not exact")),
    ],
)
def test_rounded_weights_are_shortlisted_too(precision):
    """Most translations are those of float32, with scores that are near and not the same."""
    model, lines = model_with_lexicon(), sentences(20, seed=5)
    exactly, nearly = (
        translator_of(model, precision=kind, shortlist=20).translate(lines, **asked(max_length=12))
        for kind in ("fp32", precision)
    )
    same = [(a, b) for a, b in zip(exactly, nearly, strict=True) if a.text == b.text]
    assert len(same) >= 15
    assert all(0 < abs(one.score - other.score) < 0.1 for one, other in same)
