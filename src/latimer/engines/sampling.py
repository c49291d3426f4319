"""Sentences drawn from a language model."""

from __future__ import annotations

import torch

from latimer.engines.given import prefix_pieces
from latimer.engines.memory import Size, check_memory, needed_bytes, row_of
from latimer.errors import InputError
from latimer.model.folder import Model
from latimer.search.rules import ForcedPrefix, Ruled
from latimer.search.sampling import check_sampling, sample
from latimer.text.vocabulary.subwords import EOS
from latimer.threads import one_thread


@one_thread()
@torch.inference_mode()
def draw_sentences(
    model: Model,
    count: int,
    *,
    prefix: str = "",
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    max_length: int = 100,
    seed: int = 0,
) -> list[str]:
    """`count` sentences from a language model, each beginning with the pieces of `prefix`.

    The other settings are those of `latimer.search.sampling.sample`. Raises InputError for a
    translator, for impossible settings, for a prefix that cannot be written and for more than
    memory can hold.
    """
    if model.config.reads_source:
        raise InputError(
            "a translator, which needs a source: `latimer translate --sample` draws translations"
        )
    check_sampling(count, temperature, top_k, top_p, called="count")
    pieces = prefix_pieces(model.vocabulary, prefix, max_length)
    device = model.network.device
    row = row_of(model.network, len(model.vocabulary.target))
    needed = needed_bytes([row], Size(count, 1, max_length, mixed=True))
    asked = f"count {count} and max_length {max_length}"
    check_memory(needed, device, asked, ["count", "max_length"])
    source, lengths = torch.tensor([[EOS]], device=device), torch.tensor([1], device=device)
    scorer = Ruled(model.network, [ForcedPrefix([pieces])])
    drawn = sample(
        scorer, source, lengths, max_length=max_length, samples=count, temperature=temperature,
        top_k=top_k, top_p=top_p, seed=seed,
    )  # fmt: skip
    rows = zip(drawn.tokens[0].tolist(), drawn.lengths[0].tolist(), strict=True)
    sentences = [[token for token in row[:length] if token != EOS] for row, length in rows]
    return [model.vocabulary.decode_target(tokens, []).strip() for tokens in sentences]
