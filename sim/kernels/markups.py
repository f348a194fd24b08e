"""First-order conditions of multi-product firms at given prices and shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.kernels.demand import share_slopes

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def static_markups(
    probabilities: FloatArray,
    alpha: FloatArray,
    weights: FloatArray,
    net_share: FloatArray,
    firm_of: IntArray,
) -> FloatArray:
    """Margins of static Nash conduct at given prices, (J,) money of net price.

    Solves ``w_j s_j + sum_{k of the same firm} m_k ds_k/dp_j = 0`` (Nevo 2001, with the net
    share w of the buyer's price).
    """
    slopes = share_slopes(probabilities, alpha, weights)
    same = firm_of[:, None] == firm_of[None, :]
    share = weights @ probabilities
    result: FloatArray = np.linalg.solve(slopes * same, -net_share * share)
    return result
