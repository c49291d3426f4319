"""Sentences drawn from a language model."""

from __future__ import annotations

import torch

from latimer.engines.neural.memory import Size, check_memory, needed_bytes, row_of
from latimer.engines.neural.pieces import prefix_pieces
from latimer.errors import InputError
from latimer.model.folder import Model
from latimer.search.rules import ForcedPrefix, Ruled
from latimer.search.sampling import sample
from latimer.search.strategies import Sampling
from latimer.text.vocabulary.subwords import EOS
from latimer.threads import one_thread


@one_thread()
@torch.inference_mode()
def draw_sentences(
    model: Model, search: Sampling, *, prefix: str = "", max_length: int = 100
) -> list[str]:
    """Sentences from a language model, each beginning with the pieces of `prefix`.

    Raises InputError for a translator, for a prefix that cannot be written and for more than memory
    can hold.
    """
    if model.config.reads_source:
        raise InputError("a translator, which needs a source; draw translations with it instead")
    pieces = prefix_pieces(model.vocabulary, prefix, max_length)
    device = model.network.device
    row = row_of(model.network, len(model.vocabulary.target))
    needed = needed_bytes([row], Size(search.rows, 1, max_length, mixed=True))
    asked = f"{search.samples} sentences and max_length {max_length}"
    check_memory(needed, device, asked, ["their number", "max_length"])
    source, lengths = torch.tensor([[EOS]], device=device), torch.tensor([1], device=device)
    scorer = Ruled(model.network, [ForcedPrefix([pieces])])
    drawn = sample(scorer, source, lengths, search, max_length=max_length)
    rows = zip(drawn.tokens[0].tolist(), drawn.lengths[0].tolist(), strict=True)
    sentences = [[token for token in row[:length] if token != EOS] for row, length in rows]
    return [model.vocabulary.decode_target(tokens, []).strip() for tokens in sentences]
