"""When to stop adding replicates: blocks until an interval is as narrow as wished.

Each look at the data says how many more to make: as many as the spread seen so far asks for, in
whole blocks, and at most as many again as there are. Few looks, each planned, cost little
coverage; a look after every replicate would stop on whatever sample happens to look quiet.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from numpy.typing import ArrayLike

from sim.stats.couples import couple_means, couple_paired_shares
from sim.stats.intervals import LEVEL, Estimate, sample
from sim.stats.means import mean_interval
from sim.stats.pairing import (
    replicates_for_mean,
    replicates_for_paired_shares,
    replicates_for_share,
)
from sim.stats.proportions import share_interval
from sim.stats.yes_no_pairs import PairCounts, paired_shares

# Below this many replicates neither a spread nor a share is known well enough to plan by.
LEAST = 10


class More(NamedTuple):
    """What a look at the data says.

    Attributes
    ----------
    replicates
        How many more to make now; 0 to stop.
    met
        Whether the interval is as narrow as wished.
    estimate
        The value so far and its interval.
    """

    replicates: int
    met: bool
    estimate: Estimate

    @property
    def half_width(self) -> float:
        """Half the width of the interval so far."""
        return (self.estimate.high - self.estimate.low) / 2.0


def more_for_mean(
    values: ArrayLike, half_width: float, *, block: int, most: int, level: float = LEVEL
) -> More:
    """Replicates to add for a mean, or for a mean of paired differences.

    Parameters
    ----------
    values
        (N,) outcome of each replicate, or paired differences.
    half_width
        Wished half-width, in the same unit.
    block
        Replicates are added in multiples of this.
    most
        Replicates after which to stop whatever the interval.
    level
        Confidence level.

    Raises
    ------
    ValueError
        A value is not finite, or ``half_width``, ``block`` or ``most`` is not above zero.
    """
    given = sample(values)
    estimate = mean_interval(given, level)

    def needed() -> int:
        # A sample that never varied says nothing of the spread.
        if not estimate.bounded:
            return most
        return replicates_for_mean(float(given.std(ddof=1)), half_width, level)

    return _more(len(given), estimate, half_width, needed, block, most)


def more_for_share(
    yes: int, total: int, half_width: float, *, block: int, most: int, level: float = LEVEL
) -> More:
    """Replicates to add for a share: ``yes`` of ``total`` so far; all else as for a mean."""
    estimate = Estimate(yes / total if total else math.nan, *share_interval(yes, total, level))

    def needed() -> int:
        return replicates_for_share(estimate.value, half_width, level)

    return _more(total, estimate, half_width, needed, block, most)


def more_for_paired_shares(
    counts: PairCounts, half_width: float, *, block: int, most: int, level: float = LEVEL
) -> More:
    """Replicates to add for a difference of two paired shares; all else as for a mean."""
    estimate = paired_shares(*counts, level=level)

    def needed() -> int:
        apart = (counts.first_only + counts.second_only) / counts.total
        return replicates_for_paired_shares(apart, estimate.value, half_width, level)

    return _more(counts.total, estimate, half_width, needed, block, most)


def more_for_couples(
    differences: ArrayLike,
    half_width: float,
    *,
    yes_no: bool,
    block: int,
    most: int,
    level: float = LEVEL,
) -> More:
    """Replicates to add where they come in antithetic couples; all else as for a mean.

    Parameters
    ----------
    differences
        (2C,) paired differences; neighbours are couples.
    yes_no
        Differences of yes/no outcomes.
    block, most
        Replicates, not couples; even.
    """
    means = couple_means(differences)
    estimate = couple_paired_shares(differences, level) if yes_no else mean_interval(means, level)

    def needed() -> int:
        if not estimate.bounded:
            return most
        if yes_no:
            # No closed form: a half-width falls about as the root of the number.
            wider = (estimate.high - estimate.low) / 2.0 / half_width
            return 2 * math.ceil(len(means) * wider**2)
        return 2 * replicates_for_mean(float(means.std(ddof=1)), half_width, level)

    return _more(2 * len(means), estimate, half_width, needed, block, most, least=2 * LEAST)


def _more(
    made: int,
    estimate: Estimate,
    half_width: float,
    needed: Callable[[], int],
    block: int,
    most: int,
    least: int = LEAST,
) -> More:
    if not (math.isfinite(half_width) and half_width > 0.0):
        raise ValueError(f"a half-width must be above zero, not {half_width}")
    if block < 1 or most < 1:
        raise ValueError(f"blocks of {block} up to {most} replicates cannot be made")
    met = made >= least and (estimate.high - estimate.low) / 2.0 <= half_width
    if met or made >= most:
        return More(0, met, estimate)
    if made < least:
        wished = least - made
    else:
        wished = max(1, min(needed() - made, made))
    return More(min(-(-wished // block) * block, most - made), False, estimate)
