"""Recurrent cells, a file each: one step forward, and its derivative by hand.

`latimer.nn.names.CELLS` lists them.
"""

from latimer.nn import names
from latimer.nn.cells.cell import Cell
from latimer.nn.cells.gru import GRU
from latimer.nn.cells.lstm import LSTM
from latimer.nn.cells.rnn import RNN

CELLS: dict[str, Cell] = {name: part.load()(**part.options) for name, part in names.CELLS.items()}
"""Every cell by its name in a recipe."""

__all__ = ["CELLS", "GRU", "LSTM", "RNN", "Cell"]
