"""Sums over the members of a group: lines of a firm, brands of an owner."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
from numpy.typing import NDArray

from sim.kernels import inputs
from sim.kernels.jit import as_written

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def group_sums(group_of: IntArray, values: FloatArray, groups: int) -> FloatArray:
    """Sum ``values`` (N,) over each group, (groups,); ``group_of`` (N,) names each one's group.

    Raises
    ------
    KernelInputError
        A value is not finite, a group is none of them, or the lengths differ.
    """
    # Called many times a quarter: what is wrong is looked for only when something is.
    kinds = getattr(values, "dtype", None), getattr(group_of, "dtype", None)
    if kinds == (np.float64, np.int64) and values.shape == group_of.shape and values.ndim == 1:
        result, sound = _sums(group_of, values, groups)
        if sound:
            return result
    try:
        # With weights the counts are floats, which NumPy's types do not say.
        result = cast(FloatArray, np.bincount(group_of, weights=values, minlength=groups))
    except (TypeError, ValueError):
        result = np.full(1, np.nan)
    if len(result) != groups or not math.isfinite(result.sum()):
        values = inputs.vector("value", values, unit="member")
        inputs.positions("group", group_of, groups, len(values), unit="member")
    return result


@as_written
def _sums(group_of: IntArray, values: FloatArray, groups: int) -> tuple[FloatArray, bool]:
    """Sums in the order of the members, and whether all groups exist and the sums are finite."""
    result, total = np.zeros(groups), 0.0
    for n in range(len(values)):
        if not 0 <= group_of[n] < groups:
            return result, False
        result[group_of[n]] += values[n]
    for value in result:
        total += value
    return result, abs(total) < np.inf
