"""A recurrent translator in one file of plain PyTorch, written as a competent person writes it.

It is the baseline that Latimer is measured against: a GRU encoder-decoder with Bahdanau attention
(embeddings 256, encoder 2 x 256, decoder 512, one embedding matrix for source, target and output;
5.9 M parameters), label smoothing 0.1, dropout 0.3, Adam at 1e-3 halved when dev BLEU stalls,
gradient clipping at 1, batches of 64 sentences. Run by itself it trains on Multi30k and prints
greedy dev BLEU after each epoch; `train_updates` is what the speed benchmark imports.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import sacrebleu
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks.common import (
    BATCH_SENTENCES,
    BOS,
    EOS,
    PAD,
    VOCABULARY_SIZE,
    Pieces,
    batches_of_sentences,
    encode,
    load_processor,
    markdown_table,
    pad,
    parser,
    pin,
    read_split,
    report,
    train_joint_bpe,
)


class Attention(nn.Module):
    """Additive attention (Bahdanau et al. 2015): energies v · tanh(W s + U h)."""

    def __init__(self, memory: int, query: int, size: int) -> None:
        super().__init__()
        self.key = nn.Linear(memory, size)
        self.query = nn.Linear(query, size, bias=False)
        self.energy = nn.Linear(size, 1, bias=False)

    def forward(self, state: Tensor, memory: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        """Context `[batch, memory]` for one decoder state per sentence, `[batch, query]`."""
        energies = self.energy(torch.tanh(self.query(state).unsqueeze(1) + keys)).squeeze(2)
        weights = energies.float().masked_fill(~mask, -torch.inf).softmax(1).to(memory.dtype)
        return torch.bmm(weights.unsqueeze(1), memory).squeeze(1)


class Prototype(nn.Module):
    """The encoder-decoder."""

    def __init__(
        self,
        vocabulary: int = VOCABULARY_SIZE,
        embedding: int = 256,
        encoder: int = 256,
        decoder: int = 512,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=embedding**-0.5)
        self.encoder = nn.GRU(embedding, encoder, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * encoder, decoder)
        self.attention = Attention(2 * encoder, decoder, decoder)
        self.cell = nn.GRUCell(embedding + 2 * encoder, decoder)
        self.readout = nn.Linear(decoder + 2 * encoder + embedding, embedding)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        self.dropout = nn.Dropout(dropout)

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """First state `[batch, decoder]`, memory and keys `[batch, time, …]`, and the mask."""
        mask = source != PAD
        embedded = self.dropout(self.embedding(source))
        packed = pack_padded_sequence(
            embedded, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False
        )
        outputs, last = self.encoder(packed)
        memory = self.dropout(pad_packed_sequence(outputs, batch_first=True)[0])
        state = torch.tanh(self.bridge(torch.cat([last[0], last[1]], 1)))
        return state, memory, self.attention.key(memory), mask

    def logits(self, state: Tensor, context: Tensor, embedded: Tensor) -> Tensor:
        """Scores `[…, vocabulary]` of the next piece."""
        features = torch.tanh(self.readout(torch.cat([state, context, embedded], -1)))
        return functional.linear(self.dropout(features), self.embedding.weight, self.bias)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Logits `[batch, time, vocabulary]` under teacher forcing; `target` begins with BOS."""
        state, memory, keys, mask = self.encode(source)
        embedded = self.dropout(self.embedding(target))
        states, contexts = [], []
        for step in range(target.shape[1]):
            context = self.attention(state, memory, keys, mask)
            state = self.cell(torch.cat([embedded[:, step], context], 1), state)
            states.append(state)
            contexts.append(context)
        return self.logits(torch.stack(states, 1), torch.stack(contexts, 1), embedded)

    @torch.no_grad()
    def translate(self, source: Tensor, max_length: int = 60) -> list[list[int]]:
        """Greedy translations of `source [batch, time]`, without EOS."""
        state, memory, keys, mask = self.encode(source)
        tokens = torch.full((len(source),), BOS)
        written = []
        for _ in range(max_length):
            context = self.attention(state, memory, keys, mask)
            embedded = self.embedding(tokens)
            state = self.cell(torch.cat([embedded, context], 1), state)
            tokens = self.logits(state, context, embedded).argmax(1)
            written.append(tokens)
            if bool((torch.stack(written) == EOS).any(0).all()):
                break
        rows = torch.stack(written, 1).tolist()
        return [row[: row.index(EOS)] if EOS in row else row for row in rows]


