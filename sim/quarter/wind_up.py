"""What becomes of a firm that cannot pay: a buyer, else its plants are sold and it is wound up.

Both are switches of ``finance.wind_up``. Equation numbers refer to ``sim/MODEL.md``, section 5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.finance.books import annuity
from sim.kernels.demand import shares
from sim.quarter.context import Event, Run, Work
from sim.quarter.forces import open_credit
from sim.quarter.ownership import join, profit_weights
from sim.quarter.phases import pooled
from sim.world.state import State, trailing_mean

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

BILLION = 1e9
# Of those who go, rivals named one by one; the rest are told together.
NAMED = 3


def find_buyers(run: Run, state: State, work: Work, leaving: BoolArray) -> BoolArray:
    """Let rich firms take over who would leave, (F,) firms that leave all the same.

    A buyer takes over brands, lines, plants and debts, and pays the cash that is missing, if
    continuing is worth more than both (equation 5.13). The richest is asked first, the largest
    firm in need first.
    """
    terms = run.world.settings.finance.wind_up
    if not terms.takeover:
        return leaving
    stay = leaving.copy()
    owners = leaving & (state.owner == np.arange(len(leaving)))
    year = state.trailing_units.sum(axis=0)
    for firm in sorted(np.flatnonzero(owners), key=lambda each: -year[each]):
        brands = state.owner == firm
        profit = float(
            (
                state.trailing_revenue
                - state.trailing_cost
                - (1.0 - terms.saving) * state.trailing_spending
            )[:, brands].sum()
        )
        worth = profit * annuity(terms.years, terms.discount_rate)
        treasury = state.cash + work.ledger.change()
        missing = max(-float(treasury[brands].sum()), 0.0)
        debts = float(state.debt[brands].sum()) + missing
        spare = _spare(run, state, treasury, leaving)
        buyer = int(np.argmax(spare))
        if worth <= debts or spare[buyer] < debts:
            continue
        _take_over(run, state, work, buyer, int(firm), missing, worth, debts)
        stay &= ~brands
    return stay


def _spare(run: Run, state: State, treasury: FloatArray, leaving: BoolArray) -> FloatArray:
    """Cash of firms beyond what they are comfortable with, (F,) CNY; -inf for no buyer."""
    own = state.owner == np.arange(len(treasury))
    selling = state.trailing_units.any(axis=0)
    firm = np.array(run.world.industry.kinds) != "composite"
    spare = treasury - run.comfort * pooled(state.burn, state)
    result: FloatArray = np.where(state.active & own & firm & selling & ~leaving, spare, -np.inf)
    return result


def _take_over(
    run: Run,
    state: State,
    work: Work,
    buyer: int,
    firm: int,
    missing: float,
    worth: float,
    debts: float,
) -> None:
    brands = np.flatnonzero(state.owner == firm)
    work.ledger.post_one("merged_treasury", buyer, -missing)
    work.ledger.post_one("merged_treasury", firm, missing)
    for name in ("holdings", "control", "owner", "debt", "drawn", "credit_line"):
        setattr(state, name, getattr(state, name).copy())
    join(state, buyer, brands)
    state.kappa = profit_weights(state)
    for stock in (state.debt, state.drawn, state.credit_line):
        stock[buyer] += stock[brands].sum()
        stock[brands] = 0.0
    detail = (
        f"going on is worth {worth / BILLION:.2f} bn CNY, its debts are {debts / BILLION:.2f} bn; "
        "its brands, lines and plants go on under the buyer"
    )
    name = run.world.industry.firms[buyer]
    work.events.append(Event(state.t, firm, "taken_over", name, debts, detail))


def sell_plants(run: Run, state: State, work: Work, leaving: BoolArray) -> None:
    """Plants of firms that leave go to those with the fullest ones (equation 5.14).

    Each buyer takes what brings its utilisation down to the one stated, as far as cash and
    credit go; what nobody takes is scrapped. The money is the seller's and so its creditors'.
    """
    finance = run.world.settings.finance
    terms = finance.wind_up
    if not terms.resale:
        return
    firms = run.world.industry.firms
    price = 4.0 * finance.capex_cny_bn_per_100k * BILLION / 1e5 * terms.resale_price_share
    volume = trailing_mean(state.trailing_volume)
    for seller in np.flatnonzero(leaving):
        offered = float(state.capacity[seller])
        wanted = np.maximum(volume / terms.buyer_utilisation - state.capacity, 0.0)
        own = state.owner == np.arange(len(firms))
        wanted = np.where(state.active & own & ~leaving, wanted, 0.0)
        for buyer in np.argsort(-volume / state.capacity, kind="stable"):
            cash = float((state.cash + work.ledger.change())[buyer])
            credit = max(float(open_credit(state, work.forces)[buyer]), 0.0)
            funds = max(cash, 0.0) + credit
            taken = min(float(wanted[buyer]), offered, funds / price if price > 0.0 else np.inf)
            if taken <= 0.0:
                continue
            paid = taken * price
            _pay_for_plants(state, work, int(buyer), int(seller), paid, max(cash, 0.0))
            state.capacity = state.capacity.copy()
            state.capacity[buyer] += taken
            offered -= taken
            work.events.append(
                Event(
                    state.t, int(buyer), "plants_bought", firms[seller], paid,
                    f"{4.0 * taken:,.0f} cars a year",
                )
            )


def _pay_for_plants(
    state: State, work: Work, buyer: int, seller: int, paid: float, cash: float
) -> None:
    drawn = max(paid - cash, 0.0)
    work.ledger.post_one("plants", buyer, -paid)
    work.ledger.post_one("plants", seller, paid)
    work.ledger.post_one("credit", buyer, drawn)
    state.debt, state.drawn = state.debt.copy(), state.drawn.copy()
    state.debt[buyer] += drawn
    state.drawn[buyer] += drawn


def tell_diversion(run: Run, state: State, work: Work, leaving: BoolArray) -> None:
    """Where the buyers of firms that leave go: to whom, at the prices of the quarter.

    One row for all that leave together: their sales in the quarter, and who gains what part of
    them if nobody changes a price (diversion of an exit).
    """
    assert work.problem is not None
    industry, demand = run.world.industry, work.problem.demand
    lost = float(work.units[leaving].sum())
    if lost <= 0.0:
        return
    there = state.active[industry.firm_of] & ~leaving[industry.firm_of]
    stay = demand.with_products(demand.delta, there)
    after = industry.by_firm(shares(stay, work.price)) * work.market_size
    gained = np.where(leaving, 0.0, after - work.units) / lost
    order = np.argsort(-gained, kind="stable")[:NAMED]
    named = [f"{industry.firms[firm]} {gained[firm]:.1%}" for firm in order if gained[firm] > 0.0]
    rest = float(gained.sum() - gained[order].sum())
    detail = ", ".join((*named, f"other makers {rest:.1%}", f"none {1.0 - gained.sum():.1%}"))
    for firm in np.flatnonzero(leaving):
        work.events.append(
            Event(state.t, int(firm), "buyers_go", "", float(work.units[firm]), detail)
        )
