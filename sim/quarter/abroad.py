"""The phase of sales abroad: regions that a scenario models, each cleared as a market of its own.

Every number of a region is illustrative. Equation numbers refer to ``sim/MODEL.md``, section 12.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.alliances.effects import ramp
from sim.calibration.abroad import RegionMarket, home_quality
from sim.decisions.conduct import DynamicNash
from sim.errors import SolverError
from sim.kernels.equilibrium import solve_prices
from sim.kernels.game import PriceGame
from sim.market.demand import faded_drift
from sim.quarter.context import Abroad, Run, Work
from sim.world.state import State, export_price

FloatArray = NDArray[np.float64]

_RULE = DynamicNash()


def sell_abroad(run: Run, state: State, work: Work) -> None:
    """Clear the regions modelled at the quarter's costs and shadow values (12.6).

    Raises
    ------
    SolverError
        Prices of a region did not converge; the run ends with that verdict.
    """
    regions = run.world.regions
    if not regions:
        return
    shadow = _shadow(work)
    found = [
        _clear(run, state, work, region, last, shadow)
        for region, last in zip(regions, state.price_abroad, strict=True)
    ]
    work.abroad = tuple(found)
    state.price_abroad = tuple(sales.price.copy() for sales in found)


def _shadow(work: Work) -> FloatArray:
    """Shadow values with which firms price abroad, (F, F).

    Those they state for home; of a firm that states prices or a volume there, what dynamic Nash
    would: its list prices and its mandate are of the market at home.
    """
    assert work.problem is not None
    shadow = work.problem.shadow.copy()
    for firm, plan in work.plans.alone.items():
        view = work.views[firm]
        if view is not None and (plan.rule_price is not None or plan.volume is not None):
            shadow[firm] = _RULE.plan(view).shadow
    return shadow


def _clear(
    run: Run,
    state: State,
    work: Work,
    region: RegionMarket,
    last: FloatArray,
    shadow: FloatArray,
) -> Abroad:
    world, firm, t = run.world, region.firm, state.t
    calibration, industry = world.calibration, world.industry
    assert work.problem is not None
    forces = work.forces.abroad.get(region.name)
    backlash = 0.0 if forces is None else forces.acceptance
    levy = np.zeros(len(firm)) if forces is None else forces.duty[firm]
    reach = np.where(region.rights, _reach(run, state, region), 0.0)
    home = calibration.quality + state.permanent + state.passing[industry.firm_of]
    common = backlash + faded_drift(
        region.acceptance_drift, world.settings.demand.acceptance_half_life_years, t
    )
    sold = state.active[firm] & (reach > 0.0)
    quality = region.demand.delta + common
    quality[:-1] = (
        home_quality(industry, home)[firm]
        + region.gap
        + np.log(np.where(reach > 0.0, reach, 1.0))
        + common
    )
    factory = export_price(work.unit_cost, calibration)[firm]
    cost = factory * (1.0 - industry.export_margin[firm])
    duty = region.duties(t)
    relative = (work.unit_cost / calibration.unit_cost)[firm]
    count = len(firm) + 1
    kappa, lambdas = np.eye(count), np.zeros((count, count))
    kappa[:-1, :-1] = work.problem.kappa[np.ix_(firm, firm)]
    lambdas[:-1, :-1] = shadow[np.ix_(firm, firm)] - np.diag(region.held_back * relative)
    local = np.arange(count) == count - 1
    game = PriceGame(
        demand=region.demand.with_products(quality, np.append(sold, True)),
        costs=np.append(cost + region.logistics + levy, 0.0),
        firm_of=np.arange(count),
        kappa=kappa,
        shadow=lambdas,
        net_share=region.net_share(duty),
        frozen=local,
    )
    found = solve_prices(game, last, second_order=False)
    if not found.converged:
        seller = "the local rival" if local[found.worst] else industry.firms[firm[found.worst]]
        raise SolverError(
            f"prices in {region.name} did not converge: residual {found.residual:.1e} after "
            f"{found.iterations} iterations, worst at {seller}"
        )
    work.residual = max(work.residual, found.error_estimate)
    growth = (1.0 + region.market_growth) ** ((t + 1) / 4.0)
    units = np.where(np.append(sold, True), found.shares, 0.0) * region.market_size * growth
    cars = units[:-1]
    value = cars * np.where(sold, (found.prices * game.kept)[:-1], 0.0)
    freight, levies, spent = cars * region.logistics, cars * levy, cars * cost
    partner = region.partner_share * (value - freight - levies - spent)
    return Abroad(
        market=region,
        units=units,
        price=found.prices,
        duty=duty,
        reach=np.where(state.active[firm], reach, 0.0),
        quality=quality,
        value=value,
        freight=freight,
        duty_paid=duty * value,
        levy=levies,
        partner=partner,
        revenue=value - freight - levies - partner,
        cost=spent,
    )


def _reach(run: Run, state: State, region: RegionMarket) -> FloatArray:
    """Part of buyers with a dealer near, dealers of allies included, (N,) (12.5).

    Networks overlap as if by chance: who has none of them near is out of reach.
    """
    reach = region.own_reach(state.t)
    opened = np.zeros(len(reach))
    place = {int(firm): position for position, firm in enumerate(region.firm)}
    for number, contract in enumerate(run.contracts):
        term = contract.distribution
        if term is None or not state.in_force[number]:
            continue
        host, guest = place.get(term.host), place.get(term.guest)
        if host is None or guest is None or region.exclusive[guest]:
            continue
        part = term.share * ramp(contract, int(state.signed[number]), state.t)
        if state.active[term.host] and region.rights[host]:
            opened[guest] = 1.0 - (1.0 - opened[guest]) * (1.0 - part * reach[host])
    return 1.0 - (1.0 - reach) * (1.0 - opened)


def exported(run: Run, work: Work, path: FloatArray) -> FloatArray:
    """Cars sold abroad: what is left of the stated path, and the regions' sales, (F,).

    Parameters
    ----------
    path
        (F,) exports of the stated path, vehicles.
    """
    left = path * run.off_path
    for sales in work.abroad:
        left[sales.market.firm] += sales.units[:-1]
    return left


def books_abroad(
    work: Work, price: FloatArray, margin: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Revenue and variable cost of all exports, (F,) CNY (5.3 and 12.7).

    Parameters
    ----------
    price, margin
        (F,) net price of an exported car on the stated path, and its margin.
    """
    path = work.exports.copy()
    for sales in work.abroad:
        path[sales.market.firm] -= sales.units[:-1]
    # What rounding leaves of a path that went to regions whole is no car.
    revenue = np.maximum(path, 0.0) * price
    cost = revenue * (1.0 - margin)
    for sales in work.abroad:
        revenue[sales.market.firm] += sales.revenue
        cost[sales.market.firm] += sales.cost
    return revenue, cost
