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
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError, SolverError
from sim.kernels.checks import require_finite
from sim.kernels.curvature import Curvature
from sim.kernels.game import PriceGame
from sim.kernels.groups import MOST, solve_groups
from sim.kernels.jit import kernel
from sim.kernels.search import NO_INVERSE, newton_inverse, plain_prices, search_prices
from sim.kernels.search import Equilibrium as Equilibrium

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# Prices this many times the largest start price or cost have run away.
FARTHEST = 1e6
# So many times the sum of cost, shadow value and a type's markup under zero.
FAR_BELOW = 10.0


@dataclass(frozen=True, eq=False)
class Linearisation:
    """Newton's matrix at some prices of a market, to solve markets near it fast.

    Attributes
    ----------
    inverse
        (J, J) inverse of ``-d step / dp``; the identity for products not free there.
    chosen
        Products on sale, in the order of the kernels.
    prices, costs
        (J,) of the market that it is of, money.
    response
        (J, J) what a unit of cost adds to prices near them (equation 9.8 of MODEL.md).
    """

    inverse: FloatArray
    chosen: IntArray
    prices: FloatArray
    costs: FloatArray
    response: FloatArray

    @cached_property
    def _laid_out(self) -> tuple[FloatArray, ...]:
        block = np.ix_(self.chosen, self.chosen)
        return (
            np.ascontiguousarray(self.inverse[block]),
            np.ascontiguousarray(self.response[block]),
            self.prices[self.chosen],
            self.costs[self.chosen],
        )

    def for_market(self, chosen: IntArray) -> FloatArray:
        """Inverse of the products on sale, in the order in which the kernels have them.

        Raises
        ------
        KernelInputError
            A product is not in the market that was linearised.
        """
        size = len(self.inverse)
        if chosen.max(initial=0) >= size:
            raise KernelInputError(
                f"product {int(chosen.max())} is not in the market linearised, of {size} products"
            )
        if _same(chosen, self.chosen):
            return self._laid_out[0]
        return np.ascontiguousarray(self.inverse[np.ix_(chosen, chosen)])

    def ahead(self, game: PriceGame, first: FloatArray) -> FloatArray:
        """Where prices of this market go, to first order, at the costs of ``game``.

        Other starts, and markets with other products on sale, are left as they are.
        """
        chosen = game.market.chosen
        if not _same(chosen, self.chosen):
            return first
        _, response, prices, costs = self._laid_out
        start = first[chosen]
        if not _same(start, prices):
            return first
        moved = first.copy()
        moved[chosen] += np.where(game.market.free, response @ (game.costs[chosen] - costs), 0.0)
        return moved


def _same(one: NDArray[np.generic], other: NDArray[np.generic]) -> bool:
    # Bytes of so few numbers are compared in less time than NumPy takes to begin.
    return one.tobytes() == other.tobytes()


def linearise(game: PriceGame, prices: FloatArray) -> Linearisation:
    """Newton's matrix at ``prices``; worth its cost where many markets near it are solved.

    Raises
    ------
    SolverError
        The matrix is singular there.
    """
    chosen, free = game.demand.on_sale, np.flatnonzero(_free(game))
    curvature = Curvature(game, prices)
    inverse, response = np.eye(len(game.costs)), np.zeros((len(game.costs), len(game.costs)))
    block = newton_inverse(curvature, free)
    if block is None:
        raise SolverError("first-order conditions have no inverse at these prices")
    inverse[np.ix_(free, free)] = block
    response[np.ix_(free, chosen)] = block @ curvature.cost_slopes(free, chosen)
    return Linearisation(
        inverse, game.market.chosen, np.array(prices, dtype=np.float64), game.costs, response
    )


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
        Newton's matrix of a market near this one. A start at that market's own prices is moved
        by what it says that the change of costs does to them.

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
        return Equilibrium(first.copy(), np.zeros(len(first)), True, 0.0, 0.0, 0, 0)
    found: Equilibrium | None = None
    spent = 0
    if len(game.demand.alpha) == 1 and max_iterations > 1:
        found = solve_groups(game, first, tolerance, min(MOST, max_iterations))
        spent = found.iterations
    if found is None or (not found.converged and spent < max_iterations):
        known = NO_INVERSE if near is None else near.for_market(game.market.chosen)
        begin = first if near is None else near.ahead(game, first)
        found = search_prices(game, begin, tolerance, max_iterations - spent, known)
        found = replace(found, iterations=spent + found.iterations) if spent > 0 else found
    if _ran_away(game, first, found.prices):
        left, lost = max_iterations - found.iterations, found
        found = replace(lost, converged=False, error_estimate=np.inf)
        again = plain_prices(game, first, tolerance, left) if left > 0 else lost
        if not _ran_away(game, first, again.prices):
            found = replace(again, iterations=lost.iterations + again.iterations)
    if not second_order:
        return found
    concave, unstable = check_second_order(game, found.prices)
    return replace(found, second_order=concave, unstable=unstable)


def _ran_away(game: PriceGame, first: FloatArray, prices: FloatArray) -> bool:
    """Whether prices lie beyond any market, whatever their verdict.

    One owner of a market that everybody must buy from has no highest price; and far below cost a
    relative step is small for the size of the price, not for being right.
    """
    cost, lowest = game.limits
    available = game.demand.available
    on_sale = game.held if available is None else available
    return _beyond(first, prices, on_sale, available is None, game.held, cost, lowest)


@kernel
def _beyond(
    first: FloatArray,
    prices: FloatArray,
    on_sale: BoolArray,
    all_on_sale: bool,
    held: BoolArray,
    cost: float,
    lowest: float,
) -> bool:
    highest, below = cost, False
    for j in range(len(prices)):
        if all_on_sale or on_sale[j]:
            highest = max(highest, abs(first[j]))
    for j in range(len(prices)):
        if all_on_sale or on_sale[j]:
            below |= not abs(prices[j]) < FARTHEST * highest
            below |= not held[j] and prices[j] < -FAR_BELOW * lowest
    return below


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
    """Prices to start from; the caller does not write to them."""
    if start is None:
        if game.frozen is not None and game.frozen.any():
            raise KernelInputError(f"product {int(np.argmax(game.held))} is frozen at no price")
        return game.bare
    first = np.ascontiguousarray(start, dtype=np.float64)
    if first.shape != game.costs.shape:
        raise KernelInputError(f"start prices have shape {first.shape}, not {game.costs.shape}")
    if not _numbers(first):
        require_finite("start price", first, game.demand.available)
    return first


@kernel
def _numbers(values: FloatArray) -> bool:
    sound = True
    for j in range(len(values)):
        sound &= abs(values[j]) < np.inf
    return sound


def _free(game: PriceGame) -> NDArray[np.bool_]:
    free = ~game.held
    return free if game.demand.available is None else free & game.demand.available


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
