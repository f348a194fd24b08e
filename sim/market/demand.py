"""Demand of a quarter: what buyers think of each line and of not buying electric.

Equation numbers refer to ``sim/MODEL.md``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.calibration.calibrate import Calibration
from sim.kernels import wedges
from sim.scenario.world import WorldSettings
from sim.world.state import State, World

FloatArray = NDArray[np.float64]


def acceptance(settings: WorldSettings, t: int) -> float:
    """Common taste for electric cars since the base year (equation 2.4), utils.

    A yearly drift that fades with a half-life; t = 0 is the first quarter of the run.
    """
    demand = settings.demand
    return faded_drift(demand.acceptance_drift, demand.acceptance_half_life_years, t)


def faded_drift(yearly: float, half_life_years: float, t: int) -> float:
    """Sum of a yearly drift that fades with a half-life, to the end of quarter t, utils."""
    quarterly = yearly / 4.0
    fade = 0.5 ** (0.25 / half_life_years)
    return float(quarterly * (1.0 - fade ** (t + 1)) / (1.0 - fade))


def market_size(world: World, t: int) -> float:
    """Potential buyers of quarter t, vehicles (equation 2.5)."""
    growth = 1.0 + world.settings.demand.market_growth
    return float(world.industry.market_size * growth ** ((t + 1) / 4.0))


def combustion_price_change(
    calibration: Calibration, settings: WorldSettings, truce: FloatArray | None = None
) -> float:
    """Change of combustion cars' prices when the war is harder or milder, CNY paid.

    Combustion cars are cut too: by ``ice_share`` of the mean cut of the electric ones
    (equation 2.6). Negative in a war above the base year's.

    Parameters
    ----------
    truce
        (F,) factor of events on each firm's war part (equation 10.7); None for none.
    """
    industry = calibration.industry
    # Firms that enter later have cut nothing in the base year.
    units = industry.by_firm(np.where(calibration.shares > 0.0, industry.units, 0.0))
    intensity = settings.conduct.intensity
    if truce is None:
        harder = intensity - 1.0
        mean_war = float(units @ calibration.war / units.sum())
    else:
        harder, war = 1.0, (intensity * truce - 1.0) * calibration.war
        mean_war = float(units @ war / units.sum())
    return -settings.demand.ice_share * harder * mean_war * (1.0 + industry.vat)


def outside_utility(
    calibration: Calibration, settings: WorldSettings, truce: FloatArray | None = None
) -> FloatArray:
    """Utility of the outside option by type, (I,) utils: cheaper combustion cars raise it."""
    return -calibration.alpha * combustion_price_change(calibration, settings, truce)


def mean_utility(world: World, state: State) -> FloatArray:
    """Mean utility of each line without its price, (J,) utils (equation 2.3)."""
    return (
        world.calibration.quality
        + state.permanent
        + state.passing[world.industry.firm_of]
        + acceptance(world.settings, state.t)
        + familiarity(world, state)
    )


def familiarity(world: World, state: State) -> FloatArray | float:
    """What own cars on the road add to a line (equation 2.9), (J,) utils; 0 if switched off.

    Relative to the market: what all cars together add is part of acceptance.
    """
    worth = world.settings.demand.familiarity
    if worth == 0.0:
        return 0.0
    industry, shares = world.industry, world.calibration.shares
    grown = np.log(state.experience / industry.experience)[industry.firm_of]
    moved: FloatArray = worth * (grown - shares @ grown / shares.sum())
    return moved


def purchase_tax(world: World, t: int) -> float:
    """Purchase tax on electric cars in quarter t, share of the price before VAT."""
    if world.settings.measures.purchase_tax == "frozen":
        return 0.0
    rate = 0.0
    for start, value in world.tax_steps:
        if start <= t:
            rate = value
    return rate


def net_shares(world: World) -> tuple[FloatArray, ...]:
    """Part of the buyer's price that reaches the maker, (J,) each quarter (equation 2.7)."""
    industry = world.industry
    dealers = industry.dealer_margin[industry.firm_of]
    taxes = [purchase_tax(world, t) for t in range(world.quarters)]
    kept = {tax: wedges.net_share(industry.vat, tax, dealers) for tax in set(taxes)}
    return tuple(kept[tax] for tax in taxes)
