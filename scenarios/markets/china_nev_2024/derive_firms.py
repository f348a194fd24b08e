"""Values by firm, the identity of 2024, kinds and market values: rules D8 to D18."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field

from derive_facts import SPREAD, Fact, Facts, number, ordered, worst
from derive_lines import Line

# Electric cars only: other_business is 0 and fixed cost balances the identity (D13).
PURE_MAKERS = ("nio", "xpeng", "leapmotor", "li", "xiaomi", "seres")
# Nothing published for the arm in 2024: other_business is 0 and the result is what comes out.
UNPUBLISHED = ("faw", "hozon", "other", "tesla")
BN = "CNY bn"
FIRM_COLUMNS = ("firm_id", "item", "value", "low", "high", "unit", "basis", "confidence", "note")
IDENTITY_COLUMNS = ("firm_id", "published_result", "source_or_rule", "modelled_result",
                    "residual", "tolerance", "ok")  # fmt: skip
SHARES = ("gross_margin", "depreciation_share", "variable_selling_share", "warranty_share",
          "dealer_margin")  # fmt: skip


@dataclass
class Book:
    """The values of one firm, rounded as they are shipped, so that sums can be checked."""

    firm: str
    facts: Facts
    rows: dict[str, Fact] = field(default_factory=dict)

    def put(self, item: str, fact: Fact) -> float:
        """Store a value rounded to what the table prints and return it."""
        low, high = ordered(fact.value, fact.low, fact.high)
        shown = [float(number(x)) for x in (fact.value, low, high)]
        self.rows[item] = Fact(shown[0], shown[1], shown[2], fact.unit, fact.basis,
                               fact.confidence, fact.note)  # fmt: skip
        return shown[0]

    def take(self, item: str) -> float:
        """Copy the firm's own fact, else its kind's."""
        return self.put(item, self.facts.get(self.firm, item))

    def value(self, item: str) -> float:
        """Return a stored value."""
        return self.rows[item].value

    def markup(self) -> float:
        """D9: observed markup on marginal cost as a share of net revenue."""
        return (self.value("gross_margin") + self.value("depreciation_share")
                - self.value("variable_selling_share") - self.value("warranty_share"))  # fmt: skip


def around(value: float, unit: str, basis: str, confidence: str, note: str = "") -> Fact:
    """Return a fact whose range follows from its confidence."""
    spread = abs(value) * SPREAD[confidence]
    return Fact(value, value - spread, value + spread, unit, basis, confidence, note)


def net_per_car(facts: Facts, book: Book, lines: list[Line]) -> float:
    """D8: unit-weighted price net of VAT and dealer margin, CNY a car."""
    mean = sum(x.units * round(x.price, -1) for x in lines) / sum(x.units for x in lines)
    return mean * (1 - book.value("dealer_margin")) / (1 + facts.market["vat"].value)


def volumes(facts: Facts, book: Book, domestic: Fact) -> None:
    """D2, D3, D14 and D15: units, exports, stock change, experience, capacity."""
    firm, row = book.firm, facts.units[book.firm]
    book.put("units_domestic", domestic)
    gap = float(row["company_total"] or 0) - domestic.value if row["company_total"] else 0.0
    part = facts.market["export_part_of_gap"]
    if row["exports"] != "":
        exports, confidence = float(row["exports"]), row["exports_confidence"]
        wide = 2.0 if confidence == "low" else 1.1
        book.put("exports", Fact(exports, exports / wide, exports * wide, "units a year",
                                 row["exports_basis"], confidence))  # fmt: skip
    else:
        exports = round(part.value * gap)
        book.put("exports", Fact(exports, part.low * gap, part.high * gap, "units a year",
                                 f"derived: {part.value} of company total less domestic retail "
                                 "(assumption)", "low"))  # fmt: skip
    stock = gap - exports if row["company_total"] else 0.0
    book.put("stock_change", Fact(stock, min(0.0, stock), max(gap, stock), "units a year",
                                  "derived: company total less domestic retail less exports"
                                  if row["company_total"] else "assumption: none", "low",
                                  "not sold in the model; counted in experience"))  # fmt: skip
    made = [r for r in facts.by_year if r["firm_id"] == firm]
    total = sum(float(r["units"]) for r in made)
    before = sum(float(r["units"]) for r in made if r["year"] == "before")
    book.put("experience_units",
             Fact(total, (total - before) * 0.9 + before * 0.5, (total - before) * 1.1 + before * 2,
                  "units", "derived: 2021-2024 plus stated earlier units",
                  worst(*(r["confidence"] for r in made)),
                  f"{number(before)} before 2021"))  # fmt: skip
    own = facts.firm.get((firm, "capacity_units"))
    if own is not None:
        book.put("capacity_units", own)
    else:
        use = facts.market["utilisation"]
        built = domestic.value + exports
        book.put("capacity_units", Fact(round(built / use.value), round(built / use.high),
                                        round(built / use.low), "units a year",
                                        "assumption: filled from industry utilisation 49.5 %",
                                        "low"))  # fmt: skip


def money(facts: Facts, book: Book) -> None:
    """D11, D12, D16: R&D, cash, debt, credit and interest of the electric arm."""
    firm, revenue = book.firm, book.value("net_revenue")
    group = facts.firm[(firm, "rd_group")]
    share = facts.firm.get((firm, "rd_share"), Fact(1, 1, 1, "", "all electric", "high"))
    book.put("rd", Fact(group.value * share.value, group.low * share.low, group.high * share.high,
                        BN, f"{group.basis}; share {share.value}: {share.basis}",
                        worst(group.confidence, share.confidence), group.note))  # fmt: skip
    cash = book.take("cash_group")
    part = book.take("cash_share")
    cg, cs = book.rows["cash_group"], book.rows["cash_share"]
    worst_cash = worst(cg.confidence, cs.confidence)
    held = book.put("cash", Fact(cash * part, cg.low * cs.low, cg.high * cs.high, BN,
                                 f"derived: cash_group x cash_share; {cg.basis}; {cs.basis}",
                                 worst_cash))  # fmt: skip
    debt = facts.firm.get((firm, "debt_group"))
    if debt is not None:
        owed = book.put("debt", Fact(debt.value * part, debt.low * cs.low, debt.high * cs.high, BN,
                                     f"derived: group debt x cash_share; {debt.basis}",
                                     worst(debt.confidence, cs.confidence)))  # fmt: skip
    else:
        owed = by_revenue(facts, book, "debt", "debt_share", BN, revenue)
    by_revenue(facts, book, "credit_line", "credit_share", BN, revenue)
    by_revenue(facts, book, "state_backstop", "backstop_share", f"{BN} a year", revenue)
    if (firm, "owner_support") in facts.firm:
        book.take("owner_support")
    else:
        by_revenue(facts, book, "owner_support", "owner_support_share", f"{BN} a year", revenue)
    if (firm, "interest") in facts.firm:
        book.take("interest")
        return
    up, down = facts.market["interest_on_debt"], facts.market["interest_on_cash"]
    book.put("interest", Fact(up.value * owed - down.value * held,
                              up.low * owed - down.high * held, up.high * owed - down.low * held,
                              BN, f"assumption: {up.value} of debt less {down.value} of cash",
                              "low", "negative is income"))  # fmt: skip


def by_revenue(facts: Facts, book: Book, item: str, share: str, unit: str, base: float) -> float:
    """Store a share of net revenue that the firm's kind sets."""
    s = facts.get(book.firm, share)
    return book.put(item, Fact(s.value * base, s.low * base, s.high * base, unit,
                               f"assumption: {s.value} of net revenue by kind", "low"))  # fmt: skip


