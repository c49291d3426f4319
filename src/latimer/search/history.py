"""Backpointers: what a beam wrote at each step, from which hypotheses are read at the end."""

from __future__ import annotations

import torch
from torch import Tensor


class History:
    """The candidates of every step and the rows they extended.

    At each step the scorer's state has rows; search extends them to candidates and keeps some of
    these as the rows of the next step.
    """

    def __init__(self) -> None:
        self._tokens: list[Tensor] = []  # [candidates]
        self._rows: list[Tensor] = []  # [candidates]: the row a candidate extends
        self._kept: list[Tensor | None] = []  # [rows of the next step]: the candidate a row was
        self._attention: list[Tensor | None] = []  # [rows, source_time]

    def __len__(self) -> int:
        """Number of steps."""
        return len(self._tokens)

    def add(self, tokens: Tensor, rows: Tensor, attention: Tensor | None) -> None:
        """One step's candidates: the token of each and the row it extends, both `[candidates]`."""
        self._tokens.append(tokens)
        self._rows.append(rows)
        self._attention.append(attention)

    def keep(self, candidates: Tensor | None) -> None:
        """The candidates of the last step that are the rows of the next, `[rows]`; None for all."""
        self._kept.append(candidates)

    def trace(self, lengths: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor | None]:
        """Read hypotheses backwards.

        Hypothesis i ends with candidate `candidates[i]` of step `lengths[i]` (the first is 1).
        Returns tokens `[hypotheses, longest]`, nought after the end, and, if it was kept,
        attention `[hypotheses, longest, source_time]`.
        """
        longest = int(lengths.max())
        tokens = lengths.new_zeros(len(lengths), longest)
        attention = self._empty_attention(len(lengths), longest)
        place = candidates.clone()
        for step in range(longest - 1, -1, -1):
            reached = (lengths > step).nonzero().squeeze(1)
            candidate = place[reached]
            tokens[reached, step] = self._tokens[step][candidate]
            rows = self._rows[step][candidate]
            weights = self._attention[step]
            if attention is not None and weights is not None:
                attention[reached, step, : weights.size(1)] = weights[rows].to(attention.dtype)
            if step:
                kept = self._kept[step - 1]
                place[reached] = rows if kept is None else kept[rows]
        return tokens, attention

    def _empty_attention(self, hypotheses: int, longest: int) -> Tensor | None:
        first = self._attention[0]
        if first is None:
            return None
        dtype = torch.promote_types(first.dtype, torch.float32)
        return first.new_zeros(hypotheses, longest, first.size(1), dtype=dtype)
