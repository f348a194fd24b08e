"""What entering would be worth to a firm that is not there yet (equation 10.12 of MODEL.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.finance.books import annuity, follow_revenue
from sim.kernels.demand import shares
from sim.market.pricing import own_best_reply
from sim.quarter.context import Event, Run, Work
from sim.quarter.forces import Planned
from sim.scenario.events import EntryPays
from sim.world.state import State

FloatArray = NDArray[np.float64]

BILLION = 1e9


@dataclass(frozen=True)
class Prospect:
    """What an outsider expects of a year on the market, and what that is worth.

    Attributes
    ----------
    price
        Mean price of what it would sell, CNY.
    units
        Vehicles a year.
    profit
        Operating profit a year: contribution less fixed cost and R&D, CNY.
    worth
        Profit for the stated years, discounted, CNY.
    """

    price: float
    units: float
    profit: float
    worth: float


def prospect(run: Run, state: State, work: Work, firm: int, terms: EntryPays) -> Prospect:
    """Value an entry by what an outsider can see of the quarter that ends.

    It sets the prices that maximise its profit of a quarter while all others hold theirs, at
    its own present costs, under the rules of the quarter; a year is four such quarters.

    Raises
    ------
    SolverError
        Its best prices were not found.
    """
    industry, finance = run.world.industry, run.world.settings.finance
    assert work.problem is not None
    game, lines = work.problem, run.lines_of[firm]
    there = state.active[industry.firm_of]
    there[lines] = True
    demand = game.demand.with_products(game.demand.delta, there)
    kappa, shadow = game.kappa.copy(), game.shadow.copy()
    kappa[firm], shadow[firm] = np.eye(len(kappa))[firm], 0.0
    # Others hold their prices; the entrant's own lines are free.
    frozen = industry.firm_of != firm
    alone = replace(game, demand=demand, kappa=kappa, shadow=shadow, frozen=frozen)
    prices = own_best_reply(run.world, alone, work.price, firm)
    sold = (shares(demand, prices) * work.market_size)[lines]
    net = prices[lines] * game.net_share[lines]
    revenue = float(sold @ net)
    ratio = np.full(1, revenue / run.base_revenue[firm])
    spent = follow_revenue(
        industry.fixed_cost[[firm]] + industry.rd[[firm]], ratio, finance.fixed_cost_elasticity
    )
    profit = 4.0 * (float(sold @ (net - work.cost[lines])) - float(spent[0]))
    units = float(sold.sum())
    price = float(sold @ prices[lines]) / units if units > 0.0 else float(prices[lines].mean())
    worth = profit * annuity(terms.years, terms.discount_rate)
    return Prospect(price, 4.0 * units, profit, worth)


def entry_pays(run: Run, state: State, work: Work, event: Planned, terms: EntryPays) -> bool:
    """Whether entering is worth more than it costs; the numbers compared become an event row."""
    assert event.entrant is not None
    found = prospect(run, state, work, event.entrant, terms)
    cost = terms.cost_cny_bn * BILLION
    pays = found.worth > cost
    detail = (
        f"{'pays' if pays else 'does not pay'}: {found.units:,.0f} cars a year at "
        f"{found.price:,.0f} CNY earn {found.profit / BILLION:.2f} bn a year, worth "
        f"{found.worth / BILLION:.2f} bn over {terms.years} years at {terms.discount_rate:.1%}; "
        f"entry costs {terms.cost_cny_bn:.2f} bn"
    )
    work.events.append(
        Event(state.t, event.entrant, "entry_weighed", event.name, found.worth - cost, detail)
    )
    return pays
