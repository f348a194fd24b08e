"""The zeta map of Morrow & Skerlos (2011), compiled: one evaluation, and its iteration.

Types are innermost and come in blocks that stay in the processor's cache, so every loop is a
vector loop whatever the firms and nests look like, and one evaluation costs one exponential a
type and product. Arrays here are (J, I): products first. Kernels that call each other stand in
this one file, because compiled code is kept by file.

Own shadow values are part of the cost that is handed in (``c - Lambda_ff``), so margins are
``n - c + Lambda_ff`` and ``K_f = S_f + sum_g kappa_fg S_g + (Lambda_fg - kappa_fg Lambda_gg)
Q_g`` over the other firms g that f minds. With nests (of the outer logit) a *group* is a firm's
products in one nest, and the numerator gains ``rho / (1 - rho)`` times the same sum within it.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from sim.kernels.compiled import Market, Shift, Work
from sim.kernels.jit import kernel, power_of_two

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Adding 1.5 * 2**52 rounds to a whole number, which then stands in the low bits.
ROUNDER = 6755399441055744.0
# Outside these the exponentials of a type have left their range and want a new shift.
SMALLEST, LARGEST = 1e-250, 1e250
# Narrower within a nest: ``lift`` is cut (see ``shift_types``), so the nest must stay near it.
NEST_RANGE = 1e10

# Verdicts of ``iterate``.
CONVERGED, UNFINISHED, BROKEN, OUT_OF_RANGE = 0, 1, 2, 3
# Under this relative step rounding decides, and ratios of steps say nothing.
ROUNDING = 2e-15
# A lost column of Anderson's least squares: what is left of it is rounding.
DEPENDENT = 1e-7
# Prices this near to nothing are measured against the largest.
SMALLEST_PRICE = 1e-6
# The radius is seen in another norm than the error is stated in.
CAUTION = 2.0
# Newton's moves that shrink faster than this need no acceleration.
FAST = 0.02
# An accelerated step further than this, relative to the price, is not believed.
FAR = 4.0


@numba.njit(cache=True, fastmath={"contract"}, error_model="numpy")
def power(x: float) -> float:
    """``2 ** x`` to 4e-16, of arguments cut to -860 .. 1000; NaN stays NaN.

    A polynomial on -1/2 .. 1/2 (interpolation at the Chebyshev nodes, error 4e-18) in Estrin's
    order: unlike the library's exponential, the compiler can evaluate several at once.
    Reassociation must stay off, it would undo the rounding.
    """
    x = -860.0 if x < -860.0 else x
    x = 1000.0 if x > 1000.0 else x
    moved = x + ROUNDER
    r = x - (moved - ROUNDER)
    r2 = r * r
    r4 = r2 * r2
    low = (1.0 + r * 0.693147180559945309254) + r2 * (
        0.240226506959101595672 + r * 0.0555041086648216270395
    )
    middle = (0.00961812910758725666806 + r * 0.00133335581464064706971) + r2 * (
        0.000154035304637243542086 + r * 0.0000152527338415567725893
    )
    high = (0.00000132154325359123761665 + r * 1.01780570877339411046e-7) + r2 * (
        7.07419429728852100556e-9 + r * 4.45581790833606449298e-10
    )
    return float((low + r4 * (middle + r4 * high)) * power_of_two(moved))


@kernel
def _mind(
    pairs: IntArray,
    weights: FloatArray,
    earned: FloatArray,
    sold: FloatArray,
    minded: FloatArray,
    size: int,
) -> None:
    """Add what firms (or groups) mind of others' profits and sales."""
    for n in range(pairs.shape[1]):
        to, one, other = minded[pairs[0, n]], earned[pairs[1, n]], sold[pairs[1, n]]
        profit, units = weights[0, n], weights[1, n]
        for b in range(size):
            to[b] += profit * one[b] + units * other[b]


