"""The search for equilibrium prices: the zeta map, Newton's moves, then the plain map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.errors import SolverError
from sim.kernels.curvature import Curvature
from sim.kernels.game import PriceGame
from sim.kernels.zeta import BROKEN, CAUTION, CONVERGED, ROUNDING, search

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MEMORY = 8  # past steps that Anderson's acceleration looks at
# Evaluations after which a market counts as hard and gets Newton's moves.
PATIENCE = 26
# A market that took more, or whose steps shrink less, is finished by Newton's move: a slow mode
# may hide behind faster ones when the radius is observed.
EASY, EASY_RADIUS = 16, 0.6
# Newton's moves with one inverse; then it is made anew.
NEWTON_PATIENCE = 12
NEWTON_ROUNDS = 4
NO_INVERSE = np.zeros((0, 0))
# Exponentials are cut about here: a product of a smaller share has no price of its own.
SMALLEST_SHARE = 1e-38


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """Prices that are best replies to first order, with a verdict.

    Attributes
    ----------
    prices, shares
        (J,) money; a product not on sale keeps its price and has share 0.
    converged
        Whether residual and estimated error are under the tolerance.
    residual
        Largest undamped zeta step relative to price.
    error_estimate
        Estimated largest relative error of a price: twice ``residual / (1 - spectral radius)``,
        the radius observed on plain steps; in hard markets, of Newton's moves.
    iterations
        Evaluations of the first-order conditions.
    worst
        Product with the largest step.
    second_order
        Whether every firm's objective is locally concave in its own free prices; None if not
        asked.
    unstable
        A product of the firm for which it is not, the one whose price moves most in the
        direction that gains; -1 for none.
    method
        What ended the search: ``groups`` (one markup a firm and nest), ``zeta``, ``newton``.
    unpriced
        Free products on sale that so few buy (a share under 1e-38) that exponentials are cut
        and their prices mean nothing; those of the others stand.
    """

    prices: FloatArray
    shares: FloatArray
    converged: bool
    residual: float
    error_estimate: float
    iterations: int
    worst: int
    second_order: bool | None = None
    unstable: int = -1
    method: str = "zeta"
    unpriced: tuple[int, ...] = ()


class Search:
    """Where the search for an equilibrium stands; keeps the best point it has met."""

    def __init__(self, game: PriceGame, first: FloatArray, tolerance: float, most: int) -> None:
        self._market = game.market
        self.chosen = self._market.chosen
        self._game, self._first, self._most = game, first, most
        self._tolerance = tolerance
        self._point = first[self.chosen]
        self._shares = np.zeros(len(self.chosen))
        self.count = 0
        self._residual = self._error = np.inf
        self.worst = int(self.chosen[0])
        self.finished = self.broken = False
        self._method = "zeta"

    @property
    def spent(self) -> bool:
        """Whether no evaluation is left."""
        return self.count >= self._most

    @property
    def easy(self) -> bool:
        """Whether plain steps shrank fast, so that the radius seen on them is the radius."""
        return self.count <= EASY and CAUTION * self._residual > (1.0 - EASY_RADIUS) * self._error

    def vouch(self) -> bool:
        """Whether Newton's move from an accepted point says too that its error is small.

        Without an inverse there is nothing to hold it against, and it stands.
        """
        inverse = self.newton() if self.finished else None
        if inverse is None:
            return self.finished
        prices = self._first.copy()
        prices[self.chosen] = self._point
        step = Curvature(self._game, prices).step(self.chosen)
        move = np.abs(inverse @ np.where(self._market.free, step, 0.0))
        size = float(np.max(move / np.maximum(np.abs(self._point), 1e-300)))
        self._error = max(self._error, CAUTION * size)
        self.finished = self._error < self._tolerance or size <= ROUNDING
        return self.finished

    def restart(self, first: FloatArray) -> None:
        """Go back to the start, if evaluations are left to leave it again."""
        self.broken = False
        if not self.spent:
            self._point = first[self.chosen]

    def go(self, inverse: FloatArray, memory: int, most: int, method: str) -> bool:
        """Iterate from the present point; whether that ended in an accepted one."""
        if self.spent:
            return False
        allowed = max(min(most, self._most - self.count), 1)
        status, spent, residual, error, worst, prices, shares = search(
            self._market, self._point, inverse, memory, self._tolerance, allowed
        )
        self.count += spent
        self._method = method
        self.finished, self.broken = status == CONVERGED, status == BROKEN
        self.worst = int(self.chosen[worst])
        if not self.broken:
            self._point, self._shares = prices, shares
            self._residual, self._error = residual, error
        return self.finished

    def newton(self) -> FloatArray | None:
        """Inverse of the slopes at the present point; None where there is none."""
        prices = self._first.copy()
        prices[self.chosen] = self._point
        inverse = np.eye(len(self.chosen))
        free = np.flatnonzero(self._market.free)
        block = newton_inverse(Curvature(self._game, prices), self.chosen[free])
        if block is None:
            return None
        inverse[np.ix_(free, free)] = block
        return inverse

    def found(self) -> Equilibrium:
        """Where the search ended, as an equilibrium with its verdict."""
        prices, shares = self._first.copy(), np.zeros(len(self._first))
        prices[self.chosen], shares[self.chosen] = self._point, self._shares
        lost = self._market.free & (self._shares < SMALLEST_SHARE)
        return Equilibrium(
            prices,
            shares,
            self.finished,
            self._residual,
            self._error,
            self.count,
            self.worst,
            method=self._method,
            unpriced=tuple(self.chosen[lost].tolist()) if lost.any() else (),
        )


def newton_inverse(curvature: Curvature, free: IntArray) -> FloatArray | None:
    """Inverse of ``-d step / dp`` of the free products; None where there is none."""
    slopes = curvature.step_slopes(free, free)
    if not np.isfinite(slopes).all():
        return None
    try:
        inverse = np.linalg.inv(-slopes).astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        return None
    return inverse if np.isfinite(inverse).all() else None


def plain_prices(
    game: PriceGame, first: FloatArray, tolerance: float, most: int
) -> Equilibrium:
    """The zeta map alone, without acceleration: slow, and it stays where markets are."""
    state = Search(game, first, tolerance, most)
    state.go(NO_INVERSE, 0, most, "zeta")
    return state.found()


def search_prices(
    game: PriceGame,
    first: FloatArray,
    tolerance: float,
    most: int,
    near: FloatArray,
) -> Equilibrium:
    """The zeta map; Newton's moves where it is slow; the plain map where those fail.

    Parameters
    ----------
    near
        Newton's matrix of a market near this one, as ``zeta.search`` takes it; (0, 0) for none.

    Raises
    ------
    SolverError
        A price left the range of numbers; the message names the product.
    """
    state = Search(game, first, tolerance, most)
    if len(near) > 0 and state.go(near, MEMORY, NEWTON_PATIENCE, "newton"):
        return state.found()
    if state.go(NO_INVERSE, MEMORY, PATIENCE, "zeta") and state.easy:
        return state.found()
    plain = state.found() if state.finished and state.vouch() else None
    for _ in range(NEWTON_ROUNDS):
        inverse = state.newton()
        if inverse is None or state.spent:
            break
        if state.go(inverse, MEMORY, NEWTON_PATIENCE, "newton"):
            return state.found()
    if plain is not None:
        return plain
    state.restart(first)
    if not state.go(NO_INVERSE, MEMORY, (most - state.count) // 8, "zeta"):
        # Acceleration may have led far away; the plain map is safe from where it all began.
        state.restart(first)
        state.go(NO_INVERSE, 0, most - state.count, "zeta")
    state.vouch()
    if state.broken:
        raise SolverError(
            f"price of product {state.worst} left the range of numbers after "
            f"{state.count} evaluations"
        )
    return state.found()
