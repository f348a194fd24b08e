"""What events do to a quarter: the events of an arm compiled, and their sum in one quarter.

Equation numbers refer to ``sim/MODEL.md``, section 10. Neutral forces are ones, zeros and
bounds that never bind, so that a quarter without events is the same to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.calibration.industry import Industry
from sim.scenario.events import Condition, PlannedEvent
from sim.scenario.world import WorldSettings
from sim.world.state import State

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

NEVER = -1
FOREVER = 1_000_000


@dataclass(frozen=True)
class Planned:
    """One event of an arm. Times in quarters from the start of the run.

    ``start`` is ``NEVER`` for an event on a condition. F firms, J lines.
    """

    name: str
    settings: PlannedEvent
    start: int
    length: int
    firms: tuple[int, ...]  # named, for the table of events
    on: BoolArray  # (F,) firms concerned
    on_lines: BoolArray  # (J,) lines concerned
    entrant: int | None  # who enters

    @property
    def kind(self) -> str:
        """Kind of the event."""
        return self.settings.kind

    @property
    def condition(self) -> Condition | None:
        """What starts it, if no date does."""
        return self.settings.when

    def acts(self, started: int, t: int) -> bool:
        """Whether it is in force in quarter t if it began in quarter ``started``."""
        return started != NEVER and started <= t < started + self.length

    def left(self, age: int) -> float:
        """Part of its size that is left after ``age`` quarters."""
        half_life = self.settings.half_life_quarters
        return 1.0 if half_life is None else 0.5 ** (age / half_life)

    @property
    def size(self) -> float:
        """The number of its kind, for the table of events; NaN where there are two or none."""
        numbers = ("jump", "cny_per_car", "utils", "cut", "detour", "factor", "days")
        found = (getattr(self.settings, name) for name in numbers)
        return next((float(value) for value in found if value is not None), math.nan)


def open_credit(state: State, forces: Forces) -> FloatArray:
    """Credit that may still be drawn, (F,) CNY; negative where a line was cut below that."""
    return state.credit_line * forces.credit - state.drawn


def compile_events(
    settings: WorldSettings, industry: Industry, start: int
) -> tuple[Planned, ...]:
    """Events of an arm in the order of their names, so that their order in a file is none.

    Parameters
    ----------
    start
        First quarter of the run, counted as ``4 year + quarter - 1``.
    """
    return tuple(
        _compile(name, settings.events[name], industry, start) for name in sorted(settings.events)
    )


def _compile(name: str, event: PlannedEvent, industry: Industry, start: int) -> Planned:
    begins = NEVER if event.start is None else event.start.index - start
    length = FOREVER if event.quarters is None else event.quarters
    if event.start is not None and event.end is not None:
        length = event.end.index - event.start.index + 1
    named = tuple(industry.index(firm) for firm in event.firms)
    entrant = None if event.firm is None else industry.index(event.firm)
    on = np.array([kind in event.kinds for kind in industry.kinds], dtype=np.bool_)
    on[list(named)] = True
    if not event.firms and not event.kinds:
        on[:] = True
    lines = on[industry.firm_of]
    if event.powertrains:
        lines = lines & np.isin(industry.powertrain, event.powertrains)
    return Planned(name, event, begins, length, named, on, lines, entrant)


@dataclass(frozen=True)
class RegionForces:
    """What acts in one region abroad in one quarter (equations 10.3 and 10.4).

    Attributes
    ----------
    duty
        (F,) on top of what a car costs there, CNY a car.
    acceptance
        Shift of acceptance, utils.
    """

    duty: FloatArray
    acceptance: float


@dataclass(frozen=True)
class Forces:
    """What acts in one quarter. F firms, J lines; CNY, utils.

    Attributes
    ----------
    battery
        Factor on the battery price (equation 10.1).
    duty
        (J,) on top of marginal cost, CNY a car (10.3).
    subsidy
        (J,) what buyers get back, CNY a car (10.2).
    acceptance
        Shift of acceptance, utils (10.4).
    cut, held
        (J,) factor on last quarter's price, and whether the price is held there (10.5).
    floor
        (J,) part of last quarter's average variable cost that is the lowest net price; 0 for
        none (10.6).
    war
        (F,) factor on the war part (10.7).
    credit, equity
        (F,) factors on credit lines and on the odds of an issue (10.8).
    payable_days
        (F,) most days of payables, infinite for no cap (10.9).
    state, owner
        (F,) factors on the budgets of state and owner (10.10).
    abroad
        By region: what acts there and not at home.
    """

    battery: float
    duty: FloatArray
    subsidy: FloatArray
    acceptance: float
    cut: FloatArray
    held: BoolArray
    floor: FloatArray
    war: FloatArray
    credit: FloatArray
    equity: FloatArray
    payable_days: FloatArray
    state: FloatArray
    owner: FloatArray
    abroad: Mapping[str, RegionForces] = field(default_factory=dict)

    @cached_property
    def has_duty(self) -> bool:
        """Whether any line bears a duty."""
        return bool(self.duty.any())

    @cached_property
    def has_subsidy(self) -> bool:
        """Whether any buyer gets something."""
        return bool(self.subsidy.any())

    @cached_property
    def has_held(self) -> bool:
        """Whether any price is held."""
        return bool(self.held.any())

    @cached_property
    def has_floor(self) -> bool:
        """Whether any line has a floor."""
        return bool(self.floor.any())

    @cached_property
    def has_truce(self) -> bool:
        """Whether any firm's war part is moved."""
        return bool((self.war != 1.0).any())

    @staticmethod
    def none(firms: int, lines: int) -> Forces:
        """No event in force."""
        ones, zero, none = np.ones(firms), np.zeros(lines), np.zeros(lines, dtype=np.bool_)
        return Forces(
            battery=1.0,
            duty=zero,
            subsidy=zero,
            acceptance=0.0,
            cut=np.ones(lines),
            held=none,
            floor=zero,
            war=ones,
            credit=ones,
            equity=ones,
            payable_days=np.full(firms, np.inf),
            state=ones,
            owner=ones,
        )


