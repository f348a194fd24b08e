"""Rebuild the derived tables of this market from the facts beside this file.

``python derive.py [folder]`` writes ``lines.csv``, ``firm_values.csv``, ``kinds.csv``,
``market_values.csv`` and ``identity.csv`` into ``folder`` (default: this folder). The rules are
numbered in ``derivations.md``; functions cite them as D1, D2 and so on.
"""

from __future__ import annotations

import sys
from pathlib import Path

from derive_facts import Facts, write
from derive_firms import FIRM_COLUMNS, IDENTITY_COLUMNS, firm_tables, kind_rows, market_rows
from derive_lines import LINE_COLUMNS, build_lines, domestic_units, line_rows

HERE = Path(__file__).resolve().parent
KIND_COLUMNS = ("kind", "item", "value", "low", "high", "unit", "basis", "confidence")
MARKET_COLUMNS = ("item", "value", "low", "high", "unit", "basis", "confidence", "note")


def main(target: Path = HERE, source: Path = HERE) -> None:
    """Write all derived tables into a folder.

    Parameters
    ----------
    target : Path
        Folder that takes the tables.
    source : Path
        Market folder with ``firms.csv`` and ``facts/``.

    Raises
    ------
    ValueError
        If a fact lacks a value, a range or a basis, or nameplates cover too little of a firm.
    """
    facts = Facts(source)
    units = domestic_units(facts)
    lines = build_lines(facts, units)
    values, identity, shares = firm_tables(facts, units, lines)
    write(target / "lines.csv", LINE_COLUMNS, line_rows(facts, lines))
    write(target / "firm_values.csv", FIRM_COLUMNS, values)
    write(target / "identity.csv", IDENTITY_COLUMNS, identity)
    write(target / "kinds.csv", KIND_COLUMNS, kind_rows(facts, shares))
    write(target / "market_values.csv", MARKET_COLUMNS, market_rows(facts))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
