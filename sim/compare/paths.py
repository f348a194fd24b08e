"""Quarter by quarter: survival, levels with paired differences, and who is on sale when."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.compare import measures
from sim.compare.batch import Batch, Scope
from sim.compare.estimates import share_of
from sim.compare.outcomes import outcomes, values_of
from sim.compare.pairs import complete_couples, make_pairs
from sim.stats import couple_means, mean_interval

FloatArray = NDArray[np.float64]
# Lines are drawn over the middle four fifths of the runs.
LOWER_RUNS, UPPER_RUNS = 0.10, 0.90


def survival_paths(
    batch: Batch, firm: str, *, scope: Scope | None = None, measure: str = "survives"
) -> pd.DataFrame:
    """Share of finished runs in which a firm survives, by arm and quarter, with its interval.

    Parameters
    ----------
    batch
        An opened batch.
    firm
        Which firm.
    scope
        The batch's reference if not given.
    measure
        ``survives``, ``brand`` or ``independent``.

    Returns
    -------
    DataFrame
        ``arm, t, quarter, value, low, high, n``; the interval is exact (Clopper and Pearson), 95 %.
    """
    runs = batch.runs_at(scope or batch.reference)
    finished = runs[runs["status"] == "ok"]
    rows = batch.firms(finished["run"].tolist(), [measure], firms=[firm])
    joined = rows.merge(finished[["run", "arm", "replicate"]], on="run")
    made = []
    for arm in batch.arms:
        of_arm = joined[joined["arm"] == arm]
        if of_arm.empty:
            continue
        grid = of_arm.pivot(index="replicate", columns="t", values=measure).sort_index()
        alive, replicates = grid.to_numpy(np.float64), grid.index.to_numpy(np.int64)
        shares = [share_of(each, replicates, antithetic=batch.antithetic) for each in alive.T]
        times = grid.columns.to_numpy(np.int64)
        told = pd.DataFrame(shares).assign(
            arm=arm, t=times, quarter=[batch.quarters[t] for t in times]
        )
        made.append(told[["arm", "t", "quarter", "value", "low", "high", "n"]])
    columns = ["arm", "t", "quarter", "value", "low", "high", "n"]
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=columns)


def level_paths(
    batch: Batch, column: str, *, firm: str | None = None, scope: Scope | None = None
) -> pd.DataFrame:
    """Mean of a column by arm and quarter, the spread of its runs, and paired differences.

    Parameters
    ----------
    batch
        An opened batch.
    column
        A column of the market table, or of the firm table if ``firm`` is given.
    firm
        Which firm.
    scope
        The batch's reference if not given.

    Returns
    -------
    DataFrame
        ``arm, t, quarter, value, lower_runs, upper_runs`` (10 % and 90 % of the runs),
        ``difference, difference_low, difference_high`` (paired mean, 95 %), ``n, pairs``.
    """
    runs = batch.runs_at(scope or batch.reference)
    numbers = runs.loc[runs["status"] == "ok", "run"].tolist()
    if firm is None:
        rows = batch.market(numbers, [column])
    else:
        rows = batch.firms(numbers, [column], firms=[firm])
    joined = rows.merge(runs[["run", "arm", "replicate"]], on="run")
    grids = {
        arm: of_arm.pivot(index="replicate", columns="t", values=column)
        for arm, of_arm in joined.groupby("arm", sort=False)
    }
    made = [
        _path(batch, arm, grids[arm], grids.get(batch.baseline))
        for arm in batch.arms
        if arm in grids
    ]
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=["arm", "t"])


def _path(
    batch: Batch, arm: str, grid: pd.DataFrame, baseline: pd.DataFrame | None
) -> pd.DataFrame:
    times = grid.columns.to_numpy(np.int64)
    values = grid.to_numpy(np.float64)
    if baseline is None:
        differences = np.full_like(values, np.nan)
    else:
        first = baseline.reindex(index=grid.index, columns=grid.columns)
        differences = values - first.to_numpy(np.float64)
    replicates = grid.index.to_numpy(np.int64)
    paired = [
        mean_interval(_observations(each, replicates, antithetic=batch.antithetic))
        for each in differences.T
    ]
    known = [_finite(values[:, column]) for column in range(len(times))]
    return pd.DataFrame(
        {
            "arm": arm,
            "t": times,
            "quarter": [batch.quarters[t] for t in times],
            "value": [_mean(each) for each in known],
            "lower_runs": [_quantile(each, LOWER_RUNS) for each in known],
            "upper_runs": [_quantile(each, UPPER_RUNS) for each in known],
            "difference": [mean for mean, _, _ in paired],
            "difference_low": [low for _, low, _ in paired],
            "difference_high": [high for _, _, high in paired],
            "n": [len(each) for each in known],
            "pairs": [len(_finite(differences[:, column])) for column in range(len(times))],
        }
    )


def _finite(values: FloatArray) -> FloatArray:
    return values[np.isfinite(values)]


def _observations(
    differences: FloatArray, replicates: NDArray[np.int64], *, antithetic: bool
) -> FloatArray:
    """What is independent among paired differences: each of them, or means of couples."""
    known = np.isfinite(differences)
    if not antithetic:
        return differences[known]
    whole = complete_couples(replicates[known])
    return couple_means(differences[known][whole])


def _mean(values: FloatArray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _quantile(values: FloatArray, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else float("nan")


def alive_strip(
    batch: Batch, *, arm: str | None = None, scope: Scope | None = None
) -> pd.DataFrame:
    """Share of the runs of one arm in which each firm's brand is on sale, by quarter.

    Returns
    -------
    DataFrame
        ``firm, t, quarter, value, n``.
    """
    arm = batch.check_arm(arm or batch.baseline)
    runs = batch.runs_at(scope or batch.reference, [arm])
    rows = batch.firms(runs.loc[runs["status"] == "ok", "run"].tolist(), [measures.BRAND.key])
    counted = rows.groupby(["firm", "t"])[measures.BRAND.key].agg(["mean", "count"])
    table = counted.reset_index().rename(columns={"mean": "value", "count": "n"})
    table["quarter"] = [batch.quarters[t] for t in table["t"]]
    return table[["firm", "t", "quarter", "value", "n"]]


def pair_differences(
    batch: Batch,
    measure: str,
    *,
    firm: str = "",
    quarter: str | None = None,
    scope: Scope | None = None,
) -> pd.DataFrame:
    """Each pair's difference to the baseline, for the picture of their distribution.

    Returns
    -------
    DataFrame
        ``arm, replicate, baseline, value, difference``.
    """
    quarter = quarter or batch.headline_quarter
    runs = batch.runs_at(scope or batch.reference)
    found = outcomes(batch, runs, [firm] if firm else [], [quarter])
    values = values_of(found, measure, quarter, firm)
    made = []
    for arm in batch.arms:
        if arm == batch.baseline:
            continue
        pairs = make_pairs(runs, values, arm, batch.baseline, antithetic=batch.antithetic)
        made.append(
            pd.DataFrame(
                {
                    "arm": arm,
                    "replicate": pairs.replicates,
                    "baseline": pairs.baseline,
                    "value": pairs.arm,
                    "difference": pairs.differences,
                }
            )
        )
    columns = ["arm", "replicate", "baseline", "value", "difference"]
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=columns)
