"""The state of a run: arrays that the phases of a quarter read and write."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.calibration.abroad import RegionMarket
from sim.calibration.calibrate import Calibration
from sim.calibration.industry import Industry
from sim.kernels.ownership import control_weights
from sim.scenario.world import WorldSettings
from sim.world.luck import Luck

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

TRAILING = 4  # quarters in a trailing year
# Rows of a ring with quarter t first and older ones after it, by t % 4.
_RECENT = tuple((np.arange(t, t - TRAILING, -1)) % TRAILING for t in range(TRAILING))


@dataclass(frozen=True)
class World:
    """What does not change in a run: the industry, its calibration, settings and luck.

    ``start`` is the first quarter, counted as ``4 year + quarter - 1``; ``tax_steps`` are
    (quarter of the run, rate) of the purchase tax on electric cars, ``subsidy_steps`` (quarter
    of the run, share of the base year's purchase subsidy). ``entry`` (F,) is the quarter of the
    run in which a firm enters; 0 for those that are there.
    """

    industry: Industry
    calibration: Calibration
    settings: WorldSettings
    luck: Luck
    start: int
    quarters: int
    tax_steps: tuple[tuple[int, float], ...]
    subsidy_steps: tuple[tuple[int, float], ...]
    entry: IntArray
    regions: tuple[RegionMarket, ...] = ()  # abroad, modelled; illustrative


@dataclass
class State:
    """Everything that a quarter inherits from the one before it.

    F firms, J lines, C contracts; money in CNY. Arrays ``trailing_*`` are (4, F) rings in
    which quarter t stands in row ``t % 4``.
    """

    t: int
    active: BoolArray  # (F,) the brand is on sale
    waiting: BoolArray  # (F,) it has not entered yet
    owner: IntArray  # (F,) who owns the firm outright; itself unless merged
    experience: FloatArray  # (F,) own cumulative vehicles
    spill: FloatArray  # (F,) vehicles of others that count as own experience
    permanent: FloatArray  # (J,) lasting change of quality since the base year, utils
    passing: FloatArray  # (F,) fading change of quality, utils
    knowledge: FloatArray  # (F,) stock over the one that base-year R&D holds
    research: FloatArray  # (F,) part of its R&D that a firm carries out
    variable_cost: FloatArray  # (J,) last quarter's average variable cost, CNY
    battery_log: FloatArray  # () log deviation of the battery price from its path
    price: FloatArray  # (J,) last quarter's prices
    sold: FloatArray  # (J,) last quarter's domestic sales
    volume: FloatArray  # (F,) last quarter's production, exports included
    energy: FloatArray  # (F,) kWh in last quarter's production
    capacity: FloatArray  # (F,) vehicles a quarter
    ordered: FloatArray  # (lag, F) vehicles a quarter, plants paid for and not yet in use
    cash: FloatArray  # (F,)
    debt: FloatArray  # (F,)
    credit_line: FloatArray  # (F,) drawn and undrawn
    drawn: FloatArray  # (F,) part of debt drawn from the line
    net_working_capital: FloatArray  # (F,)
    trailing_units: FloatArray  # (4, F)
    trailing_volume: FloatArray  # (4, F) production
    trailing_revenue: FloatArray  # (4, F)
    trailing_cost: FloatArray  # (4, F) marginal cost of what was sold
    trailing_spending: FloatArray  # (4, F) fixed cost and R&D
    trailing_state_money: FloatArray  # (4, F)
    trailing_owner_money: FloatArray  # (4, F)
    state_money: FloatArray  # (F,) cumulative
    owner_money: FloatArray  # (F,) cumulative
    equity_raised: FloatArray  # (F,) cumulative
    first_units: FloatArray  # (F,) units of its first quarter in this run
    zombie_units: FloatArray  # (F,) quarterly, base year's or an entrant's first year's; 0 before
    holdings: FloatArray  # (F, F)
    control: FloatArray  # (F, F)
    kappa: FloatArray  # (F, F) profit weights of holdings, control and mergers
    outside_stake: FloatArray  # (F,) largest stake held by somebody outside the market
    signed: IntArray  # (C,) quarter of signature, -1 before it
    in_force: BoolArray  # (C,) the contract's terms act
    outside: FloatArray  # (accounts,) cumulative cash of everybody else
    memory: tuple[FloatArray, ...]  # what each firm's rule of conduct noted; empty for most
    event_start: IntArray  # (E,) quarter in which each event begins, -1 not known yet
    price_abroad: tuple[FloatArray, ...]  # last quarter's prices in each region modelled

    def recent(self, ring: FloatArray) -> FloatArray:
        """Rows of a ring with quarter t first and older ones after it, (4, F)."""
        return ring[_RECENT[self.t % TRAILING]]

    @property
    def burn(self) -> FloatArray:
        """Fixed cost and R&D of a quarter, mean of the trailing year, (F,) CNY."""
        return trailing_mean(self.trailing_spending)

    def copy(self) -> State:
        """Return an independent copy, from which a rollout may run."""
        return copy.deepcopy(self)


def trailing_mean(ring: FloatArray) -> FloatArray:
    """Mean of a trailing year, (F,), of a ring (4, F)."""
    # The method ``mean`` takes four times as long for arrays as small as these.
    mean: FloatArray = np.add.reduce(ring) / TRAILING
    return mean


def initial_state(
    industry: Industry,
    calibration: Calibration,
    *,
    contracts: int,
    accounts: int,
    working_capital: FloatArray,
    outside_stake: FloatArray,
    event_start: IntArray,
    waiting: BoolArray,
    building: int,
    price_abroad: tuple[FloatArray, ...] = (),
) -> State:
    """State at the end of the base year: its quarterly averages, held.

    Parameters
    ----------
    contracts, accounts
        Number of contracts of the arm and of outside accounts in the ledger.
    working_capital
        (F,) net working capital at base-year revenue and cost, CNY.
    outside_stake
        (F,) largest stake of an investor who is not a firm of this market.
    event_start
        (E,) quarter in which each event begins, -1 for those on a condition.
    waiting
        (F,) firms that enter later; they have neither sales nor money yet.
    building
        Quarters from the order of a plant to its use.
    price_abroad
        Base-year prices of each region modelled, the local rival's last.
    """
    size = len(industry.firms)
    units = industry.by_firm(industry.units)
    volume = units + industry.exports
    energy_per_car = industry.by_firm(industry.units * industry.battery_kwh) / units
    revenue = base_revenue(industry, calibration)
    cost, spending = base_variable_cost(industry, calibration), industry.fixed_cost + industry.rd
    there = ~waiting
    return State(
        t=0,
        active=there,
        waiting=waiting.copy(),
        owner=np.arange(size, dtype=np.int64),
        experience=industry.experience.copy(),
        spill=np.zeros(size),
        permanent=np.zeros(len(industry.lines)),
        passing=np.zeros(size),
        knowledge=np.ones(size),
        research=np.ones(size),
        variable_cost=calibration.cost.copy(),
        battery_log=np.zeros(()),
        price=industry.price.copy(),
        sold=industry.units * there[industry.firm_of],
        volume=volume * there,
        energy=volume * there * energy_per_car,
        capacity=industry.capacity.copy(),
        ordered=np.zeros((building, size)),
        cash=industry.cash * there,
        debt=industry.debt * there,
        credit_line=industry.credit_line * there,
        drawn=np.zeros(size),
        net_working_capital=working_capital * there,
        trailing_units=np.tile(units * there, (TRAILING, 1)),
        trailing_volume=np.tile(volume * there, (TRAILING, 1)),
        trailing_revenue=np.tile(revenue * there, (TRAILING, 1)),
        trailing_cost=np.tile(cost * there, (TRAILING, 1)),
        trailing_spending=np.tile(spending * there, (TRAILING, 1)),
        trailing_state_money=np.zeros((TRAILING, size)),
        trailing_owner_money=np.zeros((TRAILING, size)),
        state_money=np.zeros(size),
        owner_money=np.zeros(size),
        equity_raised=np.zeros(size),
        first_units=np.zeros(size),
        zombie_units=units * there,
        holdings=industry.holdings.copy(),
        control=industry.control.copy(),
        kappa=control_weights(industry.holdings, industry.control),
        outside_stake=outside_stake.copy(),
        signed=np.full(contracts, -1, dtype=np.int64),
        in_force=np.zeros(contracts, dtype=np.bool_),
        outside=np.zeros(accounts),
        memory=(np.zeros(0),) * size,
        event_start=event_start.copy(),
        price_abroad=price_abroad,
    )


def export_price(unit_cost: FloatArray, calibration: Calibration) -> FloatArray:
    """Net price of an exported car (equation 5.3), (F,) CNY.

    The base year's domestic mean net price, moving with unit cost.
    """
    base = calibration.unit_cost + calibration.observed_markup
    price: FloatArray = base * (unit_cost / calibration.unit_cost)
    return price


def base_revenue(industry: Industry, calibration: Calibration) -> FloatArray:
    """Quarterly net revenue of the base year, exports included, (F,) CNY."""
    net = industry.by_firm(industry.units * industry.price * industry.net_share)
    return net + industry.exports * export_price(calibration.unit_cost, calibration)


def base_variable_cost(industry: Industry, calibration: Calibration) -> FloatArray:
    """Quarterly marginal cost of the base year's sales, exports included, (F,) CNY."""
    abroad = export_price(calibration.unit_cost, calibration) * (1.0 - industry.export_margin)
    at_home = industry.by_firm(industry.units) * calibration.unit_cost
    return at_home + industry.exports * abroad
