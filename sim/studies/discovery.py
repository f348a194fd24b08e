"""Scenario discovery: in which futures an alliance does not pay, in a sentence.

Cases are futures, found on half of the draws of luck and judged on the other half, so that the
coverage and density that are told are not those of the luck on which the box was chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import stats
from sim.compare.amounts import percent
from sim.studies.ranges import Range

FloatArray = NDArray[np.float64]


class Discovery(NamedTuple):
    """A box of futures in which an arm does not pay.

    Attributes
    ----------
    box
        In the unit of the settings.
    found, held_out
        Its fit on the luck it was found on, and on the other half.
    pays
        Share of futures in which the arm pays on the held-out luck.
    futures
        Futures that went in.
    """

    box: stats.Box
    found: stats.Fit
    held_out: stats.Fit
    pays: float
    futures: int


def discover(settings: ArrayLike, differences: ArrayLike) -> Discovery:
    """Find the box of futures in which the paired difference is not above zero.

    Parameters
    ----------
    settings
        (P, D) values of the settings varied.
    differences
        (P, R) paired difference of each replicate, more is better, R at least 2. Futures with a
        failed run are NaN and left out.

    Raises
    ------
    ValueError
        Fewer than two replicates, or no future is whole.
    """
    points = np.asarray(settings, dtype=np.float64)
    given = np.asarray(differences, dtype=np.float64)
    whole = np.isfinite(given).all(axis=1)
    if given.shape[1] < 2 or not whole.any():
        raise ValueError("discovery needs two replicates and a future without a failed run")
    points, given = points[whole], given[whole]
    fails = [half.mean(axis=1) <= 0.0 for half in (given[:, ::2], given[:, 1::2])]
    box = stats.find_box(points, fails[0])
    return Discovery(
        box,
        stats.fit(box, points, fails[0]),
        stats.fit(box, points, fails[1]),
        float(1.0 - fails[1].mean()),
        len(points),
    )


def sentence(subject: str, ranges: Sequence[Range], found: Discovery) -> str:
    """Say when an arm pays, and how well the condition tells.

    A condition is told only where it holds on fresh luck: the box is denser in failures than
    futures at large.
    """
    share = f"{subject} pays in {percent(found.pays, 0)} of {found.futures} futures"
    if found.pays == 1.0:
        return f"{subject} pays in all of {found.futures} futures."
    if found.pays == 0.0:
        return f"{subject} pays in none of {found.futures} futures."
    if not found.box.bound or not found.held_out.density > 1.0 - found.pays:
        return f"{share}; no box of settings tells the others apart."
    clauses = [_clause(ranges[place], found.box, place) for place in found.box.bound]
    held = found.held_out
    return (
        f"{subject} pays unless {' and '.join(clauses)}: of the futures in which it does not pay "
        f"{percent(held.coverage, 0)} lie there (coverage), and of those that lie there "
        f"{percent(held.density, 0)} do not pay (density), against "
        f"{percent(1.0 - found.pays, 0)} at large; on luck on which the box was not chosen."
    )


def _clause(setting: Range, box: stats.Box, place: int) -> str:
    low, high = float(box.low[place]), float(box.high[place])
    if np.isfinite(low) and np.isfinite(high):
        return f"{setting.path} lies between {low:.3g} and {high:.3g}"
    if np.isfinite(low):
        return f"{setting.path} is {low:.3g} or more"
    return f"{setting.path} is {high:.3g} or less"
