import json
import math
import os
import pickle
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from latimer.errors import InputError, LatimerError
from latimer.model.card import model_card
from latimer.model.config import DataFacts, Languages, ModelConfig, Scores, TextFacts
from latimer.model.folder import (
    load_critic,
    load_language_model,
    load_model,
    load_translator,
    save_model,
)
from latimer.model.reading import read_config
from latimer.text.batching import pad_sources
from tiny_model import save_tiny_model, tiny_model, tiny_vocabulary


def logits(network):
    source, lengths = pad_sources([[7, 8, 9], [10]])
    with torch.no_grad():
        return network.decode(network.encode(source, lengths), torch.tensor([[2, 5], [2, 6]]))


@pytest.fixture
def folder(tmp_path):
    save_tiny_model(tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("tied", ["all", "inputs", "target", "none"])
def test_what_is_saved_is_loaded(tmp_path, tied):
    saved = save_tiny_model(tmp_path / "model", tied=tied, cell="lstm", decoder_layers=2)
    loaded = load_model(tmp_path / "model")
    torch.testing.assert_close(logits(loaded.network), logits(saved.network), atol=0, rtol=0)
    assert loaded.vocabulary == saved.vocabulary
    assert loaded.config.languages == Languages(source="en", target="de")
    assert loaded.config.network == saved.config.network
    assert loaded.config.scores == saved.config.scores
    assert (loaded.config.engine, loaded.config.kind) == ("neural", "translator")
    assert not loaded.network.training


def test_a_vocabulary_of_two_models(tmp_path):
    vocabulary = tiny_vocabulary(joint=False)
    model = tiny_model(vocabulary, tied="none")
    save_model(tmp_path / "model", model, "# card")
    loaded = load_model(tmp_path / "model")
    torch.testing.assert_close(logits(loaded.network), logits(model.network), atol=0, rtol=0)
    assert set(loaded.config.vocabulary.sha256) == {
        "subwords.source.model", "subwords.target.model",
    }  # fmt: skip


def test_the_folder_holds_four_files_and_no_pickle(folder):
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["README.md", "config.json", "subwords.model", "weights.safetensors"]
    assert b"PROTO" not in (folder / "weights.safetensors").read_bytes()[:2]
    with pytest.raises((pickle.UnpicklingError, EOFError, ValueError, KeyError)):
        pickle.loads((folder / "weights.safetensors").read_bytes())


def test_a_tied_weight_is_stored_once(folder):
    model = load_model(folder)
    stored = sum(tensor.numel() for tensor in load_file(folder / "weights.safetensors").values())
    assert stored == sum(parameter.numel() for parameter in model.network.parameters())


def test_saving_replaces_an_older_model_whole(folder):
    other = tiny_model(seed=5)
    (folder / "stray.txt").write_text("of the older model")
    save_model(folder, other, "# second")
    assert (folder / "README.md").read_text() == "# second"
    assert not (folder / "stray.txt").exists()
    torch.testing.assert_close(
        logits(load_model(folder).network), logits(other.network), atol=0, rtol=0
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_in_half_precision_load(folder, dtype):
    before = logits(load_model(folder).network)
    path = folder / "weights.safetensors"
    save_file({name: tensor.to(dtype) for name, tensor in load_file(path).items()}, path)
    after = logits(load_model(folder).network)
    assert after.dtype == torch.float32
    torch.testing.assert_close(after, before, atol=0.3, rtol=0.1)


def test_the_card_names_languages_scores_and_command():
    facts = {
        "data": DataFacts(train=TextFacts(source=Path("a|b"), target=Path("c"), pairs=7)),
        "scores": Scores(dev_bleu_greedy=31.25, updates=40),
    }
    config = tiny_model().config.model_copy(update=facts)
    card = model_card(config, command="latimer train x.yaml")
    assert card.startswith("# A translator, en → de\n")
    assert "| dev_bleu_greedy | 31.25 |\n| updates | 40 |" in card
    assert "| train.source | a\\|b |" in card
    assert "dev_perplexity" not in card
    assert "    latimer train x.yaml" in card
    assert card.endswith("    latimer translate THIS_FOLDER < text.txt\n")


@pytest.mark.parametrize(
    ("update", "title", "use"),
    [
        ({"kind": "language_model"}, "A language model of de", "perplexity THIS_FOLDER text.txt"),
        ({"kind": "critic"}, "A critic of translations, en → de", "load_critic('THIS_FOLDER')"),
        ({"languages": Languages()}, "A translator, source → target", "translate THIS_FOLDER <"),
    ],
)
def test_the_card_names_the_kind_and_the_command(update, title, use):
    card = model_card(tiny_model().config.model_copy(update=update), command="x")
    assert card.startswith(f"# {title}\n")
    assert use in card.rpartition("## Use")[2]


@pytest.mark.parametrize("name", ["config.json", "weights.safetensors", "subwords.model"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"{name} is missing; copy the whole model folder again"):
        load_model(folder)


@pytest.mark.parametrize("name", ["config.json", "weights.safetensors", "subwords.model"])
@pytest.mark.parametrize("part", [0, 0.3, 0.99])
def test_a_truncated_file_is_named(folder, name, part):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(part * len(content))])
    with pytest.raises(InputError, match=name):
        load_model(folder)


@pytest.mark.parametrize("name", ["config.json", "weights.safetensors", "subwords.model"])
@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n" * 40, b"[" * 100_000, b"\xff\xfe" * 99, pickle.dumps({"a": [1]})],
)
def test_a_foreign_file_is_named(folder, name, content):
    (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=name):
        load_model(folder)


def test_a_folder_in_place_of_a_file_is_named(folder):
    (folder / "weights.safetensors").unlink()
    (folder / "weights.safetensors").mkdir()
    with pytest.raises(InputError, match=r"weights\.safetensors"):
        load_model(folder)


def test_no_folder_at_all(tmp_path):
    with pytest.raises(InputError, match="no such model folder"):
        load_model(tmp_path / "absent")


def test_another_models_vocabulary_is_refused(folder):
    tiny_vocabulary(seed=9).save(folder)
    with pytest.raises(InputError, match=r"subwords\.model: not the vocabulary this model was"):
        load_model(folder)


def test_another_models_weights_are_refused(folder, tmp_path):
    save_tiny_model(tmp_path / "wide", decoder_size=24)
    save_tiny_model(tmp_path / "deep", decoder_layers=2)
    for name, message in [("wide", r"has shape \(.*\), \(.*\) expected"), ("deep", "unknown '")]:
        weights = (tmp_path / name / "weights.safetensors").read_bytes()
        (folder / "weights.safetensors").write_bytes(weights)
        with pytest.raises(InputError, match=rf"weights\.safetensors: .*{message}"):
            load_model(folder)


def test_weights_that_are_no_numbers_of_a_network_are_refused(folder):
    path = folder / "weights.safetensors"
    save_file({name: tensor.to(torch.int8) for name, tensor in load_file(path).items()}, path)
    with pytest.raises(InputError, match=r"weights\.safetensors.*int8"):
        load_model(folder)


@pytest.mark.parametrize(
    ("section", "value", "message"),
    [
        ("format", "other/9", "format 'latimer-model/2' expected, not 'other/9'"),
        ("format", "latimer-model/1", "made by an older version .*engine.*train the model again"),
        ("format", "latimer-critic/1", "made by an older version .*train the model again"),
        ("format", ["latimer-model/2"], "format 'latimer-model/2' expected, not"),
        ("engine", "rule_based", "a model of the engine 'rule_based'; one of the engine 'neural'"),
        ("engine", 3, "engine cannot be 3"),
        ("kind", "poet", "kind cannot be 'poet'"),
        ("kind", "language_model", "network.kind: 'translator' does not go with kind language_mod"),
        ("kind", "critic", "reads: None does not go with kind critic"),
        ("reads", "source", "reads: 'source' does not go with kind translator"),
        ("kindd", "poet", "kindd: unknown key"),
        ("languages", {"source": None}, "languages.source cannot be None"),
        ("data", {"train": {"source": "a"}}, "data.train.target is missing"),
        ("scores", {"updates": "many"}, "scores.updates cannot be 'many'"),
        ("network", [1], r"network cannot be \[1\]"),
        ("network", {"cell": "perceptron"}, "network.cell cannot be 'perceptron'"),
        ("network", {"no_such_size": 3}, "network.no_such_size: unknown key"),
        ("network", {"embedding": -3}, "network.embedding cannot be -3"),
        ("network", {"embedding": "wide"}, "network.embedding cannot be 'wide'"),
        ("network", {"embedding": 0, "tied": "none"}, "network.embedding cannot be 0"),
        ("network", {"encoder_layers": 0}, "network.encoder_layers cannot be 0"),
        ("network", {"attention": None}, "network.attention cannot be None"),
        (
            "network",
            {"attention": "none", "input_feeding": True},
            "network.input_feeding: true does not go with network.attention 'none'",
        ),
        ("vocabulary", {}, "vocabulary.kind is missing"),
        ("search", None, "search is null; its settings are written below it"),
        ("search", {"width": "wide"}, "search.width is 'wide'; allowed: a whole number"),
        ("search", {"width": 2.5}, "search.width is 2.5; allowed: a whole number"),
        ("search", {"width": 0}, "search.width is 0; allowed: a whole number"),
        ("search", {"alpha": None}, "search.alpha is null; allowed: a number"),
        (
            "search",
            {"coverage_penalty": True},
            "search.coverage_penalty is true; allowed: a number",
        ),
    ],
)
def test_a_wrong_config_is_explained(folder, section, value, message):
    rewrite(folder, {section: value})
    with pytest.raises(InputError, match=f"config.json: .*{message}") as refused:
        load_model(folder)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("sha256", {}, "vocabulary.sha256 is empty"),
        ("source_size", 9, "vocabulary.source_size is 9, but the vocabulary has 150 pieces"),
    ],
)
def test_a_wrong_vocabulary_section_is_explained(folder, key, value, message):
    facts = json.loads((folder / "config.json").read_text())["vocabulary"]
    rewrite(folder, {"vocabulary": facts | {key: value}})
    with pytest.raises(InputError, match=f"config.json: {message}"):
        load_model(folder)