@kernel
def _mix_logit(market: Market, shift: Shift, work: Work, first: int, size: int) -> bool:
    """From sums of exponentials to the factors that a group's products share: no nests."""
    base, slope, total = work.base[0], work.slope[0], work.within[0]
    earned, sold, minded, gain = work.earned, work.sold, work.minded, work.gain
    weights, alpha = market.weights[first : first + size], market.alpha[first : first + size]
    row_group, row_net = market.row_group, market.row_net
    total[:size] = shift.odds[first : first + size]
    for g in range(len(market.group_firm)):
        units = sold[g]
        for b in range(size):
            total[b] += units[b]
    lowest, highest = np.inf, 0.0
    for b in range(size):
        value = total[b]
        lowest = value if value < lowest else lowest
        highest = value if value > highest else highest
        inverse = 1.0 / value
        base[b] = weights[b] * inverse
        slope[b] = base[b] * alpha[b]
        total[b] = slope[b] * inverse
    minded[:] = earned
    _mind(market.reach, market.reach_weight, earned, sold, minded, size)
    for r in range(len(row_group)):
        to, one, net = gain[r], minded[row_group[r]], row_net[r]
        for b in range(size):
            to[b] = net * base[b] + total[b] * one[b]
    return lowest > SMALLEST and highest < LARGEST


@kernel
def _mix_nested(market: Market, shift: Shift, work: Work, first: int, size: int) -> bool:
    """From sums of exponentials to the factors that a group's products share: nests."""
    nests, groups = len(market.rho), len(market.group_firm)
    work.within[:] = 0.0
    for g in range(groups):
        total, units = work.within[market.group_nest[g]], work.sold[g]
        for b in range(size):
            total[b] += units[b]
    in_range = True
    for b in range(size):
        outer = shift.odds[first + b]
        for h in range(nests):
            inner = work.within[h, b]
            in_range &= 1.0 / NEST_RANGE < inner < NEST_RANGE
            value = math.exp((1.0 - market.rho[h]) * math.log(inner)) * shift.lift[h, first + b]
            outer += value
            work.base[h, b] = value / inner
            work.within[h, b] = 1.0 / inner
        in_range &= SMALLEST < outer < LARGEST
        inverse = 1.0 / outer
        for h in range(nests):
            work.base[h, b] *= inverse
            # Until the weights come in, slope holds P_h / D_h.
            work.slope[h, b] = work.base[h, b]
    work.firm_earned[:] = 0.0
    work.firm_sold[:] = 0.0
    for g in range(groups):
        part, inner = work.slope[market.group_nest[g]], work.within[market.group_nest[g]]
        one, other = work.firm_earned[market.group_firm[g]], work.firm_sold[market.group_firm[g]]
        profit, units, near = work.earned[g], work.sold[g], work.close[g]
        for b in range(size):
            one[b] += profit[b] * part[b]
            other[b] += units[b] * part[b]
            profit[b] *= inner[b]
            units[b] *= inner[b]
            near[b] = profit[b]
    work.minded[:] = work.firm_earned
    earned, sold = work.firm_earned, work.firm_sold
    _mind(market.reach, market.reach_weight, earned, sold, work.minded, size)
    _mind(market.near, market.near_weight, work.earned, work.sold, work.close, size)
    for h in range(nests):
        for b in range(size):
            work.base[h, b] *= market.weights[first + b]
            work.slope[h, b] = work.base[h, b] * market.alpha[first + b]
    for r in range(len(market.row_group)):
        group, net = market.row_group[r], market.row_net[r]
        nest = market.group_nest[group]
        odd = market.rho[nest] / (1.0 - market.rho[nest])
        one, near, to = work.minded[market.group_firm[group]], work.close[group], work.gain[r]
        base, slope = work.base[nest], work.slope[nest]
        for b in range(size):
            to[b] = net * base[b] + slope[b] * (one[b] + odd * near[b])
    return in_range


