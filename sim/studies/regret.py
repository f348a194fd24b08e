"""Regret of each arm over futures: what choosing it costs against the arm that was best there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sim import stats

FloatArray = NDArray[np.float64]


def regret(values: ArrayLike) -> FloatArray:
    """Loss of each arm in each future against the best arm of that future (Savage 1951).

    Parameters
    ----------
    values
        (P, A) outcome, more is better.

    Returns
    -------
    ndarray
        (P, A), zero for the best arm of a future.

    Raises
    ------
    ValueError
        A value is not finite: a future that failed in one arm tells nothing of the others' loss.
    """
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 2 or not np.isfinite(given).all():
        raise ValueError("regret needs futures by arms, all finite")
    return np.asarray(given.max(axis=1, keepdims=True) - given, dtype=np.float64)


def held_out_regret(values: ArrayLike) -> FloatArray:
    """Loss of each arm in each future against the arm that other luck says is best there.

    The best of several means is partly the luckiest, so that plain regret is too large for every
    arm. Here the best arm is named by one half of the replicates and the loss taken from the
    other half, then the other way round; a future's loss may so come out below zero, its mean over
    futures is that of following the best guess.

    Parameters
    ----------
    values
        (P, A, R) outcome by future, arm and replicate, R at least 2, all finite.

    Returns
    -------
    ndarray
        (P, A) losses.
    """
    given = np.asarray(values, dtype=np.float64)
    halves = (given[:, :, ::2].mean(axis=2), given[:, :, 1::2].mean(axis=2))
    rows = np.arange(len(given))
    total = np.zeros(given.shape[:2])
    for choice, judge in (halves, halves[::-1]):
        best = judge[rows, choice.argmax(axis=1)]
        total += best[:, None] - judge
    return total / 2.0


def regret_table(values: ArrayLike, arms: Sequence[str]) -> pd.DataFrame:
    """Regret of each arm, the one with the smallest worst regret first.

    Parameters
    ----------
    values
        (P, A, R) outcome by future, arm and replicate, more is better; futures with a failed run
        are NaN and are left out here, their number told.
    arms
        (A,) names.

    Returns
    -------
    DataFrame
        ``arm``; ``worst`` (minimax regret chooses the smallest), ``mean`` with ``low, high`` (95 %
        over futures), ``held_out`` (mean of :func:`held_out_regret`; NaN with one replicate),
        ``best_in`` (share of futures in which no arm did better; ties count for all),
        ``futures, failed``.
    """
    given = np.asarray(values, dtype=np.float64)
    whole = given[np.isfinite(given).all(axis=(1, 2))]
    losses = regret(whole.mean(axis=2))
    fresh = held_out_regret(whole) if given.shape[2] > 1 and len(whole) else losses * np.nan
    rows = []
    for place, arm in enumerate(arms):
        own = losses[:, place]
        mean = stats.mean_interval(own)
        rows.append(
            {
                "arm": arm,
                "worst": float(own.max(initial=0.0)) if len(own) else np.nan,
                "mean": mean.value,
                "low": mean.low,
                "high": mean.high,
                "held_out": float(fresh[:, place].mean()) if len(own) else np.nan,
                "best_in": float((own <= 0.0).mean()) if len(own) else np.nan,
                "futures": len(own),
                "failed": len(given) - len(whole),
            }
        )
    table = pd.DataFrame(rows)
    return table.sort_values(["worst", "mean"], kind="stable", ignore_index=True)
