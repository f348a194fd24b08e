"""What a competition economist asks of one market at given prices and margins.

First-choice diversion, elasticities and surplus are demand's own (``sim/kernels/demand.py``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels import inputs
from sim.kernels.demand import Choice, Demand, choices

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# Part of a type's sales in a nest from which a withdrawn product's rivals are computed anew.
NEARLY_ALL = 0.5
LEAST = 1e-300  # the smallest cost that a saving can be a part of


def long_run_diversion(demand: Demand, prices: FloatArray) -> FloatArray:
    """Entry (j, k): part of j's buyers who take k when j is no longer sold, (J, J).

    ``(s_k without j - s_k) / s_j`` at unchanged prices (equation 9.5; Conlon & Mortimer 2021,
    PyBLP's long-run diversion). The others do not move, so this is also the second choice of
    j's buyers. The diagonal is the part that goes to the outside option; rows of products not
    on sale, and of the only one in a closed market, are NaN.

    Raises
    ------
    KernelInputError
        A price is not finite or the shape does not fit.
    """
    choice = choices(demand, prices)
    count = len(demand.delta)
    share = demand.weights @ choice.probabilities
    result = np.full((count, count), np.nan)
    for j in demand.on_sale:
        if demand.closed.any() and len(demand.on_sale) == 1:
            continue
        row = demand.weights @ _gained(demand, prices, choice, int(j)) / share[j]
        row[j] = 1.0 - (row.sum() - row[j])
        result[j] = row
    return result


def _gained(demand: Demand, prices: FloatArray, choice: Choice, j: int) -> FloatArray:
    """What each product gains of each type when j is withdrawn, (I, J); minus all of j's own."""
    chosen = choice.probabilities
    count = chosen.shape[1]
    mates, loyal = np.zeros(count, dtype=np.bool_), np.zeros((len(chosen), 1))
    lost = chosen[:, j]
    inner = lost if choice.within is None else choice.within[:, j]
    # By relative growth, so that a product of negligible share keeps its digits.
    near = np.minimum(inner, NEARLY_ALL)
    if choice.within is not None and demand.nest_of is not None and demand.rho is not None:
        mates = demand.nest_of == demand.nest_of[j]
        rho = float(demand.rho[demand.nest_of[j]])
        lost = -chosen[:, mates].sum(axis=1) * np.expm1((1.0 - rho) * np.log1p(-near))
        loyal = -rho * np.log1p(-near)[:, None]
    growth = loyal * mates - np.log1p(-np.minimum(lost, NEARLY_ALL))[:, None]
    gained: FloatArray = chosen * np.expm1(growth)
    gained[:, j] = -chosen[:, j]
    far = inner > NEARLY_ALL
    if far.any():
        # Anew: where a type buys j almost surely, the others' probabilities have lost theirs.
        available = np.zeros(count, dtype=np.bool_)
        available[demand.on_sale] = True
        available[j] = False
        after = choices(replace(demand, available=available), prices).probabilities
        gained[far] = (after - chosen)[far]
    return gained


def lerner(prices: FloatArray, costs: FloatArray, net_share: FloatArray) -> FloatArray:
    """Lerner index ``(w p - c) / (w p)``, (J,).

    Raises
    ------
    KernelInputError
        A number is not finite, a net price is 0 or a shape does not fit; names the product.
    """
    prices = inputs.vector("price", prices)
    costs = inputs.vector("cost", costs, len(prices))
    net_share = inputs.vector("net share", net_share, len(prices))
    _not_zero("net price", net_share * prices)
    net = net_share * prices
    result: FloatArray = 1.0 - costs / net
    return result


def upward_pricing_pressure(
    ratios: FloatArray,
    margins: FloatArray,
    costs_before: FloatArray,
    costs_after: FloatArray,
    weights_before: FloatArray,
    weights_after: FloatArray,
) -> FloatArray:
    """UPP of each product (equation 9.9), (J,) money of net price.

    ``sum_k (kappa'_jk - kappa_jk) D_jk m_k - (c_j - c'_j)`` (Farrell & Shapiro 2010; O'Brien &
    Salop 2000 for weights between 0 and 1): what the sales diverted to products now weighed
    more are worth, less the product's own saving.

    Parameters
    ----------
    ratios
        (J, J) diversion from j to k; the diagonal is not read.
    margins
        (J,) money before the deal.
    costs_before, costs_after
        (J,) money.
    weights_before, weights_after
        (J, J) weight of j's firm on product k's profit.

    Returns
    -------
    numpy.ndarray
        NaN for a product not on sale, whose row of ``ratios`` is NaN and whose margin and
        costs are not read.

    Raises
    ------
    KernelInputError
        A number is not finite or a shape does not fit; the message names the product.
    """
    ratios = np.asarray(ratios, dtype=np.float64)
    count = len(np.atleast_1d(margins))
    if ratios.shape != (count, count):
        raise KernelInputError(f"diversion has shape {ratios.shape}, not ({count}, {count})")
    sold = _sold(ratios)
    margins = inputs.vector("margin", margins, count, needed=sold)
    costs_before = inputs.vector("cost", costs_before, count, needed=sold)
    costs_after = inputs.vector("cost", costs_after, count, needed=sold)
    before = inputs.matrix("weight", weights_before, (count, count), unit="product")
    after = inputs.matrix("weight", weights_after, (count, count), unit="product")
    others = np.where(np.eye(count, dtype=np.bool_) | ~sold[:, None], 0.0, ratios)
    inputs.matrix("diversion", others, (count, count), unit="product")
    gained = ((after - before) * others) @ np.where(sold, margins, 0.0)
    result: FloatArray = np.where(sold, gained - (costs_before - costs_after), np.nan)
    return result


def guppi(
    ratios: FloatArray,
    margins: FloatArray,
    net_prices: FloatArray,
    weights_before: FloatArray,
    weights_after: FloatArray,
) -> FloatArray:
    """Gross upward pricing pressure index (equation 9.10), (J,): UPP without savings over price.

    ``sum_k (kappa'_jk - kappa_jk) D_jk m_k / n_j`` (Salop & Moresi 2009).

    Raises
    ------
    KernelInputError
        A number is not finite, a net price is 0 or a shape does not fit; names the product.
    """
    sold = _sold(np.atleast_2d(ratios))
    net_prices = inputs.vector("net price", net_prices, len(sold), needed=sold)
    _not_zero("net price", np.where(sold, net_prices, 1.0))
    none = np.zeros_like(net_prices)
    pressure = upward_pricing_pressure(
        ratios, margins, none, none, weights_before, weights_after
    )
    result: FloatArray = pressure / net_prices
    return result


def compensating_cost_cut(
    margins_before: FloatArray, margins_after: FloatArray, net_prices: FloatArray
) -> FloatArray:
    """CMCR (equation 9.11), (J,): part of marginal cost whose saving would hold prices.

    ``(m' - m) / (n - m)``, both margins from the first-order conditions at prices before the
    deal, with the weights before and after (Werden 1996).

    Parameters
    ----------
    margins_before, margins_after
        (J,) static margins, money (:func:`sim.kernels.markups.static_markups`); NaN where
        both are: a product not on sale.

    Raises
    ------
    KernelInputError
        A number is not finite, a cost (price less margin) is not positive or a shape does not
        fit; the message names the product.
    """
    net_prices = np.asarray(net_prices, dtype=np.float64)
    for name, margins in (("before", margins_before), ("after", margins_after)):
        if net_prices.ndim != 1 or np.shape(margins) != net_prices.shape:
            raise KernelInputError(
                f"margins {name} have shape {np.shape(margins)}, not {net_prices.shape}"
            )
    count = len(net_prices)
    sold = ~(np.isnan(margins_before) & np.isnan(margins_after))
    margins_before = inputs.vector("margin before", margins_before, count, needed=sold)
    margins_after = inputs.vector("margin after", margins_after, count, needed=sold)
    net_prices = inputs.vector("net price", net_prices, count, needed=sold)
    inputs.vector("cost", net_prices - margins_before, count, low=LEAST, needed=sold)
    result: FloatArray = (margins_after - margins_before) / (net_prices - margins_before)
    return result


def first_order_pressure(
    elasticities: FloatArray,
    shares: FloatArray,
    lerner_before: FloatArray,
    lerner_after: FloatArray,
    weights_before: FloatArray,
    weights_after: FloatArray,
) -> FloatArray:
    """Change of the first-order conditions at prices before the deal (equation 9.12), (J,).

    ``F_j = s_j + sum_k kappa_jk e_kj s_k l_k`` with ``e_kj = d log s_k / d log p_j`` and the
    Lerner index l at prices before the deal and costs before or after it: the pricing
    pressure of Jaffe & Weyl (2013) in shares, as R's ``antitrust`` reports it.

    Parameters
    ----------
    elasticities
        (J, J), entry (j, k): d log s_j / d log p_k.

    Raises
    ------
    KernelInputError
        A number is not finite or a shape does not fit; the message names the product.
    """
    shares = inputs.vector("share", shares)
    shape = (len(shares), len(shares))
    elasticities = inputs.matrix("elasticity", elasticities, shape, unit="product")
    lerner_before = inputs.vector("Lerner index before", lerner_before, len(shares))
    lerner_after = inputs.vector("Lerner index after", lerner_after, len(shares))
    weights_before = inputs.matrix("weight before", weights_before, shape, unit="product")
    weights_after = inputs.matrix("weight after", weights_after, shape, unit="product")

    def conditions(weights: FloatArray, margin: FloatArray) -> FloatArray:
        result: FloatArray = shares + (weights * elasticities.T) @ (shares * margin)
        return result

    return conditions(weights_after, lerner_after) - conditions(weights_before, lerner_before)


def _not_zero(name: str, values: FloatArray) -> None:
    if np.any(values == 0.0):
        worst = int(np.argmax(values == 0.0))
        raise KernelInputError(f"{name} of product {worst} is 0")


def _sold(ratios: FloatArray) -> BoolArray:
    """(J,) whether a product is on sale: whether its row of diversion ratios is known at all."""
    result: BoolArray = np.logical_not(np.logical_and.reduce(np.isnan(ratios), axis=1))
    return result
