"""Prices of firms whose products have a capacity that cannot be passed.

Firm f maximises its objective subject to ``q_j <= capacity_j``: the first-order conditions hold
at costs raised by scarcity rents ``psi_j >= 0``, and ``psi_j (capacity_j - q_j) = 0`` (equation
9.14 of ``sim/MODEL.md``). Rents are found by Newton's method on the products at capacity, with
the pass-through of costs into prices as its slopes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels import inputs
from sim.kernels.curvature import passthrough
from sim.kernels.demand import share_slopes
from sim.kernels.equilibrium import Equilibrium, solve_prices
from sim.kernels.game import PriceGame

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MOST_ROUNDS = 60


@dataclass(frozen=True, eq=False)
class Limits:
    """Capacities, (J,) as shares of the market; infinite where there is none."""

    most: FloatArray

    def __post_init__(self) -> None:
        if np.ndim(self.most) != 1:
            raise KernelInputError(f"capacities have shape {np.shape(self.most)}")
        wrong = ~(self.most > 0.0)
        if wrong.any():
            worst = int(np.argmax(wrong))
            raise KernelInputError(f"capacity of product {worst} is {self.most[worst]}")


def solve_with_limits(
    game: PriceGame, limits: Limits, start: FloatArray | None = None, *, tolerance: float = 1e-10
) -> Equilibrium:
    """Equilibrium prices with scarcity rents.

    Returns
    -------
    Equilibrium
        Its residual counts what is sold above capacity, relative to it; converged only where
        prices, rents and capacities agree.

    Raises
    ------
    KernelInputError
        A capacity is missing or not positive.
    """
    if limits.most.shape != game.costs.shape:
        raise KernelInputError(f"capacities have shape {limits.most.shape}")
    inputs.number("tolerance", tolerance, 0.0, 1.0)
    rent = np.zeros(len(game.costs))
    found = solve_prices(game, start, tolerance=tolerance)
    iterations = found.iterations
    for _ in range(MOST_ROUNDS):
        if not found.converged:
            return replace(found, iterations=iterations)
        excess = found.shares / limits.most - 1.0
        full = (excess > tolerance) | (rent > 0.0)
        error = np.abs(excess[full]).max(initial=0.0)
        if error <= tolerance:
            return replace(
                found, residual=max(found.residual, float(error)), iterations=iterations
            )
        rent = _next_rent(game, found.prices, rent, excess * limits.most, full)
        found = solve_prices(
            replace(game, costs=game.costs + rent), found.prices, tolerance=0.01 * tolerance
        )
        iterations += found.iterations
    worst = int(np.argmax(np.where(full, np.abs(excess), 0.0)))
    return replace(
        found, converged=False, residual=float(error), iterations=iterations, worst=worst
    )


def _next_rent(
    game: PriceGame, prices: FloatArray, rent: FloatArray, excess: FloatArray, full: BoolArray
) -> FloatArray:
    """Newton's step on the rents; one that turns negative is zero."""
    answers = passthrough(replace(game, costs=game.costs + rent), prices)
    slopes = share_slopes(game.demand, prices) @ answers  # ds_k / dpsi_j
    chosen = np.flatnonzero(full)
    result = np.zeros(len(rent))
    result[chosen] = rent[chosen] - np.linalg.solve(
        slopes[np.ix_(chosen, chosen)], excess[chosen]
    )
    return np.maximum(result, 0.0)
