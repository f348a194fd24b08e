"""From what firms stated in their plans to the quarter's price game, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.decisions.conduct import PricePlan
from sim.errors import SolverError
from sim.kernels.equilibrium import Equilibrium
from sim.market.demand import market_size
from sim.market.pricing import PriceProblem, solve
from sim.market.volumes import solve_volumes
from sim.quarter.context import Event, Run, Work
from sim.world.state import State

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def hold(run: Run, firm: int, plan: PricePlan, start: FloatArray, frozen: BoolArray) -> None:
    """Write a firm's list prices into the start of the game and hold those lines.

    Raises
    ------
    SolverError
        A list price is not a price; the message names the line.
    """
    if plan.rule_price is None:
        return
    lines = run.lines_of[firm]
    stays = np.ones(len(lines), dtype=np.bool_) if plan.held is None else plan.held
    wrong = stays & ~((plan.rule_price > 0.0) & np.isfinite(plan.rule_price))
    if wrong.any():
        worst = int(np.argmax(wrong))
        industry = run.world.industry
        raise SolverError(
            f"{industry.firms[firm]} stated a price of {plan.rule_price[worst]} for "
            f"{industry.lines[lines[worst]]}"
        )
    start[lines[stays]], frozen[lines[stays]] = plan.rule_price[stays], True


def solve_stated(
    run: Run, state: State, work: Work, problem: PriceProblem
) -> tuple[PriceProblem, Equilibrium]:
    """Prices under all plans; volumes that floors forbid are recorded.

    Raises
    ------
    SolverError
        They did not converge.
    """
    stated = {
        firm: plan for firm, plan in work.plans.alone.items() if plan.volume is not None
    }
    if not stated:
        return problem, solve(run.world, problem)
    size = market_size(run.world, state.t)
    floors = np.full(len(problem.start), -np.inf)
    for firm, plan in stated.items():
        floors[run.lines_of[firm]] = 0.0 if plan.floor is None else plan.floor
    if problem.floor is not None:
        # The law holds for whoever sells by volume too.
        floors = np.maximum(floors, problem.floor)
    volumes = {firm: float(plan.volume or 0.0) / size for firm, plan in stated.items()}
    found = solve_volumes(run.world, problem, volumes, floors)
    for firm, plan in stated.items():
        worth, shadow = found.multiplier[firm], plan.shadow.copy()
        shadow[firm] += worth
        parts = plan.parts._replace(war=plan.parts.war + worth)
        work.plans[firm] = plan._replace(shadow=shadow, parts=parts)
        if found.missed[firm] > 0.0:
            amount = found.missed[firm] * size
            work.events.append(
                Event(state.t, firm, "volume_missed", "", amount, "prices stand at their floor")
            )
    return found.problem, found.equilibrium


def remember(state: State, work: Work) -> None:
    """Keep what rules of conduct noted for their next view."""
    if not work.plans.alone:
        return
    memory = list(state.memory)
    for firm, plan in work.plans.alone.items():
        memory[firm] = plan.memory
    state.memory = tuple(memory)
