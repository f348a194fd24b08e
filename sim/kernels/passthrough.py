"""Pass-through: how equilibrium prices answer costs (equation 9.8 of ``sim/MODEL.md``)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels.curvature import Curvature
from sim.kernels.demand import share_slopes
from sim.kernels.game import PriceGame
from sim.kernels.ownership import product_weights

FloatArray = NDArray[np.float64]


def pass_through(game: PriceGame, prices: FloatArray) -> FloatArray:
    """Equilibrium pass-through ``dp_j / dc_k``, (J, J), exact by the implicit function theorem.

    ``dp/dc = F_p^-1 [kappa_jk ds_k/dp_j]`` with the slopes F_p of the first-order conditions,
    second derivatives of shares in them. Rows of frozen products are zero; rows and columns of
    products not on sale are NaN.

    Parameters
    ----------
    prices
        (J,) equilibrium prices of the game, money.

    Raises
    ------
    KernelInputError
        Prices do not answer costs in one way: the slopes are singular.
    """
    demand = game.demand
    sold = demand.on_sale
    free = sold[~game.held[sold]]
    curvature = Curvature(game, prices)
    # A zeta step is the condition over A_j net_j / (1 - rho_h).
    scale = curvature.slope[free] * game.kept[free]
    if demand.nest_of is not None and demand.rho is not None:
        scale = scale / (1.0 - demand.rho[demand.nest_of[free]])
    steep = scale[:, None] * curvature.step_slopes(free, free)
    minded = product_weights(game.weights, game.firm_of) * share_slopes(demand, prices).T
    result = np.full((len(prices), len(prices)), np.nan)
    result[np.ix_(sold, sold)] = 0.0
    try:
        result[np.ix_(free, sold)] = np.linalg.solve(steep, minded[np.ix_(free, sold)])
    except np.linalg.LinAlgError:
        raise KernelInputError(
            "prices do not answer costs in one way here: the conditions' slopes are singular"
        ) from None
    return result
