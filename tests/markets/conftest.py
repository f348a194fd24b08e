"""Tables of the Chinese market, read once."""

import csv
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MARKET = ROOT / "scenarios" / "markets" / "china_nev_2024"
DERIVED = ("lines.csv", "firm_values.csv", "kinds.csv", "market_values.csv", "identity.csv")


def read(folder, name):
    with (folder / name).open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def tables():
    names = (*DERIVED, "firms.csv", "holdings.csv", "measures.csv", "panel_moments.csv")
    return {name.removesuffix(".csv"): read(MARKET, name) for name in names}


@pytest.fixture(scope="module")
def facts():
    return {p.stem: read(p.parent, p.name) for p in sorted((MARKET / "facts").glob("*.csv"))}


@pytest.fixture(scope="module")
def values(tables):
    out = defaultdict(dict)
    for row in tables["firm_values"]:
        assert row["item"] not in out[row["firm_id"]], f"twice: {row}"
        out[row["firm_id"]][row["item"]] = row
    return out


@pytest.fixture(scope="module")
def market(tables):
    return {row["item"]: float(row["value"]) for row in tables["market_values"]}
