"""Wedges between what the buyer pays and what the firm keeps.

All are in the form that a price game takes: a net share of the price, a marginal cost, a taste.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels.checks import require_finite
from sim.kernels.demand import Demand

FloatArray = NDArray[np.float64]


def net_share(
    vat: float | FloatArray = 0.0,
    purchase_tax: float | FloatArray = 0.0,
    dealer_margin: float | FloatArray = 0.0,
) -> FloatArray:
    """Part of the buyer's price that the firm keeps: ``(1 - d) / (1 + v + tau)``.

    Parameters
    ----------
    vat, purchase_tax
        Shares of the price before VAT.
    dealer_margin
        Share of the price before VAT and tax.
    """
    kept: FloatArray = (1.0 - np.asarray(dealer_margin)) / (1.0 + np.asarray(vat) + purchase_tax)
    return kept


def landed_cost(
    cost: FloatArray,
    tariff: float | FloatArray = 0.0,
    unit_tax: float | FloatArray = 0.0,
    unit_subsidy: float | FloatArray = 0.0,
) -> FloatArray:
    """Marginal cost with duties: ``c (1 + tariff) + unit_tax - unit_subsidy``, (J,) money.

    Parameters
    ----------
    tariff
        Share of the cost at the border.
    unit_tax, unit_subsidy
        Money a unit that the firm pays or receives.

    Raises
    ------
    KernelInputError
        A subsidy exceeds the cost of a product, which leaves no cost to price from.
    """
    landed: FloatArray = cost * (1.0 + np.asarray(tariff)) + unit_tax - np.asarray(unit_subsidy)
    if (landed < 0.0).any():
        worst = int(np.argmin(landed))
        raise KernelInputError(f"cost of product {worst} is {landed[worst]} after its subsidy")
    return landed


def subsidised(demand: Demand, subsidy: FloatArray) -> Demand:
    """Demand of buyers who get ``subsidy`` (J,) money back: ``+ alpha_i subsidy_j``.

    The price stays what the firm charges.

    Raises
    ------
    KernelInputError
        A subsidy is not finite; the message names the product.
    """
    require_finite("subsidy", np.asarray(subsidy, dtype=np.float64), demand.available)
    worth = demand.alpha[:, None] * subsidy
    return replace(demand, mu=worth if demand.mu is None else demand.mu + worth)
