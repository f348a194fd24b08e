"""Sums over the members of a group: lines of a firm, brands of an owner."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def group_sums(group_of: IntArray, values: FloatArray, groups: int) -> FloatArray:
    """Sum ``values`` (N,) over each group, (groups,); ``group_of`` (N,) names each one's group."""
    # With weights the counts are floats, which NumPy's types do not say.
    return cast(FloatArray, np.bincount(group_of, weights=values, minlength=groups))
