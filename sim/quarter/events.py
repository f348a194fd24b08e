"""Phases of events: what begins and ends this quarter, and what its outcome starts later.

An event on a date begins on it; one on a condition keeps its start in the state. Equation
numbers refer to ``sim/MODEL.md``, section 10.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.kernels.demand import Demand
from sim.market.demand import outside_utility
from sim.quarter.context import Event, Run, Work
from sim.quarter.entry_value import entry_pays
from sim.quarter.forces import NEVER, Forces, Planned, forces_of
from sim.scenario.events import Bound
from sim.world.state import State

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MARKET = -1  # the firm of an event that concerns all


def happen(run: Run, state: State, work: Work) -> None:
    """Events begin, act and end (equations 10.1 to 10.10)."""
    work.price_before = state.price
    if not run.events:
        work.forces = run.no_forces
        return
    for event, began in zip(run.events, state.event_start, strict=True):
        if began == state.t:
            _tell(work, state.t, event, "starts")
        elif began != NEVER and began + event.length == state.t:
            _tell(work, state.t, event, "ends")
    started = state.event_start.tolist()
    work.forces = forces_of(run.events, started, state.t, state.price, len(state.active))


def _tell(work: Work, t: int, event: Planned, what: str) -> None:
    size = event.size
    named = event.firms if event.entrant is None else (event.entrant,)
    for firm in named or (MARKET,):
        work.events.append(
            Event(t, firm, "event", event.name, 0.0 if np.isnan(size) else size,
                  f"{event.kind} {what}")
        )  # fmt: skip


def first_quarter(run: Run, state: State) -> BoolArray:
    """Firms whose first quarter on sale in this run this one is, (F,)."""
    first: BoolArray = run.world.entry == state.t
    return first | _due(run, state, state.t)


def due_to_enter(run: Run, state: State) -> BoolArray:
    """Firms that are on sale from the next quarter on, by date or by an event, (F,)."""
    comes: BoolArray = run.world.entry == state.t + 1
    return state.waiting & (comes | _due(run, state, state.t + 1))


def _due(run: Run, state: State, t: int) -> BoolArray:
    """Firms whose event brings them in in quarter t, (F,)."""
    due = np.zeros(len(state.active), dtype=np.bool_)
    for event, began in zip(run.events, state.event_start, strict=True):
        if event.entrant is not None and began == t:
            due[event.entrant] = True
    return due


def demand_of(run: Run, forces: Forces) -> Demand:
    """Demand under a subsidy (equation 10.2) and a truce (10.7); that of the run else."""
    demand = run.demand
    if forces.has_subsidy:
        assert demand.mu is not None
        demand = replace(demand, mu=demand.mu + demand.alpha[:, None] * forces.subsidy)
    if forces.has_truce:
        world = run.world
        outside = outside_utility(world.calibration, world.settings, forces.war)
        demand = replace(demand, outside=outside)
    return demand


def hold_prices(
    state: State, forces: Forces, net_share: FloatArray, start: FloatArray, frozen: BoolArray
) -> tuple[FloatArray, BoolArray, FloatArray | None]:
    """Prices to start from, which of them are held, and the floors (equations 10.5 and 10.6).

    A price that is held, by an event or by its firm's rule, is lifted to its floor: nobody
    sells under it.
    """
    if forces.has_held:
        start = np.where(forces.held, state.price * forces.cut, start)
        frozen = frozen | forces.held
    if not forces.has_floor:
        return start, frozen, None
    lowest = forces.floor * state.variable_cost / net_share
    start = np.where(frozen, np.maximum(start, lowest), start)
    return start, frozen, np.where(forces.floor > 0.0, lowest, -np.inf)


def pay_state(run: Run, work: Work) -> None:
    """Duties go to the state, subsidies from it to buyers (equations 10.2 and 10.3).

    Duties are part of variable cost, whose other end are suppliers; here that end is moved.
    """
    if work.forces.has_duty:
        duty = run.world.industry.by_firm(work.sold * work.forces.duty)
        work.ledger.post("variable_cost", duty)
        work.ledger.post("tariff", -duty)
    if work.forces.has_subsidy:
        work.ledger.pass_on("state", "buyers", float(work.sold @ work.forces.subsidy))


def notice(run: Run, state: State, work: Work) -> None:
    """Conditions are held against the quarter; what one starts begins from the next on."""
    state.variable_cost = work.cost.copy()
    for number, event in enumerate(run.events):
        if event.condition is None:
            continue
        began, t = int(state.event_start[number]), state.t
        over = began == NEVER or (event.settings.again and began + event.length <= t)
        if over and _holds(run, state, work, event):
            state.event_start[number] = t + 1 + event.settings.delay


def _holds(run: Run, state: State, work: Work, event: Planned) -> bool:
    """Whether an event's condition is met by the quarter that ends."""
    when, world = event.condition, run.world
    assert when is not None
    if when.price_cut is not None:
        lines = run.lines_of[world.industry.index(when.price_cut.firm)]
        before = float(work.sold[lines] @ work.price_before[lines])
        now = float(work.sold[lines] @ work.price[lines])
        return before > 0.0 and 1.0 - now / before >= when.price_cut.at_least
    if when.exit is not None:
        firm = world.industry.index(when.exit.firm)
        return any(seen.kind == "exit" and seen.firm == firm for seen in work.events)
    if when.battery_price is not None:
        return _passes(when.battery_price, work.battery_price)
    if when.brands_on_sale is not None:
        return _passes(when.brands_on_sale, float(state.active.sum()))
    if when.entry_pays is not None:
        return entry_pays(run, state, work, event, when.entry_pays)
    assert when.penetration is not None
    bought = work.market_size / world.settings.demand.no_purchase_margin
    return _passes(when.penetration, float(work.units.sum()) / bought)


def _passes(bound: Bound, value: float) -> bool:
    if bound.below is not None:
        return value < bound.below
    return bound.above is not None and value > bound.above
