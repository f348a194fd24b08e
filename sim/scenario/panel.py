"""Moments of the panel of firms that a market folder carries (``panel_moments.csv``)."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from sim.errors import Fault, InputError
from sim.scenario.market_tables import market_folder
from sim.scenario.reader import read_text

FILE = "panel_moments.csv"


@dataclass(frozen=True)
class Moment:
    """One moment with its standard error and number of changes."""

    name: str
    horizon: int
    value: float
    standard_error: float
    count: int
    note: str


def read_panel_moments(market: str) -> tuple[Moment, ...]:
    """All moments of a market's panel, in the order of the file.

    Raises
    ------
    InputError
        The file is missing or a row is not a moment; all faults at once.
    """
    rows = csv.DictReader(io.StringIO(read_text(market_folder(market) / FILE, FILE)))
    faults: list[Fault] = []
    moments = []
    for row in rows:
        try:
            moments.append(
                Moment(
                    row["moment"],
                    int(row["horizon_quarters"]),
                    float(row["value"]),
                    float(row["standard_error"]),
                    int(row["n"]),
                    row["note"],
                )
            )
        except (KeyError, TypeError, ValueError):
            expected = "moment, horizon_quarters, value, standard_error, n, note"
            faults.append(Fault(FILE, rows.line_num, str(row.get("moment")), "", expected))
    if faults:
        raise InputError(faults)
    return tuple(moments)
