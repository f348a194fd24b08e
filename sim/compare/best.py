"""Which arm is the best, with a stated rate of error, or that the data do not decide it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim import stats
from sim.compare import amounts, measures
from sim.compare.batch import Batch, Scope
from sim.compare.measures import MEASURES, Measure
from sim.compare.outcomes import outcomes, values_of
from sim.compare.pairs import complete_couples
from sim.compare.sentence import end_of
from sim.stats.stopping import LEAST

FloatArray = NDArray[np.float64]

COLUMNS = [
    "firm", "quarter", "measure", "arm", "value", "may_be_best", "behind_at_most", "replicates",
    "left_out", "replicates_needed",
]  # fmt: skip
# Smallest difference worth more runs: 5 points of odds, or a twentieth of the baseline's mean
# amount. Assumption; it enters no verdict on the runs that there are.
WORTH_ODDS = 0.05
WORTH_AMOUNT = 0.05


def best_arms(
    batch: Batch,
    *,
    firms: Sequence[str] | None = None,
    scope: Scope | None = None,
    quarter: str | None = None,
) -> pd.DataFrame:
    """All arms held against each other at once, by survival and by cash.

    The verdict is of :func:`sim.stats.find_best`, on the replicates that ended in every arm.

    Parameters
    ----------
    batch
        An opened batch.
    firms, scope, quarter
        The batch's own headline if not given. Cash is that of a merger's members together where
        an arm has one: the treasuries of the arms must be of the same firms.

    Returns
    -------
    DataFrame
        One row a firm, measure and arm in whose market the firm is: ``value``, ``may_be_best``
        (no other arm is clearly better; the best is among these with 95 %), ``behind_at_most``
        (how far below the best of the others), ``replicates`` and ``left_out``, and
        ``replicates_needed``: after how many in all Kim & Nelson's procedure picks an arm
        within 5 points of odds, or a twentieth of the baseline's mean amount, of the best. Empty
        with fewer than two arms.
    """
    if len(batch.arms) < 2:
        return pd.DataFrame(columns=COLUMNS)
    quarter = quarter or batch.headline_quarter
    runs = batch.runs_at(scope or batch.reference)
    chosen = list(firms or batch.focus)
    found = outcomes(batch, runs, chosen, [quarter])
    rows: list[dict[str, object]] = []
    pooled: set[tuple[str, ...]] = set()
    for firm in chosen:
        union = batch.merged_with(firm)
        wanted: list[Measure] = [measures.SURVIVES]
        if union not in pooled or not union:
            wanted.append(measures.CASH_TOGETHER if union else measures.CASH)
        pooled.add(union)
        for measure in wanted:
            values = values_of(found, measure.key, quarter, firm)
            arms, table, left_out = _complete(batch, runs, values)
            if len(arms) < 2:
                continue
            rows += [
                {"firm": firm, "quarter": quarter, "measure": measure.key, "arm": arm, **told,
                 "replicates": len(table), "left_out": left_out}
                for arm, told in zip(arms, _verdicts(batch, arms, table, measure), strict=True)
            ]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def _complete(
    batch: Batch, runs: pd.DataFrame, values: pd.Series[float]
) -> tuple[tuple[str, ...], FloatArray, int]:
    """Arms with the firm, (N, K) values of replicates that ended in each of them, and the rest.

    An arm whose runs ended without a value has not got the firm on its market.
    """
    known = runs.assign(value=np.asarray(values.reindex(runs["run"]), dtype=np.float64))
    ended = known[known["status"] == "ok"]
    there = set(ended.loc[ended["value"].notna(), "arm"])
    arms = tuple(arm for arm in batch.arms if arm in there or arm not in set(ended["arm"]))
    grid = known.pivot(index="replicate", columns="arm", values="value")
    grid = grid.reindex(columns=list(arms)).sort_index()
    whole = grid.dropna()
    if batch.antithetic:
        whole = whole[complete_couples(whole.index.to_numpy(np.int64))]
    return arms, whole.to_numpy(np.float64), len(grid) - len(whole)


def _verdicts(
    batch: Batch, arms: tuple[str, ...], table: FloatArray, measure: Measure
) -> list[dict[str, object]]:
    size = len(arms)
    if len(table) < 2:
        mean = table.mean(axis=0) if len(table) else np.full(size, np.nan)
        inside, behind = np.ones(size, dtype=np.bool_), np.full(size, np.inf)
    else:
        mean = table.mean(axis=0)
        inside, behind = stats.find_best(
            table, yes_no=measure.is_yes_no, couples=batch.antithetic
        )
    needed = _needed(batch, arms, table, measure)
    return [
        {
            "value": float(mean[place]),
            "may_be_best": bool(inside[place]),
            "behind_at_most": float(behind[place]),
            "replicates_needed": needed,
        }
        for place in range(size)
    ]


def _needed(
    batch: Batch, arms: tuple[str, ...], table: FloatArray, measure: Measure
) -> float:
    """Replicates in all, planned from the spread of those there are; NaN where it is unknown."""
    if batch.antithetic:
        table = table.reshape(-1, 2, table.shape[1]).mean(axis=1)
    place = arms.index(batch.baseline) if batch.baseline in arms else 0
    own = float(table[:, place].mean()) if len(table) else 0.0
    worth = WORTH_ODDS if measure.is_yes_no else WORTH_AMOUNT * abs(own)
    # Fewer say too little of the spread to plan by; arms that never differ say nothing of it.
    if len(table) < LEAST or worth == 0.0 or np.ptp(table, axis=1).max() == 0.0:
        return float("nan")
    return stats.kim_nelson(table, worth, first=len(table)).most * (2 if batch.antithetic else 1)


def best_sentences(batch: Batch, table: pd.DataFrame) -> list[str]:
    """Say of each firm and measure which arm is the best, or which cannot be told apart.

    Parameters
    ----------
    batch
        For the names.
    table
        Rows of :func:`best_arms`.
    """
    said = []
    for (firm, key), rows in table.groupby(["firm", "measure"], sort=False):
        said.append(_sentence(batch, str(firm), MEASURES[str(key)], rows))
    return said


def _sentence(batch: Batch, firm: str, measure: Measure, rows: pd.DataFrame) -> str:
    whose = " and ".join(batch.name(each) for each in batch.merged_with(firm)) or batch.name(firm)
    when = end_of(str(rows["quarter"].iloc[0]))
    what = (
        f"{batch.name(firm)}'s odds of being alive at {when}"
        if measure is measures.SURVIVES
        else f"the cash of {whose} at {when}"
    )
    count, lost = int(rows["replicates"].iloc[0]), int(rows["left_out"].iloc[0])
    basis = f"{count} replicates" + (f", {lost} left out for a failed run" if lost else "")
    inside = [str(arm) for arm in rows.loc[rows["may_be_best"], "arm"]]
    if len(inside) == 1:
        shown = measure.show(float(rows.loc[rows["may_be_best"], "value"].iloc[0]))
        return (
            f"By {what}, {inside[0]} is the best arm ({shown}; rate of error at most "
            f"{amounts.percent(1.0 - stats.LEVEL, 0)}, {basis})."
        )
    outside = [str(arm) for arm in rows["arm"] if arm not in inside]
    if not inside:
        inside, outside = [*rows["arm"].astype(str)], []
    told = f"{', '.join(inside[:-1])} and {inside[-1]} cannot be told apart"
    rest = f"; not the best: {', '.join(outside)}" if outside else ""
    needed = float(rows["replicates_needed"].iloc[0])
    more = ""
    if np.isfinite(needed) and needed > count:
        points = f"{100.0 * WORTH_ODDS:g} points"
        worth = points if measure.is_yes_no else amounts.percent(WORTH_AMOUNT, 0)
        more = f" Up to {needed:,.0f} replicates would pick one within {worth} of the best."
    return (
        f"By {what}, {told}{rest} ("
        f"{amounts.percent(stats.LEVEL, 0)} that the best is among them; {basis}).{more}"
    )
