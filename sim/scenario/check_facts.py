"""Check what the facts of a scenario name: arms, firms, kinds, quarters, a panel."""

from __future__ import annotations

from collections.abc import Sequence

from sim.errors import Fault
from sim.scenario.checks import fault_at, nearest
from sim.scenario.facts import CutsFollow, Facts, OwnedLiveOn
from sim.scenario.market_tables import MarketTables, known_markets
from sim.scenario.quarters import Quarter
from sim.scenario.tree import Tree
from sim.scenario.world import Heading

YEAR = 4


def check_facts(
    tree: Tree,
    facts: Facts,
    heading: Heading,
    arms: Sequence[str],
    market: MarketTables | None,
    faults: list[Fault],
) -> None:
    """Add the faults of the facts."""

    def add(path: tuple[str, ...], value: object, expected: str, near: str = "") -> None:
        faults.append(fault_at(tree, ("facts", *path), value, expected, near))

    if not facts.stated:
        add((), None, "at least one fact")
    others = [arm for arm in arms if arm != heading.baseline]
    for name, fact in facts.stated.items():
        if arms and fact.placebo not in others:
            expected = "an arm beside the baseline: " + (", ".join(others) or "there is none")
            add((name, "placebo"), fact.placebo, expected, nearest(fact.placebo, others))
    if heading.record != "full":
        faults.append(
            fault_at(tree, ("record",), heading.record, "full: facts are looked for line by line")
        )
    quarters = heading.horizon.quarters
    if quarters < 2 * YEAR:
        where = ("horizon", "quarters")
        faults.append(fault_at(tree, where, quarters, "at least 8: a first and a last year"))
    first = heading.horizon.start
    last = Quarter(first.index + quarters - 1)
    war, moves = facts.prices_outrun_costs, facts.shares_move
    if war is not None:
        # A change needs the quarter before it.
        for key, when in (("start", war.start), ("end", war.end)):
            if not first.index < when.index <= last.index:
                expected = f"a quarter after the first of the run, up to {last}"
                add(("prices_outrun_costs", key), str(when), expected)
        if war.end.index < war.start.index:
            add(("prices_outrun_costs", "end"), str(war.end), f"{war.start} or later")
    if moves is not None:
        known = known_markets()
        if moves.panel not in known:
            expected = "a folder of scenarios/markets: " + ", ".join(known)
            add(("shares_move", "panel"), moves.panel, expected, nearest(moves.panel, known))
        for horizon in moves.horizons:
            if not 1 <= horizon < quarters:
                add(("shares_move", "horizons"), horizon, f"from 1 to {quarters - 1} quarters")
    if market is None:
        return
    firms = [row.firm_id for row in market.firms]
    kinds = sorted({row.kind for row in market.firms})
    named: list[tuple[tuple[str, str], tuple[str, ...], list[str], str]] = []
    for name, fact in facts.stated.items():
        if isinstance(fact, CutsFollow):
            named.append(((name, "leaders"), fact.leaders, firms, f"a firm of {market.name}"))
        if isinstance(fact, OwnedLiveOn):
            expected = "a kind of firm: " + ", ".join(kinds)
            named.append(((name, "kinds"), fact.kinds, kinds, expected))
    for path, values, there, expected in named:
        for value in values:
            if value not in there:
                add(path, value, expected, nearest(value, there))
