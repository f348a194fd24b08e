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
from sim.kernels.inputs import vector

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

    Raises
    ------
    KernelInputError
        A rate is not finite, the shapes differ, or nothing is left to the firm; the message
        names the product.
    """
    rates, tax, dealer = _together(
        ("VAT", vat), ("purchase tax", purchase_tax), ("dealer margin", dealer_margin)
    )
    taxed = 1.0 + rates + tax
    wrong = ~((taxed > 0.0) & (dealer < 1.0))
    if wrong.any():
        worst = int(np.argmax(wrong))
        raise KernelInputError(f"taxes and dealer margin of product {worst} leave nothing to it")
    kept: FloatArray = (1.0 - dealer) / taxed
    return kept


def _together(*parts: tuple[str, float | FloatArray]) -> list[FloatArray]:
    """Numbers a product, or one for all, that fit each other."""
    arrays = [vector(name, np.atleast_1d(value)).reshape(np.shape(value)) for name, value in parts]
    size = max(array.size for array in arrays)
    for (name, _), array in zip(parts, arrays, strict=True):
        if array.ndim == 1 and len(array) != size:
            raise KernelInputError(f"{name} has shape {array.shape}, not ({size},)")
    return arrays


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
        A number is not finite or the shapes differ, or a subsidy exceeds the cost of a product,
        which leaves no cost to price from; the message names the product.
    """
    base, duty, tax, grant = _together(
        ("cost", cost), ("tariff", tariff), ("unit tax", unit_tax), ("unit subsidy", unit_subsidy)
    )
    landed: FloatArray = base * (1.0 + duty) + tax - grant
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
        The shape does not fit or a subsidy is not finite; the message names the product.
    """
    money = np.asarray(subsidy, dtype=np.float64)
    if money.shape != demand.delta.shape:
        raise KernelInputError(f"subsidies have shape {money.shape}, not {demand.delta.shape}")
    require_finite("subsidy", money, demand.available)
    worth = demand.alpha[:, None] * money
    return replace(demand, mu=worth if demand.mu is None else demand.mu + worth)
