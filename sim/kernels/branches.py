"""Several equilibria: find them, and keep a comparison on one branch.

First-order conditions can have several solutions. A comparison of two games starts from the
first one's prices and follows them while the game is changed little by little; where the branch
ends, or another start finds another branch, it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError, SolverError
from sim.kernels import inputs
from sim.kernels.demand import Demand, require_prices
from sim.kernels.equilibrium import Equilibrium, linearise, solve_prices, zeta_steps
from sim.kernels.game import PriceGame

FloatArray = NDArray[np.float64]
Mix = Callable[[FloatArray, FloatArray], FloatArray]

# Relative price difference from which two equilibria are two.
APART = 1e-6
MARKUPS = (1.0, 1.25, 1.6, 2.2, 3.5)
# A step of continuation is believed if no price moves far and all about as slopes foretell.
FIRST_STEP, SMALLEST_STEP = 0.25, 1.0 / 512.0
SURPRISE = 0.5
FAR = 0.05


@dataclass(frozen=True, eq=False)
class Branches:
    """Equilibria found from several starts.

    Attributes
    ----------
    equilibria
        The different ones, in the order in which they were met.
    reached
        Position in ``equilibria`` of each start; -1 where the solver did not converge.
    """

    equilibria: tuple[Equilibrium, ...]
    reached: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class BranchComparison:
    """Two games compared on one branch.

    Attributes
    ----------
    before, after
        Equilibria; ``after`` is the one that ``before`` leads to.
    same_branch
        Whether ``after`` was reached along one branch without a jump.
    direct
        Equilibrium that the second game reaches from the first one's prices in one go.
    changed
        Whether the two differ, or the branch was lost: the comparison is of two branches.
    reason
        In words, empty if not changed.
    """

    before: Equilibrium
    after: Equilibrium
    same_branch: bool
    direct: Equilibrium
    changed: bool
    reason: str


def usual_starts(game: PriceGame, *others: FloatArray) -> list[FloatArray]:
    """Starts that between them find most equilibria: cost times markups, and ``others``.

    Frozen products keep the price of the first of ``others``.

    Raises
    ------
    KernelInputError
        A product is frozen and there is no such price, or a price is not finite.
    """
    for other in others:
        require_prices(game.demand, other)
    held = game.held
    if held.any() and not others:
        raise KernelInputError(f"product {int(np.argmax(held))} is frozen at no price")
    starts = [markup * game.costs / game.kept for markup in MARKUPS]
    if held.any():
        starts = [np.where(held, others[0], start) for start in starts]
    return [*others, *starts]


def solve_from_starts(
    game: PriceGame, starts: Sequence[FloatArray], *, tolerance: float = 1e-10
) -> Branches:
    """Solve from each start and tell the equilibria apart."""
    found: list[Equilibrium] = []
    reached: list[int] = []
    for start in starts:
        try:
            point = solve_prices(game, start, tolerance=tolerance)
        except SolverError:
            reached.append(-1)
            continue
        if not point.converged:
            reached.append(-1)
            continue
        near = [n for n, other in enumerate(found) if _distance(game, point, other) < APART]
        if not near:
            found.append(point)
        reached.append(near[0] if near else len(found) - 1)
    return Branches(tuple(found), tuple(reached))


def _distance(game: PriceGame, one: Equilibrium, other: Equilibrium) -> float:
    chosen = game.demand.on_sale
    gap = np.abs(one.prices[chosen] - other.prices[chosen])
    return float(np.max(gap / np.maximum(np.abs(other.prices[chosen]), 1e-300)))


def compare_games(
    before: PriceGame,
    after: PriceGame,
    start: FloatArray | None = None,
    *,
    tolerance: float = 1e-10,
) -> BranchComparison:
    """Solve two games on one branch, with a flag where that is not so.

    Parameters
    ----------
    start
        (J,) prices to find the first equilibrium from; None for marginal costs.

    Raises
    ------
    SolverError
        The first game did not converge, so there is no branch to follow.
    """
    inputs.number("tolerance", tolerance, 0.0, 1.0)
    first = solve_prices(before, start, tolerance=tolerance)
    if not first.converged:
        raise SolverError(
            f"no branch to follow: residual {first.residual:.1e} at product {first.worst}"
        )
    direct = solve_prices(after, first.prices, tolerance=tolerance)
    followed = _follow(before, after, first.prices, tolerance)
    if followed is None:
        return BranchComparison(
            first, direct, False, direct, True, "the branch ends before the second game"
        )
    if not direct.converged or _distance(after, direct, followed) > APART:
        return BranchComparison(
            first, followed, True, direct, True, "solving at once leads to another branch"
        )
    return BranchComparison(first, followed, True, direct, False, "")


def _follow(
    before: PriceGame, after: PriceGame, prices: FloatArray, tolerance: float
) -> Equilibrium | None:
    """Continuation from one game to the other; None where prices jump however small the step."""
    one, other = _on_common_firms(before, after)
    at, step = 0.0, FIRST_STEP
    while True:
        following = min(at + step, 1.0)
        game = other if following == 1.0 else _between(one, other, following)
        point = _step(game, prices, tolerance)
        if point is None:
            step *= 0.5
            if step < SMALLEST_STEP:
                return None
            continue
        at, prices = following, point.prices
        if at == 1.0:
            return point
        step = min(2.0 * step, FIRST_STEP)


def _step(game: PriceGame, prices: FloatArray, tolerance: float) -> Equilibrium | None:
    """Equilibrium near ``prices``, if it is about where their slopes foretell it."""
    chosen = game.demand.on_sale
    size = np.abs(prices[chosen])
    try:
        foretold = linearise(game, prices).inverse @ zeta_steps(game, prices)
        foretold = np.where(game.held, 0.0, foretold)
        expected = np.max(np.abs(foretold[chosen]) / size)
        if not expected < FAR:
            return None
        point = solve_prices(game, prices + foretold, tolerance=tolerance)
    except SolverError:
        return None
    moved = np.max(np.abs(point.prices - prices)[chosen] / size)
    surprise = np.max(np.abs(point.prices - prices - foretold)[chosen] / size)
    smooth = moved < FAR and surprise < SURPRISE * max(expected, 1e-4)
    return point if point.converged and smooth else None


def _on_common_firms(before: PriceGame, after: PriceGame) -> tuple[PriceGame, PriceGame]:
    """The same games with firms so fine that no product changes its firm between them."""
    pairs = np.array([before.firm_of, after.firm_of])
    atoms, firm_of = np.unique(pairs, axis=1, return_inverse=True)
    games = []
    for game, firms in ((before, atoms[0]), (after, atoms[1])):
        games.append(
            replace(
                game,
                firm_of=firm_of.reshape(-1),
                kappa=game.weights[np.ix_(firms, firms)],
                shadow=game.lambdas[np.ix_(firms, firms)],
                net_share=game.kept,
                frozen=game.held,
            )
        )
    return games[0], games[1]


def _between(one: PriceGame, other: PriceGame, part: float) -> PriceGame:
    def mix(low: FloatArray, high: FloatArray) -> FloatArray:
        result: FloatArray = (1.0 - part) * low + part * high
        return result

    return PriceGame(
        demand=_mixed_demand(one.demand, other.demand, mix),
        costs=mix(one.costs, other.costs),
        firm_of=one.firm_of,
        kappa=mix(one.weights, other.weights),
        shadow=mix(one.lambdas, other.lambdas),
        net_share=mix(one.kept, other.kept),
        frozen=other.held,
    )


def _mixed_demand(one: Demand, other: Demand, mix: Mix) -> Demand:
    if one is other:
        return one
    same = one.delta.shape == other.delta.shape and one.alpha.shape == other.alpha.shape
    nests = (one.nest_of is None) == (other.nest_of is None)
    if nests and one.nest_of is not None and other.nest_of is not None:
        nests = np.array_equal(one.nest_of, other.nest_of)
    if not (same and nests and np.array_equal(one.on_sale, other.on_sale)):
        raise KernelInputError("games of different products, types or nests have no common branch")
    mu = None
    if one.mu is not None or other.mu is not None:
        shape = (len(one.alpha), len(one.delta))
        pair = [np.zeros(shape) if part.mu is None else part.mu for part in (one, other)]
        mu = mix(pair[0], pair[1])
    rho = None if one.rho is None or other.rho is None else mix(one.rho, other.rho)
    closed = np.isneginf(one.outside) & np.isneginf(other.outside)
    outside = mix(np.where(closed, 0.0, one.outside), np.where(closed, 0.0, other.outside))
    return replace(
        one,
        delta=mix(one.delta, other.delta),
        mu=mu,
        alpha=mix(one.alpha, other.alpha),
        weights=mix(one.weights, other.weights),
        outside=np.where(closed, -np.inf, outside),
        rho=rho,
    )
