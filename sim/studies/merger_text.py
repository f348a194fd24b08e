"""The study of a static market as aligned plain text, the verdict first."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.compare.amounts import MINUS, number, percent, signed
from sim.compare.printing import aligned
from sim.kernels.deviations import Audit
from sim.kernels.equilibrium import Equilibrium
from sim.studies.merger import Baseline, MergerStudy
from sim.studies.merger_deal_text import printed_deal
from sim.studies.merger_numbers import amount, money

FloatArray = NDArray[np.float64]

MOST_SHOWN = 8  # products whose matrices are printed whole
EQUATIONS = (
    "Equations: sim/MODEL.md, section 9 (UPP 9.9, GUPPI 9.10, CMCR 9.11, in shares 9.12, "
    "Delta 9.13)."
)
SUBSTITUTES = 3  # that are named where they are not
MOST_ROWS = 40
SMALLEST = 1e-16  # of rounding: no error estimate is shown as nothing


def printed_study(study: MergerStudy) -> str:
    """Everything that ``merger`` prints."""
    baseline = study.baseline
    read = baseline.market.read
    parts = ["\n".join(line for line in (read.name, read.question) if line), _verdicts(study)]
    if baseline.side.equilibrium.converged:
        parts += [_calibration(baseline), _before(baseline), _firms_before(baseline)]
        parts += _matrices(baseline)
        parts += [printed_deal(baseline, deal) for deal in study.deals]
        parts.append(EQUATIONS)
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
    if equilibrium.unpriced:
        lost = ", ".join(products[product] for product in equilibrium.unpriced)
        text += f"; so few buy {lost} that no price of theirs can be told"
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
