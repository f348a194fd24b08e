"""Regions abroad, calibrated to the base year's exports; every number of them is illustrative.

A region is a market of its own: one composite line a firm that exports there, one composite
local rival whose price stays, and combustion cars. Equation numbers refer to ``sim/MODEL.md``,
section 12.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.calibration.calibrate import INVERSION_TOLERANCE, Calibration
from sim.calibration.industry import QUARTERS_A_YEAR, Industry
from sim.errors import CalibrationError
from sim.kernels import wedges
from sim.kernels.demand import Demand, share_slopes
from sim.kernels.inversion import invert_shares
from sim.scenario.check_regions import export_share, region_firm_number, region_number
from sim.scenario.market_tables import MarketTables
from sim.scenario.world import WorldSettings

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LOCAL_PLUG, LOCAL_SIZE = 0.5, 0.0  # the composite rival: a compact battery-electric car


@dataclass(frozen=True)
class RegionMarket:
    """A region abroad with one composite line for each of N firms, and the local rival last.

    Money in CNY, volumes in vehicles a quarter. What the base year fixes:

    Attributes
    ----------
    firm
        (N,) position of each firm in the industry.
    units
        (N,) base-year sales, a part of each firm's exports.
    demand
        The base year's demand of N + 1 lines, at which base-year shares come back.
    gap
        (N,) utils: quality there less quality at home, with all buyers in reach (12.3).
    price
        (N + 1,) paid in the base year; the last is the local rival's, which stays.
    held_back
        (N,) CNY a car at base-year cost: what the firm's prices there hold back against its
        shadow value at home, like conduct (12.4); negative where they go further.
    reach
        (N,) part of buyers with a dealer near in the base year.
    basic_duty, bev_share
        Duty of the base year, and (N,) the part of sales on which countervailing duties fall.
    residual
        Of the inversion, log shares.

    And what a scenario may change while the base year is held:

    Attributes
    ----------
    duty
        (N,) countervailing duty on battery-electric cars, factor included.
    duty_from, duty_to
        Quarters of the run in which it is in force, the last included.
    reach_goal, channel
        (N,) reach that a firm builds up by itself, and what a partner's network adds.
    reach_quarters
        Until both stand.
    partner_share
        (N,) part of the margin over cost and freight that a partner keeps.
    rights, exclusive
        (N,) whether the firm may sell, and whether its rights are a partner's alone.
    """

    name: str
    firm: IntArray
    units: FloatArray
    demand: Demand
    gap: FloatArray
    price: FloatArray
    held_back: FloatArray
    reach: FloatArray
    vat: float
    dealer_margin: float
    basic_duty: float
    logistics: float
    bev_share: FloatArray
    market_size: float
    residual: float
    duty: FloatArray
    duty_from: int
    duty_to: int
    reach_goal: FloatArray
    channel: FloatArray
    reach_quarters: float
    partner_share: FloatArray
    rights: BoolArray
    exclusive: BoolArray
    market_growth: float
    acceptance_drift: float

    def net_share(self, duty: FloatArray) -> FloatArray:
        """Part of the buyer's price that is the value at the border, (N + 1,) (12.2).

        Parameters
        ----------
        duty
            (N,) all duties, share of the value at the border. The local rival pays none.
        """
        kept = wedges.net_share(self.vat, 0.0, self.dealer_margin)
        return np.append(kept / (1.0 + duty), kept)

    def duties(self, t: int) -> FloatArray:
        """Duties in quarter t of the run, mean over a firm's cars, (N,) share of the value."""
        if not self.duty_from <= t <= self.duty_to:
            return np.full(len(self.firm), self.basic_duty)
        return self.basic_duty + self.duty * self.bev_share

    def own_reach(self, t: int) -> FloatArray:
        """Reach of own dealers and of a standing partner's in quarter t, (N,) (12.5)."""
        part = 1.0 if self.reach_quarters <= 0.0 else min(1.0, (t + 1) / self.reach_quarters)
        own = self.reach + part * (self.reach_goal - self.reach)
        return 1.0 - (1.0 - own) * (1.0 - part * self.channel)


