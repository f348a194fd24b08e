"""Yes/no outcomes of pairs: the same luck in two arms.

Only the pairs that disagree tell the arms apart. The difference is always second minus first.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr

from sim.stats.intervals import LEVEL, Estimate, Interval, normal_quantile, sample
from sim.stats.proportions import share_interval, wilson

# Halvings of an interval no longer than 2: past the last bit of a float.
_HALVINGS = 60


class PairCounts(NamedTuple):
    """Pairs by what happened in each of the two arms."""

    both: int
    first_only: int
    second_only: int
    neither: int

    @property
    def total(self) -> int:
        """All pairs."""
        return sum(self)


def count_pairs(first: ArrayLike, second: ArrayLike) -> PairCounts:
    """Count the pairs of two yes/no vectors (N,), ones and zeros.

    Raises
    ------
    ValueError
        The lengths differ, or a value is neither 0 nor 1.
    """
    one, two = sample(first, "first"), sample(second, "second")
    if len(one) != len(two):
        raise ValueError(f"pairs need two equal lengths, not {len(one)} and {len(two)}")
    if not np.isin(one, (0.0, 1.0)).all() or not np.isin(two, (0.0, 1.0)).all():
        raise ValueError("yes/no outcomes are 1 and 0")
    both = int((one * two).sum())
    first_only, second_only = int(one.sum()) - both, int(two.sum()) - both
    return PairCounts(both, first_only, second_only, len(one) - both - first_only - second_only)


def paired_shares(
    both: int, first_only: int, second_only: int, neither: int, level: float = LEVEL
) -> Estimate:
    """Difference of two paired shares with Tango's interval, as the project reports it.

    Exact coverage at 10 to 200 pairs stays above 92.5 %, where Newcombe's falls to 91 % when few
    pairs disagree.

    Raises
    ------
    ValueError
        A count is negative, or ``level`` does not lie between 0 and 1.
    """
    counts = _checked(PairCounts(both, first_only, second_only, neither))
    low, high = tango(*counts, level=level)
    value = (second_only - first_only) / counts.total if counts.total else math.nan
    return Estimate(value, low, high)


def tango(
    both: int, first_only: int, second_only: int, neither: int, level: float = LEVEL
) -> Interval:
    """Score interval of the difference of two paired shares; never of zero width.

    Inverts the score test with the restricted maximum-likelihood estimate (Tango 1998, Statistics
    in Medicine 17, 891-908). Without pairs the interval is -1 to 1.

    Raises
    ------
    ValueError
        A count is negative, or ``level`` does not lie between 0 and 1.
    """
    counts = _checked(PairCounts(both, first_only, second_only, neither))
    return tango_ends(counts.first_only, counts.second_only, counts.total, level)


def newcombe_paired(
    both: int, first_only: int, second_only: int, neither: int, level: float = LEVEL
) -> Interval:
    """Hybrid score interval of the difference of two paired shares; never of zero width.

    Method 10 of Newcombe (1998, Statistics in Medicine 17, 2635-2650): Wilson's intervals of the
    two shares, joined with a phi corrected for continuity. Without pairs it is -1 to 1.

    Raises
    ------
    ValueError
        A count is negative, or ``level`` does not lie between 0 and 1.
    """
    counts = _checked(PairCounts(both, first_only, second_only, neither))
    n = counts.total
    if n == 0:
        return Interval(-1.0, 1.0)
    yes_first, yes_second = both + first_only, both + second_only
    low_first, high_first = wilson(yes_first, n, level)
    low_second, high_second = wilson(yes_second, n, level)
    first, second = yes_first / n, yes_second / n
    phi = _phi(counts)
    difference = second - first
    below = _joined(second - low_second, high_first - first, phi)
    above = _joined(high_second - second, first - low_first, phi)
    return Interval(difference - below, difference + above)


def mcnemar_exact(first_only: int, second_only: int) -> float:
    """Two-sided exact p of McNemar's test that the pairs that disagree lean to neither side.

    Parameters
    ----------
    first_only, second_only
        Pairs with a yes in one arm only, in either order.

    Returns
    -------
    float
        The p-value; 1 where no pair disagrees.

    Raises
    ------
    ValueError
        A count is negative.
    """
    _checked(PairCounts(0, first_only, second_only, 0))
    fewer = min(first_only, second_only)
    return min(1.0, 2.0 * float(bdtr(fewer, first_only + second_only, 0.5)))


def pairs_won(differences: ArrayLike, level: float = LEVEL) -> Estimate:
    """Share of pairs whose difference is above zero; a pair without a difference is not won.

    Parameters
    ----------
    differences
        (N,) second arm minus first.
    level
        Confidence level.

    Raises
    ------
    ValueError
        A value is not finite, or ``level`` does not lie between 0 and 1.
    """
    given = sample(differences, "differences")
    won, total = int((given > 0.0).sum()), len(given)
    return Estimate(won / total if total else math.nan, *share_interval(won, total, level))


def tango_ends(lost: float, gained: float, total: float, level: float = LEVEL) -> Interval:
    """Ends of ``tango``; counts may be fractions, for planning."""
    z = normal_quantile(level)
    if total == 0:
        return Interval(-1.0, 1.0)
    return Interval(-_tango_high(lost, gained, total, z), _tango_high(gained, lost, total, z))


def _tango_high(gained: float, lost: float, total: float, z: float) -> float:
    """Upper end for ``gained - lost`` of ``total``: where the score falls below -z."""
    low, high = (gained - lost) / total, 1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if _score(gained, lost, total, middle) < -z:
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)


def _score(gained: float, lost: float, total: float, difference: float) -> float:
    linear = (2.0 * total - gained + lost) * difference - (gained + lost)
    constant = -lost * difference * (1.0 - difference)
    root = math.sqrt(max(linear * linear - 8.0 * total * constant, 0.0))
    # The odds of a loss, at their most likely given the difference.
    loss = max((root - linear) / (4.0 * total), 0.0, -difference)
    spread = total * (2.0 * loss + difference * (1.0 - difference))
    distance = gained - lost - total * difference
    if spread <= 0.0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(spread)


def _phi(counts: PairCounts) -> float:
    both, first_only, second_only, neither = counts
    margins = (
        (both + first_only)
        * (second_only + neither)
        * (both + second_only)
        * (first_only + neither)
    )
    if margins == 0:
        return 0.0
    product = float(both * neither - first_only * second_only)
    if product > 0.0:
        product = max(product - counts.total / 2.0, 0.0)
    return product / math.sqrt(margins)


def _joined(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(one * one - 2.0 * phi * one * other + other * other, 0.0))


def _checked(counts: PairCounts) -> PairCounts:
    if min(counts) < 0:
        raise ValueError(f"counts of pairs cannot be negative: {tuple(counts)}")
    return counts
