"""What a competition economist asks of one market at given prices and margins.

First-choice diversion, elasticities and surplus are demand's own (``sim/kernels/demand.py``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.kernels.demand import Choice, Demand, choices

FloatArray = NDArray[np.float64]


def long_run_diversion(demand: Demand, prices: FloatArray) -> FloatArray:
    """Entry (j, k): part of j's buyers who take k when j is no longer sold, (J, J).

    ``(s_k without j - s_k) / s_j`` at unchanged prices (equation 9.5; Conlon & Mortimer 2021,
    PyBLP's long-run diversion). The others do not move, so this is also the second choice of
    j's buyers. The diagonal is the part that goes to the outside option; rows of products not
    on sale are NaN.
    """
    choice = choices(demand, prices)
    count = len(demand.delta)
    share = demand.weights @ choice.probabilities
    result = np.full((count, count), np.nan)
    for j in demand.on_sale:
        gained = demand.weights @ (_without(demand, choice, int(j)) - choice.probabilities)
        row = gained / share[j]
        row[j] = 1.0 - (row.sum() - row[j])
        result[j] = row
    return result


def _without(demand: Demand, choice: Choice, j: int) -> FloatArray:
    """Choice probabilities when product j is withdrawn, (I, J), from those with it."""
    chosen = choice.probabilities
    others = np.arange(chosen.shape[1]) != j
    if choice.within is None or demand.nest_of is None or demand.rho is None:
        left = chosen * others
        rest = _outside(demand, choice) + left.sum(axis=1)
        result: FloatArray = left / rest[:, None]
        return result
    nest_of, rho = demand.nest_of, float(demand.rho[demand.nest_of[j]])
    mates = (nest_of == nest_of[j]) & others
    nest = chosen[:, nest_of == nest_of[j]].sum(axis=1)
    # What is left of the nest's inside, and with it of the nest's weight in the market.
    inside = choice.within[:, mates].sum(axis=1)
    weight = nest * inside ** (1.0 - rho)
    strangers = chosen * (nest_of != nest_of[j])
    rest = _outside(demand, choice) + strangers.sum(axis=1) + weight
    result = strangers / rest[:, None]
    if mates.any():
        part = choice.within[:, mates] / inside[:, None]
        result[:, mates] = part * (weight / rest)[:, None]
    return result


def _outside(demand: Demand, choice: Choice) -> FloatArray:
    """Probability of the outside option, (I,)."""
    result: FloatArray = np.exp(demand.outside - choice.inclusive)
    return result


def lerner(prices: FloatArray, costs: FloatArray, net_share: FloatArray) -> FloatArray:
    """Lerner index ``(w p - c) / (w p)``, (J,)."""
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
    """
    change = weights_after - weights_before
    np.fill_diagonal(change, 0.0)
    gained: FloatArray = (change * np.nan_to_num(ratios)) @ np.nan_to_num(margins)
    return gained - (costs_before - costs_after)


def guppi(
    ratios: FloatArray,
    margins: FloatArray,
    net_prices: FloatArray,
    weights_before: FloatArray,
    weights_after: FloatArray,
) -> FloatArray:
    """Gross upward pricing pressure index (equation 9.10), (J,): UPP without savings over price.

    ``sum_k (kappa'_jk - kappa_jk) D_jk m_k / n_j`` (Salop & Moresi 2009).
    """
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
        (J,) static margins, money (:func:`sim.kernels.markups.static_markups`).
    """
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
    """

    def conditions(weights: FloatArray, margin: FloatArray) -> FloatArray:
        result: FloatArray = shares + (weights * elasticities.T) @ (shares * margin)
        return result

    return conditions(weights_after, lerner_after) - conditions(weights_before, lerner_before)
