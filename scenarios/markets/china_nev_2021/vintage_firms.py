"""Values by firm, kinds and market values of a vintage: rules V7 to V11 of derivations.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log

from vintage_facts import Fact, Facts, around, number
from vintage_lines import Line, battery_rows

BN = "CNY bn"
# Accounts published for electric cars alone: fixed cost balances them (V10).
PURE_MAKERS = ("nio", "xpeng", "li", "leapmotor", "hozon")
SHARES = (
    "gross_margin",
    "depreciation_share",
    "variable_selling_share",
    "warranty_share",
    "dealer_margin",
)
# Shares of net revenue that a kind sets.
BY_REVENUE = {
    "debt": "debt_share",
    "credit_line": "credit_share",
    "state_backstop": "backstop_share",
    "owner_support": "owner_support_share",
}

# V12: a damped trend (Gardner & McKenzie 1985) repeats a part of last year's rise between yearly
# means; the part is an assumption, and the mean of four quarters of a drift
# that starts from the base year is 0.591 of the yearly drift at a half-life of three years.
DAMPING = 0.8
MEAN_OF_FOUR = 0.591
DRIFT = DAMPING / MEAN_OF_FOUR


@dataclass
class Book:
    """The values of one firm, rounded as they are shipped."""

    firm: str
    rows: dict[str, Fact] = field(default_factory=dict)

    def put(self, item: str, fact: Fact) -> float:
        """Store a value rounded to what the table prints and return it."""
        bounds = (fact.value, fact.low, fact.high)
        shown = [float(number(x)) for x in (fact.value, min(bounds), max(bounds))]
        self.rows[item] = Fact(*shown, fact.unit, fact.basis, fact.confidence)
        return shown[0]

    def value(self, item: str) -> float:
        """Return a stored value."""
        return self.rows[item].value

    def share(self, item: str, fact: Fact, base: float, unit: str = BN) -> float:
        """Store a share of net revenue."""
        basis = f"assumption: {number(fact.value)} of net revenue"
        return self.put(
            item, Fact(fact.value * base, fact.low * base, fact.high * base, unit, basis, "low")
        )


def volumes(facts: Facts, book: Book, domestic: Fact) -> None:
    """V7: units, exports, experience and capacity."""
    firm = book.firm
    home = book.put("units_domestic", domestic)
    row = facts.units.get((firm, facts.year))
    totals = [r for r in facts.made if r["firm_id"] == firm and r["year"] == str(facts.year)]
    exported = 0.0
    if row is not None and row["metric"] == "retail" and totals:
        gap = max(float(totals[0]["units"]) - home, 0.0)
        # Tesla's plant exports what it does not sell at home; others also fill their dealers.
        exported = gap if firm == "tesla" else facts.market["export_part_of_gap"].value * gap
    book.put(
        "exports",
        Fact(
            round(exported),
            round(exported / 2),
            round(exported * 1.5),
            "units a year",
            "derived: made less sold at home (V7)",
            "low",
        ),
    )
    made = [r for r in facts.made if r["firm_id"] == firm]
    total = sum(float(r["units"]) for r in made)
    book.put(
        "experience_units",
        Fact(total, 0.7 * total, 1.5 * total, "units", "derived: units of all years known", "low"),
    )
    use = facts.market["utilisation"]
    built = home + book.value("exports")
    book.put(
        "capacity_units",
        Fact(
            round(built / use.value),
            round(built / use.high),
            round(built / use.low),
            "units a year",
            f"assumption: filled from utilisation {use.value}",
            "low",
        ),
    )


def fill(facts: Facts, firm: str, domestic: Fact, lines: list[Line]) -> Book:
    """V8 to V11: margins, money and the result of one firm."""
    book = Book(firm)
    for item in SHARES:
        book.put(item, facts.get(firm, item))
    volumes(facts, book, domestic)
    wedge = (1 - book.value("dealer_margin")) / (1 + facts.market["vat"].value)
    net = wedge * sum(x.units * x.price for x in lines) / sum(x.units for x in lines)
    sold = book.value("units_domestic") + book.value("exports")
    revenue = book.put(
        "net_revenue",
        around(sold * net / 1e9, BN, "derived: units at the mean net line price", "low"),
    )
    markup = (
        book.value("gross_margin")
        + book.value("depreciation_share")
        - book.value("variable_selling_share")
        - book.value("warranty_share")
    )
    premium = facts.get(firm, "export_premium")
    book.put(
        "export_margin",
        Fact(
            markup + premium.value,
            markup + premium.low,
            markup + premium.high,
            "share of export revenue",
            "assumption: observed markup plus a premium by kind",
            "low",
        ),
    )
    if (firm, "rd") in facts.firm:
        book.put("rd", facts.firm[(firm, "rd")])
    else:
        book.share("rd", facts.get(firm, "rd_share"), revenue)
    book.put(
        "cash_share",
        around(1, "share", "assumption: cash is the electric arm's", "low")
        if (firm, "cash") in facts.firm
        else Fact(1, 0.5, 1, "share", "assumption: cash is stated for the electric arm", "low"),
    )
    if (firm, "cash") in facts.firm:
        book.put("cash", facts.firm[(firm, "cash")])
    else:
        book.share("cash", facts.get(firm, "cash_revenue_share"), revenue)
    for item, share in BY_REVENUE.items():
        unit = f"{BN} a year" if item in ("state_backstop", "owner_support") else BN
        book.share(item, facts.get(firm, share), revenue, unit)
    up, down = facts.market["interest_on_debt"], facts.market["interest_on_cash"]
    owed, held = book.value("debt"), book.value("cash")
    book.put(
        "interest",
        Fact(
            up.value * owed - down.value * held,
            up.low * owed - down.high * held,
            up.high * owed - down.low * held,
            BN,
            f"assumption: {up.value} of debt less {down.value} of cash",
            "low",
        ),
    )
    close(
        facts,
        book,
        net
        / 1e9
        * (
            book.value("units_domestic") * markup
            + book.value("exports") * book.value("export_margin")
        ),
    )
    for item in ("export_growth", "fleet_share", "launches_per_year"):
        book.put(item, facts.get(firm, item))
    return book


def close(facts: Facts, book: Book, contribution: float) -> None:
    """V10: fixed cost balances published accounts; elsewhere the owner carries the gap."""
    revenue = book.value("net_revenue")
    before = contribution - book.value("rd") - book.value("interest")
    if book.firm in PURE_MAKERS:
        net = facts.firm[(book.firm, "published_result")]
        target = net.value / (1 - facts.market["tax_rate_assumed"].value * (net.value > 0))
        fixed = before - target
        book.put(
            "fixed_cost",
            Fact(
                fixed,
                0.8 * fixed,
                1.2 * fixed,
                BN,
                "derived: balances the accounts of the year",
                "low",
            ),
        )
        book.put("other_business", Fact(0, 0, 0, BN, "derived: electric cars only", "medium"))
        book.put("result_pre_tax", around(target, BN, net.basis, net.confidence))
        return
    share = facts.kinds[(facts.firms[book.firm]["kind"], "fixed_share_stated")]
    fixed = book.share("fixed_cost", share, revenue)
    gap = fixed - before
    book.put(
        "other_business",
        Fact(
            gap,
            gap - 0.05 * revenue,
            gap + 0.05 * revenue,
            BN,
            "assumption: the owner carries the gap of the arm",
            "low",
        ),
    )
    book.put(
        "result_pre_tax",
        Fact(0, -0.1 * revenue, 0.1 * revenue, BN, "assumption: unpublished for the arm", "low"),
    )


def firm_rows(
    facts: Facts, units: dict[str, Fact], lines: dict[str, list[Line]]
) -> list[list[str]]:
    """Return the rows of firm_values.csv."""
    rows = []
    for firm in facts.firms:
        for item, f in fill(facts, firm, units[firm], lines[firm]).rows.items():
            rows.append(
                [
                    firm,
                    item,
                    number(f.value),
                    number(f.low),
                    number(f.high),
                    f.unit,
                    f.basis,
                    f.confidence,
                ]
            )
    return rows


def fact_row(name: tuple[str, ...], f: Fact) -> list[str]:
    """One row of a table of values."""
    return [*name, number(f.value), number(f.low), number(f.high), f.unit, f.basis, f.confidence]


def market_rows(facts: Facts) -> list[list[str]]:
    """Return the rows of market_values.csv, and what the base scenario takes from it (V6, V12)."""
    found = {**facts.market, **battery_rows(facts), **trend_rows(facts)}
    return [fact_row((item,), fact) for item, fact in found.items()]


def trend_rows(facts: Facts) -> dict[str, Fact]:
    """V12: last year's rise of the log odds of an electric car, and its damped repetition."""
    odds = []
    for year in (facts.year - 1, facts.year):
        sold, all_cars = facts.of_year("nev_retail", year), facts.of_year("passenger_retail", year)
        assert sold is not None
        assert all_cars is not None
        share = sold.value / all_cars.value
        odds.append(log(share / (1 - share)))
    rise = odds[1] - odds[0]
    return {
        "log_odds_rise": Fact(
            rise,
            0.9 * rise,
            1.1 * rise,
            "log odds a year",
            "derived: CPCA retail of two years",
            "high",
        ),
        "acceptance_drift": Fact(
            round(DRIFT * rise, 2),
            0.0,
            round(2 * DRIFT * rise, 2),
            "utils a year",
            "assumption: damped trend (V12)",
            "low",
        ),
    }
