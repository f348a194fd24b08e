"""Calibration to the base year under the closure of the price war.

The data give one number per firm, the revealed shadow value: the markup that static
Nash conduct would ask for at observed prices and shares, less the markup seen in the
accounts. What it is made of is stated, not estimated: learning and idle plants are
computed, war or conduct takes the rest. Equation numbers refer to ``sim/MODEL.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from sim.calibration.industry import Industry
from sim.calibration.types import ConsumerTypes, consumer_types
from sim.errors import CalibrationError
from sim.kernels.demand import Demand, elasticities, market_elasticity, share_slopes
from sim.kernels.inversion import invert_shares
from sim.kernels.learning import discounts_ahead, learning_values
from sim.kernels.ownership import control_weights
from sim.scenario.world import WorldSettings

FloatArray = NDArray[np.float64]

INVERSION_TOLERANCE = 1e-12
LEARNING_HORIZON = 40


@dataclass(frozen=True)
class Calibration:
    """A market that returns the base year's prices and shares.

    Attributes
    ----------
    types
        Consumer types; ``alpha`` holds their price coefficients in utils per CNY.
    quality
        (J,) mean utility without price (xi), at which observed shares come back.
    shares
        (J,) share of the market size, a quarter.
    cost
        (J,) marginal cost, CNY.
    glider, battery
        (J,) its two parts, CNY.
    revealed
        (F,) revealed shadow value, CNY of net price: static markup less observed markup.
    learning
        (F,) what one more car saves its own maker later, CNY.
    taught, idle, war, conduct
        (F,) parts of ``revealed = taught + idle + war - conduct``; ``taught`` is ``learning``
        and what the car teaches others whose profit the firm minds.
    unit_cost
        (F,) volume-weighted marginal cost of the base year, CNY.
    static_markup, observed_markup
        (F,) volume-weighted, CNY of net price.
    own_elasticity
        (J,) own-price elasticity.
    market_elasticity
        Elasticity of electric-car sales to all electric-car prices.
    """

    industry: Industry
    types: ConsumerTypes
    alpha: FloatArray
    quality: FloatArray
    shares: FloatArray
    cost: FloatArray
    glider: FloatArray
    battery: FloatArray
    unit_cost: FloatArray
    revealed: FloatArray
    learning: FloatArray
    taught: FloatArray
    idle: FloatArray
    war: FloatArray
    conduct: FloatArray
    static_markup: FloatArray
    observed_markup: FloatArray
    kappa: FloatArray
    own_elasticity: FloatArray
    market_elasticity: float
    inversion_residual: float


@dataclass(frozen=True)
class _Revealed:
    margin: FloatArray
    shadow: FloatArray
    demand: Demand
    residual: float


def base_kappa(industry: Industry) -> FloatArray:
    """Profit weights of the base year's holdings (O'Brien & Salop 2000), (F, F)."""
    return control_weights(industry.holdings, industry.control)


def utilisation(industry: Industry) -> FloatArray:
    """Units made a quarter over capacity in the base year, (F,)."""
    return (industry.by_firm(industry.units) + industry.exports) / industry.capacity


def idle_cost(unit_cost: FloatArray, use: FloatArray, share: float) -> FloatArray:
    """Cost a car of labour and contracts that idle plants cannot shed (equation 3.6), CNY."""
    return unit_cost * share * np.minimum(np.maximum(1.0 - use, 0.0), 1.0)


def calibrate(industry: Industry, settings: WorldSettings) -> Calibration:
    """Find qualities, costs and the parts of the shadow value (equations 3.1 to 3.8).

    Raises
    ------
    CalibrationError
        Shares cannot be inverted, a cost is not above its battery, no price coefficient
        meets the closure, or an elasticity leaves the stated range.
    """
    types = consumer_types(industry, settings)
    unknown = [name for name in settings.calibration.closure_firms if name not in industry.firms]
    if unknown:
        raise CalibrationError(
            "calibration.closure_firms: no firm of this market is called " + ", ".join(unknown)
        )
    shares = industry.units / industry.market_size
    if shares.sum() >= 1.0:
        raise CalibrationError("electric cars sell more than the whole market")
    net = industry.price * industry.net_share
    volume = industry.by_firm(industry.units)
    observed = industry.by_firm(industry.units * net) / volume * industry.observed_markup
    unit_cost = industry.by_firm(industry.units * net) / volume - observed
    battery = industry.battery_kwh * settings.costs.battery_price_cny_kwh
    glider_mean = unit_cost - industry.by_firm(industry.units * battery) / volume
    kappa = base_kappa(industry)
    elasticity = -np.log2(1.0 - settings.calibration.vehicle_learning)
    theta = np.full_like(kappa, settings.costs.industry_spillover)
    np.fill_diagonal(theta, 1.0)
    learning = learning_values(
        volume + industry.exports,
        industry.experience,
        glider_mean,
        float(elasticity),
        discounts_ahead(industry.discount, LEARNING_HORIZON),
        theta,
    )
    # [f, g] what a sale of g's car teaches f and those whose profit f minds (equation 3.5).
    worth = (kappa * learning) @ theta
    taught = np.diag(worth).copy()
    idle = idle_cost(unit_cost, utilisation(industry), settings.conduct.idle_cost_share)

    def mean_lambda(log_scale: float) -> float:
        revealed = _reveal(industry, types, float(np.exp(log_scale)), shares, kappa, worth)
        return float((revealed.shadow - taught)[industry.closure].mean())

    scale = float(np.exp(_root(mean_lambda, industry)))
    revealed = _reveal(industry, types, scale, shares, kappa, worth)
    cost = net - revealed.margin
    glider = cost - battery
    if np.any(glider <= 0.0):
        worst = int(np.argmin(glider))
        raise CalibrationError(
            f"line {industry.lines[worst]}: cost {cost[worst]:.0f} CNY does not cover its "
            f"battery at {battery[worst]:.0f} CNY"
        )
    rest = revealed.shadow - taught - idle
    own = np.diag(elasticities(revealed.demand, industry.price))
    calibration = Calibration(
        industry=industry,
        types=types,
        alpha=types.price_shape * scale,
        quality=revealed.demand.delta,
        shares=shares,
        cost=cost,
        glider=glider,
        battery=battery,
        unit_cost=unit_cost,
        revealed=revealed.shadow,
        learning=learning,
        taught=taught,
        idle=idle,
        war=np.maximum(rest, 0.0),
        conduct=np.maximum(-rest, 0.0),
        static_markup=observed + revealed.shadow,
        observed_markup=observed,
        kappa=kappa,
        own_elasticity=own.copy(),
        market_elasticity=market_elasticity(revealed.demand, industry.price),
        inversion_residual=revealed.residual,
    )
    _check_elasticities(calibration, settings)
    return calibration


def _reveal(
    industry: Industry,
    types: ConsumerTypes,
    scale: float,
    shares: FloatArray,
    kappa: FloatArray,
    worth: FloatArray,
) -> _Revealed:
    """Margins and own shadow values that the first-order conditions reveal.

    Unknown are the J margins and the F own shadow values; known are the J first-order
    conditions and the F mean margins in the accounts: one linear system.
    """
    count, size = len(shares), len(industry.firms)
    demand = Demand(
        delta=np.zeros(count),
        mu=types.taste,
        alpha=types.price_shape * scale,
        weights=types.weights,
        outside=np.zeros(len(types.weights)),
    )
    inversion = invert_shares(shares, demand, industry.price, tolerance=INVERSION_TOLERANCE)
    if not inversion.converged:
        raise CalibrationError(
            f"shares cannot be inverted: residual {inversion.residual:.1e} "
            f"after {inversion.iterations} iterations"
        )
    demand = replace(demand, delta=inversion.delta)
    slopes = share_slopes(demand, industry.price)  # [k, j] = ds_k / dp_j
    firm_of = industry.firm_of
    weight = kappa[firm_of][:, firm_of]  # [j, k] weight of j's firm on k's firm
    same = firm_of[:, None] == firm_of[None, :]
    system = np.zeros((count + size, count + size))
    system[:count, :count] = slopes.T * np.where(same, 1.0, weight)
    own_slope = slopes.T * same
    system[np.arange(count), count + firm_of] = own_slope.sum(axis=1)
    net = industry.price * industry.net_share
    right = np.zeros(count + size)
    cross = np.where(same, 0.0, worth[firm_of][:, firm_of])
    right[:count] = -industry.net_share * shares - (slopes.T * cross).sum(axis=1)
    for firm in range(size):
        mine = firm_of == firm
        system[count + firm, :count][mine] = shares[mine]
        right[count + firm] = industry.observed_markup[firm] * (shares * net)[mine].sum()
    solution = np.linalg.solve(system, right).astype(np.float64)
    return _Revealed(
        margin=solution[:count],
        shadow=solution[count:],
        demand=demand,
        residual=inversion.residual,
    )


def _root(mean_lambda: Callable[[float], float], industry: Industry) -> float:
    """Log of the price coefficient's scale at which the closure holds."""
    centre = np.log(4.0 / float(np.median(industry.price)))
    grid = centre + np.linspace(-1.2, 1.6, 15)
    values = [mean_lambda(float(point)) for point in grid]
    # lambda falls as buyers get more price-sensitive; the first change of sign is the root.
    ends = zip(grid[:-1], grid[1:], values[:-1], values[1:], strict=True)
    for low, high, at_low, at_high in ends:
        if at_low == 0.0:
            return float(low)
        if at_low * at_high < 0.0:
            return float(brentq(mean_lambda, low, high, xtol=1e-13, rtol=1e-14))
    raise CalibrationError(
        "no price coefficient gives the firms known not to fight a zero mean shadow value: "
        f"it runs from {values[0]:.0f} to {values[-1]:.0f} CNY over the range tried"
    )


def _check_elasticities(calibration: Calibration, settings: WorldSettings) -> None:
    """Refuse a closure that implies demand outside the literature's range."""
    if np.any(calibration.alpha <= 0.0):
        raise CalibrationError("a price coefficient has the wrong sign")
    low, high = settings.calibration.median_elasticity_range
    median = float(np.median(calibration.own_elasticity))
    if not low <= median <= high:
        raise CalibrationError(f"median own elasticity {median:.2f} is outside {low} .. {high}")
    low, high = settings.calibration.market_elasticity_range
    market = calibration.market_elasticity
    if not low <= market <= high:
        raise CalibrationError(f"market elasticity {market:.2f} is outside {low} .. {high}")
