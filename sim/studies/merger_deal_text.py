"""One deal in a static market as aligned plain text: what it does, to whom, and by how much."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sim.compare.amounts import MINUS, number, percent, signed
from sim.compare.printing import aligned
from sim.studies.merger import Baseline, DealOutcome, Side, mean_price, position
from sim.studies.merger_numbers import amount, change, money, signed_amount

FloatArray = NDArray[np.float64]

GROUPS = 5  # of types, by price coefficient


def _what(baseline: Baseline, outcome: DealOutcome) -> str:
    deal = outcome.deal
    if deal.kind == "merger":
        text = f"{deal.members[0]} merges with {deal.members[1]}"
    elif deal.kind == "stake":
        text = (
            f"{deal.members[0]} takes {percent(deal.share)} of {deal.members[1]}, "
            f"{deal.control} control"
        )
    else:
        text = f"{', '.join(deal.members)} ally"
        text += _weights(deal.weight)
    if isinstance(deal.saving, dict):
        each = ", ".join(f"{name} {percent(value)}" for name, value in deal.saving.items())
        return f"{text}; costs fall by: {each}"
    assert isinstance(deal.saving, int | float)
    return text + (f"; costs fall by {percent(deal.saving)}" if deal.saving else "")


def _weights(weight: float | Mapping[str, float]) -> str:
    if isinstance(weight, Mapping):
        each = ", ".join(f"{name} {value:g}" for name, value in weight.items())
        return f", weight on the others' profit: {each}"
    return f", weight {weight:g} on each other's profit" if weight else ""


def headline(baseline: Baseline, outcome: DealOutcome) -> str:
    """What the deal does, in a sentence."""
    after, market = outcome.after, baseline.market
    if after is None:
        return "Prices after it were not found: nothing is said of them."
    before = mean_price(market, baseline.side.prices)
    level = mean_price(market, after.prices) / before - 1.0
    own = market.shares * outcome.parties
    parties = float(own @ after.prices / (own @ baseline.side.prices)) - 1.0
    paid = market.read.market_size * float(baseline.side.prices @ baseline.side.shares)
    lost = outcome.buyers_lose
    who = "lose" if lost > 0.0 else "gain"
    unit = market.read.money
    return (
        f"The parties' prices move by {signed(percent(parties, 2), parties)}, all prices by "
        f"{signed(percent(level, 2), level)}; buyers {who} {amount(abs(lost), unit)}, "
        f"{percent(abs(lost) / paid, 2)} of what they pay."
    )


def printed_deal(baseline: Baseline, outcome: DealOutcome) -> str:
    """A deal: its headline, screens at old prices, and the market after it."""
    title = f"== {outcome.deal.name}: {_what(baseline, outcome)}"
    parts = [f"{title}\n{headline(baseline, outcome)}"]
    parts.append(_pressure(baseline, outcome))
    after = outcome.after
    if after is not None:
        parts += [
            _products(baseline, after),
            _firms(baseline, outcome, after),
            _welfare(baseline, outcome, after),
            _references(baseline, after),
        ]
    return "\n\n".join(parts)


def _pressure(baseline: Baseline, outcome: DealOutcome) -> str:
    """Screens at prices before the deal: they need no solution."""
    read = baseline.market.read
    firm_of = read.firm_of
    moved = (np.abs(outcome.guppi) > 0.0) | outcome.parties
    chosen = np.flatnonzero(moved)
    members = [read.firms.index(name) for name in outcome.deal.members]
    partners = np.isin(firm_of, members)
    rows = []
    upp = money(outcome.upp[chosen])
    for product, pressure in zip(chosen, upp, strict=True):
        others = partners & (firm_of != firm_of[product])
        to_partner = float(baseline.diversion[product, others].sum())
        rows.append(
            [
                read.products[product], percent(to_partner), pressure,
                percent(outcome.guppi[product], 2), percent(outcome.cmcr[product], 2),
                f"{outcome.pressure[product]:.3g}".replace("-", MINUS),
            ]
        )
    headings = [
        "screens at old prices", "diversion to partner", "UPP", "GUPPI", "CMCR", "in shares",
    ]
    return (
        f"{aligned(headings, rows)}\n"
        f"HHI {number(baseline.side.hhi)} {signed(number(outcome.hhi_change), outcome.hhi_change)}"
        f", MHHI {number(baseline.side.mhhi)} "
        f"{signed(number(outcome.mhhi_change), outcome.mhhi_change)} (at shares before)"
    )


def _products(baseline: Baseline, after: Side) -> str:
    read, before = baseline.market.read, baseline.side
    columns = [
        money(before.prices), money(after.prices),
        [change(a, b) for a, b in zip(before.prices, after.prices, strict=True)],
        [percent(value, 2) for value in before.shares],
        [percent(value, 2) for value in after.shares],
        money(before.costs), money(after.costs),
        [percent(value) for value in before.lerner], [percent(value) for value in after.lerner],
    ]
    rows = [
        [product, *cells]
        for product, cells in zip(read.products, zip(*columns, strict=True), strict=True)
    ]
    headings = ["product", "price", "after", "change", "share", "after", "cost", "after", "Lerner",
                "after"]
    return aligned(headings, rows)


def _firms(baseline: Baseline, outcome: DealOutcome, after: Side) -> str:
    read, before = baseline.market.read, baseline.side
    profits = np.concatenate([before.profits, after.profits])
    shown = money(profits)
    size = len(read.firms)
    rows = [
        [
            firm, percent(before.firm_shares[f], 2), percent(after.firm_shares[f], 2),
            shown[f], shown[size + f], change(before.profits[f], after.profits[f]),
        ]
        for f, firm in enumerate(read.firms)
    ]
    headings = ["firm", "share of sales", "after", "own profit", "after", "change"]
    minded = [
        f"{read.firms[f]} minds {read.firms[g]} by {outcome.weights_after[f, g]:.3g}"
        for f in range(size)
        for g in range(size)
        if f != g and abs(outcome.weights_after[f, g]) > 1e-9
    ]
    text = aligned(headings, rows)
    text += f"\nHHI after {number(after.hhi)}, MHHI after {number(after.mhhi)}."
    return text + (f" Profit weights: {'; '.join(minded[:8])}." if minded else "")


def _welfare(baseline: Baseline, outcome: DealOutcome, after: Side) -> str:
    unit = baseline.market.read.money
    before = baseline.side
    lost = outcome.buyers_lose
    gained = float(after.profits.sum() - before.profits.sum())
    rows = [
        ["buyers (compensating variation, sign turned)", signed_amount(-lost, unit)],
        ["firms (producer surplus)", signed_amount(gained, unit)],
        ["together", signed_amount(gained - lost, unit)],
    ]
    text = aligned(["who gains", ""], rows)
    demand = baseline.market.demand
    if len(demand.alpha) > 1:
        groups = by_price_coefficient(demand.alpha, demand.weights, GROUPS)
        cells = []
        variation = outcome.compensating_variation
        for number_, chosen in enumerate(groups, 1):
            weight = demand.weights[chosen]
            mean = float(weight @ variation[chosen] / weight.sum())
            alpha = float(weight @ demand.alpha[chosen] / weight.sum())
            cells.append([f"fifth {number_}", f"{MINUS}{alpha:.4g}", signed_amount(-mean, unit)])
        headings = ["buyers by price coefficient", "mean coefficient", "gain a potential buyer"]
        text += "\n\n" + aligned(headings, cells)
    return text


def by_price_coefficient(
    alpha: FloatArray, weights: FloatArray, groups: int
) -> list[NDArray[np.int64]]:
    """Positions of types in groups of equal weight, least price-sensitive first."""
    order = np.argsort(alpha, kind="stable")
    filled = (np.cumsum(weights[order]) - 0.5 * weights[order]) / weights.sum()
    edges = np.clip((filled * groups).astype(np.int64), 0, groups - 1)
    return [order[edges == group] for group in range(groups) if np.any(edges == group)]


def _references(baseline: Baseline, after: Side) -> str:
    """Where prices and profits stand between static Nash and joint monopoly."""
    market, nash, joint = baseline.market, baseline.nash, baseline.joint
    points = [
        ("static Nash, each firm alone", nash.mean_price, nash.profit),
        ("before", mean_price(market, baseline.side.prices), float(baseline.side.profits.sum())),
        ("after", mean_price(market, after.prices), float(after.profits.sum())),
        ("joint monopoly", joint.mean_price, joint.profit),
    ]
    prices = money(np.array([price for _, price, _ in points]))
    profits = money(np.array([profit for _, _, profit in points]))
    rows = [
        [
            name, shown_price,
            number(position(price, nash.mean_price, joint.mean_price), 3),
            shown_profit, number(position(profit, nash.profit, joint.profit), 3),
        ]
        for (name, price, profit), shown_price, shown_profit in zip(
            points, prices, profits, strict=True
        )
    ]
    headings = ["reference", "mean price", "Delta", "profit of all", "Delta"]
    text = aligned(headings, rows)
    if joint.equilibrium is None:
        text += "\nA closed market has no joint monopoly: its price has no upper end."
    return text
