"""Units of 2024 by firm and the product lines: rules D1 to D7 of derivations.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from derive_facts import SPREAD, Fact, Facts, Row, number, share_out, worst

VENTURES = ("faw_vw", "saic_vw", "faw_toyota", "gac_toyota", "bmw", "mercedes")
# SGMW is a venture by ownership, but Wuling and Baojun are home brands sold near their list price.
VENTURE_LINES = ("other_venture_bev",)


def domestic_units(facts: Facts) -> dict[str, Fact]:
    """D1 and D2: domestic units of 2024 by firm; the composite takes what remains."""
    out: dict[str, Fact] = {}
    factor = facts.year_factor()
    pools: dict[str, float] = {}
    for row in facts.units.values():
        if row["rule"].startswith("pool"):
            key = row["reported"] + row["panel_jan_apr"]
            pools[key] = pools.get(key, 0.0) + float(row["pool_weight"])
    for firm, row in facts.units.items():
        rule, basis, confidence = row["rule"], row["basis"], row["confidence"]
        if rule == "remainder":
            continue
        if rule in ("reported", "assumption"):
            value = float(row["reported"])
        elif rule == "panel":
            value = float(row["panel_jan_apr"]) * factor
            if row["group_bound"]:
                value = min(value, float(row["group_bound"]))
        else:
            weight = float(row["pool_weight"]) / pools[row["reported"] + row["panel_jan_apr"]]
            pool = float(row["reported"] or 0) or float(row["panel_jan_apr"]) * factor
            value = pool * weight
        value = round(value)
        spread = SPREAD[confidence]
        low = float(row["low"] or round(value * (1 - spread)))
        high = float(row["high"] or round(value * (1 + spread)))
        if row["company_total"]:
            high = min(high, float(row["company_total"]))
        out[firm] = Fact(value, low, high, "units a year", basis, confidence)
    total = facts.market["nev_retail"].value
    rest = round(total - sum(fact.value for fact in out.values()))
    row = facts.units["other"]
    out["other"] = Fact(rest, 0, round(0.12 * total), "units a year", row["basis"],
                        row["confidence"], f"{rest / total:.1%} of the market")  # fmt: skip
    return out


def list_mid(row: Row, facts: Facts) -> float:
    """D5: midpoint of a nameplate's list range in CNY, its top filled or capped."""
    entry = float(row["list_entry"])
    top = float(row["list_top"]) if row["list_top"] else entry * facts.market["list_top_fill"].value
    return 1000 * (entry + min(top, entry * facts.market["list_top_cap"].value)) / 2


@dataclass
class Line:
    """One product line before and after scaling."""

    group: Row
    nameplates: list[Row]
    units: int = 0
    list_mid: float = 0.0
    price: float = 0.0
    units_rule: str = ""
    price_rule: str = ""


def line_units(lines: list[Line], total: int, facts: Facts) -> None:
    """D4: full-year counts stand, January to April ones share what is left, or a rest line."""
    factor = facts.year_factor()
    known = [sum(float(n["units"]) for n in x.nameplates if n["count_kind"] == "year")
             for x in lines]  # fmt: skip
    scaled = [factor * sum(float(n["units"]) for n in x.nameplates if n["count_kind"] == "jan_apr")
              for x in lines]  # fmt: skip
    rest = [x.nameplates[0]["count_kind"] == "rest" for x in lines]
    cover = (sum(known) + sum(scaled)) / total
    if any(rest):
        if cover >= 0.6:
            raise ValueError(f"{lines[0].group['firm_id']}: a rest line at coverage {cover:.2f}")
        weights = [total * (1 - cover) if r else a + b
                   for a, b, r in zip(known, scaled, rest, strict=True)]  # fmt: skip
        rule = f"nameplates cover {cover:.0%}; the rest line takes the remainder"
    elif sum(scaled) and sum(known) < total:
        pull = (total - sum(known)) / sum(scaled)
        weights = [a + pull * b for a, b in zip(known, scaled, strict=True)]
        rule = (f"full-year counts as they are; January-April counts x {factor:.3f} x {pull:.3f}"
                f" (nameplates cover {cover:.0%})")  # fmt: skip
    else:
        weights = [a + b for a, b in zip(known, scaled, strict=True)]
        rule = f"all x {total / (sum(known) + sum(scaled)):.3f} (nameplates cover {cover:.0%})"
    if cover < 0.6 and not any(rest) and lines[0].group["firm_id"] != "other":
        raise ValueError(f"{lines[0].group['firm_id']}: coverage {cover:.2f} needs a rest line")
    for x, units in zip(lines, share_out(total, weights), strict=True):
        x.units, x.units_rule = units, rule


