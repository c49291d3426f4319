import json
import os
import pickle
import resource
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from latimer.errors import InputError, LatimerError
from latimer.model.card import model_card
from latimer.model.folder import load_model, save_model
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
    assert loaded.config["languages"] == {"source": "en", "target": "de"}
    assert loaded.config["format"] == "latimer-model/1"
    assert not loaded.network.training


def test_a_vocabulary_of_two_models(tmp_path):
    vocabulary = tiny_vocabulary(joint=False)
    model = tiny_model(vocabulary, tied="none")
    save_model(tmp_path / "model", model, "# card")
    loaded = load_model(tmp_path / "model")
    torch.testing.assert_close(logits(loaded.network), logits(model.network), atol=0, rtol=0)
    assert set(loaded.config["vocabulary"]["sha256"]) == {
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
    config = {
        "languages": {"source": "en", "target": "de"},
        "scores": {"dev": {"bleu": 31.25}},
        "data": {"train": "a|b"},
    }
    card = model_card(config, command="latimer train x.yaml")
    assert "en → de" in card
    assert "| dev.bleu | 31.25 |" in card
    assert "| train | a\\|b |" in card
    assert "    latimer train x.yaml" in card


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
        ("format", "other/9", "format 'latimer-model/1' expected, not 'other/9'"),
        ("network", [1], "'network' must be an object"),
        ("network", {"cell": "perceptron"}, "'network' describes no network"),
        ("network", {"no_such_size": 3}, "'network' describes no network"),
        ("network", {"embedding": -3}, "'network' describes no network"),
        ("network", {"embedding": "wide"}, "'network' describes no network"),
        ("network", {"embedding": 0, "tied": "none"}, "'network' describes no network"),
        ("network", {"encoder_layers": 0}, "'network' describes no network"),
        ("network", {"attention": "none", "decoder_layers": 0}, "'network' describes no network"),
        ("network", {"attention": None, "input_feeding": True}, "'network' describes no network"),
        ("network", {"source_vocab": 9}, "network.source_vocab is 9, but the vocabulary has"),
        ("vocabulary", {}, r"vocabulary.sha256 is missing"),
        ("search", None, "'search' must be an object"),
        ("search", {"beam": "wide"}, "search.beam cannot be 'wide'"),
        ("search", {"beam": 2.5}, "search.beam cannot be 2.5"),
        ("search", {"alpha": None}, "search.alpha cannot be None"),
        ("search", {"coverage_penalty": True}, "search.coverage_penalty cannot be True"),
    ],
)
def test_a_wrong_config_is_explained(folder, section, value, message):
    config = json.loads((folder / "config.json").read_text())
    config[section] = value
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=f"config.json: .*{message}"):
        load_model(folder)


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
