"""A price game laid out for the compiled kernels: products on sale only, types innermost."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernels.game import PriceGame
from sim.kernels.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

BLOCK = 208  # types evaluated together: few enough for the processor's second cache
TILE = 16
LN2 = math.log(2.0)
NOBODY, NO_WEIGHT = np.zeros((2, 0), dtype=np.int64), np.zeros((2, 0))
LANES = 16  # the number of types is filled up to a multiple, so that no loop has a scalar rest


class Market(NamedTuple):
    """A price game as the kernels want it; F firms, G groups, R rows, H nests (0: none)."""

    utility: FloatArray  # (J, I) without price, over (1 - rho) log 2; moved by shift_types
    outside: FloatArray  # (I,)
    alpha: FloatArray  # (I,)
    alpha_bits: FloatArray  # (I,) over log 2: exponentials are powers of two
    weights: FloatArray  # (I,)
    cost: FloatArray  # (J,) c - Lambda_ff
    net: FloatArray  # (J,) part of the price that the firm keeps
    free: BoolArray  # (J,)
    steepness: FloatArray  # (J,) 1 / (1 - rho)
    group_of: IntArray  # (J,) firm, or firm and nest
    nest_of: IntArray  # (J,) 0 without nests
    row_of: IntArray  # (J,) group and net share: one numerator each
    row_group: IntArray  # (R,)
    row_net: FloatArray  # (R,)
    group_firm: IntArray  # (G,)
    group_nest: IntArray  # (G,)
    rho: FloatArray  # (H,)
    reach: IntArray  # (2, N) firms: who minds whom
    reach_weight: FloatArray  # (2, N) weight on its profit, on its sales
    near: IntArray  # (2, M) groups of one nest: who minds whom
    near_weight: FloatArray  # (2, M)


class Shift(NamedTuple):
    """What keeps each type's exponentials in range."""

    level: FloatArray  # (max(H, 1), I) utility taken out of each nest, utils
    lift: FloatArray  # (max(H, 1), I) what puts nests on one scale again
    odds: FloatArray  # (I,) exponential of the outside option


class Work(NamedTuple):
    """Room for one block of B types."""

    weight: FloatArray  # (J, B)
    earned: FloatArray  # (G, B)
    sold: FloatArray  # (G, B)
    firm_earned: FloatArray  # (F, B)
    firm_sold: FloatArray  # (F, B)
    minded: FloatArray  # (F, B)
    close: FloatArray  # (G, B)
    gain: FloatArray  # (R, B)
    slope: FloatArray  # (max(H, 1), B)
    base: FloatArray  # (max(H, 1), B)
    within: FloatArray  # (max(H, 1), B)


def compile_game(game: PriceGame) -> Market:
    """Lay out the products on sale.

    Types of weight zero fill the last vector; groups, rows and pairs are the distinct ones, so
    that what products share is computed once.
    """
    demand, chosen = game.demand, game.demand.on_sale
    firm_of, net = game.firm_of[chosen], game.kept[chosen]
    own = game.lambdas.diagonal()
    nested = demand.nest_of is not None and demand.rho is not None
    if demand.nest_of is not None and demand.rho is not None:
        used, nest_of = np.unique(demand.nest_of[chosen], return_inverse=True)
        rho = demand.rho[used]
        steepness = 1.0 / (1.0 - rho[nest_of])
        codes, group_of = np.unique(firm_of * len(used) + nest_of, return_inverse=True)
        group_firm, group_nest = np.divmod(codes, len(used))
    else:
        nest_of, rho = np.zeros(len(chosen), dtype=np.int64), np.zeros(0)
        steepness = np.ones(len(chosen))
        group_of, group_firm = firm_of, np.arange(game.firms)
        group_nest = np.zeros(game.firms, dtype=np.int64)
    row_group, row_of, row_net = _rows(group_of, net, len(group_firm))
    reach, reach_weight = _minded(game.weights, game.lambdas, group_firm[:0], group_nest[:0])
    near, near_weight = NOBODY, NO_WEIGHT
    if nested:
        near, near_weight = _minded(game.weights, game.lambdas, group_firm, group_nest)
    alpha = _filled(demand.alpha, 1.0)
    return Market(
        utility=_utility(game, chosen, steepness),
        outside=_filled(demand.outside, 0.0),
        alpha=alpha,
        alpha_bits=alpha / LN2,
        weights=_filled(demand.weights, 0.0),
        cost=game.costs[chosen] - own[firm_of],
        net=net,
        free=~game.held[chosen],
        steepness=steepness,
        group_of=group_of,
        nest_of=nest_of,
        row_of=row_of,
        row_group=row_group,
        row_net=row_net,
        group_firm=np.ascontiguousarray(group_firm),
        group_nest=np.ascontiguousarray(group_nest),
        rho=rho,
        reach=reach,
        reach_weight=reach_weight,
        near=near,
        near_weight=near_weight,
    )


