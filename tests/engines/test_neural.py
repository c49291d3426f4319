import pytest
import torch

import latimer
from asking import asked, translator_of
from latimer.engines.neural.batches import MAX_ROWS
from latimer.engines.neural.engine import MAX_PIECES, NeuralEngine
from latimer.errors import InputError
from latimer.files import MAX_LINE_BYTES
from latimer.metrics.utilities import UTILITIES
from latimer.nn.inference.products import PRODUCTS
from latimer.search.constraints import MAX_LENGTH, Constraints
from latimer.search.strategies import Beam, Exact, MinimumBayesRisk, Sampling
from tiny_model import copying_model, save_tiny_model, sentences, tiny_model


@pytest.fixture(scope="module")
def copying():
    return translator_of(copying_model())


@pytest.fixture(scope="module")
def random_translator():
    return translator_of(tiny_model())


def test_a_copying_model_gives_back_every_text_in_order(copying):
    lines = sentences(200, seed=4)
    assert [t.text for t in copying.translate(lines)] == lines
    assert [t.source for t in copying.translate(lines)] == lines


def test_placeholders_survive(copying):
    # No model could spell these: they never occurred in training.
    text = "Kalo {unheard_of} miner %(zzz)d suti."
    assert copying.translate([text])[0].text == text


@pytest.mark.parametrize("blank", ["", " ", "\t \t", " \u3000\xa0"])
def test_blank_texts_stay_empty(copying, blank):
    found = copying.translate(["Kalo.", blank, "Suti."])
    assert [t.text for t in found] == ["Kalo.", "", "Suti."]
    assert found[1].score == 0.0


def test_spaces_are_made_single(copying):
    assert copying.translate(["  Kalo \t suti. "])[0].text == "Kalo suti."


def test_lines_of_a_text_stay_lines(copying):
    (found,) = copying.translate(["Kalo suti.\n\nMiner."])
    assert found.text == "Kalo suti.\n\nMiner."
    assert found.parts == 2


def test_over_long_texts_are_translated_in_parts(copying):
    text = " ".join(sentences(150, seed=2))
    (found,) = copying.translate([text])
    assert found.text == text
    assert found.parts > 5
    longest = max(time for _, time in copying.engine.model.network.batches)
    assert longest <= MAX_PIECES + 1


def test_parts_of_a_language_without_spaces_are_joined_without():
    translator = translator_of(copying_model("ja"))
    text = " ".join(sentences(80, seed=2))
    (found,) = translator.translate([text])
    assert found.parts > 1
    assert text.count(" ") - found.text.count(" ") == found.parts - 1


@pytest.mark.parametrize(
    "text",
    ["x" * 5000, "\u2581", "\x00", "日本語のテキスト。" * 300, "\u202e\ufeff\u200b", "⟦3⟧ ⟦⟦"],
)
def test_strange_texts_do_not_crash(random_translator, text):
    (found,) = random_translator.translate([text], **asked(beam=2, max_length=20))
    assert isinstance(found.text, str)