def price_lines(firm: str, lines: list[Line], facts: Facts) -> None:
    """D5 and D6: prices that buyers paid, VAT included."""
    for x in lines:
        weights = [float(n["units"] or 1) for n in x.nameplates]
        mids = [list_mid(n, facts) for n in x.nameplates]
        x.list_mid = sum(w * m for w, m in zip(weights, mids, strict=True)) / sum(weights)
    target = facts.firm.get((firm, "revenue_per_car"))
    if target is not None:
        gross = 1000 * target.value * (1 + facts.market["vat"].value)
        gross /= 1 - facts.get(firm, "dealer_margin").value
        mean = sum(x.units * x.list_mid for x in lines) / sum(x.units for x in lines)
        scale, rule = gross / mean, "scaled to revenue per car"
        for x in lines:
            x.price = x.list_mid * scale
            x.price_rule = f"{rule} {target.value} thousand net: list midpoint x {scale:.4f}"
        return
    for x in lines:
        venture = firm in VENTURES or x.group["line_id"] in VENTURE_LINES
        cut = facts.market["list_discount_venture" if venture else "list_discount"].value
        x.price = x.list_mid * (1 - cut)
        x.price_rule = f"list midpoint less {cut:.0%}"


def line_battery(line: Line, facts: Facts) -> tuple[float, bool]:
    """D7: entry battery, weighted by units; blanks by segment and powertrain. True if filled."""
    rule = facts.battery[(line.group["segment"], line.group["powertrain"])]
    weights = [float(n["units"] or 1) for n in line.nameplates]
    sizes = [float(n["battery_kwh"] or rule) for n in line.nameplates]
    mean = sum(w * s for w, s in zip(weights, sizes, strict=True)) / sum(weights)
    return mean, any(not n["battery_kwh"] for n in line.nameplates)


def build_lines(facts: Facts, units: Mapping[str, Fact]) -> dict[str, list[Line]]:
    """Group nameplates into lines and fill units and prices."""
    plates: dict[str, list[Row]] = {}
    for row in facts.nameplates:
        plates.setdefault(row["line_id"], []).append(row)
    by_firm: dict[str, list[Line]] = {firm: [] for firm in facts.firms}
    for group in facts.groups:
        by_firm[group["firm_id"]].append(Line(group, plates[group["line_id"]]))
    for firm, lines in by_firm.items():
        line_units(lines, int(units[firm].value), facts)
        price_lines(firm, lines, facts)
    return by_firm


def line_rows(facts: Facts, by_firm: Mapping[str, list[Line]]) -> list[list[str]]:
    """Return the rows of lines.csv."""
    rows = []
    for lines in by_firm.values():
        for x in lines:
            kwh, filled = line_battery(x, facts)
            bases = sorted({n["basis"].split(";")[0] for n in x.nameplates})
            basis = "; ".join(bases) + ("; battery by segment rule" if filled else "")
            confidence = worst(*(n["confidence"] for n in x.nameplates))
            g = x.group
            rows.append([g["line_id"], g["firm_id"], g["name"], g["segment"], g["powertrain"],
                         str(len(x.nameplates)), str(x.units), number(round(x.price, -1)),
                         number(round(kwh, 2)), number(round(x.list_mid, -1)), x.price_rule,
                         x.units_rule, basis, confidence])  # fmt: skip
    return rows


LINE_COLUMNS = ("line_id", "firm_id", "name", "segment", "powertrain", "nameplates", "units",
                "price", "battery_kwh", "list_mid", "price_rule", "units_rule", "basis",
                "confidence")  # fmt: skip
