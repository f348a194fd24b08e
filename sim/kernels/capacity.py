"""Soft capacity: a firm's marginal cost rises with its output.

Total cost is ``C_f(Q) = sum_j c_j q_j + K_f slope_f max(u - knee_f, 0)^(power + 1) / (power +
1)``, ``u = Q / K_f``; its derivative enters prices, the total the books. Marginal cost is never
updated inside the zeta map (that cycles): F utilisations are solved outside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels import inputs
from sim.kernels.curvature import passthrough
from sim.kernels.demand import share_slopes, shares
from sim.kernels.equilibrium import Equilibrium, solve_prices
from sim.kernels.floors import solve_with_floors
from sim.kernels.game import PriceGame

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MOST = 60
HALVINGS = 12
NOBODY = 1e-200  # a share below which a product is priced out


@dataclass(frozen=True, eq=False)
class Capacity:
    """What each firm can make before cost rises. F firms.

    Attributes
    ----------
    units
        (F,) capacity K, units; ``inf`` for no limit.
    knee
        (F,) utilisation from which marginal cost rises.
    slope
        (F,) money a unit at a utilisation of one above the knee.
    power
        At least one: how fast it rises.

    Raises
    ------
    KernelInputError
        A number is out of range; the message names the firm.
    """

    units: FloatArray
    knee: FloatArray
    slope: FloatArray
    power: float = 1.0

    def __post_init__(self) -> None:
        firms = np.shape(self.units)
        for name in ("units", "knee", "slope"):
            array = np.asarray(getattr(self, name), dtype=np.float64)
            if array.ndim != 1 or array.shape != firms:
                raise KernelInputError(f"{name} has shape {array.shape}, not one a firm")
            object.__setattr__(self, name, array)
        for name, values, low in (
            ("capacity", self.units, 1e-300),
            ("knee", self.knee, 0.0),
            ("slope", self.slope, 0.0),
        ):
            wrong = ~(np.asarray(values) >= low)
            if name != "capacity":
                wrong |= ~np.isfinite(values)
            if wrong.any():
                firm = int(np.argmax(wrong))
                raise KernelInputError(f"{name} of firm {firm} is {values[firm]}")
        if not 1.0 <= self.power < np.inf:
            raise KernelInputError(f"power is {self.power}, not at least 1")

    def _over(self, utilisation: FloatArray) -> FloatArray:
        use = inputs.vector("utilisation", utilisation, len(self.units), unit="firm")
        result: FloatArray = np.maximum(use - self.knee, 0.0)
        return result

    def marginal(self, utilisation: FloatArray) -> FloatArray:
        """Marginal cost above the base, (F,) money a unit."""
        over = self._over(utilisation)
        result: FloatArray = self.slope * over**self.power
        return result

    def rise(self, utilisation: FloatArray) -> FloatArray:
        """Derivative of ``marginal`` to utilisation, (F,) money."""
        over = self._over(utilisation)
        steep = self.slope * self.power * over ** (self.power - 1.0)
        return np.where(over > 0.0, steep, 0.0)

    def total(self, utilisation: FloatArray) -> FloatArray:
        """Total cost above the base, (F,) money."""
        over = self._over(utilisation)
        units = np.where(np.isfinite(self.units), self.units, 0.0)
        result: FloatArray = units * self.slope * over ** (self.power + 1.0) / (self.power + 1.0)
        return result


@dataclass(frozen=True, eq=False)
class CapacityEquilibrium:
    """Equilibrium under soft capacity.

    Attributes
    ----------
    equilibrium
        Prices and verdict at the marginal costs found; converged only if utilisation is too.
    utilisation
        (F,) output over capacity.
    marginal_cost
        (J,) marginal cost at that output, money.
    extra_cost
        (F,) total cost above ``sum_j c_j q_j``, money: for the books.
    miss
        Largest difference between the utilisation assumed and the one that follows.
    at_floor
        (J,) products held up by their floor: their firm would charge less.
    """

    equilibrium: Equilibrium
    utilisation: FloatArray
    marginal_cost: FloatArray
    extra_cost: FloatArray
    miss: float
    at_floor: BoolArray


class _Outer:
    """Utilisation that follows from utilisation assumed."""

    def __init__(
        self,
        game: PriceGame,
        capacity: Capacity,
        size: float,
        floors: FloatArray | None,
        tolerance: float,
    ) -> None:
        self._game, self._capacity, self._floors = game, capacity, floors
        self.at_floor = np.zeros(len(game.costs), dtype=np.bool_)
        self._size, self._tolerance = size, tolerance
        self.iterations = 0

    def game(self, utilisation: FloatArray) -> PriceGame:
        extra = self._capacity.marginal(utilisation)[self._game.firm_of]
        return replace(self._game, costs=self._game.costs + extra)

    def reply(
        self, utilisation: FloatArray, start: FloatArray | None
    ) -> tuple[FloatArray, Equilibrium]:
        game, tolerance = self.game(utilisation), self._tolerance
        if self._floors is None:
            found = solve_prices(game, start, tolerance=tolerance, second_order=False)
        else:
            floored = solve_with_floors(
                game, self._floors, start, tolerance=tolerance, second_order=False
            )
            found, self.at_floor = floored.equilibrium, floored.at_floor
        self.iterations += found.iterations
        sold = np.bincount(
            self._game.firm_of, weights=found.shares, minlength=self._game.firms
        )
        return self._size * sold / self._capacity.units - utilisation, found

    def move(self, utilisation: FloatArray, miss: FloatArray, prices: FloatArray) -> FloatArray:
        """Newton's move: ``ds/dc`` by pass-through, then by firm."""
        game = self.game(utilisation)
        # A product priced out of the market has no slope, and its price moves no sales.
        gone = shares(game.demand, prices) < NOBODY
        game = replace(game, frozen=game.held | gone | self.at_floor)
        chosen = game.demand.on_sale
        block = np.ix_(chosen, chosen)
        change = (share_slopes(game.demand, prices)[block]) @ passthrough(game, prices)[block]
        member = np.zeros((game.firms, len(chosen)))
        member[game.firm_of[chosen], np.arange(len(chosen))] = 1.0
        by_firm = member @ change @ member.T
        slope = self._size / self._capacity.units[:, None] * by_firm
        slope = slope * self._capacity.rise(utilisation)[None, :] - np.eye(game.firms)
        try:
            result: FloatArray = np.linalg.solve(-slope, miss).astype(np.float64, copy=False)
        except np.linalg.LinAlgError:
            return miss
        return result if np.isfinite(result).all() else miss


