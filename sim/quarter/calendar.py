"""The calendar of a quarter, as a table.

Each phase declares which fields of the state it writes; a test holds it to that. Where
``asks`` names a decision, the firms take it, all at once, before the phase runs.

==============  ==========================================================================
happen          events begin, act and end
observe         runway and the shadow cost of cash
negotiate       contracts and new money that are due are signed
apply_terms     costs, learning and weights under the contracts in force; views handed out
invest          launches and plants that the firms decided
price           best replies to each other
abroad          the same in the regions that a scenario models
clear           sales and production
close_books     income and working capital
exit_or_break   equity, credit, owner, state; then exit; contracts end
notice          what the quarter has met of the conditions of events
enter           firms that are on sale from the next quarter on
evolve          experience, quality and battery price
==============  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sim.quarter import abroad, closing, entry, events, ownership, phases
from sim.quarter.context import Run, Work
from sim.world.state import State


@dataclass(frozen=True)
class Phase:
    """One row of the calendar."""

    name: str
    run: Callable[[Run, State, Work], None]
    writes: frozenset[str]
    asks: str = ""


_OWNERSHIP = {"owner", "holdings", "control", "kappa", "outside_stake", "equity_raised"}

CALENDAR: tuple[Phase, ...] = (
    Phase("happen", events.happen, frozenset()),
    Phase("observe", phases.observe, frozenset()),
    Phase(
        "negotiate",
        ownership.sign,
        frozenset(_OWNERSHIP | {"signed", "in_force", "debt", "drawn", "credit_line"}),
    ),
    Phase("apply_terms", phases.apply_terms, frozenset()),
    Phase("invest", phases.invest, frozenset({"capacity", "ordered", "research"}), asks="invest"),
    Phase("price", phases.price, frozenset({"price", "memory"}), asks="plan"),
    Phase("abroad", abroad.sell_abroad, frozenset({"price_abroad"})),
    Phase(
        "clear",
        phases.clear,
        frozenset(
            {
                "sold", "volume", "energy", "trailing_units", "trailing_volume", "first_units",
                "zombie_units",
            }
        ),
    ),
    Phase(
        "close_books",
        closing.close_books,
        frozenset(
            {"net_working_capital", "trailing_revenue", "trailing_cost", "trailing_spending"}
        ),
    ),
    Phase(
        "exit_or_break",
        closing.settle,
        frozenset(
            {
                "capacity", "owner", "holdings", "control", "kappa",
                "active", "cash", "debt", "drawn", "credit_line", "net_working_capital",
                "trailing_spending",
                "owner_money", "state_money", "trailing_owner_money", "trailing_state_money",
                "equity_raised", "outside_stake",
                "outside", "in_force",
            }
        ),
    ),
    Phase("notice", events.notice, frozenset({"event_start", "variable_cost"})),
    Phase(
        "enter",
        entry.enter,
        frozenset(
            {
                "waiting", "active", "cash", "debt", "credit_line", "trailing_spending",
                "equity_raised", "outside",
            }
        ),
    ),
    Phase(
        "evolve",
        closing.evolve,
        frozenset(
            {"experience", "spill", "knowledge", "permanent", "passing", "battery_log", "t"}
        ),
    ),
)
