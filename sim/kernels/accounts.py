"""Sales, interest and what is owed in a quarter, firm by firm.

``sim/quarter`` and ``sim/finance`` say what these mean; here are their loops.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.kernels.cash import recent_flow
from sim.kernels.jit import as_written

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@as_written
def unit_costs(
    firm_of: IntArray,
    units: FloatArray,
    body: FloatArray,
    body_factor: FloatArray,
    energy: FloatArray,
    energy_price: float,
    energy_factor: FloatArray,
    extra: FloatArray,
    units_of_firm: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Cost of each product's body and of all of it, (J,); means of each firm, (F,); money a unit.

    Parameters
    ----------
    firm_of, units, body, energy, extra
        (J,) firm, weight in its means, cost of the body, energy in it, and money on top.
    body_factor, energy_factor
        (F,) factors on the cost of the body and on the price of energy.
    units_of_firm
        (F,) sums of ``units``.

    Returns
    -------
    tuple
        Bodies and whole products, (J,); means of whole products and of bodies, (F,).
    """
    products, firms = len(units), len(units_of_firm)
    bodies, wholes = np.empty(products), np.empty(products)
    mean, mean_body = np.zeros(firms), np.zeros(firms)
    for j in range(products):
        f = firm_of[j]
        bodies[j] = body[j] * body_factor[f]
        wholes[j] = bodies[j] + energy[j] * energy_price * energy_factor[f] + extra[j]
        mean[f] += units[j] * wholes[j]
        mean_body[f] += units[j] * bodies[j]
    for f in range(firms):
        mean[f] /= units_of_firm[f]
        mean_body[f] /= units_of_firm[f]
    return bodies, wholes, mean, mean_body


@as_written
def trade(
    firm_of: IntArray,
    sold: FloatArray,
    price: FloatArray,
    kept: FloatArray,
    cost: FloatArray,
    abroad: FloatArray,
    spent_abroad: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Net revenue and marginal cost of what each firm sold at home and abroad, (F,) money.

    Parameters
    ----------
    firm_of, sold, price, kept, cost
        (J,) firm, units sold at home, price, the part of it that the firm keeps, and cost.
    abroad, spent_abroad
        (F,) revenue and marginal cost abroad.
    """
    revenue, spent = np.zeros(len(abroad)), np.zeros(len(abroad))
    for j in range(len(sold)):
        revenue[firm_of[j]] += sold[j] * price[j] * kept[j]
        spent[firm_of[j]] += sold[j] * cost[j]
    for f in range(len(abroad)):
        revenue[f] += abroad[f]
        spent[f] += spent_abroad[f]
    return revenue, spent


@as_written
def interest_due(
    active: FloatArray,
    base: FloatArray,
    debt: FloatArray,
    cash: FloatArray,
    base_debt: FloatArray,
    base_cash: FloatArray,
    rate: float,
    deposit_rate: float,
) -> FloatArray:
    """Interest of a quarter, (F,) money: the base year's, moved by what debt and cash changed.

    Parameters
    ----------
    active
        (F,) 1 on the market, else 0.
    rate, deposit_rate
        A year.
    """
    due = np.empty(len(base))
    for f in range(len(base)):
        paid = rate * (debt[f] - base_debt[f]) / 4.0
        earned = deposit_rate * (cash[f] - base_cash[f]) / 4.0
        due[f] = active[f] * (base[f] + paid - earned)
    return due


@as_written
def owed(
    revenue: FloatArray,
    cost: FloatArray,
    receivable: FloatArray,
    inventory: FloatArray,
    payable: FloatArray,
    stress: FloatArray,
    distress: float,
    period: float,
) -> FloatArray:
    """Receivables, inventory and payables: parts of the flows of the last so many days, (3, F).

    Parameters
    ----------
    revenue, cost
        (K, F) money a period, the latest first.
    receivable, inventory, payable
        (F,) days.
    stress
        (F,) 0 where suppliers trust, 1 where they leave ``distress`` days of payables.
    period
        Days in one.
    """
    flows, back = np.empty((3, *revenue.shape)), np.empty((3, len(stress)))
    flows[0], flows[1], flows[2] = revenue, cost, cost
    for f in range(len(stress)):
        days = payable[f] - stress[f] * max(payable[f] - distress, 0.0)
        back[0, f], back[1, f] = receivable[f] / period, inventory[f] / period
        back[2, f] = days / period
    return recent_flow(flows, back)