def _rows(
    group_of: IntArray, net: FloatArray, groups: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """Distinct pairs of group and net share: group of each, pair of each product, net share."""
    of_group = np.ones(groups)
    of_group[group_of] = net
    if (of_group[group_of] == net).all():
        return np.arange(groups), group_of, of_group
    kinds, kind_of = np.unique(net, return_inverse=True)
    codes, row_of = np.unique(group_of * len(kinds) + kind_of, return_inverse=True)
    return codes // len(kinds), row_of, kinds[codes % len(kinds)]


@kernel
def _minded(
    kappa: FloatArray, shadow: FloatArray, group_firm: IntArray, group_nest: IntArray
) -> tuple[IntArray, FloatArray]:
    """Who minds whom, (2, N), and by how much: its profit and its sales, (2, N).

    Pairs are of firms; or, where groups are given, of groups of different firms in one nest.
    """
    firms, groups = len(kappa), len(group_firm)
    members = groups if groups > 0 else firms
    pairs, weights = np.empty((2, members * members), np.int64), np.empty((2, members * members))
    found = 0
    for a in range(members):
        for b in range(members):
            if groups > 0 and group_nest[a] != group_nest[b]:
                continue
            f, g = (group_firm[a], group_firm[b]) if groups > 0 else (a, b)
            sales = shadow[f, g] - kappa[f, g] * shadow[g, g]
            if f != g and (kappa[f, g] != 0.0 or sales != 0.0):
                pairs[0, found], pairs[1, found] = a, b
                weights[0, found], weights[1, found] = kappa[f, g], sales
                found += 1
    return pairs[:, :found].copy(), weights[:, :found].copy()


def make_room(market: Market) -> tuple[Shift, Work]:
    """Room for the evaluations of one solve; the kernels fill it."""
    nests, types = max(len(market.rho), 1), len(market.alpha)
    firms = int(market.group_firm.max()) + 1
    groups = len(market.group_firm)
    sizes = (len(market.cost), groups, groups, firms, firms, firms, groups, len(market.row_group))
    rooms = [np.empty((size, BLOCK)) for size in (*sizes, nests, nests, nests)]
    shift = Shift(np.zeros((nests, types)), np.ones((nests, types)), np.empty(types))
    return shift, Work(*rooms)


def _filled(values: FloatArray, value: float) -> FloatArray:
    size = -(-len(values) // LANES) * LANES
    if size == len(values):
        return values
    result = np.full(size, value)
    result[: len(values)] = values
    return result


def _utility(game: PriceGame, chosen: IntArray, steepness: FloatArray) -> FloatArray:
    demand = game.demand
    types = len(demand.alpha)
    result = np.empty((len(chosen), -(-types // LANES) * LANES))
    tastes = np.zeros((0, 0)) if demand.mu is None else demand.mu
    _turn(demand.delta, tastes, chosen, steepness / LN2, types, result)
    return result


@kernel
def _turn(
    delta: FloatArray,
    tastes: FloatArray,
    chosen: IntArray,
    factor: FloatArray,
    types: int,
    result: FloatArray,
) -> None:
    """``(delta + mu) factor`` with products first, tile by tile; 0 for filling types."""
    for left in range(0, types, TILE):
        right = min(left + TILE, types)
        for top in range(0, len(chosen), TILE):
            for n in range(top, min(top + TILE, len(chosen))):
                j = chosen[n]
                for i in range(left, right):
                    taste = tastes[i, j] if len(tastes) > 0 else 0.0
                    result[n, i] = (delta[j] + taste) * factor[n]
    result[:, types:] = 0.0


@kernel
def shift_types(market: Market, shift: Shift, prices: FloatArray) -> None:
    """Move utilities in place so that each type's best product (of each nest) has 0."""
    utility, alpha, steepness = market.utility, market.alpha_bits, market.steepness
    nest_of = market.nest_of
    products, types = utility.shape
    nests = len(market.rho)
    top = np.full((max(nests, 1), types), -np.inf)
    if nests == 0:
        top[0] = (market.outside - shift.level[0]) / LN2
    for j in range(products):
        highest, price, row = top[nest_of[j]], prices[j] * steepness[j], utility[j]
        for i in range(types):
            value = row[i] - alpha[i] * price
            highest[i] = value if value > highest[i] else highest[i]
    for j in range(products):
        highest, row = top[nest_of[j]], utility[j]
        for i in range(types):
            row[i] -= highest[i]
    if nests == 0:
        for i in range(types):
            shift.level[0, i] += LN2 * top[0, i]
            shift.odds[i] = math.exp(market.outside[i] - shift.level[0, i])
        return
    for i in range(types):
        best = market.outside[i]
        for h in range(nests):
            shift.level[h, i] += LN2 * top[h, i] * (1.0 - market.rho[h])
            best = max(best, shift.level[h, i])
        shift.odds[i] = math.exp(market.outside[i] - best)
        for h in range(nests):
            # Cut so that a nest nobody wants yet still has a markup.
            shift.lift[h, i] = math.exp(max(shift.level[h, i] - best, -100.0))
