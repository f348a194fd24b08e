"""What a price is made of: the first-order condition, read as a sum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.kernels.demand import require_prices, share_slopes, shares
from sim.kernels.game import PriceGame

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PriceParts:
    """Parts of each price that add up to it, (J,) money; NaN where a product is not on sale.

    ``prices = cost - shadow + own_markup + own_lines + others_profit + others_sales + taxes
    + rest``.

    Attributes
    ----------
    prices
        What the buyer pays.
    cost
        Marginal cost.
    shadow
        Own shadow value, taken off: what one more sale is worth beyond its margin.
    own_markup
        Markup of a firm that had this product alone: net share x share / -(ds/dp).
    own_lines
        Added because part of what is lost goes to the firm's other products.
    others_profit
        Added because part of what is lost goes to firms whose profit the firm minds (kappa).
    others_sales
        The same for what their sales are worth to the firm beyond margins (Lambda off the
        diagonal).
    taxes
        What the buyer pays and the firm does not keep: taxes and dealer margin.
    rest
        What remains: the solver's error in an equilibrium, the rule's own margin where a price
        is held.
    """

    prices: FloatArray
    cost: FloatArray
    shadow: FloatArray
    own_markup: FloatArray
    own_lines: FloatArray
    others_profit: FloatArray
    others_sales: FloatArray
    taxes: FloatArray
    rest: FloatArray


def price_parts(game: PriceGame, prices: FloatArray) -> PriceParts:
    """Split prices by the first-order condition of their firm (equation 3.10).

    ``n_j = c_j - Lambda_ff + w_j s_j / |ds_j/dp_j| + sum_k D_jk (kappa_fg (n_k - c_k) +
    Lambda_fg)``, k other than j, g the firm of k, D the diversion ratios: the terms of the
    condition over the slope of the product's own share.

    Parameters
    ----------
    game
        The price game.
    prices
        (J,) money; best replies to each other, or any.

    Raises
    ------
    KernelInputError
        A price is not finite or the shape does not fit.
    """
    array = require_prices(game.demand, prices)
    here = game.demand.on_sale
    firm = game.firm_of[here]
    slopes = share_slopes(game.demand, array)[np.ix_(here, here)]
    steep = -np.diag(slopes)
    diversion = slopes / steep[:, None]
    np.fill_diagonal(diversion, 0.0)
    net = (game.kept * array)[here]
    margin = net - game.costs[here]
    same = firm[:, None] == firm[None, :]
    weight = game.weights[np.ix_(firm, firm)]
    worth = game.lambdas[np.ix_(firm, firm)]
    own = np.diag(game.lambdas)[firm]
    parts = {
        "prices": array[here],
        "cost": game.costs[here],
        "shadow": own,
        "own_markup": game.kept[here] * shares(game.demand, array)[here] / steep,
        "own_lines": np.where(same, diversion, 0.0) @ (margin + own),
        "others_profit": np.where(same, 0.0, diversion * weight) @ margin,
        "others_sales": np.where(same, 0.0, diversion * worth).sum(axis=1),
        "taxes": array[here] - net,
    }
    told = sum(value for name, value in parts.items() if name not in ("prices", "shadow"))
    parts["rest"] = parts["prices"] - (told - parts["shadow"])
    return PriceParts(**{name: _spread(value, here, len(array)) for name, value in parts.items()})


def _spread(values: FloatArray, here: NDArray[np.int64], size: int) -> FloatArray:
    full = np.full(size, np.nan)
    full[here] = values
    return full
