"""An explanation as a person reads it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from sim.compare.amounts import money, number, percent, scaled, signed
from sim.compare.printing import aligned
from sim.errors import printable
from sim.scenario.region_items import ILLUSTRATIVE
from sim.studies.explain import PARTS, Explanation, Quarterly

WIDTH = 100
# Events of a long life that are printed; the last ones.
MOST_EVENTS = 16
# Parts named in the sentence.
MOST_NAMED = 3

# Part -> its row, and how a sentence calls it.
LABELS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "glider": ("car without battery", "the car without its battery"),
        "battery": ("battery", "the battery"),
        "duty": ("duty", "a duty"),
        "learning": ("less what a sale teaches", "what a sale teaches"),
        "idle": ("less what it saves in idle plants", "idle plants"),
        "war": ("less the private stakes of the war", "the war"),
        "cash_short": ("back, since cash is short", "cash that is short"),
        "conduct": ("plus restraint", "restraint"),
        "own_markup": ("own markup", "own markup"),
        "own_lines": ("for sales lost to own other lines", "own other lines"),
        "others_profit": (
            "for profit of partners and sister brands", "profit of partners and sister brands",
        ),
        "others_sales": (
            "for sales of partners and sister brands", "sales of partners and sister brands",
        ),
        "taxes": ("taxes and dealer margin", "taxes and dealer margin"),
        "rest": ("rest", "the rule"),
        "price": ("price paid", "price"),
    }
)  # fmt: skip
INCOME: Mapping[str, str] = MappingProxyType(
    {
        "revenue": "revenue, net",
        "variable_cost": "variable cost",
        "fixed_cost": "fixed cost",
        "rd": "research and launches",
        "interest": "interest",
        "other_business": "other business",
        "alliance_cost": "cost of alliances",
        "result": "result before tax",
    }
)
CASH: Mapping[str, str] = MappingProxyType(
    {
        "start": "cash at the start",
        "sales": "sales",
        "variable_cost": "variable cost, suppliers' credit included",
        "fixed_cost": "fixed cost",
        "research": "research and launches",
        "capacity": "plants",
        "plants": "plants bought from, or sold to, another maker",
        "interest": "interest",
        "credit": "credit drawn or repaid",
        "other_business": "other business",
        "alliance_cost": "cost of alliances",
        "stake_from_owner": "stake, paid by the investor's owner",
        "stake_from_firm": "stake, paid or received",
        "injection": "new money",
        "new_equity": "equity raised on the market",
        "owner_support": "owner's support",
        "state_backstop": "state money",
        "merged_treasury": "to or from the common treasury",
        "tariff": "duties",
        "wound_up": "borne by creditors, or left to them",
        "end": "cash at the end",
    }
)


def mean_parts(quarterly: Quarterly, weights: pd.Series) -> pd.Series:
    """Price and parts of the firm's mean car, CNY: lines weighed by ``weights`` by line."""
    lines = quarterly.lines.set_index("line")
    weight = (weights / weights.sum()).reindex(lines.index)
    return lines[["price", *PARTS]].mul(weight, axis=0).sum()