def test_a_text_of_a_megabyte_is_refused(copying):
    with pytest.raises(InputError, match="text 2: longer than 1,000,000 bytes"):
        copying.translate(["Kalo.", "x" * (MAX_LINE_BYTES + 1)])
    with pytest.raises(InputError, match="text 1: longer"):
        copying.translate(["é" * (MAX_LINE_BYTES // 2 + 1)])


def test_broken_unicode_is_refused(copying):
    with pytest.raises(InputError, match="text 1: not valid Unicode"):
        copying.translate(["\udc80"])


def test_one_string_is_not_taken_for_many_texts(copying):
    with pytest.raises(InputError, match="a list of texts expected"):
        copying.translate("Kalo suti.")


def test_the_order_and_company_of_texts_do_not_matter(random_translator):
    lines = sentences(30, seed=1)
    together = random_translator.translate(lines)
    backwards = translator_of(tiny_model(), batch_tokens=60).translate(lines[::-1])[::-1]
    for ours, theirs in zip(together, backwards, strict=True):
        assert ours.text == theirs.text
        assert ours.score == pytest.approx(theirs.score, abs=1e-4)


def test_batches_keep_to_their_budget(copying):
    copying.engine.model.network.batches.clear()
    translator_of(copying.engine.model, batch_tokens=90).translate(sentences(100, seed=7))
    shapes = copying.engine.model.network.batches
    assert all(rows * time <= 90 for rows, time in shapes)
    assert len(shapes) < 100
    copying.engine.model.network.batches.clear()
    translator_of(copying.engine.model, batch_tokens=100_000).translate(
        sentences(100, seed=7), Beam(100)
    )
    assert all(rows * 100 <= MAX_ROWS for rows, _ in copying.engine.model.network.batches)


def test_a_text_that_occurs_twice_is_translated_once(copying):
    copying.engine.model.network.batches.clear()
    found = copying.translate(["Kalo suti."] * 5)
    assert [t.text for t in found] == ["Kalo suti."] * 5
    assert [rows for rows, _ in copying.engine.model.network.batches] == [1]


def test_alternatives_follow_the_best_in_order(random_translator):
    (found,) = random_translator.translate(["Kalo miner suti."], **asked(beam=6, nbest=4))
    scores = [found.score, *(a.score for a in found.alternatives)]
    assert len(scores) == 4
    assert scores == sorted(scores, reverse=True)
    assert random_translator.translate(["Kalo miner suti."], **asked(beam=6))[0].alternatives == []


def test_attention_comes_with_its_pieces(random_translator):
    (found,) = random_translator.translate(["Kalo miner."], attention=True)
    attention = found.attention
    assert attention.weights.shape == (len(attention.target), len(attention.source))
    torch.testing.assert_close(attention.weights.sum(1), torch.ones(len(attention.target)))
    assert attention.source[-1] == "</s>"
    assert "".join(attention.source[:-1]).replace("▁", " ").strip() == "Kalo miner."
    assert random_translator.translate(["Kalo miner."])[0].attention is None


def test_max_length_is_kept(copying, random_translator):
    (cut,) = copying.translate(["Kalo miner suti vazo."], **asked(max_length=3, beam=1))
    pieces = copying.engine.model.vocabulary.source.encode("Kalo miner suti vazo.")
    assert cut.text == copying.engine.model.vocabulary.target.decode(pieces[:3]).strip()
    found = random_translator.translate(sentences(20), attention=True, **asked(max_length=3))
    assert max(len(t.attention.target) for t in found) <= 3


WAYS = {
    "beam": Beam(),
    "greedy": Beam(1),
    "sampling": Sampling(3),
    "distinct": Sampling(3, distinct=True),
    "exact": Exact(budget=200),
    "mbr": MinimumBayesRisk(4),
}


def searched(name):
    """Arguments of `translate` for a way of `WAYS`."""
    return {"search": WAYS[name]}


@pytest.mark.parametrize("way", WAYS)
def test_a_minimum_length_beyond_the_usual_limit_is_kept(monkeypatch, random_translator, way):
    monkeypatch.setattr(
        NeuralEngine, "_text", lambda self, segment, tokens: " ".join(map(str, tokens))
    )
    for found in random_translator.translate(["Hi"], **asked(min_length=25, **searched(way))):
        for one in (found, *found.alternatives):
            assert 25 <= len(one.text.split()) <= 35


def test_what_is_long_enough_may_still_end(copying):
    (found,) = copying.translate(["Hi"], attention=True, **asked(min_length=30))
    assert len(found.attention.target) == 31
    assert found.attention.target[-1] == "</s>"


@pytest.mark.parametrize("way", WAYS)
def test_a_prefix_longer_than_the_usual_limit_is_whole(copying, way):
    prefix = "Vazo miner kalo suti nerlo quinka vazo suti miner kalo."
    assert len(copying.engine.model.vocabulary.encode_targets([prefix])[0]) > 14
    (found,) = copying.translate(["Hi"], **asked(prefix=prefix, **searched(way)))
    assert found.text == prefix


@pytest.mark.parametrize("way", WAYS)
def test_only_the_first_part_of_a_text_begins_with_the_prefix(copying, way):
    texts = ["Suti vazo.", "Miner.\n\nSuti vazo.\nMiner.", ""]
    found = copying.translate(texts, **asked(prefix="Kalo", **searched(way)))
    lines = [line for translation in found for line in translation.text.split("\n")]
    assert [line.startswith("Kalo") for line in lines] == [True, True, *[False] * 4]
    assert lines[2:] == ["", "Suti vazo.", "Miner.", ""]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prefix": "vazo vazo", "no_repeat": 1}, "no_repeat 1 and the prefix"),
        ({"min_length": 400, "no_repeat": 1}, "min_length 400 and no_repeat 1"),
    ],
)
def test_rules_that_exclude_each_other_are_named(copying, way, settings, message):
    with pytest.raises(InputError) as refused:
        copying.translate(["Kalo."], **asked(**settings, **searched(way)))
    wanted = f"text 'Kalo.': no translation agrees with {message}; leave one of them out"
    assert str(refused.value) == wanted


def test_minimum_bayes_risk_compares_texts_as_in_their_language(monkeypatch):
    languages = []
    monkeypatch.setitem(
        UTILITIES, "bleu", lambda language: languages.append(language) or (lambda one, other: 0.0)
    )
    translator_of(copying_model("ja")).translate(["Kalo."], **asked(search=MinimumBayesRisk(2)))
    assert languages == ["ja"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"prefix": "Kalo. " * 2000}, f"pieces do not fit into max_length {MAX_LENGTH}"),
        ({"prefix": "{count} kalo"}, "prefix is '{count} kalo'; it holds the placeholder '{co"),
        ({"prefix": "f\udcfcr"}, "constraints.prefix: not valid Unicode"),
        ({"must": ["f\udcfcr"]}, "constraints.phrases: not valid Unicode"),
        ({"must": ["Kalo 日"]}, "constraints.phrases: 'Kalo 日' cannot be written"),
        ({"glossary": {"a": "f\udcfcr"}}, r"glossary\['a'\]: not valid Unicode"),
        ({"search": Sampling(2), "must": ["kalo"]}, "phrases and glossaries are for search.kind b"),
        ({"search": Exact(), "glossary": {"a": "b"}}, "phrases and glossaries are for"),
        ({"kind": "diverse", "must": ["kalo"]}, "phrases and glossaries are for"),
    ],
)
def test_impossible_settings_are_refused_even_without_texts(copying, wrong, message):
    with pytest.raises(InputError, match=message):
        copying.translate([], **asked(**wrong))


