"""What every kernel asks of its arguments: numbers, in the right shape, within their range.

Each refusal names the argument and the product, firm or owner of the first wrong number.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.errors import KernelInputError
from sim.kernels.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def vector(
    name: str,
    values: ArrayLike,
    size: int | None = None,
    *,
    unit: str = "product",
    low: float = -np.inf,
    needed: BoolArray | None = None,
) -> FloatArray:
    """One finite number a product (or firm), at least ``low``; the rest are not read.

    Parameters
    ----------
    size
        How many there must be; None for any number of them.
    unit
        Whose numbers they are, for the message.
    needed
        Which of them are read; None for all.

    Raises
    ------
    KernelInputError
        The shape does not fit, or a number is not finite or too low.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or size not in (None, len(array)):
        wanted = f"one a {unit}" if size is None else f"({size},)"
        raise KernelInputError(f"{name} has shape {array.shape}, not {wanted}")
    # One look decides; what is wrong is searched for only where something is.
    if needed is None and array.flags.c_contiguous and _sound(array, low):
        return array
    good = np.isfinite(array) & (array >= low)
    if needed is not None:
        good |= ~needed
    if not good.all():
        worst = int(np.argmin(good))
        wanted = "finite" if not np.isfinite(array[worst]) else f"at least {low:g}"
        raise KernelInputError(f"{name} of {unit} {worst} is {array[worst]}, not {wanted}")
    return array


def matrix(
    name: str, values: ArrayLike, shape: tuple[int, int], *, unit: str = "firm"
) -> FloatArray:
    """Finite numbers, one row a firm (product, owner).

    Raises
    ------
    KernelInputError
        The shape does not fit or a number is not finite; names the row and the column.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.shape != shape:
        raise KernelInputError(f"{name} has shape {array.shape}, not {shape}")
    if array.flags.c_contiguous and _sound(array.ravel(), -np.inf):
        return array
    good = np.isfinite(array)
    if not good.all():
        row, column = (int(n) for n in np.unravel_index(np.argmin(good), shape))
        raise KernelInputError(
            f"{name} of {unit} {row} (column {column}) is {array[row, column]}, not finite"
        )
    return array


def square(name: str, values: ArrayLike, *, unit: str = "firm") -> FloatArray:
    """Finite numbers, one row and column a firm.

    Raises
    ------
    KernelInputError
        The array is not square or a number is not finite.
    """
    size = len(np.atleast_1d(values))
    return matrix(name, values, (size, size), unit=unit)


def positions(
    name: str, values: ArrayLike, limit: int, size: int | None = None, *, unit: str = "product"
) -> IntArray:
    """Which of ``limit`` groups each product is in.

    Raises
    ------
    KernelInputError
        They are not whole numbers from 0 to ``limit - 1``, or not ``size`` of them.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise KernelInputError(f"{name} holds {array.dtype}, not whole numbers")
    if array.ndim != 1 or size not in (None, len(array)):
        wanted = f"one a {unit}" if size is None else f"({size},)"
        raise KernelInputError(f"{name} has shape {array.shape}, not {wanted}")
    wrong = (array < 0) | (array >= limit)
    if wrong.any():
        worst = int(np.argmax(wrong))
        raise KernelInputError(f"{unit} {worst} is of {name} {array[worst]}, of {limit}")
    return array.astype(np.int64, copy=False)


def number(name: str, value: float, low: float = -np.inf, high: float = np.inf) -> float:
    """One finite number from ``low`` to ``high``.

    Raises
    ------
    KernelInputError
        It is not.
    """
    if not (math.isfinite(value) and low <= value <= high):
        raise KernelInputError(f"{name} is {value}, not a number from {low:g} to {high:g}")
    return value


def position(name: str, value: int, limit: int) -> int:
    """The position of one of ``limit`` firms.

    Raises
    ------
    KernelInputError
        There is no such firm.
    """
    if not 0 <= value < limit:
        raise KernelInputError(f"{name} is firm {value}, of {limit} firms")
    return value


@kernel
def _sound(values: FloatArray, low: float) -> bool:
    """Whether all are finite and at least ``low``."""
    sound = True
    for value in values:
        sound &= abs(value) < np.inf and value >= low
    return sound
