"""Facts with the date at which each was known; a vintage sees those up to its December."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]
RANK = {"high": 0, "medium": 1, "low": 2}
SPREAD = {"high": 0.01, "medium": 0.05, "low": 0.20}
UNDATED = "undated"  # an assumption, which no year makes known


@dataclass(frozen=True)
class Fact:
    """One number with its range, unit and origin."""

    value: float
    low: float
    high: float
    unit: str
    basis: str
    confidence: str


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows with Unix line ends, so that a rebuild is equal byte for byte."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def read(path: Path) -> list[Row]:
    """Return the rows of a CSV file as dictionaries of strings."""
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def number(value: float) -> str:
    """Print a number with six significant digits, or all of them where it is whole."""
    return str(int(value)) if float(value).is_integer() else f"{value:.6g}"


def around(value: float, unit: str, basis: str, confidence: str) -> Fact:
    """Return a fact whose range follows from its confidence."""
    spread = abs(value) * SPREAD[confidence]
    return Fact(value, value - spread, value + spread, unit, basis, confidence)


def share_out(total: int, weights: Sequence[float]) -> list[int]:
    """Split a whole number by weights; the largest remainders take what rounding leaves."""
    scale = total / sum(weights)
    exact = [weight * scale for weight in weights]
    whole = [int(part) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: whole[i] - exact[i])
    for i in by_remainder[: total - sum(whole)]:
        whole[i] += 1
    return whole


def as_fact(row: Row) -> Fact:
    """Read one row; blanks are refused rather than taken as zero."""
    if not (row["value"] and row["low"] and row["high"] and row["basis"]):
        raise ValueError(f"a fact needs value, low, high and basis: {row}")
    return Fact(
        float(row["value"]),
        float(row["low"]),
        float(row["high"]),
        row["unit"],
        row["basis"],
        row["confidence"],
    )


class Facts:
    """All that was known in December of ``year``; later rows are not kept.

    Raises
    ------
    ValueError
        An undated row is not an assumption, or a fact is incomplete.
    """

    def __init__(self, folder: Path, year: int) -> None:
        self.year = year
        self.folder = folder / "facts"
        self.firms = {row["firm_id"]: row for row in read(self.folder / "firms.csv")}
        self.lines = [r for r in self.known("lines.csv") if int(r["year"]) == year]
        self.units = {(r["firm_id"], int(r["year"])): r for r in self.known("units.csv")}
        self.made = self.known("made.csv")
        self.measures = self.known("measures.csv")
        self.holdings = self.known("holdings.csv")
        self.moments = self.known("panel_moments.csv")
        self.kinds = {
            (r["kind"], r["item"]): as_fact(r) for r in read(self.folder / "kind_facts.csv")
        }
        # Rows are taken by date, so the last one known stands.
        self.firm = {(r["firm_id"], r["item"]): as_fact(r) for r in self.known("firm_facts.csv")}
        self.by_date: dict[str, list[tuple[str, Fact]]] = {}
        for row in self.known("market_facts.csv"):
            self.by_date.setdefault(row["item"], []).append((row["known"], as_fact(row)))
        self.market = {item: rows[-1][1] for item, rows in self.by_date.items()}

    def known(self, table: str) -> list[Row]:
        """Rows of a fact table that were known, the oldest first."""
        rows = read(self.folder / table)
        for row in rows:
            if row["known"] == UNDATED and not row["basis"].startswith("assumption"):
                raise ValueError(f"{table}: an undated row must be an assumption: {row}")
        rows = [r for r in rows if r["known"] == UNDATED or r["known"] <= f"{self.year}-12"]
        return sorted(rows, key=lambda r: "" if r["known"] == UNDATED else r["known"])

    def get(self, firm: str, item: str) -> Fact:
        """Return the firm's own fact, else its kind's."""
        own = self.firm.get((firm, item))
        return own if own is not None else self.kinds[(self.firms[firm]["kind"], item)]

    def of_year(self, item: str, year: int) -> Fact | None:
        """A market's number of one year, None where it is not known."""
        found = [fact for known, fact in self.by_date[item] if known == f"{year}-12"]
        return found[0] if found else None

    def domestic(self, year: int) -> dict[str, Fact]:
        """Domestic units of a year by firm; the composite takes what remains (V2)."""
        out = {
            firm: around(float(row["units"]), "units a year", row["basis"], row["confidence"])
            for (firm, of), row in self.units.items()
            if of == year
        }
        total = self.of_year("nev_retail", year)
        if total is None or not out:
            return {}
        rest = total.value - sum(fact.value for fact in out.values())
        out["other"] = Fact(
            rest,
            0,
            0.2 * total.value,
            "units a year",
            "derived: market total less all firms",
            "low",
        )
        return out
