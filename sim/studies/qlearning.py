"""Firms that learn to price, alone in a static market: the experiment of Calvano et al. (2020).

Each session starts from nothing known and ends when greedy actions rest; what is measured is
``Delta = (profit - Nash) / (joint - Nash)``, profits being means over firms, in the cycle in
which greedy play ends. Sessions are independent and seeded by name, so the same numbers come
out whatever the number of workers.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.errors import SolverError
from sim.kernels.demand import Demand
from sim.kernels.equilibrium import solve_prices
from sim.kernels.game import PriceGame
from sim.kernels.qlearning import Learning, Session, learn
from sim.luck import LuckBook
from sim.scenario.pricing_game import PricingGame
from sim.stats import Estimate, mean_interval

FloatArray = NDArray[np.float64]

SEED_WORDS = 4


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Prices and profits of one way to price, (N,) money and money a buyer."""

    prices: FloatArray
    profits: FloatArray


@dataclass(frozen=True, eq=False)
class LearningStudy:
    """What the sessions of a game came to.

    Attributes
    ----------
    game
        As read.
    nash, joint
        Static Nash and joint-profit prices.
    grid
        (N, M) prices that firms choose among.
    sessions
        One a session, in their order.
    seconds
        Processor time of all sessions.
    """

    game: PricingGame
    nash: Benchmark
    joint: Benchmark
    grid: FloatArray
    sessions: tuple[Session, ...]
    seconds: float

    @property
    def converged(self) -> NDArray[np.bool_]:
        """(K,) whether greedy actions came to rest."""
        return np.array([session.converged for session in self.sessions])

    @property
    def profits(self) -> FloatArray:
        """(K, N) mean profit in the cycle in which play ends."""
        return np.array([session.profit for session in self.sessions])

    @property
    def prices(self) -> FloatArray:
        """(K, N) mean price in that cycle."""
        firms = np.arange(len(self.grid))
        return np.array([self.grid[firms, one.actions].mean(axis=0) for one in self.sessions])

    @property
    def periods(self) -> NDArray[np.int64]:
        """(K,) periods played."""
        return np.array([session.periods for session in self.sessions])

    @property
    def deltas(self) -> FloatArray:
        """(K,) profit gain Delta: 0 at Nash, 1 at joint profit; NaN where the two are one."""
        low, high = self.nash.profits.mean(), self.joint.profits.mean()
        gap = high - low if len(self.game.firms) > 1 else np.nan
        result: FloatArray = (self.profits.mean(axis=1) - low) / gap
        return result

    @property
    def delta(self) -> Estimate:
        """Mean Delta of the sessions that converged, with its 95 % interval."""
        return mean_interval(self.deltas[self.converged])

    @property
    def speed(self) -> float:
        """Periods a second of processor time."""
        return float(self.periods.sum() / self.seconds)


def price_game(game: PricingGame, kappa: FloatArray | None = None) -> PriceGame:
    """The static market: logit utilities ``(a - p) / mu`` and outside ``a0 / mu``."""
    firms = list(game.firms.values())
    scale = game.scale
    return PriceGame(
        demand=Demand(
            delta=np.array([firm.quality for firm in firms]) / scale,
            mu=None,
            alpha=np.array([1.0 / scale]),
            weights=np.ones(1),
            outside=np.array([game.outside / scale]),
        ),
        costs=np.array([firm.cost for firm in firms]),
        firm_of=np.arange(len(firms)),
        kappa=kappa,
    )


def benchmark(game: PricingGame, kappa: FloatArray | None = None) -> Benchmark:
    """Prices that are best replies under profit weights; None for each its own.

    Raises
    ------
    SolverError
        They were not found.
    """
    static = price_game(game, kappa)
    point = solve_prices(static)
    if not point.converged or not point.second_order:
        kind = "Nash" if kappa is None else "joint"
        raise SolverError(f"{kind} prices were not found: residual {point.residual:.1e}")
    return Benchmark(point.prices, (point.prices - static.costs) * point.shares)


def price_grid(game: PricingGame, nash: Benchmark, joint: Benchmark) -> FloatArray:
    """(N, M) prices of each firm: evenly from below Nash to above joint prices."""
    prices, firms = game.prices, len(game.firms)
    if prices.low is not None and prices.high is not None:
        low, high = np.full(firms, prices.low), np.full(firms, prices.high)
    else:
        more = (prices.beyond or 0.0) * (joint.prices - nash.prices)
        low, high = nash.prices - more, joint.prices + more
    return np.linspace(low, high, prices.count, axis=1)


def profit_table(game: PricingGame, grid: FloatArray) -> FloatArray:
    """(S, N) profit of each firm at each combination of grid prices, the last firm fastest."""
    firms, count = grid.shape
    combinations = np.indices((count,) * firms).reshape(firms, -1)
    prices = np.take_along_axis(grid, combinations, axis=1)
    quality = np.array([firm.quality for firm in game.firms.values()])[:, None]
    cost = np.array([firm.cost for firm in game.firms.values()])[:, None]
    utility = (quality - prices) / game.scale
    highest = np.maximum(utility.max(axis=0), game.outside / game.scale)
    odds = np.exp(utility - highest)
    share = odds / (odds.sum(axis=0) + np.exp(game.outside / game.scale - highest))
    return np.ascontiguousarray(((prices - cost) * share).T)


def study_learning(game: PricingGame, workers: int = 1) -> LearningStudy:
    """Play all sessions of a game, several side by side.

    Raises
    ------
    SolverError
        Nash or joint prices were not found.
    """
    nash = benchmark(game)
    joint = benchmark(game, np.ones((len(game.firms),) * 2))
    grid = price_grid(game, nash, joint)
    table = profit_table(game, grid)
    rates, stop = game.learning, game.stop
    learning = Learning(rates.alpha, rates.beta, rates.delta, stop.patience, stop.most)

    def play(number: int) -> tuple[Session, float]:
        stream = LuckBook(game.seed, number).stream("qlearning", "session")
        words = stream.integers(0, 2**64, SEED_WORDS, dtype=np.uint64)
        began = time.thread_time()
        return learn(table, game.prices.count, learning, words), time.thread_time() - began

    # One period compiles the kernel, which two threads would do twice.
    learn(table, game.prices.count, learning._replace(most=1), np.ones(SEED_WORDS, np.uint64))
    pool = ThreadPoolExecutor(workers)
    try:
        played = list(pool.map(play, range(game.sessions)))
    finally:
        pool.shutdown(cancel_futures=True)
    sessions = tuple(session for session, _ in played)
    return LearningStudy(game, nash, joint, grid, sessions, sum(spent for _, spent in played))
