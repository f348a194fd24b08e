"""Products of plain and nested logit gathered in cells, one pseudo-product each.

With one type, free products of a firm in a nest that keep the same part of their price have one
markup, whatever their costs: their prices move together, so that together they are one product of
utility ``(1 - rho) log sum_j exp((delta_j - alpha c_j / net) / (1 - rho))``. Frozen products do
not move at all and are one product too, at their mean margin. A solve then costs J exponentials
once and as many as there are cells in each of its steps.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernels.demand import LN2
from sim.kernels.jit import kernel, part
from sim.kernels.powers import power

if TYPE_CHECKING:
    from sim.kernels.game import PriceGame

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Cells(NamedTuple):
    """A game of one type as Newton's method in group markups wants it.

    J products, C cells, G groups (firm, or firm and nest), H nests. Few arrays, each of several
    rows: handing over an array costs as much as a product's exponential.
    """

    products: FloatArray  # (5, J) utility, cost, part of the price kept, Lambda_ff, cost / kept
    cell_of: IntArray  # (J,) -1 where not on sale
    span: FloatArray  # (3, C) part of the price kept, lowest and highest cost / kept
    cells: IntArray  # (4, C) group, nest, 1 where free, product of the lowest cost / kept
    groups: IntArray  # (2, G) firm, nest
    rho: FloatArray  # (H,)
    kappa: FloatArray  # (F, F)
    shadow: FloatArray  # (F, F)
    alpha: float
    outside: float
    apart: bool  # no nests, and no firm minds another


def gather(game: PriceGame) -> Cells:
    """Lay out a game of one type."""
    demand = game.demand
    products = len(game.costs)
    nest_of = demand.nest_of if demand.nest_of is not None else np.zeros(products, dtype=np.int64)
    rho = demand.rho if demand.rho is not None else np.zeros(1)
    on_sale = (
        np.ones(products, dtype=np.bool_) if demand.available is None else demand.available
    )
    base = game.costs / game.kept
    cell_of, span, cells, groups = _find_cells(
        on_sale, game.firm_of, nest_of, game.kept, base, game.held, game.firms, len(rho)
    )
    utility = demand.delta if demand.mu is None else demand.delta + demand.mu[0]
    own = game.lambdas.diagonal()[game.firm_of]
    return Cells(
        products=np.stack([utility, game.costs, game.kept, own, base]),
        cell_of=cell_of,
        span=span,
        cells=cells,
        groups=groups,
        rho=rho,
        kappa=game.weights,
        shadow=game.lambdas,
        alpha=float(demand.alpha[0]),
        outside=float(demand.outside[0]),
        apart=not rho.any() and _minds_itself(game.weights, game.lambdas),
    )


def _minds_itself(kappa: FloatArray, shadow: FloatArray) -> bool:
    others = ~np.eye(len(kappa), dtype=np.bool_)
    return not (kappa[others].any() or shadow[others].any())


@kernel
def _find_cells(
    on_sale: BoolArray,
    firm_of: IntArray,
    nest_of: IntArray,
    kept: FloatArray,
    base: FloatArray,
    held: BoolArray,
    firms: int,
    nests: int,
) -> tuple[IntArray, FloatArray, IntArray, IntArray]:
    """Cell of each product, what is said of cells and of groups."""
    products = len(on_sale)
    table = np.full((firms, nests), -1, dtype=np.int64)
    # Cells of a group are a chain: the newest, and of each cell the one before it.
    newest, before = np.full(products, -1, dtype=np.int64), np.full(products, -1, dtype=np.int64)
    cell_of, span = np.full(products, -1, dtype=np.int64), np.empty((3, products))
    cells, groups = np.empty((4, products), np.int64), np.empty((2, products), np.int64)
    found, known = 0, 0
    for j in range(products):
        if not on_sale[j]:
            continue
        f, h = firm_of[j], nest_of[j]
        if table[f, h] < 0:
            table[f, h] = known
            groups[0, known], groups[1, known] = f, h
            known += 1
        group, free = table[f, h], 0 if held[j] else 1
        cell = newest[group]
        while cell >= 0 and not (span[0, cell] == kept[j] and cells[2, cell] == free):
            cell = before[cell]
        if cell < 0:
            cell = found
            span[0, cell], span[1, cell], span[2, cell] = kept[j], np.inf, -np.inf
            cells[0, cell], cells[1, cell], cells[2, cell] = group, h, free
            before[cell], newest[group] = newest[group], cell
            found += 1
        cell_of[j] = cell
        span[2, cell] = max(span[2, cell], base[j])
        if base[j] < span[1, cell]:
            span[1, cell], cells[3, cell] = base[j], j
    return cell_of, span[:, :found].copy(), cells[:, :found].copy(), groups[:, :known].copy()


@part
def pool(
    products: FloatArray,
    cell_of: IntArray,
    cells: IntArray,
    rho: FloatArray,
    alpha: float,
    start: FloatArray,
    inside: FloatArray,
    utility: FloatArray,
    margin: FloatArray,
    theta: FloatArray,
) -> None:
    """Utility of each cell at a price of its markup alone, and what stands at the start.

    ``inside`` (J,) becomes the part of its cell's buyers that a product has, ``margin`` (C,) the
    mean margin of frozen cells, ``theta`` (G,) the mean of what start prices say of it.
    """
    count, size = len(cell_of), cells.shape[1]
    utilities, costs, kept, own, base = (
        products[0], products[1], products[2], products[3], products[4],
    )  # fmt: skip
    top, total = np.full(size, -np.inf), np.zeros(size)
    for j in range(count):
        cell = cell_of[j]
        if cell >= 0:
            price = base[j] if cells[2, cell] == 1 else start[j]
            inside[j] = (utilities[j] - alpha * price) / ((1.0 - rho[cells[1, cell]]) * LN2)
            top[cell] = max(top[cell], inside[j])
    for j in range(count):
        inside[j] = inside[j] - top[max(cell_of[j], 0)]
    for j in range(count):
        inside[j] = power(inside[j])
    for j in range(count):
        if cell_of[j] >= 0:
            total[cell_of[j]] += inside[j]
        else:
            inside[j] = 0.0
    weight = np.zeros(len(theta))
    margin[:] = 0.0
    theta[:] = 0.0
    for j in range(count):
        cell = cell_of[j]
        if cell >= 0:
            inside[j] /= total[cell]
            gain = inside[j] * (kept[j] * start[j] - costs[j])
            margin[cell] += gain
            if cells[2, cell] == 1:
                group = cells[0, cell]
                markup = (1.0 - rho[cells[1, cell]]) * kept[j] / alpha - own[j]
                theta[group] += gain - inside[j] * markup
                weight[group] += inside[j]
    for group in range(len(theta)):
        theta[group] /= max(weight[group], 1e-300)
    for cell in range(size):
        utility[cell] = (1.0 - rho[cells[1, cell]]) * (LN2 * top[cell] + math.log(total[cell]))
