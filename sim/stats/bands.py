"""Curves over time with bands. Every band holds at each quarter, not for the whole curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.stats.intervals import LEVEL
from sim.stats.means import mean_interval, quantile_interval
from sim.stats.proportions import clopper_pearson_ends

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Band:
    """A curve and the interval around each of its points.

    Attributes
    ----------
    value, low, high
        (T,) the curve and the ends of its intervals.
    n
        (T,) values behind each point.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    n: NDArray[np.int64]


def survival_band(alive: ArrayLike, level: float = LEVEL) -> Band:
    """Share alive by quarter with Clopper-Pearson's interval; never of zero width.

    Every replicate is seen to the end of its run, so no value is censored and the share is the
    Kaplan-Meier curve.

    Parameters
    ----------
    alive
        (N, T) ones and zeros: replicate by quarter.
    level
        Confidence level.

    Raises
    ------
    ValueError
        A value is neither 0 nor 1, or ``alive`` is no matrix.
    """
    table = _matrix(alive)
    if not np.isin(table, (0.0, 1.0)).all():
        raise ValueError("alive or not is 1 and 0")
    rows, quarters = table.shape
    count = np.full(quarters, rows, dtype=np.int64)
    yes = table.sum(axis=0)
    low, high = clopper_pearson_ends(yes, count, level)
    value = yes / rows if rows else np.full(quarters, np.nan)
    return Band(value, low, high, count)


def mean_band(values: ArrayLike, level: float = LEVEL) -> Band:
    """Mean by quarter, each with ``mean_interval``.

    Parameters
    ----------
    values
        (N, T) replicate by quarter; NaN where a replicate has no value (a price after an exit),
        which is left out and shows in ``n``.
    level
        Confidence level.

    Raises
    ------
    ValueError
        A value is infinite, or ``values`` is no matrix.
    """
    columns = [column[~np.isnan(column)] for column in _matrix(values).T]
    return _band([mean_interval(column, level) for column in columns], columns)


def quantile_band(values: ArrayLike, probability: float, level: float = LEVEL) -> Band:
    """Quantile by quarter, each with ``quantile_interval``; parameters as ``mean_band``."""
    columns = [column[~np.isnan(column)] for column in _matrix(values).T]
    return _band([quantile_interval(column, probability, level) for column in columns], columns)


def _matrix(values: ArrayLike) -> FloatArray:
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"replicate by quarter is needed, not shape {table.shape}")
    return table


def _band(points: list[tuple[float, float, float]], columns: list[FloatArray]) -> Band:
    table = np.array(points, dtype=np.float64).reshape(len(points), 3)
    return Band(
        table[:, 0],
        table[:, 1],
        table[:, 2],
        np.array([len(column) for column in columns], dtype=np.int64),
    )