def test_a_coverage_penalty_needs_attention(random_translator):
    deaf = tiny_model(attention="none", tied="none")
    message = r"coverage_penalty is 0\.2"
    with pytest.raises(InputError, match=f"{message}; the model has no attention"):
        translator_of(deaf).translate([], **asked(coverage_penalty=0.2))
    both = translator_of(random_translator.engine.model, deaf)
    with pytest.raises(InputError, match=f"{message}; model 2 of the ensemble has no"):
        both.translate([], **asked(coverage_penalty=0.2))
    plain = random_translator.translate(["Kalo miner suti."], **asked(normalisation="none"))
    found = random_translator.translate(
        ["Kalo miner suti."], **asked(normalisation="none", coverage_penalty=0.2)
    )
    assert found[0].score < plain[0].score


def test_the_public_way(tmp_path):
    model = save_tiny_model(tmp_path / "model")
    found = latimer.load(tmp_path / "model", precision="fp32").translate(
        ["Kalo suti.", ""], **asked(beam=3)
    )
    expected = translator_of(model).translate(["Kalo suti.", ""], **asked(beam=3))
    assert found == expected
    assert isinstance(found[0], latimer.Translation)


def test_precision_is_that_of_search_alone(tmp_path):
    model = save_tiny_model(tmp_path / "model")
    weights = {name: p.clone() for name, p in model.network.named_parameters()}
    texts = ["Kalo suti.", "Mira tonu suka?"]
    exact = translator_of(model).translate(texts)
    rounded = translator_of(model, precision="auto")
    assert rounded.engine.precision == "auto"
    chosen = rounded.engine.products(len(texts))
    assert chosen in PRODUCTS
    for one, other in zip(exact, rounded.translate(texts), strict=True):
        assert (one.score == other.score) == (chosen == "fp32")
        assert abs(one.score - other.score) < 0.1
    assert all(torch.equal(weights[name], p) for name, p in model.network.named_parameters())
    assert translator_of(model).translate(texts) == exact
    with pytest.raises(InputError, match="precision 'half': choose one of auto, fp32, fp16, int8"):
        translator_of(model, precision="half")


OWN = [
    Constraints(min_length=9), Constraints(min_length=3, no_repeat=2), Constraints(no_repeat=1),
    Constraints(prefix="Kalo"), Constraints(max_length=4), Constraints(prefix="Suti vazo"),
    Constraints(phrases=["miner"]), Constraints(glossary={"kalo": "vazo"}), Constraints(),
]  # fmt: skip
"""Constraints of texts that stand in one batch."""


@pytest.mark.parametrize("beam", [1, 4])
def test_texts_of_one_batch_keep_their_own_constraints(random_translator, beam):
    requests = [latimer.Request("Kalo miner suti.", one) for one in OWN]
    together = random_translator.translate(requests, Beam(beam))
    alone = [random_translator.translate([one], Beam(beam))[0] for one in requests]
    assert [one.text for one in together] == [one.text for one in alone]
    assert [one.score for one in together] == pytest.approx([one.score for one in alone], abs=1e-4)
    assert len({one.text for one in alone}) > 4
