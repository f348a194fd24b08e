"""Product lines, measures and market values of a vintage: rules V2 to V6 of derivations.md."""

from __future__ import annotations

from dataclasses import dataclass

from vintage_facts import Fact, Facts, Row, number, share_out

VENTURES = ("faw_vw", "saic_vw", "faw_toyota", "gac_toyota", "bmw", "mercedes")
SUBSIDIES = {"BEV": "subsidy_bev", "PHEV": "subsidy_plug_in", "EREV": "subsidy_plug_in"}
LINE_COLUMNS = (
    "line_id",
    "firm_id",
    "name",
    "segment",
    "powertrain",
    "nameplates",
    "units",
    "price",
    "battery_kwh",
    "list_mid",
    "subsidy",
    "basis",
    "confidence",
)


@dataclass(frozen=True)
class Line:
    """One product line; units a year, price and subsidy in CNY."""

    row: Row
    units: int
    price: float
    subsidy: float


def subsidy_of(facts: Facts, powertrain: str, quarter: str) -> float:
    """Subsidy a car in a quarter, CNY, as it was known."""
    rows = [
        row
        for row in standing(facts)
        if row["measure"] == SUBSIDIES[powertrain] and row["start"] <= quarter
    ]
    return float(rows[-1]["value"])


def standing(facts: Facts) -> list[Row]:
    """Steps of all measures, by start; of two for one quarter the one known last stands."""
    last = {(row["measure"], row["start"]): row for row in facts.measures}
    return [last[key] for key in sorted(last, key=lambda key: (key[0], key[1]))]


def build_lines(facts: Facts, units: dict[str, Fact]) -> dict[str, list[Line]]:
    """V3 to V5: share a firm's units among its lines by the panel; price paid; subsidy."""
    out: dict[str, list[Line]] = {firm: [] for firm in facts.firms}
    for firm in facts.firms:
        rows = [row for row in facts.lines if row["firm_id"] == firm]
        shared = share_out(int(units[firm].value), [float(row["panel_units"]) for row in rows])
        cut = facts.market["list_discount_venture" if firm in VENTURES else "list_discount"].value
        for row, count in zip(rows, shared, strict=True):
            price = round(1000 * float(row["list_mid_krmb"]) * (1 - cut), -1)
            out[firm].append(Line(row, count, price, base_subsidy(facts, row, price)))
    return out


def base_subsidy(facts: Facts, row: Row, price: float) -> float:
    """V5: what the state paid a car of the base year, CNY."""
    small = row["powertrain"] == "BEV" and (
        float(row["battery_kwh"]) < facts.market["subsidy_min_kwh_bev"].value
    )
    if small or price > facts.market["subsidy_top_price"].value:
        return 0.0
    return subsidy_of(facts, row["powertrain"], f"{facts.year}Q4")


def line_rows(lines: dict[str, list[Line]]) -> list[list[str]]:
    """Return the rows of lines.csv."""
    return [
        [
            x.row["line_id"],
            firm,
            x.row["name"],
            x.row["segment"],
            x.row["powertrain"],
            x.row["nameplates"],
            str(x.units),
            number(x.price),
            x.row["battery_kwh"],
            number(1000 * float(x.row["list_mid_krmb"])),
            number(x.subsidy),
            x.row["basis"],
            x.row["confidence"],
        ]
        for firm, of in lines.items()
        for x in of
    ]


def measure_rows(facts: Facts) -> list[list[str]]:
    """V5: the subsidy as a share of the base year's, and the purchase tax, as then known."""
    base = subsidy_of(facts, "BEV", f"{facts.year}Q4")
    rows = []
    for row in standing(facts):
        if row["measure"] == "purchase_tax_nev":
            rows.append(
                [
                    "purchase_tax_nev",
                    row["start"],
                    row["value"],
                    row["unit"],
                    row["basis"],
                    row["confidence"],
                ]
            )
        elif row["measure"] == "subsidy_bev" and base > 0 and row["start"] > f"{facts.year}Q4":
            rows.append(
                [
                    "purchase_subsidy",
                    row["start"],
                    number(float(row["value"]) / base),
                    "share of the base year's",
                    row["basis"],
                    row["confidence"],
                ]
            )
    return sorted(rows, key=lambda row: (row[0], row[1]))


def battery_rows(facts: Facts) -> dict[str, Fact]:
    """V6: the year's pack price in CNY, and where spot stood in December relative to it."""
    usd, rate = facts.market["pack_price_china_usd"], facts.market["cny_per_usd"]
    price = round(usd.value * rate.value, -1)
    out = {
        "battery_price_cny_kwh": Fact(
            price,
            round(usd.low * rate.low, -1),
            round(usd.high * rate.high, -1),
            "CNY per kWh",
            "derived: survey of the year x exchange rate; before VAT",
            "medium",
        )
    }
    if "lfp_cell_spot" in facts.market:
        spot = 1000 * facts.market["lfp_cell_spot"].value * facts.market["pack_over_cell"].value
        basis = "derived: cell spot of December x pack over cell, over the year's pack price"
    else:
        gap = facts.market["lithium_spot"].value - facts.market["lithium_mean"].value
        spot = price + facts.market["lithium_kg_per_kwh"].value * gap / 1000
        basis = "derived: pack price moved by lithium spot less the year's mean x kg per kWh"
    ratio = spot / price
    out["battery_spot_factor"] = Fact(ratio, 0.9 * ratio, 1.1 * ratio, "ratio", basis, "low")
    return out
