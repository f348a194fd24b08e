"""A price game laid out for the compiled kernels: products on sale only, types innermost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernels.demand import LN2
from sim.kernels.jit import kernel, part

if TYPE_CHECKING:
    from sim.kernels.game import PriceGame

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

BLOCK = 208  # types evaluated together: few enough for the processor's second cache
NOBODY, NO_WEIGHT = np.zeros((2, 0), dtype=np.int64), np.zeros((2, 0))


class Market(NamedTuple):
    """A price game as the kernels want it; F firms, G groups, R rows, H nests (0: none).

    Products stand row by row.
    """

    chosen: IntArray  # (J,) positions in the game
    tastes: FloatArray  # (., I) deviations of the types, over (1 - rho) log 2
    taste_of: IntArray  # (J,) row of tastes
    base: FloatArray  # (J,) mean utility, over (1 - rho) log 2
    outside: FloatArray  # (I,)
    alpha: FloatArray  # (I,)
    alpha_bits: FloatArray  # (I,) over log 2: exponentials are powers of two
    steepest: float  # largest alpha
    weights: FloatArray  # (I,)
    cost: FloatArray  # (J,) c - Lambda_ff
    net: FloatArray  # (J,) part of the price that the firm keeps
    free: BoolArray  # (J,)
    steepness: FloatArray  # (J,) 1 / (1 - rho)
    group_of: IntArray  # (J,) firm, or firm and nest
    nest_of: IntArray  # (J,) 0 without nests
    row_of: IntArray  # (J,) group and net share: one numerator each
    run: IntArray  # (R + 1,) where the products of each row begin
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

    level: FloatArray  # (max(H, 1), I) taken out of each nest's powers of two
    lift: FloatArray  # (max(H, 1), I) what puts nests on one scale again
    odds: FloatArray  # (I,) exponential of the outside option


class Work(NamedTuple):
    """Room for the evaluations of one solve: all exponentials, the rest for B types."""

    weight: FloatArray  # (J, I) exponentials
    at: FloatArray  # (J,) prices that they are of
    moves: IntArray  # (1,) evaluations since they stand, 0 if they do not
    moved: FloatArray  # (J,)
    profit: FloatArray  # (J,) margins, money
    origin: FloatArray  # (J,) prices of start_single
    start_single: SingleArray  # (J, I) powers of two, as the next six for single precision
    alpha_single: SingleArray  # (I,) over log 2
    weight_single: SingleArray  # (J, B)
    earned_single: SingleArray  # (G, B)
    sold_single: SingleArray  # (G, B)
    gain_single: SingleArray  # (R, B)
    slope_single: SingleArray  # (B,)
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
    demand, on_sale = game.demand, game.demand.on_sale
    firm_of, net = game.firm_of[on_sale], game.kept[on_sale]
    own = game.lambdas.diagonal()
    nested = demand.nest_of is not None and demand.rho is not None
    if demand.nest_of is not None and demand.rho is not None:
        used, nest_of = np.unique(demand.nest_of[on_sale], return_inverse=True)
        rho = demand.rho[used]
        codes, group_of = np.unique(firm_of * len(used) + nest_of, return_inverse=True)
        group_firm, group_nest = np.divmod(codes, len(used))
    else:
        nest_of, rho = np.zeros(len(on_sale), dtype=np.int64), np.zeros(0)
        group_of, group_firm = firm_of, np.arange(game.firms)
        group_nest = np.zeros(game.firms, dtype=np.int64)
    row_group, row_of, row_net = _rows(group_of, net, len(group_firm))
    order = np.argsort(row_of, kind="stable")
    chosen, row_of = on_sale[order], row_of[order]
    reach, reach_weight = _minded(game.weights, game.lambdas, group_firm[:0], group_nest[:0])
    near, near_weight = NOBODY, NO_WEIGHT
    if nested:
        near, near_weight = _minded(game.weights, game.lambdas, group_firm, group_nest)
    steepness, tastes = demand.steepness[chosen], demand.tastes
    types = tastes.shape[1]
    alpha = _filled(demand.alpha, types, 1.0)
    return Market(
        chosen=chosen,
        tastes=tastes,
        taste_of=chosen if demand.mu is not None else np.zeros(len(chosen), dtype=np.int64),
        base=demand.delta[chosen] * steepness / LN2,
        outside=_filled(demand.outside, types, 0.0),
        alpha=alpha,
        alpha_bits=alpha / LN2,
        steepest=float(alpha.max()),
        weights=_filled(demand.weights, types, 0.0),
        cost=game.costs[chosen] - own[firm_of[order]],
        net=net[order],
        free=~game.held[chosen],
        steepness=steepness,
        group_of=group_of[order],
        nest_of=nest_of[order],
        row_of=row_of,
        run=np.searchsorted(row_of, np.arange(len(row_group) + 1)),
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


def _filled(values: FloatArray, size: int, value: float) -> FloatArray:
    if size == len(values):
        return values
    result = np.full(size, value)
    result[: len(values)] = values
    return result


@part
def make_room(market: Market, single: bool) -> tuple[Shift, Work]:
    """Room for the evaluations of one solve, for single precision too if asked."""
    products, types, rows = len(market.cost), len(market.alpha), len(market.row_group)
    nests, groups = max(len(market.rho), 1), len(market.group_firm)
    firms, some = market.group_firm.max() + 1, products if single else 0
    for n in range(market.reach.shape[1]):
        # A firm with nothing on sale may still be minded.
        firms = max(firms, market.reach[0, n] + 1, market.reach[1, n] + 1)
    block = min(BLOCK, types)
    # Entries of a block that no type fills are read by none but must be numbers.
    shift = Shift(np.zeros((nests, types)), np.ones((nests, types)), np.ones(types))
    work = Work(
        np.empty((products, types)),
        np.zeros(products),
        np.zeros(1, dtype=np.int64),
        np.empty(products),
        np.empty(products),
        np.empty(products),
        np.empty((some, types), dtype=np.float32),
        np.empty(types, dtype=np.float32),
        np.empty((some, block), dtype=np.float32),
        np.empty((groups, block), dtype=np.float32),
        np.empty((groups, block), dtype=np.float32),
        np.empty((rows, block), dtype=np.float32),
        np.empty(block, dtype=np.float32),
        np.empty((groups, block)),
        np.empty((groups, block)),
        np.empty((firms, block)),
        np.empty((firms, block)),
        np.empty((firms, block)),
        np.empty((groups, block)),
        np.zeros((rows, block)),
        np.zeros((nests, block)),
        np.zeros((nests, block)),
        np.zeros((nests, block)),
    )
    return shift, work


@part
def shift_to_outside(market: Market, shift: Shift) -> None:
    """Measure utilities from the outside option's, where all types have one."""
    shift.level[0] = market.outside / LN2