@pytest.mark.parametrize("text", ["[]", "3", "null", '"latimer-model/2"'])
def test_json_that_is_no_object_is_refused(folder, text):
    (folder / "config.json").write_text(text)
    with pytest.raises(InputError, match=r"config\.json: not the description of a Latimer model"):
        load_model(folder)


def test_a_missing_section_is_named(folder):
    config = json.loads((folder / "config.json").read_text())
    for key in ("engine", "kind", "network", "vocabulary"):
        shorter = {name: value for name, value in config.items() if name != key}
        (folder / "config.json").write_text(json.dumps(shorter))
        with pytest.raises(InputError, match=rf"config\.json: {key} is missing; copy the folder"):
            load_model(folder)


def test_a_model_of_another_kind_is_refused(tmp_path):
    save_tiny_model(tmp_path / "there")
    save_tiny_model(tmp_path / "alone", kind="language_model", attention="none")
    save_critic(tmp_path / "critic", reads="source")
    save_critic(tmp_path / "taught", reads="reference")
    loaders = {"there": load_translator, "alone": load_language_model, "critic": load_critic}
    for name, load in loaders.items():
        assert load(tmp_path / name).config.kind == load_kind(tmp_path / name)
        for other in {*loaders} - {name}:
            with pytest.raises(InputError, match=f"{other}: a .*, but a .* is needed"):
                load(tmp_path / other)
    with pytest.raises(InputError, match=r"`latimer perplexity .*alone text.txt`"):
        load_translator(tmp_path / "alone")
    assert load_critic(tmp_path / "taught").config.reads == "reference"
    assert load_model(tmp_path / "alone").config.kind == "language_model"
    with pytest.raises(InputError, match="a critic, but a translator is needed"):
        load_model(tmp_path / "critic")


