"""Which recalled accounts of 2021 move the forecast of 2022 most: each at its low and its high.

Run from the root of the project, with its Python; a number of replicates may follow. A row of
``firm_values.csv`` counts where its basis says so; a result before tax enters by fixed cost, which
balances it (derivation V10). The forecast is that of ``backtest``, on the same luck.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

from sim.errors import SimError
from sim.scenario import load
from sim.studies.backtest import forecast

BASE = "scenarios/base/china_nev_2021.yaml"
TABLE = Path(__file__).resolve().parent / "firm_values.csv"
ITEMS = ("gross_margin", "rd", "cash", "result_pre_tax")
REPLICATES = 40


def settings() -> list[tuple[str, str, float, str, float]]:
    """Firm, item, value of the table, and what stands in its place, at low and at high."""
    with TABLE.open(encoding="utf-8") as file:
        rows = {(row["firm_id"], row["item"]): row for row in csv.DictReader(file)}
    found = []
    for (firm, item), row in rows.items():
        if item not in ITEMS or "recalled" not in row["basis"]:
            continue
        for end in ("low", "high"):
            put, value = item, float(row[end])
            if item == "result_pre_tax":
                put = "fixed_cost"
                value = float(rows[firm, put]["value"]) - (value - float(row["value"]))
            found.append((firm, item, float(row[end]), put, value))
    return found


def main() -> None:
    """Print one line a recalled number and end of its range, the strongest first."""
    replicates = int(sys.argv[1]) if len(sys.argv) > 1 else REPLICATES
    base = forecast(load(BASE), replicates)
    before = np.median(base.units, axis=0)
    lines = []
    for firm, item, end, put, value in settings():
        own = base.firms.index(firm)
        try:
            made = forecast(load(BASE, [f"firms.{firm}.{put}={value!r}"]), replicates)
        except SimError as error:
            lines.append((np.inf, f"{firm},{item},{end:g},,,,{str(error).splitlines()[0]}"))
            continue
        with np.errstate(divide="ignore"):
            moved = np.log(np.median(made.units, axis=0) / before)
        total = np.log(np.median(made.units.sum(axis=1)) / np.median(base.units.sum(axis=1)))
        others = np.abs(np.delete(moved, own))
        lines.append(
            (
                float(np.abs(moved).mean()),
                f"{firm},{item},{end:g},{np.abs(moved).mean():.4f},{moved[own]:+.3f},"
                f"{others.max():.3f},{total:+.4f}",
            )
        )
    print("firm,item,value,mean_abs_log_change,own_units,largest_of_others,market")
    for _, line in sorted(lines, reverse=True):
        print(line)


if __name__ == "__main__":
    main()
