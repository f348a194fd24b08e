"""The bootstrap, for what has no closed interval: medians, quantiles, ratios."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from sim.stats.intervals import LEVEL, Estimate, normal_quantile, sample

FloatArray = NDArray[np.float64]

RESAMPLES = 4000
# Resampling has a seed of its own: a report made twice is the same report.
SEED = 20240101
# Numbers drawn at once; bounds memory for long samples.
_BLOCK = 2_000_000


def row_means(rows: FloatArray) -> FloatArray:
    """Mean of each row."""
    return np.asarray(rows.mean(axis=1), dtype=np.float64)


def bootstrap_interval(
    values: ArrayLike,
    statistic: Callable[[FloatArray], FloatArray] = row_means,
    level: float = LEVEL,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Estimate:
    """Statistic with its bias-corrected and accelerated bootstrap interval.

    BCa of Efron (1987, Journal of the American Statistical Association 82, 171-185). For a mean of
    fewer than about 50 values it covers less than it claims (90 % at 10); ``mean_interval`` does
    not.

    Parameters
    ----------
    values
        (N,) sample; paired differences for a paired comparison.
    statistic
        From samples (R, N), one a row, to their statistics (R,).
    level
        Confidence level.
    resamples
        Bootstrap samples.
    seed
        Seed of the resampling.

    Returns
    -------
    Estimate
        Where the sample or all its resamples give one value, the ends are infinite: nothing was
        seen that could bound it.

    Raises
    ------
    ValueError
        A value is not finite, or ``level`` does not lie between 0 and 1.
    """
    given = sample(values)
    z = normal_quantile(level)
    n = len(given)
    if n == 0:
        return Estimate(math.nan, -math.inf, math.inf)
    value = float(statistic(given[None, :])[0])
    drawn = _resampled(given, statistic, resamples, seed) if n > 1 else np.full(1, value)
    if np.ptp(drawn) == 0.0:
        return Estimate(value, -math.inf, math.inf)
    # Half of the ties count as below, so that a discrete statistic is not shifted.
    below = (np.mean(drawn < value) + np.mean(drawn <= value)) / 2.0
    bias = float(ndtri(np.clip(below, 0.5 / resamples, 1.0 - 0.5 / resamples)))
    acceleration = _acceleration(given, statistic)
    low, high = np.quantile(drawn, [_adjusted(bias, acceleration, end) for end in (-z, z)]).tolist()
    return Estimate(value, low, high)


def _resampled(
    values: FloatArray,
    statistic: Callable[[FloatArray], FloatArray],
    resamples: int,
    seed: int,
) -> FloatArray:
    generator = np.random.default_rng(seed)
    block = max(1, _BLOCK // len(values))
    parts = []
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        parts.append(statistic(values[generator.integers(0, len(values), (rows, len(values)))]))
    return np.concatenate(parts)


def _acceleration(values: FloatArray, statistic: Callable[[FloatArray], FloatArray]) -> float:
    """Skewness of the statistic, from leaving out one value at a time."""
    n = len(values)
    left_out = np.concatenate([statistic(np.delete(values, place)[None, :]) for place in range(n)])
    influence = left_out.mean() - left_out
    size = float(np.abs(influence).max())
    if size == 0.0:
        return 0.0
    influence = influence / size
    return float((influence**3).sum() / (6.0 * (influence**2).sum() ** 1.5))


def _adjusted(bias: float, acceleration: float, end: float) -> float:
    shifted = bias + end
    return float(ndtr(bias + shifted / (1.0 - acceleration * shifted)))
