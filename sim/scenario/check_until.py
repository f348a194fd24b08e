"""Check what a stopping rule names: an arm, a firm, a quarter, and rows to measure."""

from __future__ import annotations

from collections.abc import Sequence

from sim.errors import Fault
from sim.scenario.checks import fault_at, nearest
from sim.scenario.market_tables import MarketTables
from sim.scenario.quarters import Quarter
from sim.scenario.tree import Tree
from sim.scenario.world import Heading, Until

MARKET = "market"


def check_until(
    tree: Tree,
    until: Until,
    heading: Heading,
    arms: Sequence[str],
    market: MarketTables | None,
    faults: list[Fault],
) -> None:
    """Add the faults of a stopping rule; measures are told by who computes them."""

    def add(key: str, expected: str, near: str = "") -> None:
        value = getattr(until, key)
        faults.append(fault_at(tree, ("until", key), value, expected, near))

    others = [arm for arm in arms if arm != heading.baseline]
    if arms and until.arm not in others:
        expected = "an arm beside the baseline: " + (", ".join(others) or "there is none")
        add("arm", expected, nearest(until.arm, others))
    firms = () if market is None else tuple(row.firm_id for row in market.firms)
    if firms and until.firm not in (MARKET, *firms):
        near = nearest(until.firm, (MARKET, *firms))
        rest = until.metric.partition(".")[2]
        add("metric", f"{MARKET} or a firm of {heading.market}", f"{near}.{rest}" if near else "")
    if until.firm != MARKET and heading.record == "none":
        add("metric", "record: summary or full; without rows of firms nothing is known of one")
    first = heading.horizon.start
    last = Quarter(first.index + heading.horizon.quarters - 1)
    if not first.index <= Quarter.parse(until.quarter).index <= last.index:
        add("metric", f"a quarter within the horizon, {first} to {last}")
    if until.block > until.most:
        add("block", f"at most as many as in all, {until.most:,}")
