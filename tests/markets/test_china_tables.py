"""The shipped tables of the Chinese market are complete and rebuilt by derive.py."""

import importlib
import math
import re
import shutil
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MARKET = ROOT / "scenarios" / "markets" / "china_nev_2024"
DERIVED = ("lines.csv", "firm_values.csv", "kinds.csv", "market_values.csv", "identity.csv")
KINDS = {"private", "start_up", "joint_venture", "foreign_owned", "state_owned", "composite"}
SEGMENTS = {"micro", "mini", "small", "compact", "mid", "midlarge", "large"}
CONFIDENCES = {"high", "medium", "low"}
REQUIRED = {
    "units_domestic",
    "exports",
    "stock_change",
    "experience_units",
    "capacity_units",
    "net_revenue",
    "gross_margin",
    "depreciation_share",
    "variable_selling_share",
    "warranty_share",
    "dealer_margin",
    "rd",
    "fixed_cost",
    "interest",
    "other_business",
    "result_pre_tax",
    "cash_group",
    "cash_share",
    "cash",
    "debt",
    "credit_line",
    "state_backstop",
    "owner_support",
    "launches_per_year",
    "export_margin",
    "export_growth",
    "fleet_share",
}


@pytest.fixture
def derive(monkeypatch):
    monkeypatch.syspath_prepend(str(MARKET))
    names = ("derive", "derive_facts", "derive_lines", "derive_firms")
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    module = importlib.import_module("derive")
    yield module
    for name in names:
        sys.modules.pop(name, None)


def test_derive_rebuilds_the_shipped_tables_byte_for_byte(derive, tmp_path):
    derive.main(tmp_path)
    for name in DERIVED:
        assert (tmp_path / name).read_bytes() == (MARKET / name).read_bytes(), name


def copy_of_market(tmp_path):
    folder = tmp_path / "market"
    shutil.copytree(MARKET, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_a_changed_fact_changes_the_tables(derive, tmp_path):
    folder = copy_of_market(tmp_path)
    path = folder / "facts" / "firm_facts.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count("leapmotor,gross_margin,0.084,") == 1
    path.write_text(
        text.replace("leapmotor,gross_margin,0.084,", "leapmotor,gross_margin,0.1,"),
        encoding="utf-8",
    )
    derive.main(folder, folder)
    assert (folder / "firm_values.csv").read_bytes() != (MARKET / "firm_values.csv").read_bytes()


def test_a_fact_without_a_range_is_refused(derive, tmp_path):
    folder = copy_of_market(tmp_path)
    path = folder / "facts" / "firm_facts.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count("faw,gross_margin,0.05,-0.08,") == 1
    path.write_text(text.replace("faw,gross_margin,0.05,-0.08,", "faw,gross_margin,0.05,,"),
                    encoding="utf-8")  # fmt: skip
    with pytest.raises(ValueError, match="value, low, high and basis"):
        derive.main(folder, folder)


def test_thin_coverage_without_a_rest_line_is_refused(derive, tmp_path):
    folder = copy_of_market(tmp_path)
    path = folder / "facts" / "nameplates.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count("jan_apr,41643,") == 1
    path.write_text(text.replace("jan_apr,41643,", "jan_apr,100,").replace(
        "jan_apr,40381,", "jan_apr,100,"), encoding="utf-8")  # fmt: skip
    with pytest.raises(ValueError, match="gac_aion: coverage"):
        derive.main(folder, folder)


def test_size_ids_and_kinds(tables):
    firms = [row["firm_id"] for row in tables["firms"]]
    assert 15 <= len(firms) - 1 <= 25
    assert firms[-1] == "other"
    assert len(set(firms)) == len(firms)
    assert {row["kind"] for row in tables["firms"]} <= KINDS
    ids = [row["line_id"] for row in tables["lines"]]
    assert 45 <= len(ids) <= 90
    assert len(set(ids)) == len(ids)
    for name in (*firms, *ids):
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name), name
    assert {row["firm_id"] for row in tables["lines"]} == set(firms)
    assert {row["segment"] for row in tables["lines"]} <= SEGMENTS
    assert {row["powertrain"] for row in tables["lines"]} <= {"BEV", "PHEV", "EREV"}
    assert {r["firm_id"] for r in tables["firms"] if r["closure"] == "1"} == {"tesla", "li", "gwm"}