def forces_of(
    planned: Sequence[Planned], started: Sequence[int], t: int, price: FloatArray, firms: int
) -> Forces:
    """Sum of the events in force in quarter t.

    Parameters
    ----------
    started
        Quarter in which each event began, ``NEVER`` if it has not.
    price
        (J,) last quarter's prices, which a subsidy's cap is held against.
    """
    still = Forces.none(firms, len(price))
    battery = acceptance = 0.0
    duty, subsidy, cut = np.zeros(len(price)), np.zeros(len(price)), np.ones(len(price))
    held, floor = np.zeros(len(price), dtype=np.bool_), np.zeros(len(price))
    factors = {name: np.ones(firms) for name in ("war", "credit", "equity", "state", "owner")}
    days = still.payable_days.copy()
    abroad: dict[str, RegionForces] = {}
    for event, began in zip(planned, started, strict=True):
        if not event.acts(began, t):
            continue
        its, kind, on = event.settings, event.kind, event.on
        if its.region is not None:
            here = abroad.get(its.region, RegionForces(np.zeros(firms), 0.0))
            utils = (its.utils or 0.0) * event.left(t - began)
            levy = np.where(on, its.cny_per_car or 0.0, 0.0)
            abroad[its.region] = RegionForces(here.duty + levy, here.acceptance + utils)
        elif kind == "battery_shock":
            battery += math.log1p(its.jump or 0.0) * event.left(t - began)
        elif kind in ("subsidy", "subsidy_end"):
            cap = math.inf if its.price_cap_cny is None else its.price_cap_cny
            amount = (its.cny_per_car or 0.0) * (1.0 if kind == "subsidy" else -1.0)
            subsidy += np.where(event.on_lines & (price <= cap), amount, 0.0)
        elif kind == "tariff":
            duty += np.where(event.on_lines, its.cny_per_car or 0.0, 0.0)
        elif kind == "backlash":
            acceptance += (its.utils or 0.0) * event.left(t - began)
        elif kind == "price_cut" and its.cut:
            held |= event.on_lines
            if began == t:
                cut[event.on_lines] *= 1.0 - its.cut
        elif kind == "below_cost_rule":
            part = 1.0 - (1.0 if its.detour is None else its.detour)
            floor = np.maximum(floor, np.where(event.on_lines, part, 0.0))
        elif kind == "truce":
            factors["war"][on] *= 1.0 if its.factor is None else its.factor
        elif kind == "credit_crunch":
            factors["credit"][on] *= its.credit_factor
            factors["equity"][on] *= its.equity_factor
        elif kind == "payment_days" and its.days is not None:
            days[on] = np.minimum(days[on], its.days)
        elif kind == "support_end":
            factors["state"][on] *= its.state_factor
            factors["owner"][on] *= its.owner_factor
    return Forces(
        battery=math.exp(battery),
        duty=duty,
        subsidy=subsidy,
        acceptance=acceptance,
        cut=cut,
        held=held,
        floor=floor,
        payable_days=days,
        abroad=abroad,
        **factors,
    )
