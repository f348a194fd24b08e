"""Random-coefficients logit demand: probabilities, shares, derivatives, surplus.

Utility of type i for product j is ``delta_j + mu_ij - alpha_i p_j``, of the outside option
``outside_i`` (Berry, Levinsohn & Pakes 1995; plain logit is one type). J products, I types.
Weights need not sum to one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def choice_probabilities(
    delta: FloatArray,
    mu: FloatArray,
    alpha: FloatArray,
    prices: FloatArray,
    outside: FloatArray,
) -> FloatArray:
    """Probability that each type buys each product, (I, J).

    Parameters
    ----------
    delta
        (J,) mean utility without price, utils; ``-inf`` for a product not on sale.
    mu
        (I, J) deviations, utils.
    alpha
        (I,) price coefficients, utils per unit of money, positive.
    prices
        (J,) money.
    outside
        (I,) utility of the outside option, utils.
    """
    utility = delta + mu - alpha[:, None] * prices
    top = np.maximum(utility.max(axis=1), outside)
    weight = np.exp(utility - top[:, None])
    total = weight.sum(axis=1) + np.exp(outside - top)
    result: FloatArray = weight / total[:, None]
    return result


def shares(
    delta: FloatArray,
    mu: FloatArray,
    alpha: FloatArray,
    weights: FloatArray,
    prices: FloatArray,
    outside: FloatArray,
) -> FloatArray:
    """Market shares, (J,): probabilities averaged over types."""
    return weights @ choice_probabilities(delta, mu, alpha, prices, outside)


def share_slopes(probabilities: FloatArray, alpha: FloatArray, weights: FloatArray) -> FloatArray:
    """Derivatives of shares to prices, (J, J): entry (k, j) is ds_k / dp_j, symmetric."""
    weighted = probabilities * (weights * alpha)[:, None]
    slopes: FloatArray = weighted.T @ probabilities
    slopes[np.diag_indices(len(slopes))] -= weighted.sum(axis=0)
    return slopes


def elasticities(
    probabilities: FloatArray, alpha: FloatArray, weights: FloatArray, prices: FloatArray
) -> FloatArray:
    """Entry (j, k): d log s_j / d log p_k, (J, J)."""
    share = weights @ probabilities
    return share_slopes(probabilities, alpha, weights) * prices[None, :] / share[:, None]


def market_elasticity(
    probabilities: FloatArray, alpha: FloatArray, weights: FloatArray, prices: FloatArray
) -> float:
    """Elasticity of all inside sales to a common relative change of all prices."""
    slopes = share_slopes(probabilities, alpha, weights)
    return float((slopes @ prices).sum() / (weights @ probabilities).sum())


def diversion(
    probabilities: FloatArray, alpha: FloatArray, weights: FloatArray
) -> FloatArray:
    """Entry (j, k): part of j's lost sales that k takes when j's price rises, (J, J).

    The diagonal is the part that goes to the outside option.
    """
    slopes = share_slopes(probabilities, alpha, weights)
    lost = -np.diag(slopes)
    ratios = slopes / lost[:, None]
    outside = 1.0 - (ratios.sum(axis=1) + 1.0)
    ratios[np.diag_indices(len(ratios))] = outside
    return ratios


def consumer_surplus(
    delta: FloatArray,
    mu: FloatArray,
    alpha: FloatArray,
    weights: FloatArray,
    prices: FloatArray,
    outside: FloatArray,
) -> float:
    """Expected surplus a potential buyer, money (Small & Rosen 1981).

    ``sum_i w_i log(exp outside_i + sum_j exp V_ij) / alpha_i``, up to a constant.
    """
    utility = delta + mu - alpha[:, None] * prices
    top = np.maximum(utility.max(axis=1), outside)
    total = np.exp(utility - top[:, None]).sum(axis=1) + np.exp(outside - top)
    return float(weights @ ((top + np.log(total)) / alpha))
