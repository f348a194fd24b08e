"""Means and quantiles of amounts: money, units, prices, and their paired differences."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, stdtr, stdtrit

from sim.stats.intervals import LEVEL, Estimate, checked_level, sample

FloatArray = NDArray[np.float64]

# Values closer than this, relative to the largest, are equal but for rounding.
_ROUNDING = 1e-13


def mean_interval(values: ArrayLike, level: float = LEVEL, *, skewness: bool = True) -> Estimate:
    """Mean with its t interval, by default corrected for skewness.

    Amounts of a price war are skewed: most replicates differ little, a few firms die. The cubic
    transformation of Hall (1992, Journal of the Royal Statistical Society B 54, 221-228) of the t
    statistic is monotone and leaves symmetric samples as they are.

    Parameters
    ----------
    values
        (N,) sample; paired differences for a paired comparison.
    level
        Confidence level.
    skewness
        Correct for skewness.

    Returns
    -------
    Estimate
        With fewer than two values, or where all are equal, the ends are infinite: such a sample
        bounds how often another value occurs (``rule_of_three``) but not how large it is. No
        method covers a rare large loss that the sample never met.

    Raises
    ------
    ValueError
        A value is not finite, or ``level`` does not lie between 0 and 1.
    """
    given = sample(values)
    checked_level(level)
    n = len(given)
    if n < 2 or _all_equal(given):
        return Estimate(float(given[0]) if n else math.nan, -math.inf, math.inf)
    mean, error, gamma = _moments(given, skewness=skewness)
    quantile = float(stdtrit(n - 1, 0.5 + level / 2.0))
    return Estimate(
        mean,
        mean - error * _hall_inverse(quantile, gamma, n),
        mean - error * _hall_inverse(-quantile, gamma, n),
    )


def t_test(values: ArrayLike, *, skewness: bool = True) -> float:
    """Two-sided p that the mean is zero; below 0.05 just where the 95 % interval excludes zero.

    Parameters
    ----------
    values
        (N,) sample; paired differences for a paired comparison.
    skewness
        Correct for skewness, as ``mean_interval``.

    Returns
    -------
    float
        The p-value; NaN without values. Where all values are equal it is 1: their spread is
        unknown, and so is what could stand against them.

    Raises
    ------
    ValueError
        A value is not finite.
    """
    given = sample(values)
    n = len(given)
    if n == 0:
        return math.nan
    if n < 2 or _all_equal(given):
        return 1.0
    mean, error, gamma = _moments(given, skewness=skewness)
    statistic = _hall(mean / error, gamma, n)
    return min(1.0, 2.0 * float(stdtr(n - 1, -abs(statistic))))


def quantile_interval(values: ArrayLike, probability: float, level: float = LEVEL) -> Estimate:
    """Sample quantile with an interval between order statistics, whatever the distribution.

    Parameters
    ----------
    values
        (N,) sample.
    probability
        Which quantile, between 0 and 1; 0.5 is the median.
    level
        Confidence level; the interval's own is at least this.

    Returns
    -------
    Estimate
        An end is infinite where the sample is too small to bound it.

    Raises
    ------
    ValueError
        A value is not finite, or ``probability`` or ``level`` does not lie between 0 and 1.
    """
    given = np.sort(sample(values))
    if not 0.0 < probability < 1.0:
        raise ValueError(f"a quantile lies between 0 and 1, not at {probability}")
    if len(given) == 0:
        return Estimate(math.nan, -math.inf, math.inf)
    below, above = order_statistics(len(given), probability, level)
    return Estimate(
        float(np.quantile(given, probability)),
        float(given[below]) if below >= 0 else -math.inf,
        float(given[above]) if above < len(given) else math.inf,
    )


def order_statistics(n: int, probability: float, level: float = LEVEL) -> tuple[int, int]:
    """Places (from 0) of the ordered values that bound a quantile; -1 and ``n`` where none does."""
    tail = (1.0 - checked_level(level)) / 2.0
    # Value k lies above the quantile with the odds that at most k of n lie below it.
    at_most = bdtr(np.arange(n), n, probability)
    return int((at_most <= tail).sum()) - 1, int((at_most < 1.0 - tail).sum())


def _moments(values: FloatArray, *, skewness: bool) -> tuple[float, float, float]:
    """Mean, its standard error, and the skewness to correct for."""
    n = len(values)
    mean = float(values.mean())
    centred = values - mean
    # In units of the largest deviation, so that no cube of an amount overflows.
    scale = float(np.abs(centred).max())
    spread = float(np.sqrt((np.square(centred / scale)).sum() / (n - 1)))
    gamma = float(np.mean((centred / scale) ** 3)) / spread**3 if skewness else 0.0
    return mean, scale * spread / math.sqrt(n), gamma


def _hall(t: float, gamma: float, n: int) -> float:
    """Hall's transformation of the t statistic ``t`` with skewness ``gamma``."""
    g = gamma / math.sqrt(n)
    return t + g * t * t / 3.0 + g * g * t**3 / 27.0 + g / 6.0


def _hall_inverse(y: float, gamma: float, n: int) -> float:
    """Return the t statistic whose transformation is ``y``."""
    g = gamma / math.sqrt(n)
    # The closed form divides by g; below this the correction is beyond the last digit.
    if abs(g) < 1e-9:
        return y
    return 3.0 / g * (math.cbrt(1.0 + g * (y - g / 6.0)) - 1.0)


def _all_equal(values: FloatArray) -> bool:
    return float(np.ptp(values)) <= _ROUNDING * float(np.abs(values).max())
