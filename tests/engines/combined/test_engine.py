"""Combined models end to end: made, loaded, translating, refused."""

import json
import shutil

import pytest

import latimer
from latimer.engines.combined.combine import combine
from latimer.engines.combined.features import DEFAULT_WEIGHTS, FEATURES
from latimer.engines.phrases.folder import load_model as load_phrases
from latimer.engines.translator import Request
from latimer.errors import InputError, SettingError
from latimer.metrics.corpus_scores import corpus_scores
from latimer.model.folder import load_translator, save_model
from latimer.search.constraints import Constraints
from latimer.search.strategies import Beam, Sampling, Stack
from tiny_model import save_tiny_model, speaking


@pytest.fixture(scope="module")
def translator(combined):
    with latimer.load(combined.folder, threads=1) as found:
        yield found


def copied(combined, tmp_path):
    return shutil.copytree(combined.folder, tmp_path / "copy")


def changed(folder, **entries):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | entries), "utf-8")
    return folder


def test_with_a_network_that_knows_nothing_the_phrases_win(combined, translator, pairs):
    test = pairs[600:]
    found = [one.text for one in translator.translate([source for source, _ in test])]
    score = corpus_scores(found, [reference for _, reference in test], ["bleu"])["bleu"].value
    assert score > 95
    assert combined.pairs == 120
    assert combined.network_bleu < 40 < combined.phrases_bleu


def test_the_folder_holds_all_and_says_what_it_is(combined, network, phrases):
    config = json.loads((combined.folder / "config.json").read_text("utf-8"))
    assert config["engine"] == "combined"
    assert config["languages"] == {"source": "en", "target": "eo"}
    assert list(config["weights"]) == list(FEATURES)
    assert config["scores"]["dev_bleu"] == pytest.approx(combined.combined_bleu, abs=0.01)
    for name, original in (("network", network), ("phrases", phrases)):
        files = sorted(path.name for path in original.iterdir())
        assert sorted(path.name for path in (combined.folder / name).iterdir()) == files
        for file in files:
            copy = combined.folder / name / file
            assert copy.read_bytes() == (original / file).read_bytes()
    assert "latimer combine" in (combined.folder / "README.md").read_text("utf-8")


def test_a_moved_folder_translates_alike(combined, translator, pairs, tmp_path):
    texts = [source for source, _ in pairs[:5]]
    with latimer.load(copied(combined, tmp_path), threads=2) as moved:
        assert moved.languages == translator.languages
        assert [t.text for t in moved.translate(texts)] == [
            t.text for t in translator.translate(texts)
        ]


def test_what_else_is_translated_does_not_matter(translator, pairs):
    texts = [source for source, _ in pairs[540:552]]
    together = [one.text for one in translator.translate(texts)]
    assert together == [translator.translate([text])[0].text for text in texts]


def test_alternatives_are_distinct_and_fall_in_score(translator):
    (found,) = translator.translate(["The small lamp opens in the hall."], Beam(width=4, nbest=4))
    texts = [found.text, *(one.text for one in found.alternatives)]
    scores = [found.score, *(one.score for one in found.alternatives)]
    assert len(set(texts)) == 4
    assert scores == sorted(scores, reverse=True)


def test_placeholders_blanks_and_lines(translator):
    found = translator.translate(
        ["The big door {name} stops in the attic.", "", "The old fan hums.\nThe new clock hums."]
    )
    assert found[0].text == "La ega pordo {name} en tegment halt."
    assert found[1].text == ""
    assert len(found[2].text.split("\n")) == 2


def test_terms_of_a_glossary_are_kept(translator):
    asked = Constraints(glossary={"lamp": "zaro"})
    text = "The small lamp opens in the hall."
    (found,) = translator.translate([Request(text, asked)], Beam(width=4, nbest=4))
    for one in (found, *found.alternatives):
        assert "zaro" in one.text.lower()
        assert "lumo" not in one.text


