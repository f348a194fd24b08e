"""What firms sell in regions abroad, arm by arm: every number illustrative."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from sim.compare import amounts
from sim.compare.batch import Batch, Scope
from sim.compare.estimates import estimate
from sim.compare.pairs import make_pairs

ILLUSTRATIVE = "illustrative"
_MEASURES = ("units", "contribution")
COLUMNS = (
    "arm", "baseline", "region", "basis", "firm", "quarter", "measure", "baseline_value", "value",
    "difference", "difference_low", "difference_high", "p", "pairs",
)  # fmt: skip
HEADINGS = (
    "region, firm (illustrative)", "arm", "baseline", "in the arm", "difference", "95 %", "p",
)  # fmt: skip


def abroad(
    batch: Batch,
    *,
    arms: Sequence[str] | None = None,
    baseline: str | None = None,
    firms: Sequence[str] | None = None,
    scope: Scope | None = None,
) -> pd.DataFrame:
    """Compare sales in the regions modelled, from the start to the end of the headline quarter.

    Parameters
    ----------
    batch
        An opened batch.
    arms, baseline, firms, scope
        All other arms and the firms in focus, the batch's own headline, if not given.

    Returns
    -------
    DataFrame
        One row an arm, region, firm and measure (``units`` sold, and ``contribution``, CNY),
        summed over quarters; empty where no region is modelled in both arms.
    """
    baseline = baseline or batch.baseline
    others = [arm for arm in arms or batch.arms if arm != baseline]
    runs = batch.runs_at(scope or batch.reference, [baseline, *others])
    until = batch.quarter_number(batch.headline_quarter)
    sold = batch.regions(
        runs.loc[runs["status"] == "ok", "run"].tolist(),
        firms=list(firms or batch.focus),
        times=range(until + 1),
    )
    rows = []
    if not sold.empty:
        totals = sold.groupby(["region", "firm", "run"], sort=True)[list(_MEASURES)].sum()
        for (region, firm), of_firm in totals.groupby(level=["region", "firm"], sort=True):
            by_run = of_firm.droplevel(["region", "firm"])
            there = set(runs.loc[runs["run"].isin(by_run.index), "arm"])
            for arm in [arm for arm in others if {arm, baseline} <= there]:
                for measure in _MEASURES:
                    pairs = make_pairs(
                        runs, by_run[measure], arm, baseline, antithetic=batch.antithetic
                    )
                    found = estimate(pairs, yes_no=False)
                    named = (arm, baseline, region, ILLUSTRATIVE, firm, batch.headline_quarter)
                    rows.append(
                        {
                            **dict(zip(COLUMNS, (*named, measure), strict=False)),
                            **{name: found[name] for name in COLUMNS[7:]},
                        }
                    )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    order = {arm: place for place, arm in enumerate(batch.arms)}
    return table.sort_values(
        ["region", "firm", "measure", "arm"],
        key=lambda column: column.map(order) if column.name == "arm" else column,
        kind="stable",
        ignore_index=True,
    )


def abroad_cells(batch: Batch, table: pd.DataFrame) -> list[list[str]]:
    """Cells under :data:`HEADINGS`, a row of the table each."""
    cells = []
    for _, row in table.iterrows():
        show = amounts.scaled if row["measure"] == "units" else amounts.money
        what = "cars" if row["measure"] == "units" else "contribution"
        moved = ("difference", "difference_low", "difference_high")
        change, low, high = (amounts.signed(show(row[name]), row[name]) for name in moved)
        cells.append(
            [
                f"{row['region']}, {batch.name(str(row['firm']))}, {what}",
                str(row["arm"]),
                show(row["baseline_value"]),
                show(row["value"]),
                change,
                f"[{low}, {high}]",
                amounts.probability(row["p"]),
            ]
        )
    return cells


def abroad_title(batch: Batch) -> str:
    """What the numbers are, in a line."""
    return (
        f"Abroad, from the start to the end of {batch.headline_quarter}, sums of all quarters: "
        f"{ILLUSTRATIVE}, a market of assumptions"
    )


CAVEAT = (
    "What firms earn abroad is in their result and cash, so that survival too rests in part on "
    f"{ILLUSTRATIVE} numbers."
)