def before_tax(facts: Facts, firm: str) -> Fact | None:
    """D10: the result before tax; profits are grossed up, losses stand as they are."""
    if firm == "tesla" or firm == "hozon":
        return None
    net = facts.firm.get((firm, "published_result"))
    if net is None:
        whole = facts.firm.get((firm, "whole_firm_result"))
        return whole
    if net.value <= 0:
        return Fact(net.value, net.low, net.high, BN, f"{net.basis}; loss as it is",
                    net.confidence)  # fmt: skip
    t = facts.market["tax_rate_assumed"]
    return Fact(net.value / (1 - t.value), net.low / (1 - t.low), net.high / (1 - t.high), BN,
                f"{net.basis}; net {net.value} / (1 - {t.value}), tax rate assumption",
                net.confidence)  # fmt: skip


def contribution(book: Book) -> float:
    """D9: contribution of domestic and export sales, CNY bn."""
    n = book.value("net_revenue") / (book.value("units_domestic") + book.value("exports"))
    return n * (book.value("units_domestic") * book.markup()
                + book.value("exports") * book.value("export_margin"))  # fmt: skip


def arm_result(book: Book) -> float:
    """D10: what the model must return for 2024, CNY bn before tax."""
    return (contribution(book) - book.value("fixed_cost") - book.value("rd")
            - book.value("interest") + book.value("other_business"))  # fmt: skip


