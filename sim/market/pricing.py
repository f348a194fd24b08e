"""Prices of a quarter: best replies to each other, found by the market."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.errors import SolverError
from sim.kernels.demand import Demand
from sim.kernels.equilibrium import Equilibrium, solve_prices
from sim.kernels.game import PriceGame
from sim.world.state import World

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class PriceProblem:
    """One quarter's price game. F firms, J lines, I types; CNY and utils."""

    mean_utility: FloatArray  # (J,)
    outside: FloatArray  # (I,)
    cost: FloatArray  # (J,)
    net_share: FloatArray  # (J,)
    kappa: FloatArray  # (F, F)
    shadow: FloatArray  # (F, F)
    start: FloatArray  # (J,)
    frozen: BoolArray  # (J,)
    active: BoolArray  # (J,)


def demand_of(world: World, problem: PriceProblem) -> Demand:
    """Demand of the quarter (equation 2.1)."""
    calibration = world.calibration
    return Demand(
        delta=problem.mean_utility,
        mu=calibration.types.taste,
        alpha=calibration.alpha,
        weights=calibration.types.weights,
        outside=problem.outside,
        available=problem.active,
    )


def solve(world: World, problem: PriceProblem) -> Equilibrium:
    """Find prices that are best replies to each other (equation 3.1).

    Raises
    ------
    SolverError
        The solver did not converge; its verdict is the message.
    """
    game = PriceGame(
        demand=demand_of(world, problem),
        costs=problem.cost,
        firm_of=world.industry.firm_of,
        kappa=problem.kappa,
        shadow=problem.shadow,
        net_share=problem.net_share,
        frozen=problem.frozen,
    )
    # Second orders are asked for by `validate`, not in every quarter of every run.
    equilibrium = solve_prices(game, problem.start, second_order=False)
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
    alone = PriceProblem(
        problem.mean_utility,
        problem.outside,
        problem.cost,
        problem.net_share,
        problem.kappa,
        problem.shadow,
        prices,
        problem.frozen | others,
        problem.active,
    )
    return solve(world, alone).prices
