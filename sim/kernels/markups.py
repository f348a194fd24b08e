"""First-order conditions of multi-product firms at given prices and shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.errors import SolverError
from sim.kernels import inputs
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

    Raises
    ------
    KernelInputError
        A number is not finite or a shape does not fit; the message names the product.
    SolverError
        No margin would make these prices an equilibrium (one owner of a market that everybody
        must buy from).
    """
    products = len(demand.delta)
    net_share = inputs.vector("net share", net_share, products, needed=demand.available)
    firms = np.iinfo(np.int64).max if kappa is None else len(kappa)
    firm_of = inputs.positions("firm", firm_of, firms, products)
    if kappa is not None:
        kappa = inputs.square("kappa", kappa)
    chosen = demand.on_sale
    slopes = share_slopes(demand, prices)[np.ix_(chosen, chosen)]
    owner = firm_of[chosen]
    if kappa is None:
        weight = (owner[:, None] == owner[None, :]).astype(np.float64)
    else:
        weight = kappa[np.ix_(owner, owner)]
    share = shares(demand, prices)[chosen]
    result = np.full(len(firm_of), np.nan)
    try:
        result[chosen] = np.linalg.solve(slopes.T * weight, -net_share[chosen] * share)
    except np.linalg.LinAlgError:
        raise SolverError("no margins make these prices an equilibrium") from None
    return result
