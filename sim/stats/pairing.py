"""What pairing saves, and how many replicates a wished precision takes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from sim.stats.intervals import LEVEL, checked_level, sample
from sim.stats.proportions import clopper_pearson_ends
from sim.stats.yes_no_pairs import tango_ends

FloatArray = NDArray[np.float64]

# Beyond this a wish is a mistake.
_MOST = 1_000_000_000


def on_one_scale(first: ArrayLike, second: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Both samples over the largest value of either, so that no square overflows.

    Raises
    ------
    ValueError
        The lengths differ or a value is not finite.
    """
    one, two = sample(first, "first"), sample(second, "second")
    if len(one) != len(two):
        raise ValueError(f"pairs need two equal lengths, not {len(one)} and {len(two)}")
    scale = max(float(np.abs(one).max(initial=0.0)), float(np.abs(two).max(initial=0.0)))
    return (one, two) if scale == 0.0 else (one / scale, two / scale)


def variance_ratio(first: ArrayLike, second: ArrayLike) -> float:
    """Variance of the paired difference over that of independent runs, ``Var1 + Var2``.

    A ratio of 0.1 says that pairs need a tenth of the runs for the same interval; above 1 pairing
    hurts.

    Parameters
    ----------
    first, second
        (N,) values of the two arms, pair by pair.

    Returns
    -------
    float
        The ratio; NaN with fewer than two pairs or where neither arm varies.

    Raises
    ------
    ValueError
        The lengths differ or a value is not finite.
    """
    one, two = on_one_scale(first, second)
    if len(one) < 2:
        return math.nan
    independent = float(one.var(ddof=1) + two.var(ddof=1))
    return float((two - one).var(ddof=1)) / independent if independent > 0.0 else math.nan


def replicates_for_mean(spread: float, half_width: float, level: float = LEVEL) -> int:
    """Fewest replicates whose t interval of a mean has this half-width; at least 2.

    Parameters
    ----------
    spread
        Standard deviation of one value, or of one paired difference.
    half_width
        Wished half-width, in the same unit.
    level
        Confidence level.

    Raises
    ------
    ValueError
        ``half_width`` is not above zero, ``spread`` is negative, either is not finite, ``level``
        does not lie between 0 and 1, or more than a billion replicates would be needed.
    """
    if not (math.isfinite(spread) and spread >= 0.0):
        raise ValueError(f"a spread cannot be {spread}")
    checked_level(level)
    return _fewest(
        lambda n: float(stdtrit(n - 1, 0.5 + level / 2.0)) * spread / math.sqrt(n), half_width, 2
    )


def replicates_for_share(share: float, half_width: float, level: float = LEVEL) -> int:
    """Fewest replicates whose ``share_interval`` has this half-width, if the share is as expected.

    Parameters
    ----------
    share
        The share expected, between 0 and 1; 0.5 is the worst case.
    half_width, level
        As ``replicates_for_mean``.

    Raises
    ------
    ValueError
        ``share`` lies outside 0 to 1, or as ``replicates_for_mean``.
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")

    def half(n: int) -> float:
        low, high = clopper_pearson_ends(share * n, n, level)
        return float(high - low) / 2.0

    return _fewest(half, half_width, 1)


def replicates_for_paired_shares(
    disagreeing: float, difference: float, half_width: float, level: float = LEVEL
) -> int:
    """Fewest replicates whose ``paired_shares`` has this half-width, if all is as expected.

    Parameters
    ----------
    disagreeing
        Share of pairs that disagree.
    difference
        Difference of the two shares; at most ``disagreeing`` in size.
    half_width, level
        As ``replicates_for_mean``.

    Raises
    ------
    ValueError
        ``disagreeing`` lies outside 0 to 1 or below the difference, or as ``replicates_for_mean``.
    """
    if not abs(difference) <= disagreeing <= 1.0:
        raise ValueError(f"{disagreeing} of pairs disagreeing cannot differ by {difference}")

    def half(n: int) -> float:
        lost, gained = (disagreeing - difference) / 2.0 * n, (disagreeing + difference) / 2.0 * n
        low, high = tango_ends(lost, gained, n, level)
        return (high - low) / 2.0

    return _fewest(half, half_width, 1)


def _fewest(half: Callable[[int], float], wished: float, least: int) -> int:
    """Smallest n from ``least`` on whose half-width, which falls with n, is at most ``wished``."""
    if not (math.isfinite(wished) and wished > 0.0):
        raise ValueError(f"a half-width must be above zero, not {wished}")
    if half(least) <= wished:
        return least
    too_few, enough = least, 2 * least
    while half(enough) > wished:
        too_few, enough = enough, 2 * enough
        if enough > _MOST:
            raise ValueError(f"a half-width of {wished} takes more than {_MOST} replicates")
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if half(middle) <= wished:
            enough = middle
        else:
            too_few = middle
    return enough
