"""What a market did before and after its base year: ``history.csv`` and ``realised.csv``.

No model reads them: they are for judging its forecasts.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sim.errors import Fault, InputError
from sim.scenario.market_tables import market_folder
from sim.scenario.reader import read_text

HISTORY, REALISED, INFORMATION = "history.csv", "realised.csv", "information.csv"
MARKET = "market"
MEASURES = ("units", "price_ratio")
COLUMNS = ("firm_id", "year", "measure", "value", "metric")
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Observed:
    """One number and how it was counted; two are comparable where ``metric`` is the same."""

    value: float
    metric: str


Outcomes = Mapping[tuple[str, str, int], Observed]


@dataclass(frozen=True)
class Input:
    """One row of the information set: the last date of a fact table that entered a market."""

    table: str
    known_last: str
    rows: int
    undated: int
    note: str


def read_outcomes(market: str, file: str) -> Outcomes:
    """Numbers by (firm or ``market``, measure, year).

    Raises
    ------
    InputError
        The file is missing or rows are at fault; all faults at once.
    """
    rows = csv.DictReader(io.StringIO(read_text(market_folder(market) / file, file)))
    found: dict[tuple[str, str, int], Observed] = {}
    faults: list[Fault] = []
    for row in rows:
        try:
            key = (row["firm_id"], row["measure"], int(row["year"]))
            value = float(row["value"])
            if key[1] not in MEASURES or key in found or not 0.0 <= value < 1e12:
                raise ValueError
            found[key] = Observed(value, row["metric"])
        except (KeyError, TypeError, ValueError):
            expected = f"{', '.join(COLUMNS)}; a measure is one of {', '.join(MEASURES)}, once"
            faults.append(Fault(file, rows.line_num, str(row.get("firm_id")), "", expected))
    if faults:
        raise InputError(faults)
    return found


def read_information(market: str, december: int) -> tuple[Input, ...]:
    """The information set of a market, none of it later than a December.

    Parameters
    ----------
    december
        Year in whose December the forecast is made.

    Raises
    ------
    InputError
        The file is missing, a row is at fault, or a fact table entered with a later date.
    """
    rows = csv.DictReader(io.StringIO(read_text(market_folder(market) / INFORMATION, INFORMATION)))
    inputs, faults = [], []
    for row in rows:
        try:
            read = Input(row["table"], row["known_last"], int(row["rows"]), int(row["undated"]),
                         row["note"])  # fmt: skip
        except (KeyError, TypeError, ValueError):
            expected = "table, known_last, rows, undated, note"
            faults.append(Fault(INFORMATION, rows.line_num, str(row.get("table")), "", expected))
            continue
        inputs.append(read)
        dated = _DATE.fullmatch(read.known_last)
        known = dated is None and read.known_last in ("none", "undated")
        if not known and not (dated and read.known_last <= f"{december}-12"):
            expected = f"a date up to {december}-12: nothing later may enter the forecast"
            faults.append(Fault(INFORMATION, rows.line_num, read.table, read.known_last, expected))
    if faults:
        raise InputError(faults)
    return tuple(inputs)
