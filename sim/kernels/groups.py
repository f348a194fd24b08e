"""Plain and nested logit, solved in one markup a firm (and nest).

With one type the zeta form gives all products of a firm f in a nest h one markup but for what
the price's wedge does: ``n_j = c_j - Lambda_ff + (1 - rho) net_j / alpha + theta_fh``. The G
unknowns ``theta_fh = (1 - rho) K_f + rho K_f|h`` are found by Newton's method, whatever J is.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels.cells import pool
from sim.kernels.game import PriceGame
from sim.kernels.jit import kernel, part
from sim.kernels.search import Equilibrium

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

MOST = 200
HALVINGS = 30


@part
def _choose(
    cells: IntArray,
    rho: FloatArray,
    outside: float,
    value: FloatArray,
    within: FloatArray,
    share: FloatArray,
) -> None:
    """Probabilities of cells, within nests and overall, from their utilities at prices."""
    size, nests = cells.shape[1], len(rho)
    top, total = np.full(nests, -np.inf), np.zeros(nests)
    for c in range(size):
        h = cells[1, c]
        top[h] = max(top[h], value[c] / (1.0 - rho[h]))
    best = outside
    for h in range(nests):
        best = max(best, top[h] * (1.0 - rho[h]))
    for c in range(size):
        h = cells[1, c]
        within[c] = math.exp(value[c] / (1.0 - rho[h]) - top[h])
        total[h] += within[c]
    denominator = math.exp(outside - best)
    for h in range(nests):
        if total[h] > 0.0:
            # From here on the value of the nest.
            top[h] = math.exp((1.0 - rho[h]) * (top[h] + math.log(total[h])) - best)
            denominator += top[h]
    for c in range(size):
        h = cells[1, c]
        within[c] /= total[h]
        share[c] = within[c] * top[h] / denominator


@part
def _residuals(
    alpha: float,
    span: FloatArray,
    cells: IntArray,
    groups: IntArray,
    rho: FloatArray,
    kappa: FloatArray,
    shadow: FloatArray,
    margin: FloatArray,
    within: FloatArray,
    share: FloatArray,
    theta: FloatArray,
    miss: FloatArray,
    slopes: FloatArray,
) -> None:
    """``(1 - rho) K_f + rho K_f|h - theta`` of each group, and minus its slopes in theta."""
    count, firms, nests = groups.shape[1], len(kappa), len(rho)
    # By group: margins, sales, and of free cells P / net, margin P / net and P; the same
    # within the nest.
    part_of, near = np.zeros((count, 5)), np.zeros((count, 5))
    for c in range(cells.shape[1]):
        g, net = cells[0, c], span[0, c]
        part_of[g, 0] += margin[c] * share[c]
        part_of[g, 1] += share[c]
        near[g, 0] += margin[c] * within[c]
        near[g, 1] += within[c]
        if cells[2, c] == 1:
            part_of[g, 2] += share[c] / net
            part_of[g, 3] += margin[c] * share[c] / net
            part_of[g, 4] += share[c]
            near[g, 2] += within[c] / net
            near[g, 3] += margin[c] * within[c] / net
            near[g, 4] += within[c]
    minded, close, steep = np.zeros(firms), np.zeros((firms, nests)), 1.0 / (1.0 - rho)
    for f in range(firms):
        for g in range(count):
            weight, units = kappa[f, groups[0, g]], shadow[f, groups[0, g]]
            minded[f] += weight * part_of[g, 0] + units * part_of[g, 1]
            close[f, groups[1, g]] += weight * near[g, 0] + units * near[g, 1]
    for g in range(count):
        f, h = groups[0, g], groups[1, g]
        miss[g] = (1.0 - rho[h]) * minded[f] + rho[h] * close[f, h] - theta[g]
        for k in range(count):
            weight, units = kappa[f, groups[0, k]], shadow[f, groups[0, k]]
            nest = groups[1, k]
            reply = minded[f]
            if rho[nest] > 0.0:
                reply += rho[nest] * steep[nest] * close[f, nest]
            value = steep[nest] * (weight * part_of[k, 3] + units * part_of[k, 2])
            change = weight * part_of[k, 4] - alpha * (value - reply * part_of[k, 2])
            slopes[g, k] = (rho[h] - 1.0) * change
            if nest == h and rho[h] > 0.0:
                value = weight * near[k, 3] + (units - close[f, h]) * near[k, 2]
                slopes[g, k] -= rho[h] * (weight * near[k, 4] - alpha * steep[nest] * value)
        slopes[g, g] += 1.0


@part
def _step_apart(
    alpha: float,
    span: FloatArray,
    cells: IntArray,
    groups: IntArray,
    shadow: FloatArray,
    margin: FloatArray,
    share: FloatArray,
    theta: FloatArray,
    miss: FloatArray,
    move: FloatArray,
) -> bool:
    """Residuals, and Newton's move, of firms that mind none but themselves, without nests.

    The matrix is then a diagonal and a product of two vectors (Sherman & Morrison 1950): F
    operations, not F cubed.
    """
    count = groups.shape[1]
    diagonal, minded, sold = np.ones(count), np.zeros(count), np.zeros(count)
    for c in range(cells.shape[1]):
        g = cells[0, c]
        own = shadow[groups[0, g], groups[0, g]]
        earned = (margin[c] + own) * share[c]
        minded[g] += earned
        if cells[2, c] == 1:
            sold[g] += share[c] / span[0, c]
            diagonal[g] += alpha * earned / span[0, c] - share[c]
    there, back = 0.0, 0.0
    for g in range(count):
        miss[g] = minded[g] - theta[g]
        move[g] = miss[g] / diagonal[g]
        there += sold[g] * move[g]
        back += sold[g] * alpha * minded[g] / diagonal[g]
    for g in range(count):
        move[g] += alpha * minded[g] / diagonal[g] * there / (1.0 - back)
    return abs(there / (1.0 - back)) < np.inf


@part
def _relative(
    values: FloatArray,
    span: FloatArray,
    cells: IntArray,
    lift: FloatArray,
    base: FloatArray,
    cell_of: IntArray,
    frozen: float,
) -> tuple[float, int]:
    """Largest change of a price relative to it that changes of theta make; NaN wins.

    ``lift`` (C,) is what stands on each product's cost / kept, ``frozen`` the highest price that
    does not move.
    """
    largest, worst, highest = 0.0, 0, frozen
    for c in range(cells.shape[1]):
        if cells[2, c] == 1:
            highest = max(highest, abs(span[1, c] + lift[c]), abs(span[2, c] + lift[c]))
    for c in range(cells.shape[1]):
        if cells[2, c] == 0:
            continue
        # The price nearest to nothing counts.
        product, smallest = cells[3, c], span[1, c] + lift[c]
        if not smallest >= 0.0:
            smallest = np.inf
            for j in range(len(base)):
                if cell_of[j] == c and not abs(base[j] + lift[c]) >= smallest:
                    product, smallest = j, abs(base[j] + lift[c])
        # As in the zeta map: a price near nothing is measured against the largest.
        size = abs(values[cells[0, c]] / span[0, c]) / max(smallest, 1e-6 * highest)
        if not size < np.inf:
            return np.nan, product
        if size > largest:
            largest, worst = size, product
    return largest, worst


@part
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
    products: FloatArray,
    cell_of: IntArray,
    span: FloatArray,
    cells: IntArray,
    groups: IntArray,
    rho: FloatArray,
    kappa: FloatArray,
    shadow: FloatArray,
    alpha: float,
    outside: float,
    apart: bool,
    start: FloatArray,
    tolerance: float,
) -> tuple[FloatArray, FloatArray, bool, float, float, int, int]:
    size, count = cells.shape[1], groups.shape[1]
    base = products[4]
    prices, share = start.copy(), np.zeros(len(start))
    margin, utility, value, lift = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    within, bought = np.empty(size), np.empty(size)
    theta: FloatArray = np.empty(count)
    miss, newton = np.empty(count), np.empty(count)
    slopes = np.empty((0, 0) if apart else (count, count))
    pool(products, cell_of, cells, rho, alpha, start, share, utility, margin, theta)
    frozen = 0.0
    for j in range(len(start)):
        if cell_of[j] >= 0 and cells[2, cell_of[j]] == 0:
            frozen = max(frozen, abs(start[j]))
    count_of, best, last = 0, np.inf, theta.copy()
    move: FloatArray = np.zeros(count)
    residual, error, worst, halvings, converged = np.inf, np.inf, 0, 0, False
    while True:
        theta = last + move
        for c in range(size):
            value[c] = utility[c]
            if cells[2, c] == 1:
                g = cells[0, c]
                own = shadow[groups[0, g], groups[0, g]]
                margin[c] = (1.0 - rho[cells[1, c]]) * span[0, c] / alpha - own + theta[g]
                lift[c] = margin[c] / span[0, c]
                value[c] -= alpha * lift[c]
        _choose(cells, rho, outside, value, within, bought)
        regular = True
        if apart:
            regular = _step_apart(
                alpha, span, cells, groups, shadow, margin, bought, theta, miss, newton
            )
        else:
            _residuals(
                alpha, span, cells, groups, rho, kappa, shadow, margin, within, bought, theta,
                miss, slopes,
            )
        count_of += 1
        if count_of == 1:
            # The zeta map's reply to the start.
            move[:] = miss
            continue
        residual, worst = _relative(miss, span, cells, lift, base, cell_of, frozen)
        if (not residual < best) and halvings < HALVINGS and count_of < MOST and best < np.inf:
            move = 0.5 * move
            halvings += 1
            continue
        if not residual < np.inf:
            error = np.inf
            break
        if not apart:
            newton[:] = miss
            regular = _solve(slopes, newton)
        if not regular:
            error = np.inf
            break
        move[:] = newton
        error, _ = _relative(move, span, cells, lift, base, cell_of, frozen)
        converged = residual < tolerance and error < tolerance
        if converged or count_of >= MOST or halvings >= HALVINGS:
            break
        best, last, halvings = residual, theta, 0
    for j in range(len(start)):
        c = cell_of[j]
        if c >= 0:
            share[j] *= bought[c]
            if cells[2, c] == 1:
                prices[j] = base[j] + lift[c]
    return prices, share, converged, residual, error, count_of, worst


def solve_groups(game: PriceGame, start: FloatArray, tolerance: float) -> Equilibrium:
    """Solve a game of one type by Newton's method in group markups.

    Parameters
    ----------
    start
        (J,) prices, money.
    tolerance
        Accepted relative price error, estimated.

    Returns
    -------
    Equilibrium
        With its verdict; not converged where Newton's matrix is singular or does not help.

    Raises
    ------
    KernelInputError
        The start has another number of products.
    """
    if start.shape != game.costs.shape:
        raise KernelInputError(f"start prices have shape {start.shape}, not {game.costs.shape}")
    prices, shares, converged, residual, error, count, worst = _newton(
        *game.cells, start, tolerance
    )
    weight = game.demand.weights[0]
    return Equilibrium(
        prices,
        shares if weight == 1.0 else weight * shares,
        bool(converged),
        residual,
        error,
        count,
        int(worst),
        method="groups",
    )
