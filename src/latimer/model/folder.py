"""The folder of a neural model: everything a translator needs, nothing pickled.

config.json            engine, kind, languages, data, scores, network, vocabulary, search
weights.safetensors    the network's parameters
subwords*.model        the sentencepiece models
shortlist.safetensors  which pieces may translate which, if that was learnt
README.md              the model card
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from latimer.errors import InputError
from latimer.files import sha256_of, write_folder_atomically
from latimer.model.kinds import ModelKind, check_kind
from latimer.model.neural import NeuralConfig, VocabularyFacts
from latimer.model.reading import CONFIG, read_config, unreadable
from latimer.model.weights import load_weights, save_weights
from latimer.nn.build import build_network
from latimer.nn.seq2seq import Seq2Seq
from latimer.text.lexicon import Lexicon
from latimer.text.vocabulary.vocabulary import Vocabulary

WEIGHTS, CARD, SHORTLIST = "weights.safetensors", "README.md", "shortlist.safetensors"


@dataclass(frozen=True)
class Model:
    """A network, the vocabulary it was trained with, and what `config.json` says of them."""

    network: Seq2Seq
    vocabulary: Vocabulary
    config: NeuralConfig
    lexicon: Lexicon | None = None
    """Which target pieces may translate a source piece, for the shortlists of search."""


def save_model(folder: Path, model: Model, card: str) -> None:
    """Write the model folder in one piece; `card` becomes its README.

    Raises LatimerError when the disk refuses (full, read-only); an older folder is then unharmed.
    """

    def fill(temporary: Path) -> None:
        model.vocabulary.save(temporary)
        sums = {path.name: sha256_of(path) for path in sorted(temporary.glob("*.model"))}
        facts = VocabularyFacts.of(model.vocabulary).model_copy(update={"sha256": sums})
        entries = model.config.model_copy(update={"vocabulary": facts}).as_json()
        text = json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
        (temporary / CONFIG).write_text(text, encoding="utf-8")
        (temporary / CARD).write_text(card, encoding="utf-8")
        save_weights(model.network, temporary / WEIGHTS)
        if model.lexicon is not None:
            model.lexicon.save(temporary / SHORTLIST)

    write_folder_atomically(folder, fill)


def load_model(folder: str | Path, device: str = "cpu", *, kind: ModelKind | None = None) -> Model:
    """Read a model folder; the network comes in evaluation mode, in fp32, on `device`.

    `kind` is what it must be; None allows translators and language models. Raises InputError, one
    line, for a model of another kind or engine, for a file that is missing, damaged, of another
    version or made for another vocabulary, and for a device that cannot be used.
    """
    folder = Path(folder)
    config = read_config(folder, NeuralConfig)
    allowed: tuple[ModelKind, ...] = ("translator", "language_model") if kind is None else (kind,)
    check_kind(folder, config.kind, *allowed)
    return _load(folder, config, device)


def load_translator(folder: str | Path, device: str = "cpu") -> Model:
    """As `load_model`, of a translator; raises InputError for another kind of model."""
    return load_model(folder, device, kind="translator")


def load_language_model(folder: str | Path, device: str = "cpu") -> Model:
    """As `load_model`, of a language model; raises InputError for another kind of model."""
    return load_model(folder, device, kind="language_model")


def load_critic(folder: str | Path, device: str = "cpu") -> Model:
    """As `load_model`, of a critic; its network's steps give values, not logits.

    Raises InputError for another kind of model.
    """
    return load_model(folder, device, kind="critic")


def _load(folder: Path, config: NeuralConfig, device: str) -> Model:
    vocabulary = _read_vocabulary(folder, config.vocabulary)
    network = _build(folder / CONFIG, config)
    load_weights(network, folder / WEIGHTS)
    try:
        network.to(device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"device {device!r} cannot be used: {str(error).splitlines()[0]}"
        ) from error
    lexicon = None
    if (folder / SHORTLIST).exists():
        sizes = len(vocabulary.source), len(vocabulary.target)
        lexicon = Lexicon.load(folder / SHORTLIST, *sizes)
    return Model(network.eval(), vocabulary, config, lexicon)


def _read_vocabulary(folder: Path, described: VocabularyFacts) -> Vocabulary:
    """The vocabulary, once its files are known to be those the model was trained with."""
    if not described.sha256:
        raise InputError(f"{folder / CONFIG}: vocabulary.sha256 is empty; copy the folder again")
    for name, expected in described.sha256.items():
        path = folder / Path(name).name
        try:
            found = sha256_of(path)
        except OSError as error:
            raise unreadable(path, error) from error
        if found != expected:
            raise InputError(
                f"{path}: not the vocabulary this model was trained with (sha256 differs from "
                f"{CONFIG}); put back the file that came with the model"
            )
    vocabulary = Vocabulary.load(folder)
    _check_sizes(folder / CONFIG, described, vocabulary)
    return vocabulary


def _check_sizes(path: Path, described: VocabularyFacts, vocabulary: Vocabulary) -> None:
    found = VocabularyFacts.of(vocabulary)
    for key in ("source_size", "target_size"):
        theirs, ours = getattr(described, key), getattr(found, key)
        if theirs != ours:
            raise InputError(
                f"{path}: vocabulary.{key} is {theirs}, but the vocabulary has {ours} pieces; "
                "put back the files that came with the model"
            )


def _build(path: Path, config: NeuralConfig) -> Seq2Seq:
    """The network that `config.json` describes, its weights still random."""
    sizes = config.vocabulary
    try:
        return build_network(
            config.network, source_vocab=sizes.source_size, target_vocab=sizes.target_size
        )
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"{path}: network cannot be built: {str(error).splitlines()[0]}; copy the folder again"
        ) from error
