"""Antithetic couples: two replicates of mirrored luck are one observation.

Replicates 2k and 2k + 1 depend on each other, couples do not. So every interval and test here
counts couples: their means are the sample. Where an outcome rises or falls with luck throughout,
the two halves err in opposite directions and the mean of a couple varies less than that of two
independent replicates (Hammersley & Morton 1956); where it does not, nothing is gained, and
nothing is claimed.

Yes/no outcomes of a couple are 0, a half or 1, and their differences between two arms lie on
-1, -1/2 .. 1. Such a mean varies at most as a yes/no outcome of the same odds does, so the
intervals of those hold for couples, on as many observations as there are couples. Where the two
halves of a couple often disagree it varies less, by a factor that is estimated from the sample,
drawn towards one by a couple, and the interval then counts up to two observations a couple.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.stats.intervals import LEVEL, Estimate, sample
from sim.stats.pairing import on_one_scale
from sim.stats.proportions import clopper_pearson_ends
from sim.stats.yes_no_pairs import mcnemar_exact, tango_ends

FloatArray = NDArray[np.float64]


def couple_means(values: ArrayLike) -> FloatArray:
    """Mean of each couple (C,) of values (2C,) in which neighbours are couples.

    Raises
    ------
    ValueError
        The number of values is odd, or a value is not finite.
    """
    given = sample(values)
    if len(given) % 2:
        raise ValueError(f"{len(given)} values are not made of couples")
    return np.asarray(given.reshape(-1, 2).mean(axis=1), dtype=np.float64)


def couple_share(values: ArrayLike, level: float = LEVEL) -> Estimate:
    """Share of ones among yes/no values (2C,) of couples, with its interval.

    Clopper and Pearson's ends at the effective number of observations (Rao & Scott 1992,
    Biometrics 48, 577-585), at least C and at most 2C; never of zero width.

    Raises
    ------
    ValueError
        The number of values is odd, or a value is not finite.
    """
    means = couple_means(values)
    count = len(means)
    share = float(means.mean()) if count else math.nan
    if not count:
        return Estimate(share, 0.0, 1.0)
    # Of C yes/no outcomes of these odds; couples that disagree vary by a quarter less each.
    whole = count * share * (1.0 - share)
    split = float((means == 0.5).sum()) / 4.0
    # One couple of even odds that agrees stands beside the sample.
    part = max(0.5, (whole - split + 0.25) / (whole + 0.25))
    low, high = clopper_pearson_ends(share * count / part, count / part, level)
    return Estimate(share, float(low), float(high))


def couple_paired_shares(differences: ArrayLike, level: float = LEVEL) -> Estimate:
    """Difference of two paired shares from yes/no pairs in couples, with its interval.

    Tango's ends at the effective number of pairs, at least C and at most 2C; never of zero
    width. Where both pairs of every couple say the same it is Tango's interval of C pairs.

    Parameters
    ----------
    differences
        (2C,) second arm minus first, each -1, 0 or 1; neighbours are couples.
    level
        Confidence level.

    Raises
    ------
    ValueError
        The number of values is odd, or a value is not finite.
    """
    means = couple_means(differences)
    count = len(means)
    if not count:
        return Estimate(math.nan, -1.0, 1.0)
    size = np.abs(means)
    # One couple that agrees stands beside the sample.
    part = float((np.square(means).sum() + 1.0) / (size.sum() + 1.0))
    gained, lost = float(means[means > 0.0].sum()), float(size[means < 0.0].sum())
    low, high = tango_ends(lost / part, gained / part, count / part, level)
    return Estimate(float(means.mean()), low, high)


def couple_sign_test(differences: ArrayLike) -> float:
    """Two-sided exact p that couples lean to neither arm; couples without a lean say nothing.

    With one pair in place of each couple this is McNemar's exact test.

    Parameters
    ----------
    differences
        (2C,) second arm minus first, each -1, 0 or 1; neighbours are couples.
    """
    means = couple_means(differences)
    return mcnemar_exact(int((means < 0.0).sum()), int((means > 0.0).sum()))


def mirror_ratio(differences: ArrayLike) -> float:
    """Variance of a couple's mean over that of the mean of two independent pairs.

    Below 1 mirrored luck helped, above it hurt; 0 where the halves cancel.

    Parameters
    ----------
    differences
        (2C,) second arm minus first; neighbours are couples.

    Returns
    -------
    float
        The ratio; NaN with fewer than two couples or where nothing varies.
    """
    given = sample(differences)
    largest = float(np.abs(given).max(initial=0.0))
    if len(given) < 4 or largest == 0.0:
        return math.nan
    single = float((given / largest).var(ddof=1)) / 2.0
    return float(couple_means(given / largest).var(ddof=1)) / single if single > 0.0 else math.nan


def couple_variance_ratio(first: ArrayLike, second: ArrayLike) -> float:
    """Variance of the paired difference of a couple over that of independent runs.

    Independent runs are as many, two in each arm. Below the ratio of pairs alone, mirrored luck
    helped; above it, it hurt.

    Parameters
    ----------
    first, second
        (2C,) values of the two arms; neighbours are couples.

    Returns
    -------
    float
        The ratio; NaN with fewer than two couples or where neither arm varies.
    """
    one, two = on_one_scale(first, second)
    if len(one) < 4:
        return math.nan
    independent = float(one.var(ddof=1) + two.var(ddof=1)) / 2.0
    if independent <= 0.0:
        return math.nan
    return float(couple_means(two - one).var(ddof=1)) / independent