def test_an_infinite_perplexity_comes_back(tmp_path):
    model = tiny_model(kind="language_model", attention="none")
    scores = Scores(dev_perplexity=math.inf)
    model = replace(model, config=model.config.model_copy(update={"scores": scores}))
    save_model(tmp_path / "model", model, "card")
    assert load_model(tmp_path / "model").config.scores == scores


def test_the_description_is_read_without_pytorch(folder):
    program = (
        "import sys, latimer; from latimer.model.config import ModelConfig; "
        "from latimer.model.neural import NeuralConfig; "
        "from latimer.model.reading import read_config; import latimer.engines.translator; "
        "print([read_config(sys.argv[1], c).languages.target for c in (ModelConfig, NeuralConfig)],"
        "'torch' in sys.modules, 'sentencepiece' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True
    )
    assert run.stdout == "['de', 'de'] False False\n"


def test_other_engines_need_no_network(tmp_path):
    entries = {"format": "latimer-model/2", "engine": "rule_based", "kind": "translator"}
    (tmp_path / "config.json").write_text(json.dumps({**entries, "rules": 12}))
    assert read_config(tmp_path, ModelConfig) == ModelConfig(engine="rule_based", kind="translator")


def rewrite(folder, entries):
    """Put `entries` into the folder's `config.json`."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | entries))


def save_critic(folder, reads):
    save_tiny_model(folder)
    rewrite(folder, {"kind": "critic", "reads": reads})


def load_kind(folder):
    """As it stands in the file."""
    return json.loads((folder / "config.json").read_text())["kind"]


def test_an_unusable_device_is_named(folder):
    with pytest.raises(InputError, match="device 'abacus' cannot be used"):
        load_model(folder, "abacus")


_SAVE_WITH_LITTLE_ROOM = """
import resource, signal, sys
from pathlib import Path
from tiny_model import tiny_model
from latimer.errors import LatimerError
from latimer.model.folder import save_model
model = tiny_model(seed=3)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    save_model(Path(sys.argv[1]), model, "card")
except LatimerError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit on file size")
@pytest.mark.parametrize("room", [2_000, 20_000])
def test_a_disk_that_refuses_leaves_the_older_model(folder, room):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    path = os.pathsep.join([os.path.dirname(__file__), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path}
    run = subprocess.run(
        [sys.executable, "-c", _SAVE_WITH_LITTLE_ROOM, str(folder), str(room)],
        capture_output=True, text=True, env=environment, check=True,
    )  # fmt: skip
    assert f"cannot write {folder.parent}" in run.stdout
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_read_only_place_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises((LatimerError, OSError)):
        save_model(tmp_path / "file" / "model", tiny_model(), "card")
    assert (tmp_path / "file").read_text() == "in the way"
