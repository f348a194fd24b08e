"""The study of a static market as aligned plain text, the verdict first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.compare.amounts import MINUS, MISSING, number, percent, signed
from sim.compare.printing import aligned
from sim.kernels.deviations import Audit
from sim.kernels.equilibrium import Equilibrium
from sim.studies.merger import Baseline, DealOutcome, MergerStudy, Side, mean_price, position

FloatArray = NDArray[np.float64]

MOST_SHOWN = 8  # products whose matrices are printed whole
SUBSTITUTES = 3  # that are named where they are not
MOST_ROWS = 40
GROUPS = 5  # of types, by price coefficient
SMALLEST = 1e-16  # of rounding: no error estimate is shown as nothing


def printed_study(study: MergerStudy) -> str:
    """Everything that ``merger`` prints."""
    baseline = study.baseline
    read = baseline.market.read
    parts = ["\n".join(line for line in (read.name, read.question) if line), _verdicts(study)]
    if baseline.side.equilibrium.converged:
        parts += [_calibration(baseline), _before(baseline), _firms_before(baseline)]
        parts += _matrices(baseline)
        parts += [_deal(baseline, deal) for deal in study.deals]
    return "\n\n".join(part for part in parts if part) + "\n"


def verdict(
    equilibrium: Equilibrium, products: Sequence[str], audit: Audit | None = None
) -> str:
    """A solver's verdict in words, with that of the audit of far prices."""
    if not equilibrium.converged:
        what = f"step {equilibrium.residual:.1e} of price"
        if not math.isfinite(equilibrium.error_estimate):
            what = "prices run away"
        return (
            f"NOT FOUND after {equilibrium.iterations} evaluations: {what}, worst "
            f"{products[equilibrium.worst]}; no numbers are shown"
        )
    text = (
        f"found; estimated error {max(equilibrium.error_estimate, SMALLEST):.0e} of price, "
        f"{equilibrium.iterations} evaluations"
    )
    if equilibrium.second_order is False:
        return f"{text}; NOT a local best reply: {products[equilibrium.unstable]} gains by moving"
    if audit is not None and not audit.nash:
        return (
            f"{text}; NOT Nash: its firm gains {percent(audit.largest, 2)} by repricing "
            f"{products[audit.worst]} to {amount(float(audit.price[audit.worst]))}"
        )
    if audit is not None:
        return f"{text}; no price far away gains"
    return f"{text}; local best replies" if equilibrium.second_order else text


def _verdicts(study: MergerStudy) -> str:
    products = study.baseline.market.read.products
    before = study.baseline.side
    found = [("before", verdict(before.equilibrium, products, before.audit))]
    for deal in study.deals:
        audit = None if deal.after is None else deal.after.audit
        text = verdict(deal.equilibrium, products, audit)
        if deal.other_branch:
            text += f"; NOT on one branch with before: {deal.other_branch}"
        found.append((deal.deal.name, text))
    found.extend(
        (reference.name, verdict(reference.equilibrium, products))
        for reference in (study.baseline.nash, study.baseline.joint)
        if reference.equilibrium is not None and not reference.equilibrium.converged
    )
    inversion = study.baseline.market.inversion
    if inversion is not None:
        found.append(("shares", f"inverted; largest error in logs {inversion.residual:.0e}"))
    width = max(len(name) for name, _ in found)
    return "\n".join(["Prices", *(f"  {name.ljust(width)}  {text}" for name, text in found)])


def money(values: FloatArray) -> list[str]:
    """Amounts of one column with as many decimals as the smallest needs for four figures."""
    known = np.abs(values[np.isfinite(values) & (values != 0.0)])
    digits = 2
    if len(known):
        digits = int(np.clip(3 - math.floor(math.log10(float(np.median(known)))), 0, 12))
    return [number(float(value), digits) for value in values]


def amount(value: float, unit: str = "") -> str:
    """One amount of money with four figures."""
    text = money(np.array([value]))[0]
    return f"{text} {unit}".rstrip()


def change(before: float, after: float) -> str:
    """Relative change in percent, signed; nothing has none."""
    if before == 0.0:
        return MISSING
    ratio = after / before - 1.0
    return signed(percent(ratio, 2), ratio)


def _calibration(baseline: Baseline) -> str:
    found = baseline.market.recovery
    read = baseline.market.read
    if found is None:
        return ""
    count, unknowns = len(found.data), len(found.unknowns)
    if not unknowns:
        kind = "demand is given"
    elif found.degrees == 0:
        kind = "exactly identified"
    else:
        kind = f"over-identified by {found.degrees}: least squares"
    lines = [f"Calibration: {kind}"]
    if unknowns:
        lines.append(f"  found: {', '.join(found.unknowns)}; from {count} data")
    lines.append(f"  price coefficient {MINUS}{found.alpha:.6g}")
    lines.append(f"  outside share {found.outside_share:.6g}")
    if found.rho is not None:
        each = ", ".join(
            f"{nest} {rho:.6g}" for nest, rho in zip(read.nests, found.rho, strict=True)
        )
        lines.append(f"  nesting parameter {each}")
    if found.data:
        rows = [
            [
                f"{datum.name} {read.products[datum.product]}" if datum.product >= 0
                else datum.name,
                number(datum.given, 4), number(datum.fitted, 4),
                signed(number(datum.residual, 4), datum.residual),
            ]
            for datum in found.data
        ]
        lines.append(aligned(["datum", "given", "fitted", "residual"], rows))
    return "\n".join(lines)