def home_quality(industry: Industry, quality: FloatArray) -> FloatArray:
    """Mean quality of a firm's lines at base-year units, (F,) utils."""
    mean: FloatArray = industry.by_firm(industry.units * quality) / industry.by_firm(
        industry.units
    )
    return mean


def build_regions(
    tables: MarketTables,
    held: WorldSettings,
    settings: WorldSettings,
    calibration: Calibration,
    start: int,
) -> tuple[RegionMarket, ...]:
    """Calibrate the regions that a scenario models, in the order of the tables.

    Parameters
    ----------
    held
        Settings of the calibrated world: what only a counterfactual moves is as at the root.
    settings
        Settings of the arm and point.
    calibration
        The market at home.
    start
        First quarter of the run, counted as ``4 year + quarter - 1``.

    Raises
    ------
    CalibrationError
        A region's shares cannot be inverted, or its numbers leave nothing to the local rival.
    """
    modelled = {name for name, region in settings.regions.items() if region.modelled}
    return tuple(
        _region(name, tables, held, settings, calibration, start)
        for name in tables.regions
        if name in modelled
    )


def _region(
    name: str,
    tables: MarketTables,
    held: WorldSettings,
    settings: WorldSettings,
    calibration: Calibration,
    start: int,
) -> RegionMarket:
    industry = calibration.industry

    def number(item: str, of: WorldSettings = held) -> float:
        return region_number(tables, of, name, item)

    units = industry.exports * np.array(
        [export_share(tables, held, name, firm) for firm in industry.firms]
    )
    firm = np.flatnonzero(units > 0.0)
    units = units[firm]

    def of_firms(item: str, otherwise: FloatArray, of: WorldSettings) -> FloatArray:
        found = [
            region_firm_number(tables, of, name, industry.firms[f], item) for f in firm
        ]
        pairs = zip(found, otherwise.tolist(), strict=True)
        return np.array([other if own is None else own for own, other in pairs])

    none, every = np.zeros(len(firm)), np.ones(len(firm))
    at_home = industry.by_firm(industry.units * (industry.plug > 0.0))[firm]
    bev = of_firms("bev_share", at_home / industry.by_firm(industry.units)[firm], held)
    reach = of_firms("reach", np.full(len(firm), number("reach")), held)
    planned = settings.regions[name]
    growth = number("market_growth", settings)
    base = RegionMarket(
        name=name,
        firm=firm,
        units=units,
        demand=calibration_demand(calibration, firm, number("income"), held),
        gap=none,
        price=np.zeros(len(firm) + 1),
        held_back=none,
        reach=reach,
        vat=number("vat"),
        dealer_margin=number("dealer_margin"),
        basic_duty=number("basic_duty"),
        logistics=number("logistics_cny"),
        bev_share=bev,
        market_size=number("market_units") * held.demand.no_purchase_margin / QUARTERS_A_YEAR,
        residual=np.inf,
        duty=planned.duties * of_firms("duty", none, settings),
        duty_from=0 if planned.duties_start is None else planned.duties_start.index - start,
        duty_to=_FOREVER if planned.duties_end is None else planned.duties_end.index - start,
        reach_goal=of_firms("reach_goal", reach, settings),
        channel=of_firms("channel", none, settings),
        reach_quarters=number("reach_quarters", settings),
        partner_share=of_firms("partner_share", none, settings),
        rights=of_firms("rights", every, settings) > 0.0,
        exclusive=of_firms("exclusive", none, settings) > 0.0,
        market_growth=growth,
        acceptance_drift=number("acceptance_drift", settings),
    )
    partner = of_firms("partner_share", none, held)
    local = number("nev_units") / QUARTERS_A_YEAR - units.sum()
    return _calibrated(base, calibration, held, partner, local, number("local_price"))


_FOREVER = 1_000_000