@part
def shift_types(market: Market, shift: Shift, prices: FloatArray) -> None:
    """Measure utilities so that each type's best product (of each nest) has 0 at ``prices``."""
    alpha, steepness, level = market.alpha_bits, market.steepness, shift.level
    types, nests = len(alpha), len(market.rho)
    tastes, taste_of, nest_of, bases = market.tastes, market.taste_of, market.nest_of, market.base
    level[:] = -np.inf
    if nests == 0:
        level[0] = market.outside / LN2
    for j in range(len(prices)):
        highest, taste = level[nest_of[j]], tastes[taste_of[j]]
        price, base = prices[j] * steepness[j], bases[j]
        for i in range(types):
            value = taste[i] + (base - alpha[i] * price)
            highest[i] = value if value > highest[i] else highest[i]
    if nests == 0:
        for i in range(types):
            shift.odds[i] = math.exp(market.outside[i] - LN2 * level[0, i])
        return
    for i in range(types):
        best = market.outside[i]
        for h in range(nests):
            best = max(best, LN2 * level[h, i] * (1.0 - market.rho[h]))
        shift.odds[i] = math.exp(market.outside[i] - best)
        for h in range(nests):
            height = LN2 * level[h, i] * (1.0 - market.rho[h])
            # Cut so that a nest nobody wants yet still has a markup.
            shift.lift[h, i] = math.exp(max(height - best, -100.0))
