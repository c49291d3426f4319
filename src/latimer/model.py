"""The model folder: everything a translator needs, nothing pickled.

config.json            what the network is, languages, data, scores
weights.safetensors    the network's parameters
subwords*.model        the sentencepiece models
shortlist.safetensors  which pieces may translate which, if that was learnt
README.md              the model card
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from latimer.errors import InputError
from latimer.files import sha256_of, write_folder_atomically
from latimer.nn.build import build_network
from latimer.nn.description import read_description
from latimer.nn.seq2seq import Seq2Seq
from latimer.search.settings import check_stored
from latimer.tensors import load_weights, read_tensors, weights_of, write_tensors
from latimer.text.lexicon import Lexicon
from latimer.text.vocabulary.vocabulary import Vocabulary

FORMAT = "latimer-model/1"
CRITIC_FORMAT = "latimer-critic/1"
"""Of a critic's folder, which is laid out as a model's, so that none is taken for the other."""
CONFIG, WEIGHTS, CARD = "config.json", "weights.safetensors", "README.md"
SHORTLIST = "shortlist.safetensors"
DAMAGE = (
    InputError, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError
)  # fmt: skip
"""What building a network from a damaged description may raise."""
SECTIONS = ("network", "vocabulary", "languages", "data", "scores", "search")


@dataclass
class Model:
    """A network, the vocabulary it was trained with, and what `config.json` says of them."""

    network: Seq2Seq
    vocabulary: Vocabulary
    config: dict[str, Any]
    """`network` (a `NetworkDescription`), `languages`
    (`source`, `target`), and what the trainer knows of `data` and `scores`."""
    lexicon: Lexicon | None = None
    """Which target pieces may translate a source piece, for the shortlists of search."""


def save_model(folder: Path, model: Model, card: str, *, layout: str = FORMAT) -> None:
    """Write the model folder in one piece; `card` becomes its README.

    `layout` is FORMAT, or CRITIC_FORMAT for a critic's network.

    Raises LatimerError when the disk refuses (full, read-only); an older folder is then unharmed.
    """

    def fill(temporary: Path) -> None:
        model.vocabulary.save(temporary)
        sums = {path.name: sha256_of(path) for path in sorted(temporary.glob("*.model"))}
        vocabulary = {**model.config.get("vocabulary", {}), **_describe(model.vocabulary)}
        config = {"format": layout, **model.config, "vocabulary": {**vocabulary, "sha256": sums}}
        text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
        (temporary / CONFIG).write_text(text, encoding="utf-8")
        (temporary / CARD).write_text(card, encoding="utf-8")
        write_tensors(temporary / WEIGHTS, weights_of(model.network))
        if model.lexicon is not None:
            model.lexicon.save(temporary / SHORTLIST)

    write_folder_atomically(folder, fill)


def load_model(folder: str | Path, device: str = "cpu", *, layout: str = FORMAT) -> Model:
    """Read a model folder; the network comes in evaluation mode, in fp32, on `device`.

    `layout` is what it must be, FORMAT or CRITIC_FORMAT. Raises InputError naming the file that
    is missing, damaged, foreign or made for another vocabulary.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such model folder; `latimer train` makes one")
    config = _read_config(folder / CONFIG, layout)
    vocabulary = _read_vocabulary(folder, config["vocabulary"])
    network = _build(folder / CONFIG, config["network"], vocabulary)
    _load_weights(network, folder / WEIGHTS)
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


def load_critic(folder: str | Path, device: str = "cpu") -> Model:
    """Read a critic's folder, as `load_model`; its network's steps give values, not logits.

    Raises InputError also for a critic that reads references, which nobody has when translating.
    """
    if not Path(folder).is_dir():
        raise InputError(
            f"{folder}: no such critic; `latimer improve MODEL --objective critic` makes one"
        )
    reads = _read_config(Path(folder) / CONFIG, CRITIC_FORMAT).get("reads")
    if reads != "source":
        raise InputError(
            f"{folder}: this critic reads the {reads}, which nobody has when translating; "
            "train one with critic.reads=source"
        )
    return load_model(folder, device, layout=CRITIC_FORMAT)


