"""Prices of a quarter: best replies to each other, found by the market."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import SolverError
from sim.kernels.demand import Demand
from sim.kernels.equilibrium import Equilibrium, solve_prices
from sim.kernels.floors import solve_with_floors
from sim.kernels.game import PriceGame
from sim.world.state import World

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class PriceProblem:
    """One quarter's price game. F firms, J lines, I types; CNY and utils."""

    demand: Demand
    cost: FloatArray  # (J,)
    net_share: FloatArray  # (J,)
    kappa: FloatArray  # (F, F)
    shadow: FloatArray  # (F, F)
    start: FloatArray  # (J,)
    frozen: BoolArray  # (J,)
    floor: FloatArray | None = None  # (J,) lowest prices allowed, -inf for none


def base_demand(world: World, outside: FloatArray) -> Demand:
    """Demand of the base year's lines (equation 2.1); a quarter moves their qualities.

    Parameters
    ----------
    outside
        (I,) utility of buying no electric car, utils.
    """
    calibration = world.calibration
    return Demand(
        delta=calibration.quality,
        mu=calibration.types.taste,
        alpha=calibration.alpha,
        weights=calibration.types.weights,
        outside=outside,
    )


def game_of(world: World, problem: PriceProblem) -> PriceGame:
    """The quarter as a game of firms that set prices (equation 3.1)."""
    return PriceGame(
        demand=problem.demand,
        costs=problem.cost,
        firm_of=world.industry.firm_of,
        kappa=problem.kappa,
        shadow=problem.shadow,
        net_share=problem.net_share,
        frozen=problem.frozen,
    )


def solve(world: World, problem: PriceProblem) -> Equilibrium:
    """Find prices that are best replies to each other (equation 3.1).

    Raises
    ------
    SolverError
        The solver did not converge; its verdict is the message.
    """
    # The global audit of `validate` says more than second orders, and not in every quarter.
    game = game_of(world, problem)
    if problem.floor is None:
        equilibrium = solve_prices(game, problem.start, second_order=False)
    else:
        equilibrium = solve_with_floors(
            game, problem.floor, problem.start, second_order=False
        ).equilibrium
    if not equilibrium.converged:
        line = world.industry.lines[equilibrium.worst]
        raise SolverError(
            f"prices did not converge: residual {equilibrium.residual:.1e} after "
            f"{equilibrium.iterations} iterations, worst at line {line}"
        )
    return equilibrium


def own_best_reply(
    world: World, problem: PriceProblem, prices: FloatArray, firm: int
) -> FloatArray:
    """Best reply of one firm, solved alone, to the prices of all others, (J,) CNY.

    Raises
    ------
    SolverError
        The solver did not converge.
    """
    others = world.industry.firm_of != firm
    alone = replace(problem, start=prices, frozen=problem.frozen | others)
    return solve(world, alone).prices
