"""Marginal cost of a quarter (equations 4.1 to 4.5 of ``sim/MODEL.md``)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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


def glider_by_line(world: World, state: State, factor: FloatArray) -> FloatArray:
    """Cost of the car without its battery, (J,) CNY (equation 4.1).

    Parameters
    ----------
    factor
        (F,) factor of platform sharing.
    """
    industry, calibration = world.industry, world.calibration
    multiplier = np.ones(len(industry.firms))
    if world.settings.costs.learning == "on":
        multiplier = experience_multiplier(
            effective_experience(state), industry.experience, learning_elasticity(world)
        )
    return calibration.glider * (multiplier * factor)[industry.firm_of]


def battery_by_line(world: World, price: float, factor: FloatArray) -> FloatArray:
    """Cost of the battery, (J,) CNY.

    Parameters
    ----------
    price
        CNY per kWh.
    factor
        (F,) one less the procurement discount.
    """
    industry = world.industry
    return industry.battery_kwh * price * factor[industry.firm_of]


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