def solve_with_capacity(
    game: PriceGame,
    capacity: Capacity,
    market_size: float,
    start: FloatArray | None = None,
    *,
    floors: FloatArray | None = None,
    tolerance: float = 1e-10,
) -> CapacityEquilibrium:
    """Newton's method on F utilisations, halved until it helps; prices inside.

    Parameters
    ----------
    market_size
        Potential buyers; units sold are this times shares.
    floors
        (J,) lowest price allowed, money, ``-inf`` for none, see ``solve_with_floors``; None for
        no floors.

    Raises
    ------
    KernelInputError
        Market size, capacity or floors do not fit the game.
    """
    if len(capacity.units) != game.firms:
        raise KernelInputError(f"capacity of {len(capacity.units)} firms, not {game.firms}")
    inputs.number("tolerance", tolerance, 0.0, 1.0)
    if not 0.0 < market_size < np.inf:
        raise KernelInputError(f"market size is {market_size}")
    # The inner solve must be finer than what is asked of the outer one.
    outer = _Outer(game, capacity, market_size, floors, 0.1 * tolerance)
    use = np.zeros(game.firms)
    miss, found = outer.reply(use, start)
    if found.converged:
        # Without limits firms sell most: the root lies below.
        use = np.minimum(use + miss, capacity.knee)
        miss, found = outer.reply(use, found.prices)
    for _ in range(MOST):
        worst = float(np.max(np.abs(miss)))
        if worst < tolerance or not found.converged:
            break
        move = outer.move(use, miss, found.prices)
        for halving in range(HALVINGS):
            trial = np.maximum(use + 0.5**halving * move, 0.0)
            following, point = outer.reply(trial, found.prices)
            if point.converged and np.max(np.abs(following)) < worst:
                break
        use, miss, found = trial, following, point
    last = float(np.max(np.abs(miss)))
    verdict = replace(
        found, converged=found.converged and last < tolerance, iterations=outer.iterations
    )
    return CapacityEquilibrium(
        verdict, use, outer.game(use).costs, capacity.total(use), last, outer.at_floor
    )
