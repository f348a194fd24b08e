"""Rebuild the markets of December 2021, 2022 and 2023 from the facts beside this file.

``python derive.py [folder]`` writes the tables of ``china_nev_2021``, ``china_nev_2022`` and
``china_nev_2023`` into subfolders of ``folder`` (default: the folder of markets). A market is
made from facts known up to its December alone; what happened in the year after stands in its
``realised.csv``, which no model reads. Rules are numbered in ``derivations.md``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from vintage_facts import UNDATED, Facts, Row, read, write
from vintage_firms import fact_row, firm_rows, market_rows
from vintage_lines import LINE_COLUMNS, build_lines, line_rows, measure_rows

HERE = Path(__file__).resolve().parent
YEARS = (2021, 2022, 2023)
VALUES = ("value", "low", "high", "unit", "basis", "confidence")
OUTCOMES = ("firm_id", "year", "measure", "value", "metric", "basis", "confidence")
FACT_TABLES = (
    "lines",
    "units",
    "made",
    "measures",
    "holdings",
    "panel_moments",
    "firm_facts",
    "market_facts",
    "price_moves",
)


def main(target: Path = HERE.parent, source: Path = HERE) -> None:
    """Write the tables of every vintage.

    Parameters
    ----------
    target
        Folder that holds the folders of the markets.
    source
        Market folder with ``facts/``.

    Raises
    ------
    ValueError
        A fact lacks a value, a range or a basis.
    """
    for year in YEARS:
        folder = target / f"china_nev_{year}"
        folder.mkdir(exist_ok=True)
        vintage(Facts(source, year), folder)
        realised(source, year, folder)


def vintage(facts: Facts, folder: Path) -> None:
    """Write what was known in December: the market, and the units of two years."""
    units = facts.domestic(facts.year)
    lines = build_lines(facts, units)
    firms = [[*row.values(), "0"] for row in facts.firms.values()]
    firms += [[*row.values(), "1"] for row in entrants(facts, "firms")]
    columns = tuple(next(iter(facts.firms.values())))
    write(folder / "firms.csv", (*columns, "entrant"), firms)
    write(
        folder / "lines.csv",
        LINE_COLUMNS,
        [*line_rows(lines), *(list(r.values()) for r in entrants(facts, "lines"))],
    )
    write(
        folder / "firm_values.csv",
        ("firm_id", "item", *VALUES),
        [*firm_rows(facts, units, lines), *(list(r.values()) for r in entrants(facts, "values"))],
    )
    kinds = [fact_row(key, fact) for key, fact in facts.kinds.items()]
    write(folder / "kinds.csv", ("kind", "item", *VALUES), kinds)
    write(folder / "market_values.csv", ("item", *VALUES), market_rows(facts))
    columns = ("measure", "start", "value", "unit", "basis", "confidence")
    write(folder / "measures.csv", columns, measure_rows(facts))
    # A later report of the same stake replaces the earlier one.
    held = {(row["holder"], row["target"]): row for row in facts.holdings}
    columns = ("holder", "target", "share", "control", "basis", "confidence")
    write(folder / "holdings.csv", columns, [[r[c] for c in columns] for r in held.values()])
    moments = [r for r in facts.moments if r["known"] == f"{facts.year}-12"]
    columns = ("moment", "horizon_quarters", "value", "standard_error", "n", "note")
    write(folder / "panel_moments.csv", columns, [[r[c] for c in columns] for r in moments])
    write(
        folder / "history.csv",
        OUTCOMES,
        [row for year in (facts.year - 1, facts.year) for row in history(facts, year)],
    )
    write(
        folder / "information.csv",
        ("table", "known_last", "rows", "undated", "note"),
        information(facts),
    )


def entrants(facts: Facts, table: str) -> list[Row]:
    """V15: firms that came later, for telling what happened; no forecast lets them in."""
    return read(facts.folder / f"entrant_{table}.csv") if facts.year == YEARS[0] else []


def history(facts: Facts, year: int) -> list[list[str]]:
    """Units by firm and of the market in a year, and list prices over the year before's."""
    rows = []
    for firm, fact in facts.domestic(year).items():
        reported = facts.units.get((firm, year))
        metric = "remainder" if reported is None else reported["metric"]
        rows.append(
            [firm, str(year), "units", str(int(fact.value)), metric, fact.basis, fact.confidence]
        )
    return [*rows, *market_and_prices(facts, year)]


def market_and_prices(facts: Facts, year: int) -> list[list[str]]:
    """Units of the market in a year, and list prices by firm over the year before's."""
    total = facts.of_year("nev_retail", year)
    assert total is not None
    rows = [
        [
            "market",
            str(year),
            "units",
            str(int(total.value)),
            "retail",
            total.basis,
            total.confidence,
        ]
    ]
    moves = [row for row in facts.known("price_moves.csv") if row["year"] == str(year)]
    return rows + [
        [r["firm_id"], r["year"], "price_ratio", r["ratio"], "list", r["basis"], r["confidence"]]
        for r in moves
    ]


def realised(source: Path, year: int, folder: Path) -> None:
    """Write what came a year later: units, and list prices over those of the base year."""
    later = Facts(source, year + 1)
    rows = [
        [
            firm,
            str(year + 1),
            "units",
            str(row["units"]),
            row["metric"],
            row["basis"],
            row["confidence"],
        ]
        for (firm, of), row in later.units.items()
        if of == year + 1
    ]
    write(folder / "realised.csv", OUTCOMES, [*rows, *market_and_prices(later, year + 1)])


def information(facts: Facts) -> list[list[str]]:
    """The information set: of each fact table, the last date that entered."""
    rows = []
    for table in FACT_TABLES:
        seen = facts.known(f"{table}.csv")
        dated = [row["known"] for row in seen if row["known"] != UNDATED]
        note = ""
        if table == "lines" and facts.year == 2021:
            note = "list prices of early 2022 stand in for December 2021 (assumption)"
        last = max(dated, default="none")
        rows.append([table, last, str(len(seen)), str(len(seen) - len(dated)), note])
    kinds = str(len(facts.kinds))
    rows.append(["kind_facts", UNDATED, kinds, kinds, "assumptions only"])
    return rows


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent)