@pytest.mark.parametrize(("name", "value"), [
    ("prefix", "La"), ("phrases", ("lumo",)), ("min_length", 3), ("max_length", 30),
    ("no_repeat", 2),
])  # fmt: skip
def test_other_constraints_are_refused(translator, name, value):
    with pytest.raises(SettingError, match="a combined model cannot keep it; it keeps glossaries"):
        translator.translate(["The lamp."], constraints=Constraints(**{name: value}))


@pytest.mark.parametrize("search", [Sampling(), Stack()])
def test_other_searches_are_refused(translator, search):
    with pytest.raises(SettingError, match="a combined model searches with the kind beam"):
        translator.translate(["The lamp."], search)


def test_a_small_development_set_leaves_the_default_weights(network, phrases, pairs, tmp_path):
    few = pairs[420:430]
    made = combine(
        network, phrases, [one for one, _ in few], [other for _, other in few], tmp_path / "small"
    )
    assert "the development set has 10 sentences, and tuning needs at least 100" in made.message
    config = json.loads((made.folder / "config.json").read_text("utf-8"))
    assert config["weights"] == pytest.approx(dict(DEFAULT_WEIGHTS))


def test_what_cannot_be_combined(network, phrases, pairs, tmp_path):
    sources, references = ["The lamp."], ["La lumo."]

    def refused(one, other, message, sources=sources, references=references):
        with pytest.raises(InputError, match=message) as caught:
            combine(one, other, sources, references, tmp_path / "new")
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "new").exists()

    refused(phrases, network, "a model of the engine 'phrases'; one of the engine 'neural'")
    refused(network, network, "a model of the engine 'neural'; one of the engine 'phrases'")
    refused(tmp_path / "absent", phrases, "absent: no such model folder")
    german = speaking(load_translator(network), "en", "de")
    save_model(tmp_path / "german", german, "card")
    refused(tmp_path / "german", phrases, "its target language is eo, that of .*german is de")
    save_tiny_model(tmp_path / "fluent", kind="language_model", attention="none")
    refused(tmp_path / "fluent", phrases, "a language model, but a translator is needed")
    refused(network, phrases, "1 sources but 0 references", references=[])
    refused(network, phrases, "no pair of sentences", sources=["  "])


def test_damaged_folders_are_refused_in_one_line(combined, phrases, tmp_path):
    def refused(message, folder):
        with pytest.raises(InputError, match=message) as caught:
            latimer.load(folder)
        assert "\n" not in str(caught.value)
        shutil.rmtree(folder)

    folder = copied(combined, tmp_path)
    (folder / "phrases" / "phrases.safetensors").write_bytes(b"")
    refused("phrases.safetensors: not the file that came with this model", folder)
    folder = copied(combined, tmp_path)
    (folder / "network" / "weights.safetensors").unlink()
    refused("weights.safetensors is missing", folder)
    folder = copied(combined, tmp_path)
    shutil.rmtree(folder / "phrases")
    refused(r"phrases/config.json is missing", folder)
    folder = copied(combined, tmp_path)
    changed(folder / "phrases", model="noisy_channel_phrases")
    refused("not the file that came with this model .*or combine the models anew", folder)
    weights = dict.fromkeys(FEATURES, 1.0)
    refused(
        "no feature 'speed'", changed(copied(combined, tmp_path), weights={**weights, "speed": 1.0})
    )
    refused("words is missing", changed(
        copied(combined, tmp_path), weights={n: 1.0 for n in FEATURES if n != "words"}
    ))  # fmt: skip
    refused("guidance", changed(
        copied(combined, tmp_path), combination={"guidance": [0.1, -1.0, 0.0, 0.0]}
    ))  # fmt: skip
    refused("searched with the kind beam", changed(
        copied(combined, tmp_path), search={"kind": "stack"}
    ))  # fmt: skip
    with pytest.raises(InputError, match="there is no such setting; valid names: device, threads"):
        latimer.load(combined.folder, ensemble=[phrases])
    assert load_phrases(phrases).config.engine == "phrases"
