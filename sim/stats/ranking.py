"""Ranking of arms with a stated rate of error: selection of the best, and ranges of ranks.

More is better; for a cost hand over its negative.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import gammaln, ndtr, xlogy

from sim.stats.intervals import LEVEL, checked_level
from sim.stats.means import mean_interval

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Nodes of the quadrature over a chi-square variate, in its logarithm.
_NODES = 400
_FIRST = 10


class Selection(NamedTuple):
    """How far a fully sequential selection of the best has come.

    Attributes
    ----------
    best
        Place of the arm with the highest mean among those still in.
    decided
        Whether it may be called best at the level asked for.
    used
        Replicates after which it was decided; all that were given if it was not.
    left_at
        (K,) replicates after which each arm was out; 0 for those still in.
    most
        Replicates after which the procedure decides at the latest.
    """

    best: int
    decided: bool
    used: int
    left_at: IntArray
    most: int

    @property
    def still_in(self) -> tuple[int, ...]:
        """Places of the arms that may yet be best."""
        return tuple(int(arm) for arm in np.flatnonzero(self.left_at == 0))


def kim_nelson(
    values: ArrayLike, indifference: float, *, first: int = _FIRST, level: float = LEVEL
) -> Selection:
    """Screen arms replicate by replicate until one is left (Kim & Nelson 2001).

    Procedure KN with c = 1 (ACM Transactions on Modeling and Computer Simulation 11, 251-273),
    which admits common random numbers: only the variances of differences enter. If the best
    mean lies at least ``indifference`` above the next and values are normal, the arm selected is
    the best with a probability of at least ``level``; otherwise the arm selected is within about
    ``indifference`` of the best. Replicates must be handed over in the order in which they were
    planned, not in that in which they finished.

    Parameters
    ----------
    values
        (N, K) outcome of each replicate in each arm, the same luck along a row.
    indifference
        Smallest difference worth detecting, in the unit of the values.
    first
        Replicates from which variances are estimated, at least 2; the error rate holds for those
        fixed in advance.
    level
        Probability of a correct selection.

    Returns
    -------
    Selection
        ``decided`` is false where more replicates are needed.

    Raises
    ------
    ValueError
        A value is not finite, there are fewer than ``first`` rows or two arms, or
        ``indifference`` is not above zero.
    """
    given = _matrix(values, first)
    _above_zero(indifference)
    replicates, arms = given.shape
    eta = 0.5 * ((2.0 * (1.0 - checked_level(level)) / (arms - 1)) ** (-2.0 / (first - 1)) - 1.0)
    spread = 2.0 * eta * (first - 1) * _variances_of_differences(given[:first])
    # Largest number of replicates that each pair can take.
    enough = np.floor(spread / indifference**2)
    most = max(int(enough.max()) + 1, first)
    sums = given[:first].sum(axis=0)
    inside = np.ones(arms, dtype=bool)
    left_at = np.zeros(arms, dtype=np.int64)
    for r in range(first, replicates + 1):
        if r > first:
            sums = sums + given[r - 1]
        means = sums / r
        # Half-width of the triangular region of continuation, closing as replicates come in.
        slack = np.maximum(0.0, indifference / (2.0 * r) * (spread / indifference**2 - r))
        beaten = (means[:, None] < means[None, :] - slack) & inside[None, :]
        out = inside & beaten.any(axis=1)
        # Arms cannot beat each other in a ring, but rounding must never empty the field.
        if out.sum() < inside.sum():
            left_at[out] = r
            inside &= ~out
        best = int(np.argmax(np.where(inside, means, -math.inf)))
        if inside.sum() == 1 or r >= most:
            left_at[inside] = r
            left_at[best] = 0
            return Selection(best, True, r, left_at, most)
    return Selection(best, False, replicates, left_at, most)


def rinott_constant(arms: int, first: int, level: float = LEVEL) -> float:
    """Rinott's constant h (1978, Communications in Statistics A 7, 799-811).

    Solves ``E_Y[ E_X[ Phi(h / sqrt(v (1/X + 1/Y))) ]^(K-1) ] = level`` for independent
    chi-square variates X and Y of ``v = first - 1`` degrees of freedom.

    Parameters
    ----------
    arms
        K, at least 2.
    first
        Replicates of the first stage, at least 2.
    level
        Probability of a correct selection.

    Raises
    ------
    ValueError
        Fewer than two arms or replicates, or ``level`` does not lie above 1/K and below 1.
    """
    if arms < 2 or first < 2:
        raise ValueError(f"ranking needs two arms and two replicates, not {arms} and {first}")
    if not 1.0 / arms < checked_level(level):
        raise ValueError(f"a level of {level} is met by choosing among {arms} arms at random")
    return _rinott(arms, first, level)


@lru_cache(maxsize=64)
def _rinott(arms: int, first: int, level: float) -> float:
    freedom = first - 1
    variate, weight = _chi_square_nodes(freedom)
    root = np.sqrt(freedom * (1.0 / variate[:, None] + 1.0 / variate[None, :]))

    def shortfall(h: float) -> float:
        inner = ndtr(h / root) @ weight
        return float(weight @ inner ** (arms - 1)) - level

    high = 4.0
    while shortfall(high) < 0.0:
        high *= 2.0
    return float(brentq(shortfall, 0.0, high, xtol=1e-10))


def rinott_sizes(first_stage: ArrayLike, indifference: float, level: float = LEVEL) -> IntArray:
    """Replicates that each arm needs in all, by Rinott's two-stage procedure.

    The arms are then ordered by their means over all replicates, and the first is the best with a
    probability of at least ``level`` if it lies ``indifference`` above the next. The proof asks
    for independent arms; under common random numbers use :func:`kim_nelson`.

    Parameters
    ----------
    first_stage
        (N, K) outcome of each replicate of the first stage in each arm.
    indifference
        Smallest difference worth detecting, in the unit of the values.
    level
        Probability of a correct selection.

    Returns
    -------
    ndarray
        (K,) replicates in all; never fewer than the first stage has.

    Raises
    ------
    ValueError
        As :func:`kim_nelson` and :func:`rinott_constant`.
    """
    given = _matrix(first_stage, 2)
    _above_zero(indifference)
    first, arms = given.shape
    h = rinott_constant(arms, first, level)
    needed = np.ceil((h / indifference) ** 2 * given.var(axis=0, ddof=1))
    return np.asarray(np.maximum(needed, first), dtype=np.int64)


def rank_ranges(values: ArrayLike, level: float = LEVEL) -> IntArray:
    """Best and worst rank that each arm may have, all true at once with probability ``level``.

    An arm's rank is one plus the number of arms with a higher mean. Every paired difference gets
    an interval at Bonferroni's level; an arm clearly below ``b`` others and clearly above ``w``
    ranks between ``1 + b`` and ``K - w`` (as in Mogstad, Romano, Shaikh & Wilhelm 2024, Review of
    Economic Studies 91, 476-518).

    Parameters
    ----------
    values
        (N, K) outcome of each replicate in each arm, the same luck along a row.
    level
        Probability that all ranges hold.

    Returns
    -------
    ndarray
        (K, 2) best and worst rank, from 1.

    Raises
    ------
    ValueError
        A value is not finite, or there are fewer than two rows or arms.
    """
    given = _matrix(values, 2)
    arms = given.shape[1]
    each = 1.0 - (1.0 - checked_level(level)) / (arms * (arms - 1) / 2.0)
    above = np.zeros((arms, arms), dtype=bool)
    for one in range(arms):
        for other in range(one + 1, arms):
            interval = mean_interval(given[:, one] - given[:, other], each)
            above[one, other], above[other, one] = interval.low > 0.0, interval.high < 0.0
    return np.stack([1 + above.sum(axis=0), arms - above.sum(axis=1)], axis=1)


def _variances_of_differences(values: FloatArray) -> FloatArray:
    """(K, K) sample variance of the difference of each pair of arms."""
    covariance = np.cov(values, rowvar=False)
    variance = np.diag(covariance)
    return np.asarray(
        np.maximum(variance[:, None] + variance[None, :] - 2.0 * covariance, 0.0),
        dtype=np.float64,
    )


def _chi_square_nodes(freedom: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights (M,) of the mean over a chi-square variate.

    The trapezoidal rule in ``u = log x``, where the density falls off at both ends faster than
    any power, so that the rule converges geometrically.
    """
    half = freedom / 2.0
    # Left tail like exp(half u): down to 1e-17; right tail like exp(-x / 2).
    low = math.log(freedom) - 40.0 / half - 10.0 / math.sqrt(half)
    high = math.log(freedom + 12.0 * math.sqrt(2.0 * freedom) + 80.0)
    u = np.linspace(low, high, _NODES)
    x = np.exp(u)
    density = np.exp(xlogy(half, x / 2.0) - x / 2.0 - gammaln(half))
    return x, density * (u[1] - u[0])


def _matrix(values: ArrayLike, first: int) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] < 2:
        raise ValueError(f"replicates by at least two arms are needed, not shape {array.shape}")
    if first < 2 or len(array) < first:
        raise ValueError(f"{len(array)} replicates where at least {max(first, 2)} are needed")
    if not np.isfinite(array).all():
        raise ValueError(f"{int((~np.isfinite(array)).sum())} values are not finite")
    return array


def _above_zero(indifference: float) -> None:
    if not (math.isfinite(indifference) and indifference > 0.0):
        raise ValueError(
            f"the smallest difference worth detecting must be above zero, not {indifference}"
        )
