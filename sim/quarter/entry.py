"""Firms that enter on a date (equation 5.6 of ``sim/MODEL.md``)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.finance.ledger import ACCOUNTS, COUNTERPARTY
from sim.quarter.context import Event, Run, Work
from sim.quarter.events import due_to_enter
from sim.world.state import State

_INVESTORS = ACCOUNTS.index(COUNTERPARTY["new_equity"])
_SUPPLIERS = ACCOUNTS.index(COUNTERPARTY["capacity"])


def _sunk(run: Run, comes: NDArray[np.bool_]) -> float:
    """Entry cost of the firms that come because it pays, CNY."""
    costs = 0.0
    for event in run.events:
        if event.entrant is not None and comes[event.entrant] and event.condition is not None:
            terms = event.condition.entry_pays
            costs += 0.0 if terms is None else terms.cost_cny_bn * 1e9
    return costs


def enter(run: Run, state: State, work: Work) -> None:
    """Firms that are on sale from the next quarter on get the money they start with.

    Their investors pay in the cash of the market's tables; debt and credit line are those of the
    tables, and what debt bought before lies outside the run.
    """
    industry = run.world.industry
    comes = due_to_enter(run, state)
    if not comes.any():
        return
    paid_in = np.where(comes, industry.cash, 0.0)
    state.waiting = state.waiting & ~comes
    state.active = state.active | comes
    state.cash = state.cash + paid_in
    state.equity_raised = state.equity_raised + paid_in
    state.outside = state.outside.copy()
    state.outside[_INVESTORS] -= paid_in.sum()
    state.debt = np.where(comes, industry.debt, state.debt)
    state.credit_line = np.where(comes, industry.credit_line, state.credit_line)
    sunk = _sunk(run, comes)
    # What entering takes beyond that cash was spent before the firm is on sale, past its books.
    state.outside[_INVESTORS] -= sunk
    state.outside[_SUPPLIERS] += sunk
    # A runway counts what is about to be spent.
    spending = industry.fixed_cost + industry.rd
    state.trailing_spending = np.where(comes, spending, state.trailing_spending)
    for firm in comes.nonzero()[0]:
        work.events.append(
            Event(state.t + 1, int(firm), "entry", "", float(paid_in[firm]), "on sale from now on")
        )
