"""Latimer as the benchmarks run it: its own network, batching, objective and optimiser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.common import BATCH_SENTENCES, Pieces
from benchmarks.peers.architecture import Architecture
from latimer.model.card import model_card
from latimer.model.config import Languages
from latimer.model.folder import Model, save_model
from latimer.model.neural import NeuralConfig, VocabularyFacts
from latimer.nn.build import build_network
from latimer.nn.description import NetworkDescription
from latimer.nn.seq2seq import Seq2Seq
from latimer.text.batching import Batch, collate, plan
from latimer.text.corpus.tokenised import TokenisedCorpus
from latimer.text.model1 import learn_lexicon
from latimer.text.vocabulary.subwords import Subwords
from latimer.text.vocabulary.vocabulary import Vocabulary
from latimer.train.loop.allocator import keep_freed_memory
from latimer.train.loop.distributed import Group
from latimer.train.loop.update import Updater, build_optimisers
from latimer.train.loop.workers import Workers
from latimer.train.objectives.likelihood import Likelihood

POSITIONS = 64 * BATCH_SENTENCES
"""The token budget: so generous that the number of sentences alone ends a batch."""


def write_corpus(pieces: Pieces, path: Path) -> Path:
    """The pieces as a tokenised corpus in the file `path`."""
    TokenisedCorpus.write(path, zip(pieces.source, pieces.target, strict=True))
    return path


def build(architecture: Architecture, seed: int = 1) -> Seq2Seq:
    """A network with freshly drawn weights."""
    torch.manual_seed(seed)
    return build_network(
        described(architecture),
        source_vocab=architecture.source_vocab,
        target_vocab=architecture.target_vocab,
    )


def described(architecture: Architecture) -> NetworkDescription:
    """The network without the sizes of its vocabularies."""
    sizes = architecture.keywords().items()
    return NetworkDescription.model_validate({k: v for k, v in sizes if not k.endswith("_vocab")})


def batches(corpus: TokenisedCorpus, seed: int = 1) -> Iterator[Batch]:
    """Batches of 64 sentences, epoch after epoch."""
    epoch = 0
    while True:
        rows = plan(
            corpus.source_lengths,
            corpus.target_lengths,
            tokens=POSITIONS,
            seed=seed,
            epoch=epoch,
            max_sentences=BATCH_SENTENCES,
        )
        yield from (collate(corpus, indices) for indices in rows)
        epoch += 1


def train_updates(
    architecture: Architecture, corpus_file: Path, *, bf16: bool
) -> tuple[Seq2Seq, Iterator[int]]:
    """A new network and its training: each update yields its target tokens, for ever.

    Label smoothing 0.1, Adam 1e-3, clip 1, as everybody's.
    """
    keep_freed_memory()
    network = build(architecture)
    return network, _updates(network, TokenisedCorpus.open(corpus_file), bf16=bf16)


def _updates(network: Seq2Seq, corpus: TokenisedCorpus, *, bf16: bool) -> Iterator[int]:
    network.train()
    objective = Likelihood(network, 0.1)
    updater = Updater(
        objective,
        build_optimisers(objective, weight_decay=0.0),
        clip=1.0,
        workers=Workers(precision="bf16" if bf16 else "fp32"),
        group=Group(),
    )
    for number, batch in enumerate(batches(corpus), 1):
        updater.update(batch, number, 1e-3, seconds=0.0, interrupted=False)
        yield batch.tokens


def save(
    network: Seq2Seq, architecture: Architecture, subwords: Path, corpus: Path, folder: Path
) -> None:
    """Write a model folder; `subwords` is the file of the sentencepiece model."""
    pieces = Subwords.load(subwords)
    vocabulary = Vocabulary(pieces, pieces, placeholders=False)
    config = NeuralConfig(
        kind="translator",
        network=described(architecture),
        vocabulary=VocabularyFacts.of(vocabulary),
        languages=Languages(source="en", target="de"),
    )
    lexicon = learn_lexicon(TokenisedCorpus.open(corpus), len(pieces), len(pieces))
    model = Model(network, vocabulary, config, lexicon)
    save_model(folder, model, model_card(config, command="python -m benchmarks"))