@kernel
def evaluate(
    market: Market, shift: Shift, work: Work, prices: FloatArray, sums: FloatArray, count: bool
) -> bool:
    """Sums over types that the zeta map is made of.

    Parameters
    ----------
    prices
        (J,) money.
    sums
        (3, J) receives ``A_j = sum_i w_i alpha_i P_ij``, the numerator ``net_j s_j + sum_i w_i
        alpha_i P_ij (K_if + rho / (1 - rho) K_if|h)`` and, if ``count``, shares s_j.

    Returns
    -------
    bool
        Whether all exponentials stayed in range.
    """
    # Arrays are taken out of the tuples once: each look inside costs two atomic operations.
    utility, coefficients, cost, net = market.utility, market.alpha_bits, market.cost, market.net
    steepness, group_of = market.steepness, market.group_of
    nest_of, row_of = market.nest_of, market.row_of
    weight, all_earned, all_sold = work.weight, work.earned, work.sold
    all_gain, all_slope, all_base = work.gain, work.slope, work.base
    products, types = utility.shape
    # From the array, not a constant of another file: compiled code is kept by file.
    block = weight.shape[1]
    sums[:] = 0.0
    in_range = True
    for first in range(0, types, block):
        size = min(block, types - first)
        alpha = coefficients[first : first + size]
        all_earned[:] = 0.0
        all_sold[:] = 0.0
        for j in range(products):
            value, here = utility[j, first : first + size], weight[j]
            price, profit = prices[j] * steepness[j], net[j] * prices[j] - cost[j]
            earned, sold = all_earned[group_of[j]], all_sold[group_of[j]]
            for b in range(size):
                e = power(value[b] - alpha[b] * price)
                here[b] = e
                sold[b] += e
                earned[b] += profit * e
        if len(market.rho) == 0:
            in_range &= _mix_logit(market, shift, work, first, size)
        else:
            in_range &= _mix_nested(market, shift, work, first, size)
        for j in range(products):
            here, gain, steep = weight[j], all_gain[row_of[j]], all_slope[nest_of[j]]
            slope, markup = 0.0, 0.0
            for b in range(size):
                slope += here[b] * steep[b]
                markup += here[b] * gain[b]
            sums[0, j] += slope
            sums[1, j] += markup
            if count:
                base, share = all_base[nest_of[j]], 0.0
                for b in range(size):
                    share += here[b] * base[b]
                sums[2, j] += share
    return in_range


@kernel
def zeta_step(
    market: Market,
    shift: Shift,
    work: Work,
    prices: FloatArray,
    sums: FloatArray,
    step: FloatArray,
    count: bool,
) -> bool:
    """Undamped zeta step, (J,) money of price, 0 where frozen; whether all stayed in range."""
    in_range = evaluate(market, shift, work, prices, sums, count)
    for j in range(len(step)):
        step[j] = 0.0
        if market.free[j]:
            markup = sums[1, j] / (sums[0, j] * market.steepness[j])
            step[j] = (market.cost[j] + markup) / market.net[j] - prices[j]
    return in_range


@kernel
def largest_step(step: FloatArray, scale: FloatArray) -> tuple[float, int]:
    """Largest relative step and its product; NaN and infinity win over every number."""
    largest, worst = 0.0, 0
    for j in range(len(step)):
        size = abs(step[j]) * scale[j]
        if not size < np.inf:
            return np.nan, j
        if size > largest:
            largest, worst = size, j
    return largest, worst


@kernel
def _measure(prices: FloatArray, scale: FloatArray) -> None:
    """One over the size of each price; prices near nothing count as part of the largest."""
    highest = 0.0
    for j in range(len(prices)):
        highest = max(highest, abs(prices[j]))
    floor = SMALLEST_PRICE * highest if highest > 0.0 else 1.0
    for j in range(len(prices)):
        scale[j] = 1.0 / max(abs(prices[j]), floor)


@kernel
def _dot(one: FloatArray, other: FloatArray) -> float:
    total = 0.0
    for j in range(len(one)):
        total += one[j] * other[j]
    return total


@kernel
def accelerate(
    moves: FloatArray,
    changes: FloatArray,
    held: int,
    newest: int,
    step: FloatArray,
    scale: FloatArray,
    basis: FloatArray,
    rest: FloatArray,
    target: FloatArray,
) -> None:
    """Anderson's (1965) next point, added to ``target``, in relative prices.

    Least squares of the step on past changes of steps, newest first, by Gram and Schmidt;
    columns that depend on newer ones are left out.
    """
    products, past = len(step), len(moves)
    weights, goal = np.zeros((held, held)), np.zeros(held)
    for j in range(products):
        rest[j] = step[j] * scale[j]
        target[j] += step[j]
    for k in range(held):
        column, change = basis[k], changes[(newest - k) % past]
        for j in range(products):
            column[j] = change[j] * scale[j]
        before = math.sqrt(_dot(column, column))
        for n in range(k):
            weight, other = _dot(basis[n], column), basis[n]
            weights[n, k] = weight
            for j in range(products):
                column[j] -= weight * other[j]
        after = math.sqrt(_dot(column, column))
        if not after > DEPENDENT * before:
            column[:] = 0.0
            continue
        weights[k, k] = after
        for j in range(products):
            column[j] /= after
        goal[k] = _dot(column, rest)
        for j in range(products):
            rest[j] -= goal[k] * column[j]
    for k in range(held - 1, -1, -1):
        if weights[k, k] == 0.0:
            continue
        for n in range(k + 1, held):
            goal[k] -= weights[k, n] * goal[n]
        goal[k] /= weights[k, k]
        past_move, change = moves[(newest - k) % past], changes[(newest - k) % past]
        for j in range(products):
            target[j] -= goal[k] * (past_move[j] + change[j])