def model_card(config: dict[str, Any], *, command: str) -> str:
    """The README of a model folder: languages, data, scores and the command that made it."""
    languages = config.get("languages", {})
    source, target = languages.get("source") or "source", languages.get("target") or "target"
    title, use = f"A translator, {source} → {target}", "translate THIS_FOLDER < text.txt"
    if config.get("network", {}).get("kind") == "language_model":
        of = f" of {languages['target']}" if languages.get("target") else ""
        title, use = f"A language model{of}", "perplexity THIS_FOLDER text.txt"
    if "reads" in config:
        title = f"A critic of translations, {source} → {target}"
        use = "translate MODEL --critic THIS_FOLDER < text.txt"
    lines = [f"# {title}", "", "Made by Latimer with", "", f"    {command}", ""]
    for section in ("data", "scores", "network", "vocabulary"):
        entries = _flat(config.get(section, {}))
        if entries:
            lines += [f"## {section.capitalize()}", "", "| | |", "|---|---|"]
            lines += [f"| {key} | {value} |" for key, value in entries] + [""]
    return "\n".join([*lines, "## Use", "", f"    latimer {use}", ""])


def _flat(section: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested dictionaries as rows of dotted keys and values."""
    rows = []
    for key, value in section.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{key}.")
        else:
            shown = f"{value:.2f}" if isinstance(value, float) else str(value)
            rows.append((f"{prefix}{key}", shown.replace("|", "\\|")))
    return rows


def _describe(vocabulary: Vocabulary) -> dict[str, Any]:
    return {
        "joint": vocabulary.source is vocabulary.target,
        "placeholders": vocabulary.placeholders,
        "source_size": len(vocabulary.source),
        "target_size": len(vocabulary.target),
    }


def _read_config(path: Path, layout: str) -> dict[str, Any]:
    """The checked `config.json`."""
    try:
        config = json.loads(path.read_bytes())
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: damaged, not JSON ({error}); copy the folder again") from error
    if not isinstance(config, dict) or config.get("format") != layout:
        found = config.get("format") if isinstance(config, dict) else type(config).__name__
        kind = "critic" if layout == CRITIC_FORMAT else "model"
        raise InputError(f"{path}: not a Latimer {kind}: format {layout!r} expected, not {found!r}")
    for key in SECTIONS:
        if not isinstance(config.setdefault(key, {}), dict):
            raise InputError(f"{path}: {key!r} must be an object; copy the folder again")
    try:
        check_stored(config["search"])
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return config


def _read_vocabulary(folder: Path, described: dict[str, Any]) -> Vocabulary:
    """The vocabulary, once its files are known to be those the model was trained with."""
    sums = described.get("sha256")
    if not isinstance(sums, dict) or not sums:
        raise InputError(f"{folder / CONFIG}: vocabulary.sha256 is missing; copy the folder again")
    for name, expected in sums.items():
        path = folder / Path(name).name
        try:
            found = sha256_of(path)
        except OSError as error:
            raise _unreadable(path, error) from error
        if found != expected:
            raise InputError(
                f"{path}: not the vocabulary this model was trained with (sha256 differs from "
                f"{CONFIG}); put back the file that came with the model"
            )
    return Vocabulary.load(folder)


def _build(path: Path, keywords: dict[str, Any], vocabulary: Vocabulary) -> Seq2Seq:
    """The network that `config.json` describes, its weights still random."""
    sizes = {"source_vocab": len(vocabulary.source), "target_vocab": len(vocabulary.target)}
    for key, size in sizes.items():
        if keywords.get(key, size) != size:
            raise InputError(
                f"{path}: network.{key} is {keywords[key]}, but the vocabulary has {size} pieces; "
                "put back the files that came with the model"
            )
    try:
        described = {key: value for key, value in keywords.items() if key not in sizes}
        return build_network(read_description(described), **sizes)
    except DAMAGE as error:
        raise InputError(f"{path}: 'network' describes no network: {error}") from error


def _load_weights(network: nn.Module, path: Path) -> None:
    """Copy the file's tensors into the network, in whatever precision they were stored."""
    try:
        weights = read_tensors(path)
    except InputError as error:
        raise InputError(f"{error}; copy the whole model folder again") from error
    try:
        load_weights(network, weights)
    except InputError as error:
        raise InputError(f"{path}: {error}; put back the file that came with {CONFIG}") from error


def _unreadable(path: Path, error: OSError) -> InputError:
    why = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
    return InputError(f"{path} {why}; copy the whole model folder again")
