"""Errors of memory are one line, whoever raises them."""

import pytest
import torch
from command import complaint, latimer

from latimer import cli


class OutOfMemoryError(RuntimeError):
    """Named as PyTorch names that of a GPU."""


def _python():
    raise MemoryError


def _graphics():
    raise OutOfMemoryError("CUDA out of memory. Tried to allocate 80.00 GiB")


def _processor():
    torch.empty(2**50)


@pytest.mark.parametrize("fails", [_python, _graphics, _processor])
def test_out_of_memory_is_one_line(monkeypatch, fails):
    def translate() -> None:
        fails()

    monkeypatch.setattr(cli, "COMMANDS", {"": (translate,)})
    assert "out of memory; use smaller batches" in complaint(latimer("translate"), 1)


def test_pytorchs_name_of_the_error_has_not_changed():
    assert torch.OutOfMemoryError.__name__ == OutOfMemoryError.__name__
    assert issubclass(torch.OutOfMemoryError, RuntimeError)


def test_other_errors_are_not_taken_for_it(monkeypatch):
    def translate() -> None:
        raise RuntimeError("a mistake of the program")

    monkeypatch.setattr(cli, "COMMANDS", {"": (translate,)})
    with pytest.raises(RuntimeError, match="a mistake of the program"):
        latimer("translate")
