"""Firms that enter on a date (equation 5.6 of ``sim/MODEL.md``)."""

from __future__ import annotations

import numpy as np

from sim.finance.ledger import ACCOUNTS, COUNTERPARTY
from sim.quarter.context import Event, Run, Work
from sim.quarter.events import due_to_enter
from sim.world.state import State

_INVESTORS = ACCOUNTS.index(COUNTERPARTY["new_equity"])


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
    # A runway counts what is about to be spent.
    spending = industry.fixed_cost + industry.rd
    state.trailing_spending = np.where(comes, spending, state.trailing_spending)
    for firm in comes.nonzero()[0]:
        work.events.append(
            Event(state.t + 1, int(firm), "entry", "", float(paid_in[firm]), "on sale from now on")
        )
