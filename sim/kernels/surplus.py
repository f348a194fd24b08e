"""Expected surplus of buyers without nests, compiled: log-sums alone, no probabilities."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.kernels.demand import Demand, require_prices, surplus_by_type
from sim.kernels.jit import kernel
from sim.kernels.powers import power

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LN2 = math.log(2.0)


def consumer_surplus(demand: Demand, prices: FloatArray) -> float:
    """Expected surplus a potential buyer, money: ``surplus_by_type`` averaged over types.

    Parameters
    ----------
    prices
        (J,) money.

    Raises
    ------
    KernelInputError
        A price is not finite or the shape does not fit.
    """
    if demand.nest_of is not None or demand.mu is None:
        return float(demand.weights @ surplus_by_type(demand, prices))
    paid, chosen = require_prices(demand, prices), demand.on_sale
    return float(
        _mean_surplus(
            demand.delta[chosen],
            demand.mu,
            chosen,
            demand.alpha,
            demand.weights,
            demand.outside,
            paid[chosen],
        )
    )


@kernel
def _mean_surplus(
    mean: FloatArray,
    taste: FloatArray,
    chosen: IntArray,
    alpha: FloatArray,
    weights: FloatArray,
    outside: FloatArray,
    prices: FloatArray,
) -> float:
    """``sum_i w_i log(exp outside_i + sum_j exp V_ij) / alpha_i``; J innermost, one row a type."""
    products = len(chosen)
    utility = np.empty(products)
    surplus = 0.0
    for i in range(len(alpha)):
        top, slope, row = outside[i], alpha[i], taste[i]
        for j in range(products):
            utility[j] = mean[j] + row[chosen[j]] - slope * prices[j]
        for j in range(products):
            top = max(top, utility[j])
        total = math.exp(outside[i] - top)
        for j in range(products):
            total += power((utility[j] - top) / LN2)
        surplus += weights[i] * (top + math.log(total)) / slope
    return surplus
