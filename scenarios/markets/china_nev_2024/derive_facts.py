"""Read the fact tables of this market and write tables byte for byte alike."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]
RANK = {"high": 0, "medium": 1, "low": 2}
SPREAD = {"high": 0.01, "medium": 0.05, "low": 0.20}


@dataclass(frozen=True)
class Fact:
    """One number with its range, unit and origin."""

    value: float
    low: float
    high: float
    unit: str
    basis: str
    confidence: str
    note: str = ""


def read(path: Path) -> list[Row]:
    """Return the rows of a CSV file as dictionaries of strings."""
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows with Unix line ends, so that a rebuild is equal byte for byte."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def number(value: float) -> str:
    """Print a number with six significant digits, or all of them where it is whole."""
    if float(value).is_integer():
        return str(int(value))
    return f"{value:.6g}"


def worst(*confidences: str) -> str:
    """Return the weakest of several confidences: a result is no surer than its inputs."""
    return max(confidences, key=RANK.__getitem__)


def ordered(value: float, first: float, second: float) -> tuple[float, float]:
    """Return a low and a high that enclose the value."""
    return min(value, first, second), max(value, first, second)


def as_fact(row: Row) -> Fact:
    """Read one long-table row; blanks are refused rather than taken as zero."""
    if not (row["value"] and row["low"] and row["high"] and row["basis"]):
        raise ValueError(f"a fact needs value, low, high and basis: {row}")
    return Fact(float(row["value"]), float(row["low"]), float(row["high"]), row["unit"],
                row["basis"], row["confidence"], row.get("note", ""))  # fmt: skip


def share_out(total: int, weights: Sequence[float]) -> list[int]:
    """Split a whole number by weights; the largest remainders take what rounding leaves."""
    scale = total / sum(weights)
    exact = [weight * scale for weight in weights]
    whole = [int(part) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: whole[i] - exact[i])
    for i in by_remainder[: total - sum(whole)]:
        whole[i] += 1
    return whole


class Facts:
    """All fact tables of the market, read once."""

    def __init__(self, folder: Path) -> None:
        facts = folder / "facts"
        self.firms = {row["firm_id"]: row for row in read(folder / "firms.csv")}
        self.units = {row["firm_id"]: row for row in read(facts / "units.csv")}
        self.groups = read(facts / "line_groups.csv")
        self.nameplates = read(facts / "nameplates.csv")
        self.by_year = read(facts / "units_by_year.csv")
        self.market = {row["item"]: as_fact(row) for row in read(facts / "market_facts.csv")}
        self.kinds: dict[tuple[str, str], Fact] = {
            (row["kind"], row["item"]): as_fact(row) for row in read(facts / "kind_facts.csv")
        }
        self.firm: dict[tuple[str, str], Fact] = {
            (row["firm_id"], row["item"]): as_fact(row) for row in read(facts / "firm_facts.csv")
        }
        self.battery = {
            (row["segment"], row["powertrain"]): float(row["battery_kwh"])
            for row in read(facts / "battery_rule.csv")
        }

    def get(self, firm: str, item: str) -> Fact:
        """Return the firm's own fact, else its kind's."""
        own = self.firm.get((firm, item))
        return own if own is not None else self.kinds[(self.firms[firm]["kind"], item)]

    def year_factor(self) -> float:
        """D1: the market's year over its January to April."""
        return self.market["nev_retail"].value / self.market["nev_retail_jan_apr"].value
