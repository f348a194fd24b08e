"""Price floors: each price is at its floor or at its first-order condition."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels import inputs
from sim.kernels.checks import require_finite
from sim.kernels.equilibrium import Equilibrium, solve_prices, zeta_steps
from sim.kernels.game import PriceGame

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MOST_SETS = 60


@dataclass(frozen=True, eq=False)
class FlooredEquilibrium:
    """Equilibrium under floors.

    Attributes
    ----------
    equilibrium
        Prices and verdict; converged only if complementarity holds too.
    at_floor
        (J,) products held up by their floor: their firm would charge less.
    """

    equilibrium: Equilibrium
    at_floor: BoolArray


def solve_with_floors(
    game: PriceGame,
    floors: FloatArray,
    start: FloatArray | None = None,
    *,
    tolerance: float = 1e-10,
    second_order: bool = True,
) -> FlooredEquilibrium:
    """Solve ``p >= floor``, step <= 0, one of them binding, by sets of bound products.

    Parameters
    ----------
    floors
        (J,) lowest price allowed, money; ``-inf`` for none. Frozen products are exempt.

    Raises
    ------
    KernelInputError
        A floor is NaN or infinite; the message names the product.
    """
    inputs.number("tolerance", tolerance, 0.0, 1.0)
    lowest = np.asarray(floors, dtype=np.float64)
    if lowest.shape != game.costs.shape:
        raise KernelInputError(f"floors have shape {lowest.shape}, not {game.costs.shape}")
    require_finite("floor", np.where(np.isneginf(lowest), 0.0, lowest), game.demand.available)
    held, bound = game.held, np.zeros(len(lowest), dtype=np.bool_)
    mobile = ~held if game.demand.available is None else ~held & game.demand.available
    prices = game.costs / game.kept if start is None else np.array(start, dtype=np.float64)
    if prices.shape != lowest.shape:
        raise KernelInputError(f"start prices have shape {prices.shape}, not {lowest.shape}")
    met: set[bytes] = set()
    iterations = 0
    while True:
        prices = np.where(bound, lowest, prices)
        found = solve_prices(
            replace(game, frozen=held | bound),
            prices,
            tolerance=tolerance,
            second_order=second_order,
        )
        iterations += found.iterations
        found, prices = replace(found, iterations=iterations), found.prices
        wanted = zeta_steps(game, prices)
        size = tolerance * np.abs(prices)
        rises = bound & (wanted > size)
        falls = mobile & ~bound & (prices < lowest - size)
        if not (rises.any() or falls.any()) or not found.converged:
            return FlooredEquilibrium(found, bound)
        met.add(bound.tobytes())
        following = (bound & ~rises) | falls
        if following.tobytes() in met:
            # Sets that come back: move one product at a time, the lowest first (Murty 1974).
            first = int(np.flatnonzero(rises | falls)[0])
            following = bound.copy()
            following[first] = not bound[first]
        if len(met) > MOST_SETS:
            return FlooredEquilibrium(
                replace(found, converged=False, worst=int(np.flatnonzero(rises | falls)[0])), bound
            )
        bound = following
