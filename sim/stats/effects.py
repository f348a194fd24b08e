"""Elementary effects (Morris 1991): how far an outcome moves when one input does.

A design point that failed takes with it the effects that touch it and no others; they are counted
and never filled in.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.stats.bootstrap import RESAMPLES, SEED
from sim.stats.intervals import LEVEL, checked_level

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_LEAST = 5


class Morris(NamedTuple):
    """Morris's measures of each input, all (D,), in the unit of the outcome.

    Attributes
    ----------
    mu
        Mean elementary effect per full range of the input: its direction.
    mu_star
        Mean size of it (Campolongo, Cariboni & Saltelli 2007): how much the input matters.
    low, high
        Percentile bootstrap interval of ``mu_star`` over trajectories; NaN with fewer than five
        effects, of which resampling knows nothing.
    sigma
        Spread of the effects: curvature and interaction.
    used, lost
        Effects that went in, and effects that a failed point took away.
    """

    mu: FloatArray
    mu_star: FloatArray
    low: FloatArray
    high: FloatArray
    sigma: FloatArray
    used: IntArray
    lost: IntArray


def elementary_effects(unit: ArrayLike, outcome: ArrayLike, trajectories: int) -> FloatArray:
    """Effect of each input in each trajectory, per full range of the input.

    Parameters
    ----------
    unit
        (T (D + 1), D) design in the unit cube, trajectory after trajectory; consecutive points of
        one differ in one input.
    outcome
        (T (D + 1),) outcome of each point; NaN where the point failed.
    trajectories
        T.

    Returns
    -------
    ndarray
        (T, D) effects; NaN where a point at either end of the step failed.

    Raises
    ------
    ValueError
        The design is not made of such trajectories.
    """
    points = np.asarray(unit, dtype=np.float64)
    values = np.asarray(outcome, dtype=np.float64)
    inputs = points.shape[1]
    if points.shape[0] != trajectories * (inputs + 1) or values.shape != points.shape[:1]:
        raise ValueError(f"{trajectories} trajectories of {inputs + 1} points, not {points.shape}")
    moved = np.diff(points.reshape(trajectories, inputs + 1, inputs), axis=1)
    change = np.diff(values.reshape(trajectories, inputs + 1), axis=1)
    steps = np.abs(moved) > 1e-12
    if not ((steps.sum(axis=2) == 1).all() and (steps.sum(axis=1) == 1).all()):
        raise ValueError("each step of a trajectory moves one input, and each input moves once")
    which = steps.argmax(axis=2)
    effects = np.empty((trajectories, inputs))
    rows = np.arange(trajectories)[:, None]
    effects[rows, which] = change / np.take_along_axis(moved, which[:, :, None], axis=2)[:, :, 0]
    return effects


def morris(
    effects: ArrayLike, level: float = LEVEL, *, resamples: int = RESAMPLES, seed: int = SEED
) -> Morris:
    """Morris's measures from elementary effects (T, D) in which NaN marks a lost one.

    Raises
    ------
    ValueError
        ``level`` does not lie between 0 and 1, or the effects are no matrix.
    """
    given = np.asarray(effects, dtype=np.float64)
    if given.ndim != 2:
        raise ValueError(f"effects are trajectories by inputs, not {given.shape}")
    tail = (1.0 - checked_level(level)) / 2.0
    generator = np.random.default_rng(seed)
    columns = [given[np.isfinite(given[:, place]), place] for place in range(given.shape[1])]
    rows = []
    for kept in columns:
        if len(kept) == 0:
            rows.append([np.nan] * 5)
            continue
        size = np.abs(kept)
        ends, spread = [np.nan, np.nan], np.nan
        if len(kept) > 1:
            spread = float(kept.std(ddof=1))
        if len(kept) >= _LEAST:
            drawn = size[generator.integers(0, len(size), (resamples, len(size)))].mean(axis=1)
            ends = np.quantile(drawn, [tail, 1.0 - tail]).tolist()
        rows.append([kept.mean(), size.mean(), *ends, spread])
    table = np.array(rows, dtype=np.float64).reshape(len(columns), 5)
    used = np.array([len(kept) for kept in columns], dtype=np.int64)
    mu, mu_star, low, high, sigma = table.T
    return Morris(mu, mu_star, low, high, sigma, used, len(given) - used)
