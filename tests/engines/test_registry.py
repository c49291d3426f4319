"""Which engine loads a model folder, and what every translator offers."""

import json
import subprocess
import sys

import command
import pytest

import latimer
from asking import translator_of
from latimer.engines import registry
from latimer.engines.text_translator import TextTranslator
from latimer.engines.translator import Capabilities, Translation, Translator
from latimer.errors import InputError
from latimer.model.config import FORMAT, Languages
from latimer.search.strategies import Beam
from tiny_model import copying_model, save_tiny_model, tiny_model


class Echo:
    """A translator of another engine: writes each text again."""

    languages = Languages(source="en", target="en")
    capabilities = Capabilities()
    search = Beam()

    def __init__(self, loud: bool) -> None:
        self.loud, self.closed = loud, False

    def translate(self, texts, search=None, *, constraints=None, attention=False):
        return [Translation(text, text.upper() if self.loud else text, 0.0) for text in texts]

    def close(self):
        self.closed = True

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def load_echo(folder, *, loud: bool = False) -> Translator:
    return Echo(loud)


@pytest.fixture
def echo(tmp_path, monkeypatch):
    """A model folder of the engine `echo`."""
    monkeypatch.setitem(registry.ENGINES, "echo", f"{__name__}:load_echo")
    config = {"format": FORMAT, "engine": "echo", "kind": "translator"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path


def test_the_description_names_the_engine(echo):
    with latimer.load(echo) as quiet, latimer.load(echo, loud=True) as loud:
        assert [t.translate(["Ka lo."])[0].text for t in (quiet, loud)] == ["Ka lo.", "KA LO."]
    assert quiet.closed


def test_options_of_another_engine_are_refused(echo):
    with pytest.raises(InputError, match="has no option 'precision'; it has loud"):
        latimer.load(echo, precision="fp32")


def test_commands_translate_with_an_engine_that_has_no_devices(echo, tmp_path):
    text = tmp_path / "text"
    text.write_text("Ka lo.\n")
    run = command.latimer("translate", echo, text)
    assert (run.returncode, run.stdout) == (0, b"Ka lo.\n"), run.stderr
    scored = command.latimer("evaluate", echo, text, text, "--metrics", "ter")
    assert scored.stdout.startswith(b"TER   0.00"), scored.stderr
    refused = command.latimer("translate", echo, text, "--device", "cpu")
    assert refused.returncode == 2
    assert b"has no option 'device'; it has loud" in refused.stderr


def test_a_neural_model_is_loaded_as_before(tmp_path):
    model = save_tiny_model(tmp_path / "model")
    found = latimer.load(tmp_path / "model", precision="fp32", threads=1)
    assert isinstance(found, TextTranslator)
    texts = ["Kalo miner.", ""]
    assert found.translate(texts) == translator_of(model).translate(texts)
    with pytest.raises(
        InputError, match=r"engine\.loud is true; there is no such setting; valid names: device, t"
    ):
        latimer.load(tmp_path / "model", loud=True)


def test_an_unknown_engine_is_refused_before_pytorch_is_imported(tmp_path):
    config = {"format": FORMAT, "engine": "oracle", "kind": "translator"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    program = (
        "import sys, latimer\n"
        "try: latimer.load(sys.argv[1])\n"
        "except latimer.errors.LatimerError as error: print(error)\n"
        "print('torch' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    message, imported = run.stdout.splitlines()
    assert message.startswith(f"{tmp_path / 'config.json'}: a model of the engine 'oracle', which")
    assert f"(it has {', '.join(registry.ENGINES)})" in message
    assert imported == "False"


def test_every_engine_can_be_imported():
    for place in registry.ENGINES.values():
        module, _, name = place.partition(":")
        assert callable(getattr(__import__(module, fromlist=[name]), name))


@pytest.mark.parametrize("translator", [Echo(False), translator_of(copying_model())])
def test_a_translator_is_what_the_protocol_says(translator: Translator):
    for name in (
        "languages",
        "capabilities",
        "search",
        "translate",
        "close",
        "__enter__",
        "__exit__",
    ):
        assert hasattr(type(translator), name), name
    assert isinstance(translator.capabilities, Capabilities)
    assert isinstance(translator.languages, Languages)


def test_attention_is_that_of_all_models_of_an_ensemble():
    seeing, blind = tiny_model(), tiny_model(attention="none")
    assert translator_of(seeing).capabilities.attention
    assert not translator_of(blind).capabilities.attention
    both = translator_of(seeing, blind)
    assert not both.capabilities.attention
    assert both.translate(["Kalo."], attention=True)[0].attention is None


def test_nothing_is_translated_after_closing():
    with translator_of(tiny_model(), threads=2, batch_tokens=4) as translator:
        first = translator.translate(["Kalo.", "Suti."])
        assert len(first) == 2
    with pytest.raises(RuntimeError):
        translator.translate(["Kalo.", "Suti."])
