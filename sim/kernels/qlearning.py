"""Firms that learn to price by Q-learning in a repeated static game (Calvano et al. 2020).

Calvano, Calzolari, Denicolo & Pastorello (2020), "Artificial intelligence, algorithmic pricing,
and collusion", American Economic Review 110(10), 3267-3297. N firms choose among M prices each;
the state is last period's prices of all firms, S = M^N of them, numbered with the last firm
fastest. A period: every firm takes its greedy action, or with probability ``exp(-beta t)`` one
of its M at random; then

``Q(s, a) <- (1 - alpha) Q(s, a) + alpha (profit + delta max_b Q(s', b))``.

A session ends when no firm's greedy action has changed in any state for ``patience`` periods in
a row (periods are counted, not players). The same seed gives the same session.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels.jit import kernel, unlocked_kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
WordArray = NDArray[np.uint64]

LARGEST_TABLE = 2**25  # entries of all firms' Q: 256 MB
BLOCK = 4096  # periods after which the odds of exploring are computed afresh
# Beyond this the odds of exploring are zero in any practical sense, and stay where they are.
FARTHEST = 1e300


class Learning(NamedTuple):
    """How firms learn.

    Attributes
    ----------
    alpha
        Learning rate, in (0, 1].
    beta
        Decay of exploration, a period.
    delta
        Discount factor, in [0, 1).
    patience
        Periods without a change of any greedy action after which a session has converged.
    most
        Periods after which a session is given up.
    """

    alpha: float
    beta: float
    delta: float
    patience: int
    most: int


class Session(NamedTuple):
    """One session, with its verdict.

    Attributes
    ----------
    converged
        Whether greedy actions came to rest.
    periods
        Periods played.
    cycle
        Length of the cycle in which greedy play ends.
    profit
        (N,) mean profit of each firm over that cycle.
    actions
        (cycle, N) prices by number, in the order of play.
    greedy
        (S, N) greedy actions at the end.
    """

    converged: bool
    periods: int
    cycle: int
    profit: FloatArray
    actions: IntArray
    greedy: IntArray


def first_values(profits: FloatArray, prices: int, delta: float) -> FloatArray:
    """Q before learning: profit against rivals who price at random, for ever, (N, M).

    Parameters
    ----------
    profits
        (S, N) profit of each firm at each combination of prices.
    prices
        M, prices of each firm.
    delta
        Discount factor.
    """
    firms = profits.shape[1]
    grid = profits.reshape((prices,) * firms + (firms,))
    means = [
        grid[..., firm].mean(axis=tuple(k for k in range(firms) if k != firm))
        for firm in range(firms)
    ]
    result: FloatArray = np.array(means) / (1.0 - delta)
    return result


def learn(profits: FloatArray, prices: int, learning: Learning, words: WordArray) -> Session:
    """Play one session to its end and hand back what was learnt.

    Parameters
    ----------
    profits
        (S, N) profit of each firm at each combination of prices, money.
    prices
        M, prices of each firm.
    learning
        Rates and stopping rule.
    words
        (4,) seed of the session's own random numbers, 64 bits each, not all zero.

    Raises
    ------
    KernelInputError
        Profits do not have a row a combination, are not finite, or need too large a table; a
        rate is out of its range.
    """
    _check(profits, prices, learning, words)
    states, firms = profits.shape
    start = first_values(profits, prices, learning.delta)
    q = np.tile(start.ravel(), states)
    greedy = np.tile(np.argmax(start, axis=1), states)
    ranked = np.sort(start, axis=1)
    top = np.tile(ranked[:, -1], states)
    second = np.tile(ranked[:, -2] if prices > 1 else np.full(firms, -np.inf), states)
    # Whole numbers of 64 bits wrap around on purpose.
    with np.errstate(over="ignore"):
        converged, periods, state = _play(
            q, top, second, greedy, np.ascontiguousarray(profits).ravel(), firms, prices,
            learning.alpha, learning.beta, learning.delta, learning.patience, learning.most,
            words.astype(np.uint64).copy(),
        )  # fmt: skip
    table = greedy.reshape(states, firms)
    path = _cycle(table, prices, int(state))
    weights = prices ** np.arange(firms - 1, -1, -1)
    return Session(
        bool(converged), int(periods), len(path), profits[path @ weights].mean(axis=0), path, table
    )


def _check(profits: FloatArray, prices: int, learning: Learning, words: WordArray) -> None:
    fits = profits.ndim == 2 and profits.shape[1] > 0 and prices > 0
    if not fits or len(profits) != prices ** profits.shape[1]:
        raise KernelInputError(
            f"profits have shape {profits.shape}: a row for each combination of {prices} prices"
        )
    if not np.isfinite(profits).all():
        row, firm = np.argwhere(~np.isfinite(profits))[0]
        raise KernelInputError(
            f"profit of firm {firm} at combination {row} is {profits[row, firm]}, not finite"
        )
    if profits.size * prices > LARGEST_TABLE:
        raise KernelInputError(
            f"Q would have {profits.size * prices:,} entries, of {LARGEST_TABLE:,} at most"
        )
    if not (0.0 < learning.alpha <= 1.0 and 0.0 <= learning.delta < 1.0 and learning.beta > 0.0):
        raise KernelInputError(f"rates out of range: {learning}")
    if learning.patience < 1 or learning.most < 1:
        raise KernelInputError("patience and most are at least one period")
    if words.shape != (4,) or not words.any():
        raise KernelInputError("a seed is four words, not all zero")


def _cycle(greedy: IntArray, prices: int, state: int) -> IntArray:
    """Actions on the cycle in which greedy play from a state ends, (cycle, N)."""
    weights = prices ** np.arange(greedy.shape[1] - 1, -1, -1)
    seen: dict[int, int] = {}
    path: list[IntArray] = []
    while state not in seen:
        seen[state] = len(path)
        path.append(greedy[state])
        state = int(greedy[state] @ weights)
    return np.array(path[seen[state] :])


@kernel
def _rotate(word: int, bits: int) -> int:
    return (word << np.uint64(bits)) | (word >> np.uint64(64 - bits))  # type: ignore[return-value]


@unlocked_kernel
def _play(
    q: FloatArray,
    top: FloatArray,
    second: FloatArray,
    greedy: IntArray,
    profits: FloatArray,
    firms: int,
    prices: int,
    alpha: float,
    beta: float,
    delta: float,
    patience: int,
    most: int,
    words: WordArray,
) -> tuple[bool, int, int]:
    """Play until greedy actions rest; all arrays are flat, by state, then firm, then action.

    ``top`` is the largest entry of a row of Q and ``second`` no less than any other, so that a
    row is searched only when its greedy entry falls under ``second``. Random numbers are
    xoshiro256++ (Blackman & Vigna 2021, ACM Transactions on Mathematical Software 47(4)). One
    number serves twice: a firm explores if u < epsilon, and given that u / epsilon is uniform.
    """
    s0, s1, s2, s3 = words[0], words[1], words[2], words[3]
    action: IntArray = np.zeros(firms, dtype=np.int64)
    size = float(prices)
    growth = math.exp(beta)
    scale = 0.0
    state, still, t = 0, 0, 0
    # The first state is drawn: as if everybody had explored.
    first = True
    while t < most and still < patience:
        exponent = beta * t
        scale = size * math.exp(exponent) if exponent < 600.0 else FARTHEST
        last = min(t + BLOCK, most)
        while t < last and still < patience:
            reached = 0
            for firm in range(firms):
                drawn = _rotate(s0 + s3, 23) + s0
                shifted = s1 << np.uint64(17)
                s2 ^= s0
                s3 ^= s1
                s1 ^= s2
                s0 ^= s3
                s2 ^= shifted
                s3 = _rotate(s3, 45)
                place = float(drawn >> np.uint64(11)) * (2.0**-53) * scale
                tried = int(min(place, size))
                known = greedy[state * firms + firm]
                taken = known if tried >= prices else tried
                action[firm] = taken
                reached = reached * prices + taken
            if first:
                # Whole at t = 0: epsilon is one.
                state, first = reached, False
                continue
            changed = False
            for firm in range(firms):
                row = state * firms + firm
                taken = action[firm]
                entry = row * prices + taken
                ahead = reached * firms + firm
                old = q[entry]
                new = old + alpha * (profits[ahead] + delta * top[ahead] - old)
                q[entry] = new
                if taken == greedy[row]:
                    if new >= second[row]:
                        top[row] = new
                    else:
                        base = row * prices
                        best, high, next_high = 0, q[base], -np.inf
                        for k in range(1, prices):
                            value = q[base + k]
                            if value > high:
                                next_high, high, best = high, value, k
                            elif value > next_high:
                                next_high = value
                        top[row], second[row], greedy[row] = high, next_high, best
                        changed = changed or best != taken
                elif new > top[row]:
                    second[row], top[row], greedy[row] = top[row], new, taken
                    changed = True
                elif new > second[row]:
                    second[row] = new
            still = 0 if changed else still + 1
            state = reached
            scale = min(scale * growth, FARTHEST)
            t += 1
    return still >= patience, t, state
