"""Prices of a quarter in which some firms must sell a volume (equation 3.11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from sim.errors import SolverError
from sim.kernels.equilibrium import Equilibrium
from sim.kernels.floors import FlooredEquilibrium, solve_with_floors
from sim.market.pricing import PriceProblem, game_of
from sim.world.state import World

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

TOLERANCE = 1e-6  # of a volume
# A multiplier is sought in steps of this share of the firm's mean price, each twice the last.
FIRST_STEP = 0.02
MOST_STEPS = 12
PRECISION = 1e-8  # of that price
MOST_ROUNDS = 40


@dataclass(frozen=True, eq=False)
class VolumePrices:
    """Prices that meet the volumes where floors allow it.

    Attributes
    ----------
    problem
        The game with the multipliers found among its shadow values; lines at their floor held.
    equilibrium
        Prices and verdict.
    multiplier
        What one more car is worth to each firm with a volume, CNY of net price; 0 where it sells
        as much without.
    missed
        Sales that each firm with a volume falls short of it, as a share of the market; 0 if met.
    """

    problem: PriceProblem
    equilibrium: Equilibrium
    multiplier: Mapping[int, float]
    missed: Mapping[int, float]


def solve_volumes(
    world: World, problem: PriceProblem, volumes: Mapping[int, float], floors: FloatArray
) -> VolumePrices:
    """Find prices that are best replies under volumes to reach and floors.

    One firm's multiplier after the other is moved until its own volume is met, the others' held,
    in rounds until all are met. A firm whose floors do not allow its volume stands at them.

    Parameters
    ----------
    volumes
        By firm: least share of the market that it must sell.
    floors
        (J,) lowest prices of the lines of those firms, CNY; ``-inf`` for all others.

    Raises
    ------
    SolverError
        Prices or multipliers did not converge.
    """
    search = _Search(world, problem, floors)
    for _ in range(MOST_ROUNDS):
        for firm, volume in volumes.items():
            search.meet(firm, volume)
        last = search.solve()
        if all(search.met(firm, volume, last) for firm, volume in volumes.items()):
            break
    else:
        names = ", ".join(world.industry.firms[firm] for firm in volumes)
        raise SolverError(f"volumes of {names} were not met together in {MOST_ROUNDS} rounds")
    missed = {
        firm: max(volume - search.sold(firm, last), 0.0) if firm in search.at_floor else 0.0
        for firm, volume in volumes.items()
    }
    final = search.problem()
    final = replace(final, frozen=final.frozen | last.at_floor)
    return VolumePrices(final, last.equilibrium, search.multiplier, missed)


class _Search:
    """Multipliers by firm, and the firms that stand at their floors."""

    def __init__(self, world: World, problem: PriceProblem, floors: FloatArray) -> None:
        self._world, self._problem, self._floors = world, problem, floors
        self._prices = problem.start
        self.multiplier: dict[int, float] = {}
        self.at_floor: set[int] = set()

    def problem(self) -> PriceProblem:
        """The game at the present multipliers."""
        shadow, start = self._problem.shadow.copy(), self._prices.copy()
        frozen = self._problem.frozen.copy()
        for firm, value in self.multiplier.items():
            shadow[firm, firm] += value
        for firm in self.at_floor:
            # What is held already, by an event or a list, stays at its price.
            lines = (self._world.industry.firm_of == firm) & ~self._problem.frozen
            start[lines], frozen[lines] = self._floors[lines], True
        return replace(self._problem, shadow=shadow, start=start, frozen=frozen)

    def solve(self) -> FlooredEquilibrium:
        """Prices at the present multipliers."""
        problem = self.problem()
        found = solve_with_floors(
            game_of(self._world, problem), self._floors, problem.start, second_order=False
        )
        point = found.equilibrium
        if not point.converged:
            line = self._world.industry.lines[point.worst]
            raise SolverError(
                f"prices under a volume did not converge: residual {point.residual:.1e} after "
                f"{point.iterations} iterations, worst at line {line}"
            )
        self._prices = point.prices
        return found

    def sold(self, firm: int, found: FlooredEquilibrium) -> float:
        """Share of the market that a firm sells."""
        return float(found.equilibrium.shares[self._world.industry.firm_of == firm].sum())

    def met(self, firm: int, volume: float, found: FlooredEquilibrium) -> bool:
        """Whether a firm sells its volume, more without a multiplier, or what floors allow."""
        over = self.sold(firm, found) / volume - 1.0
        held_up = self.multiplier[firm] == 0.0 and over > 0.0
        return firm in self.at_floor or held_up or abs(over) <= TOLERANCE

    def meet(self, firm: int, volume: float) -> None:
        """Move one firm's multiplier to its volume; to its floors if they forbid it."""
        lines = self._world.industry.firm_of == firm
        price = float(self._problem.start[lines].mean())
        held = self.multiplier.setdefault(firm, 0.0)
        # Each time anew: what others do meanwhile may put the volume out of reach, or in it.
        self.at_floor.add(firm)
        if self.sold(firm, self.solve()) < volume * (1.0 - TOLERANCE):
            self.multiplier[firm] = 0.0
            return
        self.at_floor.remove(firm)

        def gap(value: float) -> float:
            self.multiplier[firm] = value
            return self.sold(firm, self.solve()) - volume

        found = gap(held)
        if abs(found) <= 0.1 * TOLERANCE * volume or (held == 0.0 and found >= 0.0):
            return
        # Sales rise with the multiplier: walk from the last one to where the sign changes.
        up, here, step = found < 0.0, held, FIRST_STEP * price
        for _ in range(MOST_STEPS):
            there = here + step if up else max(here - step, 0.0)
            found = gap(there)
            if found >= 0.0 and there == 0.0:
                return
            if (found >= 0.0) == up:
                break
            here, step = there, 2.0 * step
        else:
            raise SolverError(
                f"no shadow value up to {here:,.0f} CNY sells {self._world.industry.firms[firm]}'s "
                "volume"
            )
        low, high = sorted((here, there))
        self.multiplier[firm] = float(brentq(gap, low, high, xtol=PRECISION * price))
