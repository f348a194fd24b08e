"""Plain and nested logit, solved in one markup a firm (and nest).

With one type the zeta form gives all products of a firm f in a nest h one markup but for what
the price's wedge does: ``n_j = c_j - Lambda_ff + (1 - rho) net_j / alpha + theta_fh``. The G
unknowns ``theta_fh = (1 - rho) K_f + rho K_f|h`` are found by Newton's method, whatever J is.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernels.demand import require_prices
from sim.kernels.game import PriceGame
from sim.kernels.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

MOST = 200
HALVINGS = 30


class GroupPoint(NamedTuple):
    """Where Newton's method in group markups ended."""

    prices: FloatArray
    shares: FloatArray
    converged: bool
    residual: float
    error: float
    iterations: int
    worst: int


@kernel
def _find_groups(
    on_sale: BoolArray, firm_of: IntArray, nest_of: IntArray, firms: int, nests: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Group of each product (-1 if not on sale), firm and nest of each group."""
    table = np.full((firms, nests), -1, dtype=np.int64)
    group_of = np.full(len(on_sale), -1, dtype=np.int64)
    group_firm = np.empty(len(on_sale), dtype=np.int64)
    group_nest = np.empty(len(on_sale), dtype=np.int64)
    groups = 0
    for j in range(len(on_sale)):
        if not on_sale[j]:
            continue
        f, h = firm_of[j], nest_of[j]
        if table[f, h] < 0:
            table[f, h] = groups
            group_firm[groups], group_nest[groups] = f, h
            groups += 1
        group_of[j] = table[f, h]
    return group_of, group_firm[:groups].copy(), group_nest[:groups].copy()


@kernel
def _choose(
    delta: FloatArray,
    alpha: float,
    outside: float,
    prices: FloatArray,
    group_of: IntArray,
    nest_of: IntArray,
    rho: FloatArray,
    within: FloatArray,
    share: FloatArray,
) -> None:
    """Probabilities of one type, within nests and overall, into ``within`` and ``share``."""
    products, nests = len(delta), len(rho)
    top, total = np.full(nests, -np.inf), np.zeros(nests)
    for j in range(products):
        if group_of[j] >= 0:
            value = (delta[j] - alpha * prices[j]) / (1.0 - rho[nest_of[j]])
            within[j] = value
            top[nest_of[j]] = max(top[nest_of[j]], value)
    best = outside
    for h in range(nests):
        best = max(best, top[h] * (1.0 - rho[h]))
    for j in range(products):
        share[j] = 0.0
        if group_of[j] >= 0:
            within[j] = math.exp(within[j] - top[nest_of[j]])
            total[nest_of[j]] += within[j]
    denominator = math.exp(outside - best)
    value_of = np.zeros(nests)
    for h in range(nests):
        if total[h] > 0.0:
            value_of[h] = math.exp((1.0 - rho[h]) * (top[h] + math.log(total[h])) - best)
            denominator += value_of[h]
    for j in range(products):
        if group_of[j] >= 0:
            within[j] /= total[nest_of[j]]
            share[j] = within[j] * value_of[nest_of[j]] / denominator


@kernel
def _residuals(
    alpha: float,
    cost: FloatArray,
    net: FloatArray,
    free: BoolArray,
    prices: FloatArray,
    kappa: FloatArray,
    shadow: FloatArray,
    group_of: IntArray,
    group_firm: IntArray,
    group_nest: IntArray,
    rho: FloatArray,
    within: FloatArray,
    share: FloatArray,
    theta: FloatArray,
    miss: FloatArray,
    slopes: FloatArray,
) -> None:
    """``(1 - rho) K_f + rho K_f|h - theta`` of each group, and minus its slopes in theta."""
    groups, firms, nests = len(group_firm), len(kappa), len(rho)
    # By group: margins, sales, and of free products P / net, margin P / net and P; the same
    # within the nest.
    part, near = np.zeros((groups, 5)), np.zeros((groups, 5))
    for j in range(len(cost)):
        g = group_of[j]
        if g < 0:
            continue
        margin = net[j] * prices[j] - cost[j]
        part[g, 0] += margin * share[j]
        part[g, 1] += share[j]
        near[g, 0] += margin * within[j]
        near[g, 1] += within[j]
        if free[j]:
            part[g, 2] += share[j] / net[j]
            part[g, 3] += margin * share[j] / net[j]
            part[g, 4] += share[j]
            near[g, 2] += within[j] / net[j]
            near[g, 3] += margin * within[j] / net[j]
            near[g, 4] += within[j]
    minded, close = np.zeros(firms), np.zeros((firms, nests))
    for f in range(firms):
        for g in range(groups):
            weight, units = kappa[f, group_firm[g]], shadow[f, group_firm[g]]
            minded[f] += weight * part[g, 0] + units * part[g, 1]
            close[f, group_nest[g]] += weight * near[g, 0] + units * near[g, 1]
    for g in range(groups):
        f, h = group_firm[g], group_nest[g]
        miss[g] = (1.0 - rho[h]) * minded[f] + rho[h] * close[f, h] - theta[g]
        for k in range(groups):
            weight, units = kappa[f, group_firm[k]], shadow[f, group_firm[k]]
            nest = group_nest[k]
            steep = 1.0 / (1.0 - rho[nest])
            value = weight * part[k, 3] + units * part[k, 2]
            reply = rho[nest] * steep * close[f, nest] + minded[f]
            change = weight * part[k, 4] - alpha * (steep * value - reply * part[k, 2])
            slope = (1.0 - rho[h]) * change
            if nest == h and rho[h] > 0.0:
                value = weight * near[k, 3] + units * near[k, 2]
                change = value - close[f, h] * near[k, 2]
                slope += rho[h] * (weight * near[k, 4] - alpha * steep * change)
            slopes[g, k] = -slope
        slopes[g, g] += 1.0


@kernel
def _set_prices(
    alpha: float,
    cost: FloatArray,
    own: FloatArray,
    net: FloatArray,
    free: BoolArray,
    group_of: IntArray,
    nest_of: IntArray,
    rho: FloatArray,
    theta: FloatArray,
    prices: FloatArray,
) -> None:
    for j in range(len(cost)):
        if group_of[j] >= 0 and free[j]:
            markup = (1.0 - rho[nest_of[j]]) * net[j] / alpha + theta[group_of[j]]
            prices[j] = (cost[j] - own[j] + markup) / net[j]


@kernel
def _relative(
    values: FloatArray, net: FloatArray, free: BoolArray, group_of: IntArray, prices: FloatArray
) -> tuple[float, int]:
    """Largest change of a price relative to it that changes of theta make; NaN wins."""
    largest, worst, highest = 0.0, 0, 0.0
    for j in range(len(net)):
        if group_of[j] >= 0:
            highest = max(highest, abs(prices[j]))
    for j in range(len(net)):
        if group_of[j] >= 0 and free[j]:
            # As in the zeta map: a price near nothing is measured against the largest.
            size = abs(values[group_of[j]] / net[j]) / max(abs(prices[j]), 1e-6 * highest)
            if not size < np.inf:
                return np.nan, j
            if size > largest:
                largest, worst = size, j
    return largest, worst


@kernel
def _solve(matrix: FloatArray, right: FloatArray) -> bool:
    """Solve in place by Gauss, the largest pivot first; whether the matrix was regular.

    Groups are few: a call of the library would cost more than the arithmetic.
    """
    size = len(right)
    for k in range(size):
        pivot = k
        for n in range(k + 1, size):
            if abs(matrix[n, k]) > abs(matrix[pivot, k]):
                pivot = n
        if not abs(matrix[pivot, k]) > 0.0:
            return False
        if pivot != k:
            for m in range(k, size):
                matrix[k, m], matrix[pivot, m] = matrix[pivot, m], matrix[k, m]
            right[k], right[pivot] = right[pivot], right[k]
        for n in range(k + 1, size):
            factor = matrix[n, k] / matrix[k, k]
            if factor != 0.0:
                for m in range(k + 1, size):
                    matrix[n, m] -= factor * matrix[k, m]
                right[n] -= factor * right[k]
    for k in range(size - 1, -1, -1):
        for m in range(k + 1, size):
            right[k] -= matrix[k, m] * right[m]
        right[k] /= matrix[k, k]
    return True


@kernel
def _newton(
    delta: FloatArray,
    alpha: float,
    outside: float,
    cost: FloatArray,
    own: FloatArray,
    net: FloatArray,
    free: BoolArray,
    on_sale: BoolArray,
    firm_of: IntArray,
    nest_of: IntArray,
    rho: FloatArray,
    kappa: FloatArray,
    shadow: FloatArray,
    start: FloatArray,
    tolerance: float,
    most: int,
) -> tuple[FloatArray, FloatArray, bool, float, float, int, int]:
    products = len(delta)
    group_of, group_firm, group_nest = _find_groups(
        on_sale, firm_of, nest_of, len(kappa), len(rho)
    )
    groups = len(group_firm)
    prices, within, share = start.copy(), np.zeros(products), np.zeros(products)
    theta: FloatArray = np.zeros(groups)
    miss, slopes = np.empty(groups), np.empty((groups, groups))
    _choose(delta, alpha, outside, prices, group_of, nest_of, rho, within, share)
    _residuals(
        alpha, cost, net, free, prices, kappa, shadow, group_of, group_firm, group_nest, rho,
        within, share, theta, miss, slopes,
    )
    # The zeta map's reply to the start.
    move: FloatArray = miss.copy()
    count, best, last = 1, np.inf, theta.copy()
    residual, error, worst, halvings = np.inf, np.inf, 0, 0
    while True:
        theta = last + move
        _set_prices(alpha, cost, own, net, free, group_of, nest_of, rho, theta, prices)
        _choose(delta, alpha, outside, prices, group_of, nest_of, rho, within, share)
        _residuals(
            alpha, cost, net, free, prices, kappa, shadow, group_of, group_firm, group_nest,
            rho, within, share, theta, miss, slopes,
        )
        count += 1
        residual, worst = _relative(miss, net, free, group_of, prices)
        if (not residual < best) and halvings < HALVINGS and count < most and best < np.inf:
            move = 0.5 * move
            halvings += 1
            continue
        if not residual < np.inf:
            return prices, share, False, residual, np.inf, count, worst
        move[:] = miss
        if not _solve(slopes, move):
            return prices, share, False, residual, np.inf, count, worst
        error, _ = _relative(move, net, free, group_of, prices)
        if residual < tolerance and error < tolerance:
            return prices, share, True, residual, error, count, worst
        if count >= most or halvings >= HALVINGS:
            return prices, share, False, residual, error, count, worst
        best, last, halvings = residual, theta, 0


def solve_groups(
    game: PriceGame, start: FloatArray, tolerance: float, most: int = MOST
) -> GroupPoint:
    """Solve a game of one type by Newton's method in group markups.

    Parameters
    ----------
    start
        (J,) prices, money.
    tolerance
        Accepted relative price error, estimated.
    most
        Evaluations allowed, at least two.

    Returns
    -------
    GroupPoint
        With its verdict; not converged where Newton's matrix is singular or does not help.

    Raises
    ------
    KernelInputError
        The start is not one finite price a product on sale.
    """
    demand = game.demand
    require_prices(demand, start)
    products = len(game.costs)
    nest_of = demand.nest_of if demand.nest_of is not None else np.zeros(products, dtype=np.int64)
    rho = demand.rho if demand.rho is not None else np.zeros(1)
    on_sale = (
        np.ones(products, dtype=np.bool_) if demand.available is None else demand.available
    )
    shadow = game.lambdas
    prices, shares, converged, residual, error, count, worst = _newton(
        demand.delta if demand.mu is None else demand.delta + demand.mu[0],
        demand.alpha[0],
        demand.outside[0],
        game.costs,
        np.diag(shadow)[game.firm_of],
        game.kept,
        ~game.held,
        on_sale,
        game.firm_of,
        nest_of,
        rho,
        game.weights,
        shadow,
        start,
        tolerance,
        most,
    )
    return GroupPoint(
        prices, demand.weights[0] * shares, converged, residual, error, count, int(worst)
    )