def open_books(facts: Facts, units: Mapping[str, Fact],
               lines: Mapping[str, list[Line]]) -> dict[str, Book]:  # fmt: skip
    """Fill all values of each firm except fixed cost, other business and result."""
    books = {}
    for firm in facts.firms:
        book = books[firm] = Book(firm, facts)
        for item in SHARES:
            book.take(item)
        volumes(facts, book, units[firm])
        n = net_per_car(facts, book, lines[firm])
        sold = book.value("units_domestic") + book.value("exports")
        scaled = (firm, "revenue_per_car") in facts.firm
        basis = "derived: domestic units and exports at the mean net line price"
        book.put("net_revenue", around(sold * n / 1e9, BN, basis, "medium" if scaled else "low",
                                       "exports at the domestic mean net price"))  # fmt: skip
        premium = facts.get(firm, "export_premium")
        markup = book.markup()
        book.put("export_margin",
                 Fact(markup + premium.value, markup + premium.low, markup + premium.high,
                      "share of export revenue",
                      "assumption: observed markup plus a premium by kind", "low"))  # fmt: skip
        money(facts, book)
        for item in ("export_growth", "fleet_share", "launches_per_year"):
            book.take(item)
        for item in ("payable_days", "receivable_days", "inventory_days"):
            if (firm, item) in facts.firm:
                book.take(item)
    return books


def fixed_shares(facts: Facts, books: Mapping[str, Book]) -> dict[str, dict[str, float]]:
    """D13: fixed cost over net revenue of each maker of electric cars only, by kind."""
    out: dict[str, dict[str, float]] = {}
    for firm in PURE_MAKERS:
        book, target = books[firm], before_tax(facts, firm)
        assert target is not None
        fixed = contribution(book) - book.value("rd") - book.value("interest") - target.value
        kind = facts.firms[firm]["kind"]
        out.setdefault(kind, {})[firm] = fixed / book.value("net_revenue")
    book = books["hozon"]
    revenue = facts.firm[("hozon", "net_revenue_2023")].value
    loss = facts.firm[("hozon", "published_result")].value
    rd = facts.firm[("hozon", "rd_2023")].value
    out["start_up"]["hozon"] = (book.markup() * revenue - rd - loss) / revenue
    return out


def close_books(facts: Facts, books: Mapping[str, Book],
                shares: Mapping[str, Mapping[str, float]]) -> None:  # fmt: skip
    """D13: fixed cost, other business and the result before tax."""
    for firm, book in books.items():
        kind, revenue = facts.firms[firm]["kind"], book.value("net_revenue")
        known = shares.get(kind, {})
        target = before_tax(facts, firm)
        if firm in known:
            share = known[firm]
            source = "2023 accounts" if firm == "hozon" else "2024 accounts"
            book.put("fixed_cost", Fact(share * revenue, 0.8 * share * revenue,
                                        1.2 * share * revenue, BN,
                                        f"derived: balances the identity ({source})", "medium",
                                        f"{share:.1%} of net revenue"))  # fmt: skip
        else:
            s = facts.kinds[(kind, "fixed_share_stated")]
            if known:
                mid = statistics.median(known.values())
                s = Fact(mid, 0.7 * mid, 1.4 * mid, "", f"derived: median of kind {kind}", "low")
            book.put("fixed_cost",
                     Fact(s.value * revenue, s.low * revenue, s.high * revenue, BN, s.basis,
                          "low", f"{s.value:.1%} of net revenue"))  # fmt: skip
        none = "derived: electric cars only, or nothing published for the arm"
        book.put("other_business", Fact(0, 0, 0, BN, none, "medium"))
        arm = arm_result(book)
        if firm in UNPUBLISHED or target is None:
            book.put("result_pre_tax", Fact(arm, arm - 0.1 * revenue, arm + 0.1 * revenue, BN,
                                            "assumption: unpublished; what the rows add up to",
                                            "low"))  # fmt: skip
            continue
        if firm not in known:
            other, fixed = target.value - arm, book.rows["fixed_cost"]
            book.put("other_business", Fact(other, other + fixed.low - fixed.value,
                                            other + fixed.high - fixed.value, BN,
                                            "derived: result before tax less the electric arm",
                                            "low"))  # fmt: skip
        book.put("result_pre_tax", target)
        published = facts.firm.get((firm, "published_result"))
        if published is not None:
            book.put("published_result", published)


