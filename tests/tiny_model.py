"""A vocabulary, networks and model folders small enough to make in a moment."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from latimer.model.card import model_card
from latimer.model.config import Languages, Scores
from latimer.model.folder import Model, save_model
from latimer.model.neural import NeuralConfig, VocabularyFacts, kind_of
from latimer.nn.build import build_network
from latimer.nn.description import NetworkDescription
from latimer.text.vocabulary.subwords import EOS
from latimer.text.vocabulary.vocabulary import Vocabulary

SIZES = {
    "embedding": 16, "encoder_size": 12, "decoder_size": 20, "attention_size": 12, "readout": 16,
}  # fmt: skip
_SYLLABLES = ["ka", "lo", "mi", "ner", "su", "ti", "va", "zo", "brel", "quin"]


def sentences(count: int, seed: int = 0) -> list[str]:
    """Lines of a made-up language, different in length, some with a placeholder."""
    chance = random.Random(seed)
    lines = []
    for _ in range(count):
        words = ["".join(chance.choices(_SYLLABLES, k=2)) for _ in range(chance.randint(1, 9))]
        if chance.random() < 0.2:
            words.insert(chance.randrange(len(words) + 1), "{name}")
        lines.append(" ".join(words).capitalize() + ".")
    return lines


def tiny_vocabulary(joint: bool = True, seed: int = 0) -> Vocabulary:
    lines = sentences(300, seed)
    pairs = list(zip(lines, reversed(lines), strict=True))
    return Vocabulary.train(pairs, kind="bpe", size=150, joint=joint, placeholders=True)


def tiny_model(vocabulary: Vocabulary | None = None, seed: int = 0, **sizes: object) -> Model:
    """A network with random weights, sharp enough to have opinions."""
    vocabulary = vocabulary or tiny_vocabulary()
    torch.manual_seed(seed)
    usual = SIZES if sizes.get("kind") != "perceptron" else {"embedding": 16, "readout": 16}
    described = NetworkDescription.model_validate({**usual, **sizes})
    network = build_network(
        described, source_vocab=len(vocabulary.source), target_vocab=len(vocabulary.target)
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(4.0)
        network.output.bias[EOS] = 7.0
    config = NeuralConfig(
        kind=kind_of(described),
        network=described,
        vocabulary=VocabularyFacts.of(vocabulary),
        languages=Languages(source="en", target="de"),
        scores=Scores(dev_bleu_greedy=12.5),
    )
    return Model(network.eval(), vocabulary, config)


def speaking(model: Model, source: str, target: str) -> Model:
    """The same model, of other languages."""
    languages = Languages(source=source, target=target)
    return replace(model, config=model.config.model_copy(update={"languages": languages}))


def save_tiny_model(folder, **sizes):
    model = tiny_model(**sizes)
    save_model(folder, model, model_card(model.config, command="latimer train tiny.yaml"))
    return model


@dataclass(frozen=True)
class CopyState:
    source: Tensor  # [sentences, time]
    sentences: Tensor  # [rows]
    position: int
    attention: Tensor | None = None

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> CopyState:
        owners = self.sentences[rows]
        source = self.source
        if sentences is not None:
            source = source[sentences]
            owners = torch.searchsorted(sentences, owners)
        attention = None if self.attention is None else self.attention[rows]
        return replace(self, source=source, sentences=owners, attention=attention)


class CopyNetwork(nn.Module):
    """Writes the source again, with probability near 1."""

    device = torch.device("cpu")

    def __init__(self, vocab: int) -> None:
        super().__init__()
        self.vocab = vocab
        self.batches: list[tuple[int, ...]] = []

    def start(self, source: Tensor, lengths: Tensor) -> CopyState:
        self.batches.append(tuple(source.shape))
        return CopyState(source, torch.arange(len(source)), 0)

    def step(self, state: CopyState, tokens: Tensor) -> tuple[Tensor, CopyState]:
        place = min(state.position, state.source.size(1) - 1)
        wanted = state.source[state.sentences, place]
        scores = torch.zeros(len(tokens), self.vocab)
        scores[torch.arange(len(tokens)), wanted] = 20.0
        attention = torch.zeros(len(tokens), state.source.size(1))
        attention[:, place] = 1.0
        return scores, replace(state, position=state.position + 1, attention=attention)


def copying_model(language: str = "de") -> Model:
    vocabulary = tiny_vocabulary()
    config = NeuralConfig(
        kind="translator",
        network=NetworkDescription(),
        vocabulary=VocabularyFacts.of(vocabulary),
        languages=Languages(source="en", target=language),
    )
    return Model(CopyNetwork(len(vocabulary.target)), vocabulary, config)