def test_every_row_has_basis_and_confidence_and_no_blank_value(tables, facts):
    for name, rows in {**tables, **facts}.items():
        assert rows, name
        for row in rows:
            assert None not in row, (name, row)
            if "confidence" in row:
                assert row["confidence"] in CONFIDENCES, (name, row)
                assert row["basis"].strip(), (name, row)
            for key in ("value", "low", "high", "price", "units", "battery_kwh", "list_mid"):
                if key in row and (name != "units" and name != "nameplates"):
                    assert math.isfinite(float(row[key])), (name, row)
    unmarked = {"identity", "panel_moments", "line_groups"}
    assert unmarked == {n for n, r in {**tables, **facts}.items() if "confidence" not in r[0]}


def test_every_range_encloses_its_value(tables, facts):
    for name, rows in {**tables, **facts}.items():
        for row in rows:
            if {"value", "low", "high"} <= row.keys():
                low, value, high = (float(row[key]) for key in ("low", "value", "high"))
                assert low <= value <= high, (name, row)


def test_every_assumption_has_a_range_of_its_own(facts):
    for name in ("firm_facts", "kind_facts"):
        for row in facts[name]:
            if row["basis"].startswith("assumption") and float(row["value"]) != 0:
                assert float(row["low"]) < float(row["high"]), row


def test_every_firm_has_every_item_with_cash_and_capacity_ranges(values):
    for firm, rows in values.items():
        assert rows.keys() >= REQUIRED, (firm, REQUIRED - rows.keys())
        for item in ("cash", "capacity_units"):
            row = rows[item]
            if row["confidence"] != "high":
                assert float(row["low"]) < float(row["high"]), (firm, item)
    low, high = (float(values["leapmotor"]["cash"][key]) for key in ("low", "high"))
    assert low < 19 < high


def test_holdings_are_shares_of_known_firms(tables):
    firms = {row["firm_id"] for row in tables["firms"]}
    held = defaultdict(float)
    for row in tables["holdings"]:
        assert row["target"] in firms, row
        assert 0 < float(row["share"]) <= 1, row
        assert row["control"] in {"silent", "proportional", "full"}, row
        held[row["target"]] += float(row["share"])
    assert all(total <= 1 for total in held.values()), held
    shares = {(r["holder"], r["target"]): float(r["share"]) for r in tables["holdings"]}
    assert shares["faw", "faw_vw"] == 0.6
    assert shares["stellantis", "leapmotor"] == 0.21


def test_measures_and_deal_facts(tables, market):
    tax = {r["start"]: float(r["value"]) for r in tables["measures"]
           if r["measure"] == "purchase_tax_nev"}  # fmt: skip
    assert tax == {"2025Q1": 0.0, "2026Q1": 0.05, "2028Q1": 0.1}
    assert market["leapmotor_pre_money_market"] == 43.8
    assert market["leapmotor_value_stellantis_round"] == 57.9
    assert market["vat"] == 0.13
    share = market["nev_retail"] / market["passenger_retail"]
    assert share == pytest.approx(market["nev_penetration_2024"], abs=1e-3)


def test_discounting_and_survival_by_kind(tables):
    rows = {(r["kind"], r["item"]): float(r["value"]) for r in tables["kinds"]}
    for kind in KINDS:
        assert 0.08 <= rows[kind, "discount_rate"] <= 0.15
        assert 0.5 < rows[kind, "survival_expected"] <= 1
        for item in ("payable_days", "receivable_days", "inventory_days", "credit_share"):
            assert rows[kind, item] > 0


def test_panel_moments(tables):
    rows = {(r["moment"], int(r["horizon_quarters"])): r for r in tables["panel_moments"]}
    spread = [float(rows["spread", h]["value"]) for h in (1, 4, 8)]
    assert spread == sorted(spread)
    assert 0.45 <= spread[1] <= 0.6
    assert 0.6 <= spread[2] <= 0.8
    assert all(float(r["standard_error"]) > 0 and int(r["n"]) > 0 for r in rows.values())
    permanent = float(rows["permanent_variance", 1]["value"])
    passing = float(rows["passing_variance", 1]["value"])
    implied = math.sqrt(8 * permanent + 2 * passing)
    assert implied == pytest.approx(float(rows["spread_implied", 8]["value"]), abs=0.01)


def test_no_path_of_a_machine_in_any_file():
    for path in MARKET.rglob("*"):
        if path.suffix in {".csv", ".md", ".py"}:
            text = path.read_text(encoding="utf-8")
            assert "/work" not in text, path
            assert "../shared" not in text, path