def identity_row(facts: Facts, firm: str, book: Book) -> list[str] | None:
    """D10: one row of the identity, or None for a firm that publishes nothing."""
    net = facts.firm.get((firm, "published_result"))
    if net is None or firm == "tesla":
        return None
    if firm == "hozon":
        revenue = facts.firm[("hozon", "net_revenue_2023")].value
        target, share = net.value, book.value("fixed_cost") / book.value("net_revenue")
        rd = facts.firm[("hozon", "rd_2023")].value
        modelled = (book.markup() - share) * revenue - rd
        rule = f"{net.basis}; {net.note}; identity on 2023 revenue and margin"
    else:
        pre = before_tax(facts, firm)
        assert pre is not None
        target, revenue, modelled = pre.value, book.value("net_revenue"), arm_result(book)
        rule = f"{pre.basis}; {net.note}"
    gap = modelled - target
    tolerance = max(0.05 * abs(target), 0.002 * revenue)
    return [firm, number(net.value), rule, f"{modelled:.4f}", f"{gap:.4f}", f"{tolerance:.4f}",
            str(int(abs(gap) <= tolerance))]  # fmt: skip


def firm_tables(
    facts: Facts, units: Mapping[str, Fact], lines: Mapping[str, list[Line]]
) -> tuple[list[list[str]], list[list[str]], dict[str, dict[str, float]]]:
    """Return the rows of firm_values.csv and identity.csv, and fixed shares by kind."""
    books = open_books(facts, units, lines)
    shares = fixed_shares(facts, books)
    close_books(facts, books, shares)
    values = [[firm, item, number(f.value), number(f.low), number(f.high), f.unit, f.basis,
               f.confidence, f.note]
              for firm, book in books.items() for item, f in book.rows.items()]  # fmt: skip
    rows = (identity_row(facts, firm, book) for firm, book in books.items())
    return values, [row for row in rows if row is not None], shares


def kind_rows(facts: Facts, shares: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    """Return the rows of kinds.csv; the fixed share is a median where a kind publishes."""
    rows = []
    for (kind, item), fact in facts.kinds.items():
        f, name = fact, item
        if item == "fixed_share_stated":
            name, known = "fixed_share", shares.get(kind)
            if known:
                mid = statistics.median(known.values())
                f = Fact(mid, min(0.7 * mid, *known.values()), max(1.4 * mid, *known.values()),
                         f.unit,
                         "derived: median of " + ", ".join(known), "medium")  # fmt: skip
        rows.append([kind, name, number(f.value), number(f.low), number(f.high), f.unit, f.basis,
                     f.confidence])  # fmt: skip
    return rows


def market_rows(facts: Facts) -> list[list[str]]:
    """Return the rows of market_values.csv: facts, the battery price (D17), the deal (D18)."""
    m = dict(facts.market)
    lfp = m["lfp_installed_gwh"].value / m["battery_installed_gwh"].value
    built = (lfp * m["lfp_cell_cny_kwh"].value * m["pack_over_cell_lfp"].value
             + (1 - lfp) * m["ternary_pack_cny_kwh"].value)  # fmt: skip
    survey = m["bnef_pack_china_usd"].value * m["cny_per_usd"].value
    m["battery_price_cny_kwh"] = Fact(
        round((built + survey) / 2, -1), 450, 680, "CNY per kWh 2024",
        "derived: mean of bottom-up by chemistry and BNEF survey", "medium",
        f"bottom-up {built:.0f} (LFP {lfp:.0%}), survey {survey:.0f}; before VAT")  # fmt: skip
    shares, price, rate = (m[k] for k in ("leapmotor_shares_outstanding", "leapmotor_share_price",
                                          "cny_per_hkd"))  # fmt: skip
    m["leapmotor_pre_money_market"] = Fact(
        round(shares.value * price.value * rate.value / 1000, 1), 38.5, 51.5, BN,
        "derived: shares x price x rate, 28 February 2025", "low")  # fmt: skip
    euros = m["stellantis_price_paid"].value / m["stellantis_stake_bought"].value
    m["leapmotor_value_stellantis_round"] = Fact(
        round(euros * m["cny_per_eur"].value, 1), 54, 58, BN,
        "derived: price / stake x rate, October 2023", "medium")  # fmt: skip
    m["nev_year_factor"] = Fact(
        facts.year_factor(), 4.17, 4.66, "year over January-April",
        "derived: nev_retail / nev_retail_jan_apr", "medium",
        "range: panel of 2023; market over panel sum")  # fmt: skip
    return [[item, number(f.value), number(f.low), number(f.high), f.unit, f.basis, f.confidence,
             f.note] for item, f in m.items()]  # fmt: skip
