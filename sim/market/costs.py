"""Marginal cost of a quarter (equations 4.1 to 4.5 of ``sim/MODEL.md``)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernels.accounts import unit_costs
from sim.kernels.learning import experience_multiplier
from sim.world.state import State, World

FloatArray = NDArray[np.float64]


def learning_elasticity(world: World) -> float:
    """Cost elasticity of experience, b = -log2(1 - learning rate) (Wright 1936)."""
    return float(-np.log2(1.0 - world.settings.calibration.vehicle_learning))


def battery_price(world: World, state: State) -> float:
    """Price of batteries this quarter, CNY per kWh (equation 4.2).

    The path falls at a stated yearly rate to a floor, dated events shift it, and luck moves the
    price around it.
    """
    costs = world.settings.costs
    start = costs.battery_price_cny_kwh
    floor = min(costs.battery_floor_cny_kwh, start)
    path = max(floor, start * (1.0 - costs.battery_decline) ** (state.t / 4.0))
    for event in costs.battery_events.values():
        if event.start.index - world.start <= state.t:
            path *= event.factor
    return float(path * np.exp(state.battery_log))


def effective_experience(state: State) -> FloatArray:
    """Own and learnt experience, (F,) vehicles (equation 4.3)."""
    return state.experience + state.spill


class Costs(NamedTuple):
    """Marginal cost of a quarter and its means at base-year volumes, CNY a car."""

    glider: FloatArray  # (J,) the car without its battery
    cost: FloatArray  # (J,) duties aside
    unit_cost: FloatArray  # (F,)
    unit_glider: FloatArray  # (F,)


def marginal_costs(
    world: World,
    state: State,
    battery_price: float,
    glider_factor: FloatArray,
    battery_factor: FloatArray,
    elasticity: float,
) -> Costs:
    """Cost of the car, its battery and the subsidy that is gone (equations 4.1, 4.3 and 4.5).

    Parameters
    ----------
    battery_price
        CNY per kWh.
    glider_factor, battery_factor
        (F,) factor of platform sharing, and one less the procurement discount.
    elasticity
        Of cost to experience.
    """
    industry = world.industry
    learnt = np.ones(len(industry.firms))
    if world.settings.costs.learning == "on":
        learnt = experience_multiplier(
            effective_experience(state), industry.experience, elasticity
        )
    costs = unit_costs(
        industry.firm_of, industry.units, world.calibration.glider, learnt * glider_factor,
        industry.battery_kwh, battery_price, battery_factor, subsidy_lost(world, state.t),
        industry.base_units,
    )  # fmt: skip
    return Costs(*costs)


def subsidy_lost(world: World, t: int) -> FloatArray:
    """Purchase subsidy a car that the state no longer pays the maker, (J,) CNY (equation 4.5).

    The base year's costs are net of its subsidy, so what is cut since adds to them.
    """
    share = 1.0
    if world.settings.measures.purchase_subsidy == "on":
        for start, value in world.subsidy_steps:
            if start <= t:
                share = value
    return world.industry.subsidy * (1.0 - share)
