"""Units, prices and the identity of the Chinese market hold against the facts."""

import math
from collections import defaultdict

import pytest

KINDS = {"private", "start_up", "joint_venture", "foreign_owned", "state_owned", "composite"}
TOLERANCE = {"high": 0.01, "medium": 0.05, "low": math.inf}
PURE = {"nio", "xpeng", "leapmotor", "li", "xiaomi", "seres"}
ALL_POWERTRAIN = {"geely", "changan", "gwm", "chery", "saic", "dongfeng"}


def lines_of(tables, firm):
    return [row for row in tables["lines"] if row["firm_id"] == firm]


def mean_price(tables, firm):
    lines = lines_of(tables, firm)
    units = sum(int(row["units"]) for row in lines)
    return sum(int(row["units"]) * float(row["price"]) for row in lines) / units


def number(values, firm, item):
    return float(values[firm][item]["value"])


def test_reported_units_match_their_facts(values, facts):
    checked = 0
    for row in facts["units"]:
        if row["rule"] in ("reported", "assumption"):
            shown = number(values, row["firm_id"], "units_domestic")
            bound = TOLERANCE[row["confidence"]]
            assert abs(shown / float(row["reported"]) - 1) <= min(bound, 0.01), row
            checked += 1
    assert checked >= 15


def test_pooled_units_add_up_and_split_by_the_panel(values, facts):
    rows = {row["firm_id"]: row for row in facts["units"]}
    a, b = (number(values, f, "units_domestic") for f in ("faw_vw", "saic_vw"))
    assert abs(a + b - 207400) <= 1
    weights = [float(rows[f]["pool_weight"]) for f in ("faw_vw", "saic_vw")]
    assert a / (a + b) == pytest.approx(weights[0] / sum(weights), abs=1e-4)
    c, d = (number(values, f, "units_domestic") for f in ("faw_toyota", "gac_toyota"))
    assert (c + d) / 14347 == pytest.approx(10895252 / 2449000, abs=1e-3)


def test_panel_units_are_scaled_to_the_year_and_stay_under_group_totals(values, facts, market):
    panel = [row for row in facts["units"] if row["rule"] == "panel"]
    assert {row["firm_id"] for row in panel} == {"dongfeng", "baic", "saic", "bmw", "mercedes"}
    for row in panel:
        shown = number(values, row["firm_id"], "units_domestic")
        scaled = float(row["panel_jan_apr"]) * market["nev_year_factor"]
        assert row["confidence"] == "low"
        assert shown <= float(row["group_bound"]) + 0.5
        assert shown == pytest.approx(min(scaled, float(row["group_bound"])), rel=1e-4)


def test_the_market_adds_up_and_other_stays_in_its_band(values, market):
    total = sum(number(values, firm, "units_domestic") for firm in values)
    assert total == market["nev_retail"]
    assert 0 <= number(values, "other", "units_domestic") / total <= 0.12


def test_line_units_sum_to_their_firm(tables, values):
    for firm in values:
        total = sum(int(row["units"]) for row in lines_of(tables, firm))
        assert total == number(values, firm, "units_domestic"), firm
        assert all(int(row["units"]) > 0 for row in lines_of(tables, firm))


def test_a_rest_line_stands_only_where_nameplates_cover_too_little(tables, facts, market):
    known = defaultdict(float)
    firm_of = {row["line_id"]: row["firm_id"] for row in facts["line_groups"]}
    for row in facts["nameplates"]:
        scale = {"year": 1.0, "jan_apr": market["nev_year_factor"], "rest": 0.0}[row["count_kind"]]
        known[firm_of[row["line_id"]]] += scale * float(row["units"] or 0)
    for firm, count in known.items():
        total = sum(int(row["units"]) for row in lines_of(tables, firm))
        rest = [row for row in lines_of(tables, firm) if row["line_id"].endswith("_rest")]
        assert bool(rest) == (count / total < 0.6 and firm != "other"), (firm, count / total)


def test_faw_arm(tables, values):
    row = values["faw"]["units_domestic"]
    assert (row["value"], row["low"], row["high"]) == ("165000", "127000", "204000")
    units = {r["line_id"]: int(r["units"]) for r in lines_of(tables, "faw")}
    assert units["faw_hongqi_fleet"] + units["faw_hongqi_premium"] == 115000
    micro = next(r for r in lines_of(tables, "faw") if r["segment"] == "micro")
    assert 12000 <= units["faw_bestune_nat"] + int(micro["units"]) <= 89000
    assert number(values, "faw", "fleet_share") > 0.5


def test_exports_and_stock_close_the_company_total(values, facts):
    for row in facts["units"]:
        if row["company_total"]:
            parts = (number(values, row["firm_id"], item)
                     for item in ("units_domestic", "exports", "stock_change"))  # fmt: skip
            assert sum(parts) == pytest.approx(float(row["company_total"]), abs=1.5), row


def test_prices_meet_the_reported_revenue_per_car(tables, values, facts, market):
    reported = {r["firm_id"]: float(r["value"]) for r in facts["firm_facts"]
                if r["item"] == "revenue_per_car"}  # fmt: skip
    assert reported.keys() == PURE | {"byd", "tesla", "baic"}
    assert not reported.keys() & ALL_POWERTRAIN
    for firm, target in reported.items():
        keep = 1 - number(values, firm, "dealer_margin")
        net = mean_price(tables, firm) * keep / (1 + market["vat"]) / 1000
        assert net == pytest.approx(target, rel=2e-4), firm
        scales = {round(float(r["price"]) / float(r["list_mid"]), 3)
                  for r in lines_of(tables, firm)}  # fmt: skip
        assert max(scales) - min(scales) <= 0.002, firm


