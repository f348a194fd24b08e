"""What an estimate is: a value and the interval around it.

An interval that the data cannot bound has infinite ends; none is ever closed by assumption.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

FloatArray = NDArray[np.float64]

LEVEL = 0.95


class Interval(NamedTuple):
    """Ends of a two-sided confidence interval."""

    low: float
    high: float


class Estimate(NamedTuple):
    """A value with its two-sided confidence interval.

    Attributes
    ----------
    value
        The estimate; NaN without data.
    low, high
        Ends of the interval; infinite where the data do not bound it.
    """

    value: float
    low: float
    high: float

    @property
    def bounded(self) -> bool:
        """Tell whether the data bound the value on both sides."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def excludes(self, value: float) -> bool:
        """Tell whether ``value`` lies outside the interval."""
        return not self.low <= value <= self.high


def normal_quantile(level: float) -> float:
    """Return the normal quantile of a two-sided interval of this level (1.96 for 0.95)."""
    return float(ndtri(0.5 + checked_level(level) / 2.0))


def checked_level(level: float) -> float:
    """Return ``level``; raises ValueError unless it lies between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"a confidence level lies between 0 and 1, not {level}")
    return level


def sample(values: ArrayLike, name: str = "values") -> FloatArray:
    """Return a sample as a vector of floats.

    Raises
    ------
    ValueError
        It is no vector or holds something that is not finite: a failed run must be left out by
        whoever knows that it failed, never here in silence.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name}: a vector is needed, not shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: {int((~np.isfinite(array)).sum())} values are not finite")
    return array
