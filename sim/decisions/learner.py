"""A rule of conduct that learns by itself what price level pays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from sim.decisions.conduct import PricePlan, list_prices
from sim.decisions.lists import floor_prices
from sim.decisions.view import FirmView

FloatArray = NDArray[np.float64]


@final
@dataclass(frozen=True)
class QLearner:
    """Q-learning on a grid of price levels (Calvano, Calzolari, Denicolo & Pastorello 2020).

    A level multiplies the base year's prices of all own lines. The state is the own last level and
    the one nearest to that of all rivals; the reward is last quarter's domestic profit at today's
    cost. In quarter t a level is tried at random with probability ``exp(-beta t)``. Values start
    from a belief: profit against rivals at a random level under demand of constant elasticity,
    for ever; one that has sold nothing yet believes that it will fill its plants, all lines alike.
    A run is short for such a learner: in the experiment of ``run_sim.py qlearning`` it
    takes a million periods and more to settle.

    Parameters
    ----------
    levels
        Number of price levels.
    low, high
        Lowest and highest level, times the base year's price.
    alpha, beta, delta
        Learning rate, decay of exploration a quarter, discount factor a quarter.
    elasticity
        Believed elasticity of own sales to the ratio of own to rivals' prices, negative.
    floor
        Lowest net price, times marginal cost.
    """

    levels: int
    low: float
    high: float
    alpha: float
    beta: float
    delta: float
    elasticity: float
    floor: float
    name = "qlearning"
    draws = True

    def plan(self, view: FirmView) -> PricePlan:
        """Return list prices; the last state and level, and the table of values, are noted."""
        if not len(view.lines):
            return list_prices(view, view.price)
        size, grid = self.levels, np.linspace(self.low, self.high, self.levels)
        known = len(view.memory) > 0
        own = int(view.memory[1]) if known else _nearest(grid, view, view.firm_of == view.firm)
        state = own * size + _nearest(grid, view, ~view.group[view.firm_of])
        values = view.memory[2:].reshape(-1, size).copy() if known else self._belief(view, grid)
        if known:
            before, taken = int(view.memory[0]), own
            reward = float((view.price * view.net_share - view.cost) @ view.sold)
            target = reward + self.delta * values[state].max()
            values[before, taken] += self.alpha * (target - values[before, taken])
        epsilon, u = math.exp(-self.beta * view.t), float(view.luck[0])
        # Given that u lies below epsilon, their ratio is uniform.
        action = int(u / epsilon * size) if u < epsilon else int(np.argmax(values[state]))
        prices = view.base_prices[view.lines] * grid[action]
        note = np.concatenate(([state, action], values.ravel()))
        return list_prices(view, np.maximum(prices, floor_prices(view, self.floor)), memory=note)

    def _belief(self, view: FirmView, grid: FloatArray) -> FloatArray:
        """Values before anything is learnt, (levels^2, levels) CNY."""
        net = view.base_prices[view.lines] * view.net_share
        ratio = (grid[:, None] / grid[None, :]) ** self.elasticity
        margin = grid[:, None] * net[None, :] - view.cost[None, :]
        sold = view.sold
        if not sold.any():
            sold = np.full(len(sold), view.capacity / len(sold))
        profit = ratio.mean(axis=1) * (margin @ sold)
        result: FloatArray = np.tile(profit / (1.0 - self.delta), (self.levels**2, 1))
        return result


def _nearest(grid: FloatArray, view: FirmView, lines: NDArray[np.bool_]) -> int:
    """Position of the level nearest to the mean last price of some lines, by sales."""
    there = lines & view.on_sale
    base = float(view.base_prices[there] @ view.sales[there])
    level = float(view.prices[there] @ view.sales[there]) / base if base > 0.0 else 1.0
    return int(np.argmin(np.abs(grid - level)))
