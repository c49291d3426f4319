"""Names for the arrays of this package."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]


class Rows(NamedTuple):
    """The first fields of `FiniteMDP`, in their order."""

    state: Ints
    action: Ints
    continuation: sparse.csr_array
    termination: Floats
    reward: Floats
