"""Price equilibrium of multi-product firms, with a verdict.

In zeta form (Morrow & Skerlos 2011), with nests and a net share of the price,
``n_j = c_j - Lambda_ff + (1 - rho) [net_j s_j + sum_i w_i alpha_i P_ij (K_if + rho / (1 - rho)
K_if|h)] / A_j``, ``A_j = sum_i w_i alpha_i P_ij``, ``K_if = sum_g (kappa_fg S_ig + Lambda_fg
Q_ig)``, S and Q the margin-weighted and plain probabilities of firm g's products. One
evaluation costs O(I (J + pairs of firms that mind each other)); no J x J matrix is built but to
finish hard cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError, SolverError
from sim.kernels.compiled import Market, compile_game, make_room, shift_types
from sim.kernels.curvature import Curvature
from sim.kernels.demand import require_finite
from sim.kernels.game import PriceGame
from sim.kernels.groups import solve_groups
from sim.kernels.zeta import BROKEN, CAUTION, CONVERGED, OUT_OF_RANGE, iterate

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


# Prices this many times the largest start price or cost have run away.
FARTHEST = 1e6


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


@dataclass(frozen=True, eq=False)
class Linearisation:
    """Newton's matrix at some prices of a market, to solve markets near it fast.

    Attributes
    ----------
    inverse
        (J, J) inverse of ``-d step / dp``; the identity for products not free there.
    """

    inverse: FloatArray


def linearise(game: PriceGame, prices: FloatArray) -> Linearisation:
    """Newton's matrix at ``prices``; worth its cost where many markets near it are solved.

    Raises
    ------
    SolverError
        The matrix is singular there.
    """
    free = np.flatnonzero(_free(game))
    inverse = np.eye(len(game.costs))
    block = _newton_inverse(game, prices, free)
    if block is None:
        raise SolverError("first-order conditions have no inverse at these prices")
    inverse[np.ix_(free, free)] = block
    return Linearisation(inverse)


def solve_prices(
    game: PriceGame,
    start: FloatArray | None = None,
    *,
    tolerance: float = 1e-10,
    max_iterations: int = 2000,
    second_order: bool = True,
    near: Linearisation | None = None,
) -> Equilibrium:
    """Solve for prices that are best replies to each other, to first order.

    Plain and nested logit are solved in one markup a firm (and nest). Other demand iterates
    the zeta map, accelerated; where that is slow Newton's moves finish.

    Parameters
    ----------
    start
        (J,) prices to start from; those of frozen products stay. None for marginal costs.
    tolerance
        Accepted relative price error, estimated.
    max_iterations
        Evaluations of the first-order conditions allowed.
    second_order
        Whether to check second-order conditions.
    near
        Newton's matrix of a market near this one.

    Returns
    -------
    Equilibrium
        Always with a verdict; unconverged prices are marked, not hidden.

    Raises
    ------
    KernelInputError
        The start is not a set of prices; the message names the product.
    SolverError
        A price left the range of numbers; the message names the product.
    """
    first = _start(game, start)
    chosen = game.demand.on_sale
    if len(chosen) == 0:
        return Equilibrium(first, np.zeros(len(first)), True, 0.0, 0.0, 0, 0)
    found: Equilibrium | None = None
    if len(game.demand.alpha) == 1:
        found = _by_groups(game, first, tolerance)
    if found is None or not found.converged:
        found = _by_products(game, first, tolerance, max_iterations, near)
    # One owner of a market that everybody must buy from has no highest price: what Newton's
    # method calls a solution there lies beyond any market.
    scale = max(np.abs(first[chosen]).max(), np.abs(game.costs / game.kept)[chosen].max())
    if not np.abs(found.prices[chosen]).max() < FARTHEST * scale:
        found = replace(found, converged=False, error_estimate=np.inf)
    if not second_order:
        return found
    concave, unstable = check_second_order(game, found.prices)
    return replace(found, second_order=concave, unstable=unstable)


def solve_markets(
    games: Sequence[PriceGame],
    starts: Sequence[FloatArray | None] | None = None,
    *,
    tolerance: float = 1e-10,
    max_iterations: int = 2000,
    second_order: bool = True,
) -> list[Equilibrium]:
    """Solve several markets, each with its own verdict; see ``solve_prices``."""
    given = [None] * len(games) if starts is None else starts
    return [
        solve_prices(
            game,
            start,
            tolerance=tolerance,
            max_iterations=max_iterations,
            second_order=second_order,
        )
        for game, start in zip(games, given, strict=True)
    ]


def zeta_steps(game: PriceGame, prices: FloatArray) -> FloatArray:
    """Undamped zeta step of every product on sale, frozen ones too, (J,) money; 0 elsewhere.

    Positive where the firm would raise the price.
    """
    result = np.zeros(len(game.costs))
    chosen = game.demand.on_sale
    result[chosen] = Curvature(game, prices).step(chosen)
    return result


def _start(game: PriceGame, start: FloatArray | None) -> FloatArray:
    held = game.held
    if start is None:
        if held.any():
            raise KernelInputError(f"product {int(np.argmax(held))} is frozen at no price")
        first = np.array(game.costs / game.kept)
    else:
        first = np.array(start, dtype=np.float64)
    if first.shape != game.costs.shape:
        raise KernelInputError(f"start prices have shape {first.shape}, not {game.costs.shape}")
    require_finite("start price", first, game.demand.available)
    return first


def _free(game: PriceGame) -> NDArray[np.bool_]:
    free = ~game.held
    return free if game.demand.available is None else free & game.demand.available


def _by_groups(game: PriceGame, first: FloatArray, tolerance: float) -> Equilibrium:
    point = solve_groups(game, first, tolerance)
    return Equilibrium(
        point.prices,
        point.shares,
        point.converged,
        point.residual,
        point.error,
        point.iterations,
        point.worst,
        method="groups",
    )


def _by_products(
    game: PriceGame,
    first: FloatArray,
    tolerance: float,
    most: int,
    near: Linearisation | None,
) -> Equilibrium:
    """The zeta map; Newton's moves where it is slow; the plain map where those fail."""
    search = _Search(game, first, tolerance, most)
    if near is not None:
        known = near.inverse
        if len(search.chosen) < len(known):
            known = np.ascontiguousarray(known[np.ix_(search.chosen, search.chosen)])
        if search.go(known, MEMORY, NEWTON_PATIENCE, "newton"):
            return search.found()
    if search.go(NO_INVERSE, MEMORY, PATIENCE, "zeta") and search.easy:
        return search.found()
    plain = search.found() if search.finished else None
    for _ in range(NEWTON_ROUNDS):
        inverse = search.newton()
        if inverse is None or search.spent:
            break
        if search.go(inverse, MEMORY, NEWTON_PATIENCE, "newton"):
            return search.found()
    if plain is not None:
        return plain
    search.restart(first)
    if not search.go(NO_INVERSE, MEMORY, (most - search.count) // 2, "zeta") and search.broken:
        search.restart(first)
    if not search.finished:
        search.go(NO_INVERSE, 0, most - search.count, "zeta")
    if search.broken:
        raise SolverError(
            f"price of product {search.worst} left the range of numbers after "
            f"{search.count} evaluations"
        )
    return search.found()


class _Search:
    """Where the search for an equilibrium stands; keeps the best point it has met."""

    def __init__(
        self, game: PriceGame, first: FloatArray, tolerance: float, most: int
    ) -> None:
        self.chosen = game.demand.on_sale
        self._game, self._first, self._most = game, first, most
        self._tolerance = tolerance
        self._market: Market = compile_game(game)
        self._used = False
        self._point = first[self.chosen].copy()
        self._shares = np.zeros(len(self.chosen))
        self.count = 0
        self._residual = self._error = np.inf
        self.worst = int(self.chosen[0])
        self.finished = self.broken = False
        self._method = "zeta"

    @property
    def spent(self) -> bool:
        return self.count >= self._most

    @property
    def easy(self) -> bool:
        """Whether plain steps shrank fast, so that the radius seen on them is the radius."""
        return self.count <= EASY and CAUTION * self._residual > (1.0 - EASY_RADIUS) * self._error

    def restart(self, first: FloatArray) -> None:
        self._point = first[self.chosen].copy()
        self.broken = False

    def go(self, inverse: FloatArray, memory: int, most: int, method: str) -> bool:
        """Iterate from the present point; whether that ended in an accepted one."""
        allowed = max(min(most, self._most - self.count), 1)
        if self._used:
            # Shifts have moved utilities in place, to keep exponentials in range.
            self._market = compile_game(self._game)
        self._used = True
        shift, work = make_room(self._market)
        prices, status, spent = self._point, OUT_OF_RANGE, 0
        while status == OUT_OF_RANGE and spent < allowed:
            shift_types(self._market, shift, prices)
            status, count, residual, error, worst, prices, shares = iterate(
                self._market,
                shift,
                work,
                prices,
                inverse,
                memory,
                self._tolerance,
                allowed - spent,
            )
            spent += count
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
        block = _newton_inverse(self._game, prices, self.chosen[free])
        if block is None:
            return None
        inverse[np.ix_(free, free)] = block
        return inverse

    def found(self) -> Equilibrium:
        prices, shares = self._first.copy(), np.zeros(len(self._first))
        prices[self.chosen], shares[self.chosen] = self._point, self._shares
        return Equilibrium(
            prices,
            shares,
            self.finished,
            self._residual,
            self._error,
            self.count,
            self.worst,
            method=self._method,
        )


def _newton_inverse(game: PriceGame, prices: FloatArray, free: IntArray) -> FloatArray | None:
    slopes = Curvature(game, prices).step_slopes(free, free)
    if not np.isfinite(slopes).all():
        return None
    try:
        inverse = np.linalg.inv(-slopes).astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        return None
    return inverse if np.isfinite(inverse).all() else None


def check_second_order(game: PriceGame, prices: FloatArray) -> tuple[bool, int]:
    """Whether each firm's objective is concave in its own free prices where slopes vanish.

    Returns
    -------
    tuple
        The answer, and the product that moves most in the direction that gains (-1: none).
    """
    curvature, free = Curvature(game, prices), _free(game)
    for firm in range(game.firms):
        mine = np.flatnonzero(free & (game.firm_of == firm))
        if len(mine) == 0:
            continue
        hessian = curvature.hessian(mine)
        if not np.isfinite(hessian).all():
            return False, int(mine[0])
        # Shares differ by orders of size; a product's own curvature is its unit.
        unit = 1.0 / np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-300))
        values, directions = np.linalg.eigh(hessian * np.outer(unit, unit))
        if values[-1] >= 0.0:
            return False, int(mine[np.argmax(np.abs(directions[:, -1]))])
    return True, -1
