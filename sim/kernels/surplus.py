"""Expected surplus of buyers without nests, compiled: log-sums alone, no probabilities."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.kernels.demand import Demand, require_prices, surplus_by_type
from sim.kernels.evaluation import LARGEST
from sim.kernels.jit import kernel
from sim.kernels.powers import power

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BITS = 1.0 / math.log(2.0)  # exponentials are powers of two
NOT_SOLD = np.nan  # utils
NOTHING = -860.0  # bits: what ``power`` cuts its arguments to


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
    paid, mean = require_prices(demand, prices), demand.delta
    if demand.available is not None and not demand.available.all():
        # No comparison holds for NaN, whatever the tastes: it adds nothing to a log-sum.
        paid = np.where(demand.available, paid, 0.0)
        mean = np.where(demand.available, mean, NOT_SOLD)
    return float(
        _mean_surplus(mean, demand.mu, demand.alpha, demand.weights, demand.outside, paid)
    )


@kernel
def _mean_surplus(
    mean: FloatArray,
    taste: FloatArray,
    alpha: FloatArray,
    weights: FloatArray,
    outside: FloatArray,
    prices: FloatArray,
) -> float:
    """``sum_i w_i log(exp outside_i + sum_j exp V_ij) / alpha_i``; J innermost, one row a type.

    Exponentials are taken relative to the outside option. Only where they leave their range, or
    the type has no such option, is its best product looked for: that loop is slow.
    """
    products, surplus = len(mean), 0.0
    for i in range(len(alpha)):
        top, slope, row = outside[i], alpha[i], taste[i]
        total = 1.0
        for j in range(products):
            bits = (mean[j] + row[j] - slope * prices[j] - top) * BITS
            total += power(bits if bits > NOTHING else NOTHING)
        if not total < LARGEST:
            for j in range(products):
                value = mean[j] + row[j] - slope * prices[j]
                top = value if value > top else top
            total = math.exp(outside[i] - top)
            for j in range(products):
                bits = (mean[j] + row[j] - slope * prices[j] - top) * BITS
                total += power(bits if bits > NOTHING else NOTHING)
        surplus += weights[i] * (top + math.log(total)) / slope
    return surplus
