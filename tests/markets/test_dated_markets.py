"""Markets of past Decembers: rebuilt byte for byte, sums hold, nothing later enters."""

import csv
import importlib
import shutil
import sys
from pathlib import Path

import pytest

from sim.calibration.industry import build_industry
from sim.scenario import load
from sim.scenario.market_tables import read_market
from sim.scenario.outcomes import read_information, read_outcomes

MARKETS = Path(__file__).resolve().parents[2] / "scenarios" / "markets"
SOURCE = MARKETS / "china_nev_2021"
YEARS = (2021, 2022, 2023)
MODULES = ("derive", "vintage_facts", "vintage_lines", "vintage_firms")
# Year -> CPCA passenger retail of electric cars, and of all.
RETAIL = {
    2021: (2_989_000, 20_146_000),
    2022: (5_674_000, 20_543_000),
    2023: (7_736_000, 21_699_000),
}


def read(path):
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture
def derive(monkeypatch):
    monkeypatch.syspath_prepend(str(SOURCE))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module("derive")
    for name in MODULES:
        sys.modules.pop(name, None)


def tables_of(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.csv"))}


def test_derive_rebuilds_every_shipped_table_byte_for_byte(derive, tmp_path):
    derive.main(tmp_path)
    for year in YEARS:
        name = f"china_nev_{year}"
        assert tables_of(tmp_path / name) == tables_of(MARKETS / name), name


@pytest.mark.parametrize("year", YEARS)
def test_facts_known_later_change_nothing_but_what_was_realised(derive, tmp_path, year):
    source = tmp_path / "source"
    shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
    spoilt = 0
    for path in (source / "facts").glob("*.csv"):
        rows = read(path)
        if "known" not in rows[0]:
            continue
        for row in rows:
            if row["known"] != "undated" and row["known"] > f"{year}-12":
                spoilt += 1
                for column in ("value", "low", "high", "units", "panel_units", "list_mid_krmb",
                               "ratio", "share"):  # fmt: skip
                    if row.get(column):
                        row[column] = str(3 * float(row[column]) + 1)
        with path.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    assert spoilt > 20
    made = tmp_path / "made"
    made.mkdir()
    derive.vintage(derive.Facts(source, year), made)
    shipped = tables_of(MARKETS / f"china_nev_{year}")
    realised = shipped.pop("realised.csv")
    assert tables_of(made) == shipped
    derive.realised(source, year, made)
    assert (made / "realised.csv").read_bytes() != realised


def test_an_undated_fact_that_is_no_assumption_is_refused(derive, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
    path = source / "facts" / "firm_facts.csv"
    text = path.read_text(encoding="utf-8")
    line = next(each for each in text.splitlines() if each.startswith("li,gross_margin,2022-12"))
    path.write_text(text.replace(line, line.replace("2022-12", "undated")), encoding="utf-8")
    with pytest.raises(ValueError, match="undated row must be an assumption"):
        derive.Facts(source, 2021)


@pytest.mark.parametrize("year", YEARS)
def test_lines_sum_to_firms_and_firms_to_the_market(year):
    tables = read_market(f"china_nev_{year}")
    electric, every = RETAIL[year]
    by_firm = {}
    entrants = {firm.firm_id for firm in tables.firms if firm.entrant}
    assert entrants == ({"xiaomi"} if year == 2021 else set())
    for line in tables.lines:
        if line.firm_id in entrants:
            continue
        by_firm[line.firm_id] = by_firm.get(line.firm_id, 0) + line.units
    for firm, units in by_firm.items():
        assert units == tables.value(firm, "units_domestic"), firm
    assert sum(by_firm.values()) == electric == tables.market_value("nev_retail")
    assert tables.market_value("passenger_retail") == every
    assert 0.04 < by_firm["other"] / electric < 0.15
    history = read_outcomes(f"china_nev_{year}", "history.csv")
    assert {f: history[f, "units", year].value for f in by_firm} == by_firm


@pytest.mark.parametrize("year", YEARS)
def test_what_was_realised_is_the_next_markets_history(year):
    realised = read_outcomes(f"china_nev_{year}", "realised.csv")
    assert {of for _, _, of in realised} == {year + 1}
    if year < YEARS[-1]:
        history = read_outcomes(f"china_nev_{year + 1}", "history.csv")
        for key, seen in realised.items():
            assert history[key] == seen, key
        return
    later = read_market("china_nev_2024")
    for (firm, measure, _), seen in realised.items():
        if measure == "units" and firm != "market":
            assert seen.value == later.value(firm, "units_domestic"), firm
    assert realised["market", "units", 2024].value == later.market_value("nev_retail")


@pytest.mark.parametrize("year", YEARS)
def test_ranges_hold_and_every_row_says_where_it_is_from(year):
    folder = MARKETS / f"china_nev_{year}"
    for name in ("firm_values.csv", "kinds.csv", "market_values.csv"):
        for row in read(folder / name):
            low, value, high = (float(row[key]) for key in ("low", "value", "high"))
            assert low <= value <= high, (name, row)
    for path in [*folder.glob("*.csv"), *(folder / "facts").glob("*.csv")]:
        for row in read(path):
            assert None not in row, (path.name, row)
            if "confidence" in row:
                assert row["basis"].strip(), (path.name, row)
                assert row["confidence"] in {"high", "medium", "low"}, (path.name, row)


@pytest.mark.parametrize("year", YEARS)
def test_no_input_is_later_than_the_december(year):
    inputs = read_information(f"china_nev_{year}", year)
    assert len(inputs) == 10
    assert max(each.known_last for each in inputs if each.known_last[0] == "2") == f"{year}-12"


@pytest.mark.parametrize("year", YEARS)
def test_the_base_scenario_takes_its_numbers_from_the_market(year):
    scenario = load(f"scenarios/base/china_nev_{year}.yaml")
    settings = scenario.settings("solo", {})
    tables = read_market(f"china_nev_{year}")
    assert scenario.heading.market == f"china_nev_{year}"
    drift = tables.market_value("acceptance_drift")
    assert settings.demand.acceptance_drift == pytest.approx(drift, abs=1e-9)
    price = tables.market_value("battery_price_cny_kwh")
    assert settings.costs.battery_price_cny_kwh == price
    (event,) = settings.costs.battery_events.values()
    assert event.factor == pytest.approx(tables.market_value("battery_spot_factor"), abs=0.005)
    assert str(event.start) == str(scenario.heading.horizon.start) == f"{year + 1}Q1"
    spread = read(MARKETS / f"china_nev_{year}" / "panel_moments.csv")[0]
    assert settings.luck.scale == pytest.approx(float(spread["value"]) / 0.363, abs=0.005)


def test_the_subsidy_is_the_years_rate_under_its_caps():
    settings = load("scenarios/base/china_nev_2021.yaml").settings("solo", {})
    tables = read_market("china_nev_2021")
    industry = build_industry(tables, settings)
    given = dict(zip(industry.lines, industry.subsidy * 1.13, strict=True))
    assert "xiaomi" not in industry.firms
    for line in (each for each in tables.lines if each.firm_id != "xiaomi"):
        assert line.subsidy == pytest.approx(given[line.line_id])
        if line.price > 300_000 or (line.powertrain == "BEV" and line.battery_kwh < 35):
            assert line.subsidy == 0.0
        else:
            assert line.subsidy == (18_000 if line.powertrain == "BEV" else 6_800)
    assert any(line.subsidy == 0.0 for line in tables.lines)
    assert all(line.subsidy == 0.0 for line in read_market("china_nev_2023").lines)
    steps = [(str(row.start), row.value) for row in tables.measures
             if row.measure == "purchase_subsidy"]  # fmt: skip
    assert steps == [("2022Q1", 0.7), ("2023Q1", 0.0)]


def test_no_path_of_a_machine_in_any_file():
    for path in SOURCE.rglob("*"):
        if path.suffix in {".csv", ".md", ".py"}:
            assert "/work" not in path.read_text(encoding="utf-8"), path
