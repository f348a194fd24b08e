"""From the rows of runs to one value a run, date and measure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sim.compare import measures
from sim.compare.batch import Batch

KEYS = ["run", "firm", "quarter", "measure"]
_STANDING = ["units", "cash", "owner_money", "state_money", "survives", "brand", "independent"]


def outcomes(
    batch: Batch, runs: pd.DataFrame, firms: Sequence[str], quarters: Sequence[str]
) -> pd.DataFrame:
    """Value of each measure at the end of each quarter named, for each run that finished.

    Units and share are of the trailing year; price and concentration its mean; consumer
    surplus and state money are summed from the start of the run.

    Parameters
    ----------
    batch
        Where the rows lie.
    runs
        Rows of the run table.
    firms
        Firms to measure.
    quarters
        Such as ``2030Q4``.

    Returns
    -------
    DataFrame
        Columns ``run, firm, quarter, measure, value``; ``firm`` is empty for the market's.
    """
    numbers = runs.loc[runs["status"] == "ok", "run"].tolist()
    market = batch.market(numbers, ["units", "price_mean", "hhi", "consumer_surplus"])
    rows = [
        _market_outcomes(market, batch.quarter_number(quarter), quarter) for quarter in quarters
    ]
    union = {firm: batch.merged_with(firm) for firm in firms}
    needed = sorted({*firms, *(member for group in union.values() for member in group)})
    times = sorted({t for quarter in quarters for t in batch.trailing_year(quarter)})
    if not firms:
        return pd.concat(rows, ignore_index=True)
    firm_rows = batch.firms(numbers, _STANDING, firms=needed, times=times)
    rows += [
        _firm_outcomes(batch, firm_rows, market, firm, union[firm], quarter)
        for quarter in quarters
        for firm in firms
    ]
    return pd.concat(rows, ignore_index=True)


def values_of(table: pd.DataFrame, measure: str, quarter: str, firm: str = "") -> pd.Series[float]:
    """Value by run number of one measure at one date."""
    wanted = (table["measure"] == measure) & (table["quarter"] == quarter) & (table["firm"] == firm)
    found = table.loc[wanted]
    return pd.Series(found["value"].to_numpy(np.float64), index=found["run"].to_numpy(np.int64))


def _long(values: pd.DataFrame, firm: str, quarter: str) -> pd.DataFrame:
    long = values.rename_axis(index="run").reset_index().melt("run", var_name="measure")
    return long.assign(firm=firm, quarter=quarter)[[*KEYS, "value"]]


def _market_outcomes(market: pd.DataFrame, end: int, quarter: str) -> pd.DataFrame:
    recent = market[(market["t"] <= end) & (market["t"] > end - measures.TRAILING)]
    so_far = market[market["t"] <= end]
    sold = recent.assign(paid=recent["price_mean"] * recent["units"]).groupby("run")
    values = pd.DataFrame(
        {
            measures.PRICE_LEVEL.key: sold["paid"].sum(min_count=1)
            / sold["units"].sum().where(lambda units: units > 0.0),
            measures.CONSUMER_SURPLUS.key: so_far.groupby("run")["consumer_surplus"].sum(),
            measures.HHI.key: sold["hhi"].mean(),
        }
    )
    return _long(values, "", quarter)


def _firm_outcomes(
    batch: Batch,
    rows: pd.DataFrame,
    market: pd.DataFrame,
    firm: str,
    union: tuple[str, ...],
    quarter: str,
) -> pd.DataFrame:
    end, year = batch.quarter_number(quarter), batch.trailing_year(quarter)
    own = rows[rows["firm"] == firm]
    last = own[own["t"] == end].set_index("run")
    annual = measures.TRAILING / len(year)
    sold = own[own["t"].isin(year)].groupby("run")["units"].sum()
    sold_by_all = market[market["t"].isin(year)].groupby("run")["units"].sum()
    values = pd.DataFrame(
        {
            **{measure.key: last[measure.key].astype(np.float64) for measure in measures.SURVIVAL},
            measures.UNITS_SOLD.key: sold * annual,
            measures.MARKET_SHARE.key: sold / sold_by_all.where(sold_by_all > 0.0),
            measures.CASH.key: last["cash"],
            measures.OWNER_MONEY.key: last["owner_money"],
            measures.STATE_MONEY.key: last["state_money"],
        }
    )
    if union:
        together = rows[rows["firm"].isin(union) & (rows["t"] == end)]
        values[measures.CASH_TOGETHER.key] = together.groupby("run")["cash"].sum()
    return _long(values, firm, quarter)
