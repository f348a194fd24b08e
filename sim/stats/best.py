"""Which of several arms is the best, from a fixed number of replicates with luck in common.

Multiple comparisons with the best (Hsu 1984, Annals of Statistics 12, 1136-1144): an arm stays in
unless another is clearly above it. Replicates share their luck and the arms' variances differ, so
each comparison is of paired differences, at one-sided level ``(1 - level) / (K - 1)``: Bonferroni's
inequality holds whatever the correlation (Nelson & Matejcik 1995, Management Science 41,
1935-1945). The arm that is truly best is compared with K - 1 others, so it is left out with a
probability of at most ``1 - level``; where one arm alone stays in, it may be called the best at
that rate of error. Sequential procedures (:mod:`sim.stats.ranking`) say instead when to stop, and
how many replicates that may take.

More is better; for a cost hand over its negative.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.stats.couples import couple_means, couple_paired_shares, couple_sign_test
from sim.stats.intervals import LEVEL, checked_level
from sim.stats.means import mean_interval
from sim.stats.yes_no_pairs import count_pairs, mcnemar_exact, paired_shares

FloatArray = NDArray[np.float64]


class Best(NamedTuple):
    """Arms against the best of the others.

    Attributes
    ----------
    may_be_best
        (K,) which arms no other is clearly above; the best is among them with probability
        ``level``.
    behind_at_most
        (K,) how far below the best of the others each arm may lie, at least 0; infinite where
        the data do not bound it.
    """

    may_be_best: NDArray[np.bool_]
    behind_at_most: FloatArray


def find_best(
    values: ArrayLike, *, yes_no: bool, couples: bool = False, level: float = LEVEL
) -> Best:
    """Tell which arms may be the best.

    Parameters
    ----------
    values
        (N, K) outcome of each replicate in each arm, the same luck along a row.
    yes_no
        Outcomes are ones and zeros: exact McNemar and Tango's interval; else the t interval
        corrected for skewness.
    couples
        Neighbouring rows are couples of mirrored luck; a couple is one observation.
    level
        Probability that the best arm is among those that stay in.

    Returns
    -------
    Best
        Arms that never differ cannot be told apart, and stay in together.

    Raises
    ------
    ValueError
        A value is not finite, ``values`` is no matrix of two arms or more, couples are incomplete,
        or ``level`` does not lie between 0 and 1.
    """
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 2 or given.shape[1] < 2:
        raise ValueError(f"replicates by at least two arms are needed, not shape {given.shape}")
    arms = given.shape[1]
    tail = (1.0 - checked_level(level)) / (arms - 1)
    inside = np.ones(arms, dtype=np.bool_)
    behind = np.zeros(arms)
    for one in range(arms):
        for other in range(arms):
            if one == other:
                continue
            beaten, most = _compared(given[:, one], given[:, other], tail, yes_no, couples)
            inside[one] &= not beaten
            behind[one] = max(behind[one], most)
    return Best(inside, behind)


def _compared(
    one: FloatArray, other: FloatArray, tail: float, yes_no: bool, couples: bool
) -> tuple[bool, float]:
    """Whether ``other`` is clearly above ``one``, and how far above it may be, each at ``tail``."""
    change, level = other - one, 1.0 - 2.0 * tail
    if not yes_no:
        found = mean_interval(couple_means(change) if couples else change, level)
        return found.low > 0.0, found.high
    if couples:
        lean = np.sign(couple_means(change)).sum()
        p, estimate = couple_sign_test(change), couple_paired_shares(change, level)
    else:
        counts = count_pairs(one, other)
        lean = counts.second_only - counts.first_only
        p = mcnemar_exact(counts.first_only, counts.second_only)
        estimate = paired_shares(*counts, level=level)
    # The exact p is twice the smaller tail, and the smaller tail is that of the lean.
    return bool(lean > 0 and p / 2.0 <= tail), estimate.high
