"""Who loses: rivals, buyers, and what becomes of the deal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sim.compare import measures
from sim.compare.batch import Batch, Scope
from sim.compare.summary import compare_arms


def losers(
    batch: Batch,
    *,
    arm: str | None = None,
    baseline: str | None = None,
    scope: Scope | None = None,
    quarter: str | None = None,
) -> pd.DataFrame:
    """Paired differences of every firm outside the alliance, the largest loss of cars first.

    Parameters
    ----------
    batch
        An opened batch.
    arm, baseline, scope, quarter
        The batch's own headline if not given.

    Returns
    -------
    DataFrame
        One row a rival: ``firm``, survival and cars of the year, each with ``_baseline``,
        ``_difference``, ``_low`` and ``_high``, and ``pairs``.
    """
    arm = batch.check_arm(arm or batch.first_arm)
    baseline = batch.check_arm(baseline or batch.baseline)
    inside = set(batch.members(arm)) or set(batch.focus)
    rivals = [firm for firm in batch.all_firms if firm not in inside and batch.has_firms]
    table = compare_arms(
        batch,
        arms=[arm],
        baseline=baseline,
        firms=rivals,
        scope=scope,
        measures=(measures.SURVIVES, measures.UNITS_SOLD),
        quarters=[quarter or batch.headline_quarter],
    )
    # Without a second arm, or without rows of firms, nobody is known to lose.
    known = rivals if arm != baseline else []
    columns = {
        "baseline_value": "baseline",
        "difference": "difference",
        "difference_low": "low",
        "difference_high": "high",
    }
    parts = [table[table["measure"] == "survives"].set_index("firm")[["pairs"]]]
    for measure in (measures.SURVIVES.key, measures.UNITS_SOLD.key):
        rows = table[table["measure"] == measure].set_index("firm")[list(columns)]
        parts.append(rows.rename(columns={old: f"{measure}_{new}" for old, new in columns.items()}))
    wide = pd.concat(parts, axis=1).loc[known].reset_index(names="firm")
    return wide.sort_values(
        ["units_difference", "firm"], ascending=True, kind="stable", ignore_index=True
    )


def buyers(
    batch: Batch,
    *,
    arms: Sequence[str] | None = None,
    baseline: str | None = None,
    scope: Scope | None = None,
    quarters: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Price level, consumer surplus and concentration by arm: rows of :func:`compare_arms`."""
    return compare_arms(
        batch,
        arms=arms,
        baseline=baseline,
        firms=(),
        scope=scope,
        measures=measures.OF_MARKET,
        quarters=quarters,
    )


DEAL_EVENTS = ("signed", "cleared", "prohibited", "not_signed", "contract_ended")


def deals(batch: Batch, *, scope: Scope | None = None) -> pd.DataFrame:
    """In how many runs of each arm the deal was signed, refused by the authority, or ended.

    Returns
    -------
    DataFrame
        One row an arm with members: ``arm``, ``runs`` and a count of runs a kind of event.
    """
    runs = batch.runs_at(scope or batch.reference)
    finished = runs[runs["status"] == "ok"]
    allied = [arm for arm in batch.arms if batch.members(arm)]
    events = batch.events(finished.loc[finished["arm"].isin(allied), "run"].tolist())
    rows = []
    for arm in allied:
        numbers = finished.loc[finished["arm"] == arm, "run"].to_numpy(np.int64)
        of_arm = events[events["run"].isin(numbers)]
        counts = {
            kind: int(of_arm.loc[of_arm["kind"] == kind, "run"].nunique()) for kind in DEAL_EVENTS
        }
        rows.append({"arm": arm, "runs": len(numbers), **counts})
    return pd.DataFrame(rows, columns=["arm", "runs", *DEAL_EVENTS])
