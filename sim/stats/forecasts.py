"""Simple forecasts of next year's units, and scores of any forecast.

F firms; a forecast of a year is (F,), its replicates (R, F). Units are vehicles a year.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def persistence(last: FloatArray) -> FloatArray:
    """Next year as this year, (F,)."""
    return np.array(last, dtype=np.float64)


def trend(last: FloatArray, before: FloatArray, growth: float) -> FloatArray:
    """Each firm grows as it did: ``last^2 / before``, (F,).

    Parameters
    ----------
    last, before
        (F,) units of this year and of the one before; ``before`` is NaN where it is not known.
    growth
        Growth of the whole market, for firms whose own is not known (ratio).
    """
    own = np.full(len(last), growth)
    known = np.isfinite(before) & (before > 0.0)
    np.divide(last, before, out=own, where=known)
    return np.asarray(last * own, dtype=np.float64)


def equal_shares(last: FloatArray) -> FloatArray:
    """Every firm sells the same part of what all sold this year, (F,)."""
    return np.full(len(last), float(np.sum(last)) / len(last))


@dataclass(frozen=True)
class Score:
    """How far a forecast was off, in log points.

    Attributes
    ----------
    mean
        Mean of ``|log(forecast / realised)|`` over firms.
    weighted
        The same, weighted by realised amounts.
    count
        Firms scored.
    """

    mean: float
    weighted: float
    count: int


def log_errors(forecast: FloatArray, realised: FloatArray) -> FloatArray:
    """``log(forecast / realised)``, (F,).

    Raises
    ------
    ValueError
        An amount is not positive.
    """
    if not (np.all(forecast > 0.0) and np.all(realised > 0.0)):
        raise ValueError("log errors are of positive amounts")
    return np.asarray(np.log(forecast / realised), dtype=np.float64)


def score(forecast: FloatArray, realised: FloatArray, weights: FloatArray) -> Score:
    """Mean and weighted absolute log error of (F,) amounts; ``weights`` (F,) need not sum to one.

    Raises
    ------
    ValueError
        There is no firm, or an amount is not positive.
    """
    if len(realised) == 0:
        raise ValueError("no firm to score")
    off = np.abs(log_errors(forecast, realised))
    return Score(float(off.mean()), float(off @ weights / weights.sum()), len(off))


def central_band(replicates: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Quantiles that leave ``(1 - level) / 2`` of the replicates on each side, (F,) each."""
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(replicates, [tail, 1.0 - tail], axis=0)
    return low, high


def inside(replicates: FloatArray, realised: FloatArray, level: float) -> BoolArray:
    """Whether each realised amount lies in the central band of its replicates, (F,)."""
    low, high = central_band(replicates, level)
    return np.asarray((low <= realised) & (realised <= high))
