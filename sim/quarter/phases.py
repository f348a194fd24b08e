"""The phases of a quarter before and at the price game.

Each is a function of the run, the state and the quarter's working papers; what it may
write of the state stands in the calendar. Equation numbers refer to ``sim/MODEL.md``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.alliances.effects import combine
from sim.calibration.calibrate import idle_cost
from sim.errors import SolverError
from sim.finance.books import runway, shadow_cost_of_cash
from sim.kernels.grouping import group_sums
from sim.kernels.learning import learning_values
from sim.market.costs import battery_price, effective_experience, marginal_costs
from sim.market.demand import market_size, mean_utility
from sim.market.pricing import PriceProblem
from sim.quarter.abroad import exported
from sim.quarter.context import Run, Work
from sim.quarter.events import demand_of, first_quarter, hold_prices
from sim.quarter.forces import open_credit
from sim.quarter.knowledge import decide_research
from sim.quarter.stated import hold, remember, solve_stated
from sim.quarter.views import views
from sim.world.state import State, trailing_mean

FloatArray = NDArray[np.float64]


def pooled(values: FloatArray, state: State) -> FloatArray:
    """Sum over the brands of one owner, given to each of them, (F,)."""
    return group_sums(state.owner, values, len(values))[state.owner]


def observe(run: Run, state: State, work: Work) -> None:
    """Firms look at their books: runway, and what cash is worth to them."""
    settings, industry = run.world.settings, run.world.industry
    work.runway = runway(
        pooled(state.cash, state),
        pooled(open_credit(state, work.forces), state),
        pooled(state.burn, state),
    )
    comfort = run.comfort[state.owner]
    # Inside their backstop: while the state's budget of the trailing year is not used up.
    given = np.add.reduce(state.trailing_state_money)
    budget = industry.state_backstop * work.forces.state
    backed = (budget > given) & settings.finance.state_backstop
    exempt = (industry.state_owned & backed)[state.owner]
    work.mu = shadow_cost_of_cash(work.runway, comfort, settings.conduct.mu_max, exempt)
    trusted = np.minimum(settings.finance.distress_runway_quarters, comfort)
    work.stress = shadow_cost_of_cash(work.runway, trusted, 1.0, exempt)


def apply_terms(run: Run, state: State, work: Work) -> None:
    """Contracts in force move costs and learning; firms are told what they may know."""
    world = run.world
    settings, industry, calibration = world.settings, world.industry, world.calibration
    work.effects = run.no_effects
    if state.in_force.any():
        work.effects = combine(
            run.contracts,
            np.where(state.in_force, state.signed, -1).tolist(),
            state.t,
            state.energy,
            state.active,
            settings.costs.industry_spillover,
            settings.costs.procurement_elasticity,
            settings.costs.procurement_cap,
        )
    work.battery_price = battery_price(world, state) * work.forces.battery
    work.kappa = state.kappa
    costs = marginal_costs(
        world, state, work.battery_price, work.effects.glider, work.effects.battery,
        run.learning_elasticity,
    )  # fmt: skip
    work.glider, work.unit_cost = costs.glider, costs.unit_cost
    work.cost = costs.cost + work.forces.duty if work.forces.has_duty else costs.cost
    parts = settings.conduct.parts
    work.learning = np.zeros(len(industry.firms))
    if parts.learning and settings.costs.learning == "frozen":
        work.learning = calibration.learning.copy()
    elif parts.learning and settings.costs.learning == "on":
        work.learning = learning_values(
            state.volume,
            effective_experience(state),
            costs.unit_glider,
            run.learning_elasticity,
            run.discounts,
            work.effects.theta,
        )
    relative_cost = work.unit_cost / calibration.unit_cost
    use = trailing_mean(state.trailing_volume) / state.capacity
    work.idle = idle_cost(
        work.unit_cost, use, settings.conduct.idle_cost_share if parts.idle else 0.0
    )
    work.war = calibration.war * relative_cost * settings.conduct.intensity
    work.war = work.war * work.forces.war
    work.conduct = calibration.conduct * relative_cost * (1.0 if parts.conduct else 0.0)
    luck = world.luck.launch[state.t]
    work.launch_due = (luck < run.launch_hazard) & state.active[industry.firm_of]
    work.views = views(run, state, work)


def invest(run: Run, state: State, work: Work) -> None:
    """Launches and plants that the firms decided, at their cost."""
    industry = run.world.industry
    plans = work.investments
    work.launched = plans.launch & work.launch_due
    work.build, work.issue = plans.build, plans.issue
    count = industry.by_firm(work.launched.astype(np.float64))
    work.launch_bill = count * run.launch_cost * work.effects.development
    capex = run.world.settings.finance.capex_cny_bn_per_100k * 1e9 / 1e5
    work.ledger.post("capacity", -work.build * 4.0 * capex)
    lag = len(state.ordered)
    if lag == 0:
        state.capacity = state.capacity + work.build
    else:
        # What was ordered a lag ago is ready; its row takes this quarter's orders.
        state.capacity = state.capacity + state.ordered[state.t % lag]
        state.ordered[state.t % lag] = work.build
    decide_research(run, state, work)


def price(run: Run, state: State, work: Work) -> None:
    """The market finds the prices that are best replies to each other.

    Raises
    ------
    SolverError
        The prices did not converge; the run ends with that verdict.
    """
    world, industry = run.world, run.world.industry
    plans = work.plans
    silent = state.active & ~plans.stated
    if silent.any():
        raise SolverError(f"{industry.firms[int(np.argmax(silent))]} stated no plan")
    start, frozen = state.price.copy(), np.zeros(len(industry.lines), dtype=np.bool_)
    for firm, plan in plans.alone.items():
        hold(run, firm, plan, start, frozen)
    kept = run.net_share[state.t]
    start, frozen, floor = hold_prices(state, work.forces, kept, start, frozen)
    problem = PriceProblem(
        demand=demand_of(run, work.forces).with_products(
            mean_utility(world, state) + work.forces.acceptance, state.active[industry.firm_of]
        ),
        cost=work.cost,
        net_share=kept,
        kappa=plans.kappa,
        shadow=plans.shadow,
        start=start,
        frozen=frozen,
        floor=floor,
    )
    work.problem, equilibrium = solve_stated(run, state, work, problem)
    _require_prices(run, state, equilibrium.prices)
    work.price, work.share = equilibrium.prices, equilibrium.shares
    work.iterations, work.residual = equilibrium.iterations, equilibrium.error_estimate
    state.price = equilibrium.prices.copy()
    remember(state, work)


def _require_prices(run: Run, state: State, prices: FloatArray) -> None:
    """Refuse an equilibrium in which buyers are paid to take a car.

    Raises
    ------
    SolverError
        A price is not above zero; the message names the line.
    """
    industry = run.world.industry
    wrong = state.active[industry.firm_of] & ~(prices > 0.0)
    if wrong.any():
        worst = int(np.flatnonzero(wrong)[np.argmin(prices[wrong])])
        raise SolverError(
            f"the price of {industry.lines[worst]} is {prices[worst]:,.0f} CNY, not above zero: "
            "what a sale is worth to its firm (war, learning, a negative duty) exceeds its cost"
        )


def clear(run: Run, state: State, work: Work) -> None:
    """Buyers choose; plants make what is sold at home and abroad."""
    world, industry = run.world, run.world.industry
    work.market_size = market_size(world, state.t)
    work.sold = work.share * work.market_size
    work.units = industry.by_firm(work.sold)
    if world.settings.finance.exports_on:
        work.exports = np.where(state.active, run.exports[state.t], 0.0)
        if work.abroad:
            work.exports = exported(run, work, work.exports)
    else:
        work.exports = np.zeros(len(industry.firms))
    state.sold = work.sold.copy()
    state.volume = work.units + work.exports
    at_home = industry.by_firm(work.sold * industry.battery_kwh)
    state.energy = at_home + work.exports * run.energy_per_car
    row = state.t % len(state.trailing_units)
    state.trailing_units[row] = work.units
    state.trailing_volume[row] = state.volume
    first = first_quarter(run, state)
    if first.any():
        state.first_units = np.where(first, work.units, state.first_units)
    young = state.active & (state.zombie_units == 0.0)
    if young.any():
        # The first four quarters in which it sells are its first year.
        year = (state.trailing_units > 0.0).all(axis=0) & young
        state.zombie_units = np.where(year, trailing_mean(state.trailing_units), state.zombie_units)

