"""Recurrent cells, a file each: one step forward, and its derivative by hand."""

from latimer.nn.cells.cell import Cell
from latimer.nn.cells.gru import GRU
from latimer.nn.cells.lstm import LSTM
from latimer.nn.cells.rnn import RNN

CELLS: dict[str, Cell] = {"rnn": RNN(), "rnn_relu": RNN(relu=True), "gru": GRU(), "lstm": LSTM()}
"""Every cell by its name in a recipe."""

__all__ = ["CELLS", "GRU", "LSTM", "RNN", "Cell"]