@kernel
def _improve(inverse: FloatArray, step: FloatArray, move: FloatArray) -> None:
    """Zeta step to Newton's move, where an inverse of ``-d step / dp`` is known."""
    for j in range(len(step)):
        move[j] = step[j] if len(inverse) == 0 else _dot(inverse[j], step)


@kernel
def iterate(
    market: Market,
    shift: Shift,
    work: Work,
    start: FloatArray,
    inverse: FloatArray,
    memory: int,
    tolerance: float,
    most: int,
) -> tuple[int, int, float, float, int, FloatArray, FloatArray]:
    """Accelerated steps until they are small, then plain ones that measure the radius.

    Parameters
    ----------
    market, shift, work
        As ``compile_game``, ``make_room`` and ``shift_types`` leave them.
    start
        (J,) prices to start from.
    inverse
        (J, J) inverse of ``-d step / dp`` near the solution, for Newton's moves; (0, 0) for
        zeta's own.
    memory
        Past steps that Anderson's acceleration looks at; 0 for plain steps only.
    most
        Evaluations allowed.

    Returns
    -------
    tuple
        Verdict, evaluations, residual, estimated error, worst product, prices, shares.
    """
    products = len(start)
    prices, step, sums = start.copy(), np.empty(products), np.empty((3, products))
    move, last_move, target = np.empty(products), np.empty(products), np.empty(products)
    past = max(memory, 1)
    moves, changes = np.empty((past, products)), np.empty((past, products))
    basis, rest, scale = np.empty((past, products)), np.empty(products), np.empty(products)
    count, held, newest, radius, previous = 1, 0, -1, 0.0, np.inf
    plain, status, residual, error, worst = False, UNFINISHED, np.inf, np.inf, 0
    in_range = zeta_step(market, shift, work, prices, sums, step, False)
    _improve(inverse, step, move)
    while True:
        _measure(prices, scale)
        residual, worst = largest_step(step, scale)
        if not in_range:
            status = OUT_OF_RANGE
            break
        if not residual < np.inf:
            status = BROKEN
            break
        size, _ = largest_step(move, scale)
        if plain and previous < np.inf:
            # Under ROUNDING the ratio of two steps says nothing; the last one stands.
            radius = size / previous if size > ROUNDING and previous > 0.0 else radius
        error = CAUTION * size / (1.0 - radius) if radius < 1.0 else np.inf
        small = residual < tolerance and (error < tolerance or size <= ROUNDING)
        if small and plain:
            status = CONVERGED
            break
        if count >= most:
            break
        plain = small or held == 0 or memory == 0 or (len(inverse) > 0 and radius < FAST)
        target[:] = prices
        if not plain:
            accelerate(moves, changes, held, newest, move, scale, basis, rest, target)
            for j in range(products):
                if not abs(target[j] - prices[j]) * scale[j] < FAR:
                    plain = True
                    break
        if plain:
            for j in range(products):
                target[j] = prices[j] + move[j]
        newest = (newest + 1) % past
        held = min(held + 1, memory)
        for j in range(products):
            moves[newest, j] = target[j] - prices[j]
            last_move[j] = move[j]
            prices[j] = target[j]
        previous = size
        count += 1
        # Only after a plain step can a point be accepted and its shares be wanted.
        in_range = zeta_step(market, shift, work, prices, sums, step, plain)
        _improve(inverse, step, move)
        for j in range(products):
            changes[newest, j] = move[j] - last_move[j]
    if status != CONVERGED:
        evaluate(market, shift, work, prices, sums, True)
    return status, count, residual, error, worst, prices, sums[2].copy()
