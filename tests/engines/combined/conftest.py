"""A phrase-based model and a network of one made-up pair of languages, and both combined."""

import pytest

from latimer.engines.combined.combine import combine
from latimer.engines.phrases.training.run import train
from latimer.model.card import model_card
from latimer.model.folder import save_model
from latimer.recipe import load_any_recipe
from latimer.text.vocabulary.vocabulary import Vocabulary
from made_language import sentences
from tiny_model import speaking, tiny_model


@pytest.fixture(scope="session")
def pairs():
    return sentences(640)


@pytest.fixture(scope="session")
def texts(pairs, tmp_path_factory):
    """Files of the corpus: train, dev and test, `.en` and `.eo`."""
    folder = tmp_path_factory.mktemp("text")
    for part, some in (("train", pairs[:420]), ("dev", pairs[420:540]), ("test", pairs[600:])):
        for side, code in enumerate(("en", "eo")):
            lines = "".join(f"{pair[side]}\n" for pair in some)
            (folder / f"{part}.{code}").write_text(lines, "utf-8")
    return folder


@pytest.fixture(scope="session")
def phrases(texts, tmp_path_factory):
    settings = [
        f"data.{part}.{side}={texts / f'{part}.{code}'}"
        for part in ("train", "dev")
        for side, code in (("source", "en"), ("target", "eo"))
    ]
    languages = ["data.source_language=en", "data.target_language=eo", "tuning.kind=none"]
    recipe = load_any_recipe("koehn2003", [*settings, *languages])
    return train(recipe, tmp_path_factory.mktemp("phrases") / "run")


@pytest.fixture(scope="session")
def network(pairs, tmp_path_factory):
    """Its weights are random, so that it knows nothing."""
    vocabulary = Vocabulary.train(pairs, kind="bpe", size=120, joint=True, placeholders=True)
    model = speaking(tiny_model(vocabulary), "en", "eo")
    folder = tmp_path_factory.mktemp("network") / "best"
    save_model(folder, model, model_card(model.config, command="latimer train tiny.yaml"))
    return folder


@pytest.fixture(scope="session")
def combined(network, phrases, pairs, tmp_path_factory):
    out = tmp_path_factory.mktemp("combined") / "model"
    dev = pairs[420:540]
    return combine(network, phrases, [one for one, _ in dev], [other for _, other in dev], out)
