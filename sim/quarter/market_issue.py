"""Equity raised on the market: who gets it, and whom it dilutes (equations 5.10 and 5.11)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.finance.books import operating_margin
from sim.kernels.ownership import dilute_control
from sim.quarter.context import Event, Run, Work
from sim.quarter.ownership import profit_weights
from sim.world.state import State

FloatArray = NDArray[np.float64]


def market_issue(run: Run, state: State, work: Work) -> None:
    """Offers of equity that the market takes up, by the same rule in every arm.

    New shares are sold at a multiple of the trailing year's revenue; all holders of old ones
    then have so much less of the firm, in claims and in votes.
    """
    finance = run.world.settings.finance
    if not finance.equity_market or not work.issue.any():
        return
    taken = (work.issue > 0.0) & (run.world.luck.equity[state.t] < _odds(run, state, work))
    amount = np.where(taken & state.active, work.issue, 0.0)
    work.ledger.post("new_equity", amount)
    state.equity_raised = state.equity_raised + amount
    value = finance.issue_price_to_sales * np.add.reduce(state.trailing_revenue)
    sold = np.where(amount > 0.0, amount / np.where(amount > 0.0, value + amount, 1.0), 0.0)
    if finance.issues_dilute and amount.any():
        _dilute(state, sold)
    for firm in amount.nonzero()[0]:
        detail = f"runway {work.runway[firm]:.1f} quarters"
        if finance.issues_dilute:
            detail += f"; new shares are {100.0 * sold[firm]:.1f} % of it"
        work.events.append(
            Event(state.t, int(firm), "equity", "market", float(amount[firm]), detail)
        )


def _odds(run: Run, state: State, work: Work) -> FloatArray:
    """Chance that the market takes an offer, (F,), by the margin of the trailing year."""
    finance = run.world.settings.finance
    odds = np.full(len(state.active), finance.raise_probability) * work.forces.equity
    if finance.raise_margin_slope == 0.0:
        return odds
    margin = operating_margin(
        np.add.reduce(state.trailing_revenue),
        np.add.reduce(state.trailing_cost),
        np.add.reduce(state.trailing_spending),
    )
    factor = np.exp(finance.raise_margin_slope * (margin - run.listed_margin))
    return np.minimum(odds * factor, 1.0)


def _dilute(state: State, sold: FloatArray) -> None:
    """Old shares shrink by the part sold, (F,) of each firm."""
    kept = 1.0 - sold
    state.holdings = state.holdings * kept
    state.control = state.control.copy()
    for firm in sold.nonzero()[0]:
        dilute_control(state.control, int(firm), float(kept[firm]))
    state.outside_stake = state.outside_stake * kept
    if state.holdings.any():
        state.kappa = profit_weights(state)
