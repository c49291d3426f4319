"""The initial network of a phase, stored beside the state: KL and extrapolation start from it."""

from __future__ import annotations

from pathlib import Path

from latimer.files import write_atomically
from latimer.nn.rl.critic import delayed
from latimer.nn.seq2seq import Seq2Seq
from latimer.tensors import load_weights, read_tensors, weights_of, write_tensors


def initial_network(run: Path, network: Seq2Seq, *, fresh: bool, phase: int = 0) -> Seq2Seq | None:
    """A frozen copy of `network` as it was when the phase began, on the same device.

    In a `fresh` phase that is `network` as it is; the copy is written to `run/start.safetensors`,
    that of later phases to `run/2-start.safetensors` and so on, so that the phase before can still
    be continued until the new one has a state. None where the file is missing. Raises LatimerError
    when the disk refuses and InputError when the file is damaged.
    """
    name = f"{phase + 1}-start.safetensors" if phase else "start.safetensors"
    path, twin = run / name, delayed(network).eval()
    if fresh:
        write_atomically(path, lambda temporary: write_tensors(temporary, weights_of(twin)))
        return twin
    if not path.exists():
        return None
    load_weights(twin, read_tensors(path))
    return twin
