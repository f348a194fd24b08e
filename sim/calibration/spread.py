"""Spread of log-share changes: the size of luck, measured alike in the panel and in runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """Standard deviation of log-share changes over a horizon, across firms and dates.

    Attributes
    ----------
    value, standard_error
        Log points; the error is that of a mean over replicates.
    count
        Changes that went into it, all replicates together.
    """

    horizon: int
    value: float
    standard_error: float
    count: int


def log_share_changes(units: FloatArray, horizon: int, floor: float) -> FloatArray:
    """Changes of log shares less their mean across firms of the same date, pooled.

    Firms under the floor at the start of a change, or without sales at its end, are left out,
    as they are from the panel (derivation D20 of the market's folder).

    Parameters
    ----------
    units
        (T, F) vehicles a quarter; shares are of their sum.
    horizon
        Quarters between start and end of a change.
    floor
        Vehicles a quarter at the start of a change.
    """
    share = units / units.sum(axis=1, keepdims=True)
    pooled = [np.zeros(0)]
    for start in range(len(units) - horizon):
        kept = (units[start] >= floor) & (units[start + horizon] > 0.0)
        if kept.any():
            change = np.log(share[start + horizon, kept] / share[start, kept])
            pooled.append(change - change.mean())
    return np.concatenate(pooled)


def spread_of(runs: list[FloatArray], horizon: int, floor: float) -> Spread:
    """Spread over all replicates; each is one panel of (T, F) units.

    Raises
    ------
    ValueError
        No firm is above the floor in some replicate.
    """
    changes = [log_share_changes(units, horizon, floor) for units in runs]
    if not all(len(values) for values in changes):
        raise ValueError("a replicate has no firm above the floor")
    variances = np.array([float(np.mean(values**2)) for values in changes])
    value = float(np.sqrt(variances.mean()))
    error = float(variances.std(ddof=1) / np.sqrt(len(variances))) if len(runs) > 1 else np.nan
    return Spread(horizon, value, error / (2.0 * value), sum(map(len, changes)))