def printed(found: Explanation) -> str:
    """Prices, accounts and events of the quarter."""
    now = found.now
    weights = now.lines.set_index("line")["units"]
    columns = {now.quarter: mean_parts(now, weights)}
    if found.before is not None:
        columns[found.before.quarter] = mean_parts(found.before, weights)
    if found.baseline is not None:
        columns[found.baseline_arm] = mean_parts(found.baseline, weights)
    error = np.abs(now.lines["rest"] / now.lines["price"]).max()
    blocks = [
        _heading(found),
        _sentence(found, columns),
        _prices(found, columns),
        _wrapped(
            f"Means over the cars that {found.firm} sold in {now.quarter}, the same cars in every "
            f"column. The parts of each line add up to its price to {error:.0e} of it. The own "
            "shadow value of a sale is the sum of the rows from what it teaches to restraint, its "
            "sign turned."
        ),
        _accounts(now),
        _abroad(now),
        _events(found),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _heading(found: Explanation) -> str:
    point = "".join(f", {path} = {value:g}" for path, value in found.scope.point.items())
    return _wrapped(
        f"{found.firm} in {found.now.quarter}: run {found.run} (arm {found.arm}, replicate "
        f"{found.replicate}{point}, calibration {found.scope.calibration}); {found.now.state} at "
        "the end of the quarter."
    )


def _sentence(found: Explanation, columns: Mapping[str, pd.Series]) -> str:
    now = columns[found.now.quarter]
    texts = []
    if found.left:
        texts.append(f"{found.firm} left the market in {found.now.quarter}.")
    asked = []
    if found.before is not None:
        asked.append((found.before.quarter, f"than in {found.before.quarter}"))
    if found.baseline is not None:
        asked.append((found.baseline_arm, f"than in {found.baseline_arm} with the same luck"))
    for name, than in asked:
        change = now - columns[name]
        moved = change["price"]
        if abs(moved) < 0.5:
            texts.append(f"Its cars cost as much as {than[5:]}.")
            continue
        parts = change[list(PARTS)]
        order = parts.abs().sort_values(ascending=False).index[:MOST_NAMED]
        named = ", ".join(
            f"{LABELS[part][1]} {signed(money(parts[part]), parts[part])}"
            for part in order
            if abs(parts[part]) >= 0.5
        )
        texts.append(
            f"Its cars cost {money(now['price'])} on average, {money(abs(moved))} "
            f"{'less' if moved < 0 else 'more'} {than}: {named}."
        )
    return _wrapped(" ".join(texts))


def _prices(found: Explanation, columns: Mapping[str, pd.Series]) -> str:
    now = columns[found.now.quarter]
    headings, shown = ["CNY a car", found.now.quarter], [now]
    for name, series in list(columns.items())[1:]:
        headings += [name, "change" if name != found.baseline_arm else "difference"]
        shown += [series, now - series]
    rows = []
    for part in (*PARTS, "price"):
        if part != "price" and all(abs(series[part]) < 0.5 for series in shown):
            continue
        cells = [number(series[part]) for series in shown]
        rows.append([LABELS[part][0], *cells])
    return aligned(headings, rows)


def _accounts(now: Quarterly) -> str:
    income = [[label, money(now.income[key])] for key, label in INCOME.items() if now.income[key]]
    kept = {key: value for key, value in now.cash.items() if key in ("start", "end") or value}
    cash = [[label, money(kept[key])] for key, label in CASH.items() if key in kept]
    open_gap = now.cash["end"] - sum(value for key, value in now.cash.items() if key != "end")
    stood = now.standing
    runway = "without end" if math.isinf(stood["runway"]) else f"{stood['runway']:.1f} quarters"
    told = _wrapped(
        f"Cash closes to {abs(open_gap):.2g} yuan. At the start of the quarter cash and unused "
        f"credit would pay {runway} of fixed cost and research ({stood['comfort']:.1f} are "
        f"comfortable, mu = {stood['mu']:.2f}). At its end: debt {money(stood['debt'])}, unused "
        f"credit {money(stood['unused_credit'])}, net working capital "
        f"{money(stood['net_working_capital'])}, plants used to {100 * stood['use']:.0f} %."
        f"{_research(stood)}"
    )
    return "\n\n".join(
        [aligned(["income", now.quarter], income), aligned(["cash", now.quarter], cash), told]
    )


def _research(stood: Mapping[str, float]) -> str:
    """What the quality ladder did; without it every firm stands at one."""
    done, known = stood["research"], stood["knowledge"]
    if done == known == 1.0:
        return ""
    return (
        f" Of its usual R&D it carried out {100 * done:.0f} %; its knowledge stands at "
        f"{100 * known:.0f} % of what base-year R&D holds."
    )


def _abroad(now: Quarterly) -> str:
    """Sales in regions abroad, which are illustrative; nothing where there are none."""
    rows = [
        [
            region, scaled(sold["units"]), money(sold["price"]), percent(sold["duty"]),
            percent(sold["reach"]), money(sold["partner"]), money(sold["revenue"]),
            money(sold["contribution"]),
        ]
        for region, sold in now.abroad.items()
        if sold["units"] > 0.0
    ]  # fmt: skip
    if not rows:
        return ""
    headings = [
        f"abroad, {ILLUSTRATIVE}", "cars", "price", "duties", "reach", "partner keeps", "revenue",
        "contribution",
    ]  # fmt: skip
    return f"{aligned(headings, rows)}\nIn revenue and cash above."


def _events(found: Explanation) -> str:
    if not found.events:
        return "Nothing else happened to it up to then: no deal, no rescue."
    rows = [
        [
            quarter,
            event.kind.replace("_", " "),
            event.counterparty,
            _amount(event.kind, event.amount),
            event.detail,
        ]
        for quarter, event in found.events[-MOST_EVENTS:]
    ]
    told = "What happened to it up to then"
    if len(rows) < len(found.events):
        told += f" (the last {len(rows)} of {len(found.events)})"
    lines = ["  " + "  ".join(printable(cell) for cell in row if cell) for row in rows]
    return "\n".join([f"{told}:", *lines])


def _amount(kind: str, amount: float) -> str:
    # What a review writes there is a change of the MHHI, what an event does is its size.
    return "" if kind in ("cleared", "prohibited", "event") or amount == 0.0 else money(amount)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)
