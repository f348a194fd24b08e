"""First-order conditions of multi-product firms at given prices and shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.kernels.demand import Demand, share_slopes, shares

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def static_markups(
    demand: Demand,
    prices: FloatArray,
    net_share: FloatArray,
    firm_of: IntArray,
    kappa: FloatArray | None = None,
) -> FloatArray:
    """Margins of static Nash conduct at given prices, (J,) money of net price.

    Solves ``w_j s_j + sum_k kappa_{f(j) f(k)} m_k ds_k/dp_j = 0`` (Nevo 2001, with the net
    share w of the buyer's price); NaN for a product not on sale.

    Parameters
    ----------
    kappa
        (F, F) profit weights; None for the identity.
    """
    chosen = demand.on_sale
    slopes = share_slopes(demand, prices)[np.ix_(chosen, chosen)]
    owner = firm_of[chosen]
    if kappa is None:
        weight = (owner[:, None] == owner[None, :]).astype(np.float64)
    else:
        weight = kappa[np.ix_(owner, owner)]
    share = shares(demand, prices)[chosen]
    result = np.full(len(firm_of), np.nan)
    result[chosen] = np.linalg.solve(slopes.T * weight, -net_share[chosen] * share)
    return result