def train_epoch(
    model: Prototype,
    optimiser: torch.optim.Optimizer,
    pieces: Pieces,
    *,
    bucketed: bool,
    bf16: bool,
    epoch: int,
) -> Iterator[int]:
    """Train for one epoch; yields, after each update, its target tokens with end-of-sentence."""
    model.train()
    lengths = [len(target) for target in pieces.target]
    for rows in batches_of_sentences(lengths, size=BATCH_SENTENCES, bucketed=bucketed, seed=epoch):
        source = pad([[*pieces.source[row], EOS] for row in rows])
        target = pad([[BOS, *pieces.target[row], EOS] for row in rows])
        labels = target[:, 1:]
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = model(source, target[:, :-1])
            loss = functional.cross_entropy(
                logits.flatten(0, 1), labels.flatten(), ignore_index=PAD, label_smoothing=0.1
            )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        yield int((labels != PAD).sum())


def train_updates(pieces: Pieces, *, bucketed: bool, bf16: bool, seed: int = 1) -> Iterator[int]:
    """Train a new prototype for ever; each update yields its number of target tokens."""
    torch.manual_seed(seed)
    model = Prototype()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    epoch = 0
    while True:
        yield from train_epoch(model, optimiser, pieces, bucketed=bucketed, bf16=bf16, epoch=epoch)
        epoch += 1


def translate_all(model: Prototype, sources: list[list[int]]) -> list[list[int]]:
    """Greedy translations in batches of 64, short sentences first, in the given order."""
    model.eval()
    order = sorted(range(len(sources)), key=lambda row: len(sources[row]))
    results: dict[int, list[int]] = {}
    for start in range(0, len(order), BATCH_SENTENCES):
        rows = order[start : start + BATCH_SENTENCES]
        translations = model.translate(pad([[*sources[row], EOS] for row in rows]))
        results.update(zip(rows, translations, strict=True))
    return [results[row] for row in range(len(sources))]


def main() -> None:
    """Train for a number of minutes and print greedy dev BLEU after each epoch."""
    arguments = parser(__doc__, "prototype")
    arguments.add_argument("--minutes", type=float, default=25, help="training time (%(default)s)")
    arguments.add_argument("--batching", choices=["shuffled", "bucketed"], default="bucketed")
    arguments.add_argument("--bf16", action="store_true", help="bfloat16 autocast")
    flags = arguments.parse_args()
    pin(flags.core)
    text, dev = read_split(flags.data, "train"), read_split(flags.data, "val")
    processor = load_processor(train_joint_bpe(text))
    pieces, dev_sources = encode(processor, text), processor.encode(dev.source)

    model = Prototype()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    halving = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, "max", factor=0.5, patience=0)
    rows: list[tuple[int, float, float]] = []
    start = time.perf_counter()
    while time.perf_counter() - start < 60 * flags.minutes:
        epoch = len(rows) + 1
        bucketed = flags.batching == "bucketed"
        for _ in train_epoch(
            model, optimiser, pieces, bucketed=bucketed, bf16=flags.bf16, epoch=epoch
        ):
            pass
        translations = processor.decode(translate_all(model, dev_sources))
        bleu = sacrebleu.corpus_bleu(translations, [dev.target]).score
        halving.step(bleu)
        rows.append((epoch, (time.perf_counter() - start) / 60, bleu))
        print(f"epoch {epoch}: {rows[-1][1]:.1f} minutes, dev BLEU {bleu:.1f}", file=sys.stderr)
    table = markdown_table(["epoch", "minutes", "greedy dev BLEU"], rows)
    report("One-file prototype on Multi30k En→De", [table], {"epochs": rows}, flags.json)


if __name__ == "__main__":
    main()