def _before(baseline: Baseline) -> str:
    read, side = baseline.market.read, baseline.side
    columns = [
        money(side.prices),
        [percent(value, 2) for value in side.shares],
        money(side.costs),
        [percent(value) for value in side.lerner],
        [number(value, 3) for value in side.own_elasticity],
        [number(value, 3) for value in np.diag(baseline.pass_through)],
    ]
    rows = [
        [product, read.firms[firm], *cells]
        for product, firm, cells in zip(
            read.products, read.firm_of, zip(*columns, strict=True), strict=True
        )
    ]
    headings = ["product", "firm", "price", "share", "cost", "Lerner", "elasticity", "pass-through"]
    unit = f" ({read.money})" if read.money else ""
    outside = 1.0 - float(side.shares.sum())
    taken = "" if outside < 1e-9 else f"; {percent(outside)} of buyers take none"
    closing = f"Elasticity of the market {number(baseline.market_elasticity, 3)}{taken}."
    if baseline.market.limits is not None:
        closing += " Costs are without the scarcity rents of products at capacity."
    return f"Before{unit}\n{aligned(headings, rows)}\n{closing}"


def _firms_before(baseline: Baseline) -> str:
    read, side = baseline.market.read, baseline.side
    rows = [
        [firm, percent(share, 2), profit]
        for firm, share, profit in zip(
            read.firms, side.firm_shares, money(side.profits), strict=True
        )
    ]
    text = f"HHI {number(side.hhi)}, MHHI {number(side.mhhi)}"
    return f"Firms before: {text}\n{aligned(['firm', 'share of sales', 'own profit'], rows)}"


def _matrices(baseline: Baseline) -> list[str]:
    """Elasticities, diversion and pass-through, whole in a small market."""
    read = baseline.market.read
    if len(read.products) > MOST_SHOWN:
        return [_substitutes(baseline)]
    named = (
        ("Elasticities (row: quantity, column: price)", baseline.elasticities, 3, 1.0),
        ("Diversion, % of the sales that the row loses when its price rises (own: to none)",
         baseline.diversion, 1, 100.0),
        ("Second choice and long-run diversion, % (the row is no longer sold; own: to none)",
         baseline.second_choice, 1, 100.0),
        ("Pass-through (row: price, column: cost)", baseline.pass_through, 3, 1.0),
    )
    shown = []
    for title, matrix, digits, scale in named:
        rows = [
            [name, *(number(scale * value, digits) for value in row)]
            for name, row in zip(read.products, matrix, strict=True)
        ]
        shown.append(f"{title}\n{aligned(['', *read.products], rows)}")
    return shown


def _substitutes(baseline: Baseline) -> str:
    """Closest substitutes of each product, or of the parties' in a large market."""
    read, ratios = baseline.market.read, baseline.diversion
    chosen = np.arange(len(read.products))
    if len(chosen) > MOST_ROWS:
        members = {member for deal in read.deals for member in deal.members}
        parties = [number for number, firm in enumerate(read.firms) if firm in members]
        chosen = np.flatnonzero(np.isin(read.firm_of, parties))
    rows = []
    for j in chosen:
        others = np.delete(np.arange(len(read.products)), j)
        best = others[np.argsort(-ratios[j, others], kind="stable")[:SUBSTITUTES]]
        named = [f"{read.products[k]} {percent(ratios[j, k])}" for k in best]
        rows.append([read.products[j], *named, percent(ratios[j, j])])
    headings = ["where lost sales go", "first", "second", "third", "to none"]
    closing = "All pairs, with elasticities, second choice and pass-through: --out FOLDER."
    return f"{aligned(headings, rows)}\n{closing}"


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


def _deal(baseline: Baseline, outcome: DealOutcome) -> str:
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
    headings = ["screens at old prices", "diversion to partner", "UPP", "GUPPI", "CMCR", "in shares"]
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
        ["buyers (compensating variation, sign turned)", _signed_amount(-lost, unit)],
        ["firms (producer surplus)", _signed_amount(gained, unit)],
        ["together", _signed_amount(gained - lost, unit)],
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
            cells.append([f"fifth {number_}", f"{MINUS}{alpha:.4g}", _signed_amount(-mean, unit)])
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


def _signed_amount(value: float, unit: str) -> str:
    return signed(amount(value, unit), value)


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
