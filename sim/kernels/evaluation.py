"""One evaluation of the first-order conditions: sums over types, compiled.

Types are innermost and come in blocks that stay in the processor's cache, so every loop is a
vector loop whatever the firms and nests look like. Arrays here are (J, I): products first, those
of a row (group and net share) side by side and taken four at a time, so that what they share is
read and written once.

An evaluation costs one exponential a type and product where prices have moved far (``power``);
near the last ones the exponentials are multiplied by those of the small moves (``grow``). Far from
the solution single precision is enough (``single``): a vector then holds twice as many types.

Own shadow values are part of the cost that is handed in (``c - Lambda_ff``), so margins are
``n - c + Lambda_ff`` and ``K_f = S_f + sum_g kappa_fg S_g + (Lambda_fg - kappa_fg Lambda_gg)
Q_g`` over the other firms g that f minds. With nests (of the outer logit) a *group* is a firm's
products in one nest, and the numerator gains ``rho / (1 - rho)`` times the same sum within it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.kernels.compiled import Market, Shift, Work
from sim.kernels.jit import part
from sim.kernels.powers import SMALL
from sim.kernels.rows import move_four, move_one, raise_four, raise_one, raise_single

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Outside these the exponentials of a type have left their range and want a new shift.
# Squares of the sums are divided by, so half of the exponents must stay free.
SMALLEST, LARGEST, LARGEST_SINGLE = 1e-120, 1e120, 1e12
# Narrower within a nest: ``lift`` is cut (see ``shift_types``), so the nest must stay near it.
NEST_RANGE = 1e10
# Rounding adds up where exponentials are multiplied on and on: after so many moves, anew.
MOST_MOVES = 12


@part
def _fill(
    market: Market, shift: Shift, work: Work, moved: FloatArray, near: bool, first: int, size: int
) -> None:
    """Exponentials of a block of types, and sums over the products of each group."""
    # Arrays are taken out of the tuples once: each look inside costs two atomic operations. Rows
    # are cut from whole arrays: the compiler knows then that they are contiguous.
    last = first + size
    alpha = (market.alpha if near else market.alpha_bits)[first:last]
    room, tastes, levels = work.weight, market.tastes, shift.level
    taste_of, base, profit, run = market.taste_of, market.base, work.profit, market.run
    row_group, group_nest = market.row_group, market.group_nest
    all_earned, all_sold = work.earned, work.sold
    all_earned[:] = 0.0
    all_sold[:] = 0.0
    for r in range(len(run) - 1):
        group, j = row_group[r], run[r]
        earned, sold = all_earned[group, :size], all_sold[group, :size]
        level = levels[group_nest[group], first:last]
        while j < run[r + 1]:
            if run[r + 1] - j < 4:
                here = room[j, first:last]
                if near:
                    move_one(moved[j], profit[j], alpha, here, earned, sold)
                else:
                    taste = tastes[taste_of[j], first:last]
                    raise_one(
                        taste, base[j], moved[j], profit[j], alpha, level, here, earned, sold
                    )
                j += 1
                continue
            r0, r1 = room[j, first:last], room[j + 1, first:last]
            r2, r3 = room[j + 2, first:last], room[j + 3, first:last]
            if near:
                move_four(j, moved, profit, alpha, r0, r1, r2, r3, earned, sold)
            else:
                t0, t1 = tastes[taste_of[j], first:last], tastes[taste_of[j + 1], first:last]
                t2, t3 = tastes[taste_of[j + 2], first:last], tastes[taste_of[j + 3], first:last]
                raise_four(
                    j, base, moved, profit, t0, t1, t2, t3, alpha, level, r0, r1, r2, r3, earned,
                    sold,
                )
            j += 4


@part
def _fill_single(market: Market, work: Work, moved: FloatArray, first: int, size: int) -> None:
    """The same in single precision; ``moved`` is from the prices that it started from."""
    last, group_of, profit = first + size, market.group_of, work.profit
    alpha, start, room = work.alpha_single[first:last], work.start_single, work.weight_single
    earned, sold = work.earned_single, work.sold_single
    earned[:] = 0.0
    sold[:] = 0.0
    for j in range(len(moved)):
        group = group_of[j]
        raise_single(
            np.float32(moved[j]), np.float32(profit[j]), alpha, start[j, first:last],
            room[j, :size], earned[group, :size], sold[group, :size],
        )
    work.earned[:] = earned
    work.sold[:] = sold


@part
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


@part
def _mix_logit(
    market: Market, shift: Shift, work: Work, first: int, size: int, limit: float
) -> bool:
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
    if market.reach.shape[1] > 0:
        minded[:] = earned
        _mind(market.reach, market.reach_weight, earned, sold, minded, size)
        earned = minded
    for r in range(len(row_group)):
        to, one, net = gain[r], earned[row_group[r]], row_net[r]
        for b in range(size):
            to[b] = net * base[b] + total[b] * one[b]
    return lowest > SMALLEST and highest < limit


@part
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


@part
def _gather(market: Market, work: Work, sums: FloatArray, first: int, size: int) -> None:
    """Add a block's part of ``A_j`` and of the numerators."""
    last, run, room, gains, slopes = first + size, market.run, work.weight, work.gain, work.slope
    row_group, group_nest = market.row_group, market.group_nest
    for r in range(len(run) - 1):
        gain, steep = gains[r], slopes[group_nest[row_group[r]]]
        for j in range(run[r], run[r + 1]):
            here, slope, markup = room[j, first:last], 0.0, 0.0
            for b in range(size):
                slope += here[b] * steep[b]
                markup += here[b] * gain[b]
            sums[0, j] += slope
            sums[1, j] += markup