def calibration_demand(
    calibration: Calibration, firm: IntArray, income: float, settings: WorldSettings
) -> Demand:
    """Demand of a region without qualities: tastes of home, alpha by income (12.1).

    A composite line has the mean taste of its firm's lines; the local rival is a compact
    battery-electric car.

    Parameters
    ----------
    income
        Income there over that at home.
    """
    industry, types = calibration.industry, calibration.types
    weight = industry.units / industry.by_firm(industry.units)[industry.firm_of]
    # Tastes are linear in a line's plug and size: its position there gives its tastes.
    mine = [types.taste[:, industry.firm_of == f] @ weight[industry.firm_of == f] for f in firm]
    axes = np.column_stack([np.ones(len(industry.lines)), industry.plug, industry.size])
    loadings, *_ = np.linalg.lstsq(axes, types.taste.T, rcond=None)
    local = np.array([1.0, LOCAL_PLUG, LOCAL_SIZE]) @ loadings
    return Demand(
        delta=np.zeros(len(firm) + 1),
        mu=np.ascontiguousarray(np.column_stack([*mine, local])),
        alpha=calibration.alpha * income**-settings.demand.income_exponent,
        weights=types.weights,
        outside=np.zeros(len(types.weights)),
    )


def _calibrated(
    base: RegionMarket,
    calibration: Calibration,
    held: WorldSettings,
    partner: FloatArray,
    local: float,
    local_price: float,
) -> RegionMarket:
    """Prices, qualities and restraint at which the base year comes back (12.2 to 12.4)."""
    industry, firm = calibration.industry, base.firm
    if local <= 0.0:
        raise CalibrationError(
            f"region {base.name}: exports to it leave nothing of its electric cars to local makers"
        )
    shares = np.append(base.units, local) / base.market_size
    if shares.sum() >= 1.0:
        raise CalibrationError(f"region {base.name}: electric cars sell more than all cars")
    factory = (calibration.unit_cost + calibration.observed_markup)[firm]
    margin = factory * industry.export_margin[firm]
    cost = factory - margin + base.logistics
    # What a partner takes stands on top of the margin in the accounts.
    value = cost + margin / (1.0 - partner)
    kept = base.net_share(np.full(len(firm), base.basic_duty))
    price = np.append(value / kept[:-1], local_price)
    inversion = invert_shares(shares, base.demand, price, tolerance=INVERSION_TOLERANCE)
    if not inversion.converged:
        raise CalibrationError(
            f"region {base.name}: shares cannot be inverted: residual {inversion.residual:.1e} "
            f"after {inversion.iterations} iterations"
        )
    demand = replace(base.demand, delta=inversion.delta)
    slopes = share_slopes(demand, price)[:-1, :-1]  # [k, j] = ds_k / dp_j
    kappa = calibration.kappa[np.ix_(firm, firm)]
    shadow = base_shadow(calibration, held)[np.ix_(firm, firm)]
    own = np.diag(slopes)
    worth = kappa * (value - cost) + shadow - np.diag(np.diag(shadow))
    asked = -(kept[:-1] * shares[:-1] + (worth * slopes.T).sum(axis=1)) / own
    home = home_quality(industry, calibration.quality)[firm]
    return replace(
        base,
        demand=demand,
        price=price,
        gap=inversion.delta[:-1] - home - np.log(base.reach),
        held_back=np.diag(shadow) - asked,
        residual=inversion.residual,
    )


def base_shadow(calibration: Calibration, settings: WorldSettings) -> FloatArray:
    """Shadow values of the base year, [f, g] worth to f of a sale of g's (3.5), (F, F) CNY."""
    theta = np.full_like(calibration.kappa, settings.costs.industry_spillover)
    np.fill_diagonal(theta, 1.0)
    shadow: FloatArray = (calibration.kappa * calibration.learning) @ theta
    own = calibration.idle + calibration.war - calibration.conduct
    shadow[np.diag_indices_from(shadow)] += own
    return shadow