def test_other_prices_are_list_less_the_discount(tables, facts):
    scaled = {r["firm_id"] for r in facts["firm_facts"] if r["item"] == "revenue_per_car"}
    ventures = {"faw_vw", "saic_vw", "faw_toyota", "gac_toyota", "bmw", "mercedes"}
    for row in tables["lines"]:
        if row["firm_id"] in scaled:
            continue
        foreign = row["firm_id"] in ventures or row["line_id"] == "other_venture_bev"
        cut = float(row["price"]) / float(row["list_mid"])
        assert cut == pytest.approx(0.72 if foreign else 0.88, abs=1e-3), row["line_id"]


def test_static_price_ranges_are_capped(tables, facts):
    mini = next(r for r in facts["nameplates"] if r["nameplate"] == "Hongguang MINIEV")
    assert float(mini["list_top"]) / float(mini["list_entry"]) > 3
    line = next(r for r in tables["lines"] if r["line_id"] == "sgmw_miniev")
    assert float(line["price"]) < 40000


def test_costs_and_gliders_are_positive(tables, values, market):
    for firm in values:
        m = sum(s * number(values, firm, item) for item, s in
                (("gross_margin", 1), ("depreciation_share", 1), ("variable_selling_share", -1),
                 ("warranty_share", -1)))  # fmt: skip
        keep = (1 - number(values, firm, "dealer_margin")) / (1 + market["vat"])
        for row in lines_of(tables, firm):
            cost = float(row["price"]) * keep * (1 - m)
            glider = cost - float(row["battery_kwh"]) * market["battery_price_cny_kwh"]
            assert glider > 0.3 * cost, (row["line_id"], glider, cost)


def modelled(tables, values, market, firm):
    v = {item: float(row["value"]) for item, row in values[firm].items()}
    m = (v["gross_margin"] + v["depreciation_share"] - v["variable_selling_share"]
         - v["warranty_share"])  # fmt: skip
    n = mean_price(tables, firm) * (1 - v["dealer_margin"]) / (1 + market["vat"]) / 1e9
    gain = n * (v["units_domestic"] * m + v["exports"] * v["export_margin"])
    return gain - v["fixed_cost"] - v["rd"] - v["interest"] + v["other_business"]


def test_identity_recomputed_from_lines_and_values(tables, values, market):
    shown = {row["firm_id"]: row for row in tables["identity"]}
    publishers = {f for f in values if "published_result" in values[f]} - {"tesla"} | {"hozon"}
    assert shown.keys() == publishers
    assert len(shown) >= 15
    for firm, row in shown.items():
        assert row["ok"] == "1", row
        assert row["source_or_rule"].strip()
        if firm == "hozon":
            continue
        net = float(row["published_result"])
        target = net / 0.85 if net > 0 else net
        bound = max(0.05 * abs(target), 0.002 * number(values, firm, "net_revenue"))
        assert abs(modelled(tables, values, market, firm) - target) <= bound, firm
        assert number(values, firm, "result_pre_tax") == pytest.approx(target, abs=1e-3)


def test_hozon_identity_holds_on_its_2023_accounts(values, facts):
    own = {r["item"]: float(r["value"]) for r in facts["firm_facts"] if r["firm_id"] == "hozon"}
    v = {item: float(row["value"]) for item, row in values["hozon"].items()}
    m = (v["gross_margin"] + v["depreciation_share"] - v["variable_selling_share"]
         - v["warranty_share"] - v["fixed_cost"] / v["net_revenue"])  # fmt: skip
    result = m * own["net_revenue_2023"] - own["rd_2023"]
    assert result == pytest.approx(own["published_result"], rel=0.05)


def test_makers_of_electric_cars_only_have_no_plug(values):
    for firm in PURE:
        assert number(values, firm, "other_business") == 0, firm
        share = number(values, firm, "fixed_cost") / number(values, firm, "net_revenue")
        assert 0.06 <= share <= 0.24, (firm, share)


def test_fixed_cost_of_the_rest_is_the_share_of_its_kind(tables, values):
    share = {r["kind"]: float(r["value"]) for r in tables["kinds"] if r["item"] == "fixed_share"}
    kind = {row["firm_id"]: row["kind"] for row in tables["firms"]}
    assert share.keys() == KINDS
    for firm in values.keys() - PURE - {"hozon"}:
        shown = number(values, firm, "fixed_cost") / number(values, firm, "net_revenue")
        assert shown == pytest.approx(share[kind[firm]], rel=1e-3), firm


def test_cash_is_a_share_of_group_cash(values):
    for firm in values:
        held = number(values, firm, "cash_group") * number(values, firm, "cash_share")
        assert number(values, firm, "cash") == pytest.approx(held, rel=1e-4), firm
        if firm in PURE - {"seres", "xiaomi"}:
            assert number(values, firm, "cash_share") == 1


def test_warranty_booked_in_cost_of_sales_is_not_counted_twice(values):
    for firm in ("byd", "nio", "xpeng", "li", "tesla", "seres"):
        assert number(values, firm, "warranty_share") == 0, firm