@part
def _gather_single(market: Market, work: Work, sums: FloatArray, size: int) -> None:
    steep, rows, row_of = work.slope_single, work.gain_single, market.row_of
    room = work.weight_single
    steep[:] = work.slope[0]
    rows[:] = work.gain
    for j in range(len(room)):
        here, gain, slope, markup = room[j], rows[row_of[j]], np.float32(0), np.float32(0)
        for b in range(size):
            slope += here[b] * steep[b]
            markup += here[b] * gain[b]
        sums[0, j] += slope
        sums[1, j] += markup


@part
def _count(market: Market, work: Work, sums: FloatArray, first: int, size: int) -> None:
    """Add a block's part of the shares."""
    last, room, bases, nest_of = first + size, work.weight, work.base, market.nest_of
    for j in range(len(room)):
        here, base, share = room[j, first:last], bases[nest_of[j]], 0.0
        for b in range(size):
            share += here[b] * base[b]
        sums[2, j] += share


@part
def start_single(market: Market, shift: Shift, work: Work, prices: FloatArray) -> None:
    """Powers of two at ``prices``, from which evaluations in single precision move."""
    alpha, level, bases = market.alpha_bits, shift.level[0], market.base
    tastes, taste_of, rows = market.tastes, market.taste_of, work.start_single
    for j in range(len(prices)):
        taste, to, base, price = tastes[taste_of[j]], rows[j], bases[j], prices[j]
        for b in range(len(alpha)):
            to[b] = taste[b] + (base - alpha[b] * price) - level[b]
    work.alpha_single[:] = alpha
    work.origin[:] = prices


@part
def evaluate(
    market: Market,
    shift: Shift,
    work: Work,
    prices: FloatArray,
    sums: FloatArray,
    count: bool,
    single: bool,
) -> bool:
    """Sums over types that the zeta map is made of.

    Parameters
    ----------
    prices
        (J,) money.
    sums
        (3, J) receives ``A_j = sum_i w_i alpha_i P_ij``, the numerator ``net_j s_j + sum_i w_i
        alpha_i P_ij (K_if + rho / (1 - rho) K_if|h)`` and, if ``count``, shares s_j.
    single
        Whether single precision will do; after ``start_single``, without nests, not to count.

    Returns
    -------
    bool
        Whether all exponentials stayed in range.
    """
    moved, largest, profit, at, steepness = work.moved, 0.0, work.profit, work.at, market.steepness
    net, cost = market.net, market.cost
    for j in range(len(prices)):
        profit[j] = net[j] * prices[j] - cost[j]
        moved[j] = (at[j] - prices[j]) * steepness[j]
        size = abs(moved[j])
        largest = size if not size <= largest else largest
    near = 0 < work.moves[0] <= MOST_MOVES and largest * market.steepest <= SMALL
    if single:
        near = False
        moved[:] = prices - work.origin
    else:
        work.moves[0] = work.moves[0] + 1 if near else 1
        at[:] = prices
        if not near:
            moved[:] = prices * steepness
    sums[:] = 0.0
    in_range = True
    types = len(market.alpha)
    # From the array, not a constant of another file: compiled code is kept by file.
    block = work.base.shape[1]
    for first in range(0, types, block):
        size = min(block, types - first)
        if single:
            _fill_single(market, work, moved, first, size)
        else:
            _fill(market, shift, work, moved, near, first, size)
        if len(market.rho) == 0:
            limit = LARGEST_SINGLE if single else LARGEST
            in_range &= _mix_logit(market, shift, work, first, size, limit)
        else:
            in_range &= _mix_nested(market, shift, work, first, size)
        if single:
            _gather_single(market, work, sums, size)
        else:
            _gather(market, work, sums, first, size)
            if count:
                _count(market, work, sums, first, size)
    return in_range
