"""How much of the gradient reaches each source position (Bengio, Simard & Frasconi 1994)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from latimer.errors import InputError
from latimer.model.folder import Model
from latimer.nn.encoder import Encoder, backwards
from latimer.nn.seq2seq import Seq2Seq
from latimer.text.batching import pad_sources
from latimer.text.vocabulary.subwords import BOS
from latimer.threads import one_thread


@one_thread()
def source_gradients(model: Model, pairs: Sequence[tuple[str, str]]) -> list[Tensor]:
    """For each (source, target): ‖∂ log P(target | source) / ∂ embedding_i‖ `[source_time]`.

    Position i counts source pieces from 0; the end of sentence is the last. Raises InputError for
    a language model.
    """
    encoder = model.network.encoder
    if not isinstance(encoder, Encoder):
        raise InputError("a language model reads no source that a gradient could reach")
    found = []
    for source, target in pairs:
        pieces = model.vocabulary.encode_pair(source, target)
        found.append(_norms(model.network, encoder, *pieces))
    return found


def _norms(network: Seq2Seq, encoder: Encoder, source: list[int], target: list[int]) -> Tensor:
    embedded: list[Tensor] = []
    ids, lengths = (t.to(network.device) for t in pad_sources([source]))
    labels, _ = (t.to(network.device) for t in pad_sources([target]))
    # The embedding may be the decoder's as well; only what the encoder reads of it counts.
    hook = encoder.embedding.register_forward_hook(lambda *call: embedded.append(call[2]))
    try:
        with torch.enable_grad():
            memory = network.encode(ids, lengths)
    finally:
        hook.remove()
    with torch.enable_grad():
        inputs = torch.cat([torch.full_like(labels[:, :1], BOS), labels[:, :-1]], 1)
        logits = network.decode(memory, inputs)
        log_prob = logits.log_softmax(2).gather(2, labels[:, :, None]).sum()
        (gradient,) = torch.autograd.grad(log_prob, embedded[0])
    norms = gradient[:, 0].norm(dim=1)
    if encoder.reverse_source:
        norms = norms[backwards(lengths, len(norms))[0]]
    return norms.detach()


def by_distance(norms: Sequence[Tensor], least: int = 1) -> Tensor:
    """Geometric means `[distance]` of the norms so many positions before the end of sentence.

    Each sentence's norms are divided by the one at its end, so that the first mean is 1. Distances
    that fewer than `least` sentences have are left out.
    """
    longest = max((len(one) for one in norms), default=0)
    means = []
    for distance in range(longest):
        ratios = [one[-1 - distance] / one[-1] for one in norms if len(one) > distance]
        if len(ratios) < least:
            break
        means.append(torch.stack(ratios).double().clamp(min=1e-30).log().mean().exp())
    return torch.stack(means) if means else torch.empty(0, dtype=torch.float64)
