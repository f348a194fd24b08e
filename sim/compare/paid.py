"""Who paid whom for new shares: what a deal cost its investor."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.compare.batch import Batch, Scope

# What firms raise on the market by the same rule in every arm is no deal.
MARKET = "market"
COLUMNS = ["arm", "firm", "investor", "runs", "amount", "a_run"]


def paid_in(batch: Batch, *, scope: Scope | None = None) -> pd.DataFrame:
    """New money that came into firms in each arm, equity raised on the market left out.

    Parameters
    ----------
    batch
        An opened batch.
    scope
        The batch's reference if not given.

    Returns
    -------
    DataFrame
        One row an arm, firm and investor: ``arm``, ``firm``, ``investor`` (a firm or a name of
        somebody outside), ``runs`` in which it was paid, ``amount`` in CNY, mean over these, and
        ``a_run``, mean over all runs of the arm that ended.
    """
    runs = batch.runs_at(scope or batch.reference)
    finished = runs.loc[runs["status"] == "ok", ["run", "arm"]]
    events = batch.events(finished["run"].tolist())
    issues = events[(events["kind"] == "equity") & (events["counterparty"] != MARKET)]
    if issues.empty:
        return pd.DataFrame(columns=COLUMNS)
    rows = (
        issues.merge(finished, on="run")
        .groupby(["arm", "firm", "counterparty", "run"], sort=False)["amount"]
        .sum()
        .groupby(level=["arm", "firm", "counterparty"], sort=False)
        .agg(["size", "mean"])
        .reset_index()
    )
    rows.columns = pd.Index(COLUMNS[:-1])
    ended = finished["arm"].value_counts()
    rows["a_run"] = rows["amount"] * rows["runs"] / rows["arm"].map(ended).astype(np.float64)
    order = {arm: place for place, arm in enumerate(batch.arms)}
    place = rows["arm"].map(order).to_numpy()
    return rows.iloc[np.argsort(place, kind="stable")].reset_index(drop=True)


def received(paid: pd.DataFrame, arm: str, firm: str) -> float:
    """New money of a firm in an arm, CNY a run in which it came."""
    rows = paid[(paid["arm"] == arm) & (paid["firm"] == firm)]
    return float(np.asarray(rows["amount"], dtype=np.float64).sum())


def spent(paid: pd.DataFrame, arm: str, investor: str) -> float:
    """What an investor or its owner paid for new shares in an arm, CNY a run of the arm."""
    rows = paid[(paid["arm"] == arm) & (paid["investor"] == investor)]
    return float(np.asarray(rows["a_run"], dtype=np.float64).sum())
