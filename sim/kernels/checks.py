"""Checks of arrays that name the product at fault."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def whole_numbers(values: IntArray, name: str) -> IntArray:
    """Positions as integers.

    Raises
    ------
    KernelInputError
        The values are not whole numbers.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise KernelInputError(f"{name} holds {array.dtype}, not whole numbers")
    return np.ascontiguousarray(array, dtype=np.int64)


def require_finite(name: str, values: FloatArray, needed: BoolArray | None = None) -> None:
    """Refuse a value a product that is not finite.

    Raises
    ------
    KernelInputError
        Names the first product with such a value.
    """
    wrong = ~np.isfinite(values)
    if needed is not None:
        wrong &= needed
    if wrong.any():
        worst = int(np.argmax(wrong))
        raise KernelInputError(f"{name} of product {worst} is {values[worst]}, not finite")
