"""The global audit: does any firm gain by repricing one product, however far away.

First-order conditions are not Nash: with types as different as a luxury car's and a small car's
buyers a firm's profit has several peaks in one price. All other prices stand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.kernels.demand import choices, require_prices
from sim.kernels.game import PriceGame

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# Prices tried, relative to the present one and to cost; the best is then refined.
LOWEST, HIGHEST, POINTS = 0.2, 12.0, 160
GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)
REFINEMENTS = 60


@dataclass(frozen=True, eq=False)
class Audit:
    """Best deviation in each product's price.

    Attributes
    ----------
    gain
        (J,) what the firm's objective gains, relative to its size; 0 for frozen products and
        those not on sale.
    price
        (J,) the price that gains most, money.
    nash
        Whether no gain exceeds the tolerance.
    worst
        Product with the largest gain.
    """

    gain: FloatArray
    price: FloatArray
    nash: bool
    worst: int

    @property
    def largest(self) -> float:
        """Largest relative gain."""
        return float(self.gain[self.worst])


class _OneProduct:
    """A firm's objective as a function of one of its prices."""

    def __init__(self, game: PriceGame, prices: FloatArray, product: int) -> None:
        demand = game.demand
        firm = game.firm_of[product]
        available = (
            np.ones(len(prices), dtype=np.bool_)
            if demand.available is None
            else demand.available.copy()
        )
        available[product] = False
        self._alpha, self._weights = demand.alpha, demand.weights
        self._net, self._cost = game.kept[product], game.costs[product]
        self._own = game.lambdas[firm, firm]
        mean = demand.delta[product] + (0.0 if demand.mu is None else demand.mu[:, product])
        self._utility = np.broadcast_to(mean, demand.alpha.shape)
        self._rho = 0.0
        types = len(demand.alpha)
        if not available.any():
            self._inclusive = demand.outside
            self._nest, self._near, self._rest = np.zeros((3, types))
            return
        others = choices(
            replace(demand, available=available), np.where(available, prices, 0.0)
        )
        margin = np.where(available, game.kept * prices - game.costs, 0.0)
        value = game.weights[firm, game.firm_of] * margin + game.lambdas[firm, game.firm_of]
        value = np.where(available, value, 0.0)
        self._inclusive = others.inclusive
        earned = others.probabilities @ value
        self._nest, self._near = np.zeros(types), np.zeros(types)
        if others.within is not None and demand.nest_of is not None and demand.rho is not None:
            mine = np.flatnonzero(available & (demand.nest_of == demand.nest_of[product]))
            self._rho = float(demand.rho[demand.nest_of[product]])
            self._nest = others.probabilities[:, mine].sum(axis=1)
            self._near = others.within[:, mine] @ value[mine]
        self._rest = earned - self._nest * self._near

    def __call__(self, prices: FloatArray) -> FloatArray:
        """Objective a potential buyer at each of ``prices`` (N,), (N,) money."""
        looser = 1.0 - self._rho
        gap = self._utility - self._alpha * prices[:, None] - self._inclusive
        here = np.exp(np.minimum(gap / looser, 600.0))
        inside = here + self._nest ** (1.0 / looser)
        safe = np.where(inside > 0.0, inside, 1.0)
        nest = np.where(inside > 0.0, safe**looser, 0.0)
        within = here / safe
        total = 1.0 - self._nest + nest
        profit = (self._net * prices - self._cost + self._own)[:, None]
        earned = (within * profit + (1.0 - within) * self._near) * nest + self._rest
        result: FloatArray = (earned / total) @ self._weights
        return result


def audit_deviations(
    game: PriceGame, prices: FloatArray, *, tolerance: float = 1e-8
) -> Audit:
    """Search each free product's price globally for a gain of its firm.

    Parameters
    ----------
    prices
        (J,) where the first-order conditions hold, money.
    tolerance
        Relative gain that counts.

    Raises
    ------
    KernelInputError
        A price is not finite or the shape does not fit.
    """
    prices = require_prices(game.demand, prices)
    products = len(prices)
    gain, best = np.zeros(products), np.array(prices, dtype=np.float64)
    for product in game.demand.on_sale:
        if game.held[product]:
            continue
        objective = _OneProduct(game, prices, int(product))
        now = float(objective(prices[product : product + 1])[0])
        centre = max(abs(prices[product]), game.costs[product] / game.kept[product])
        grid = centre * np.geomspace(LOWEST, HIGHEST, POINTS)
        at, value = _peak(objective, np.sort(np.append(grid, prices[product])))
        if value > now:
            gain[product] = (value - now) / max(abs(now), 1e-300)
            best[product] = at
    worst = int(np.argmax(gain))
    return Audit(gain, best, bool(gain[worst] <= tolerance), worst)


def _peak(objective: _OneProduct, grid: FloatArray) -> tuple[float, float]:
    """Highest point near the best of the grid, by golden sections (Kiefer 1953)."""
    values = objective(grid)
    top = int(np.argmax(values))
    low, high = grid[max(top - 1, 0)], grid[min(top + 1, len(grid) - 1)]
    for _ in range(REFINEMENTS):
        inner = np.array([high - GOLDEN * (high - low), low + GOLDEN * (high - low)])
        left, right = objective(inner)
        low, high = (low, inner[1]) if left >= right else (inner[0], high)
    middle = 0.5 * (low + high)
    refined = float(objective(np.array([middle]))[0])
    if refined >= values[top]:
        return float(middle), refined
    return float(grid[top]), float(values[top])
