"""Income and working capital of a quarter. Equation numbers refer to ``sim/MODEL.md``."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.kernels.accounts import owed
from sim.kernels.cash import cost_of_cash, following, quarters_left, recent_flow

FloatArray = NDArray[np.float64]

DAYS_A_QUARTER = 90.0


@dataclass(frozen=True)
class Income:
    """Income of each firm in one quarter, (F,) CNY, before tax.

    ``result = contribution - fixed_cost - rd - interest + other_business``, where
    contribution is revenue net of VAT and dealer margin less marginal cost, and fixed cost
    includes depreciation (equation 5.1).
    """

    revenue: FloatArray
    variable_cost: FloatArray
    fixed_cost: FloatArray
    rd: FloatArray
    interest: FloatArray
    other_business: FloatArray
    alliance_cost: FloatArray

    @property
    def contribution(self) -> FloatArray:
        """Revenue less marginal cost, (F,) CNY."""
        return self.revenue - self.variable_cost

    @property
    def result(self) -> FloatArray:
        """Result before tax, (F,) CNY."""
        return (
            self.contribution
            - self.fixed_cost
            - self.rd
            - self.interest
            + self.other_business
            - self.alliance_cost
        )


@dataclass(frozen=True)
class WorkingCapital:
    """Stocks that growth and distress move, (F,) CNY each."""

    receivable: FloatArray
    inventory: FloatArray
    payable: FloatArray

    @property
    def net(self) -> FloatArray:
        """Cash tied up, (F,) CNY; negative where suppliers finance the firm."""
        return self.receivable + self.inventory - self.payable


def follow_revenue(base: FloatArray, ratio: FloatArray, elasticity: float) -> FloatArray:
    """Fixed cost or R&D that follows revenue with an elasticity (equation 5.2), CNY.

    ``ratio`` is revenue over its base-year level; a firm without revenue has no such cost.
    """
    return following(base, ratio, elasticity)


def operating_margin(
    revenue: FloatArray, variable_cost: FloatArray, spending: FloatArray
) -> FloatArray:
    """Result before interest and other business over revenue (equation 5.11), (F,).

    Minus one where there is no revenue; no firm is told worse.
    """
    selling = revenue > 0.0
    margin = (revenue - variable_cost - spending) / np.where(selling, revenue, 1.0)
    return np.where(selling, np.maximum(margin, -1.0), -1.0)


def outstanding(flows: FloatArray, days: FloatArray) -> FloatArray:
    """Part of past flows that fell in the last ``days`` days, (..., F) CNY (equation 5.4).

    What is owed at the end of a quarter is what was bought in the last ``days`` days: the
    stock follows a jump of the flow only as fast as old bills are paid.

    Parameters
    ----------
    flows
        (K, F) CNY a quarter, the latest quarter first; or several such, (N, K, F).
    days
        (F,) or (N, F) at most 90 K; what lies further back is not known.
    """
    kinds = flows.reshape(-1, *flows.shape[-2:])
    back = np.ascontiguousarray(np.broadcast_to(days, (len(kinds), flows.shape[-1])))
    stock = recent_flow(kinds, back / DAYS_A_QUARTER)
    return stock.reshape(*flows.shape[:-2], -1)


def working_capital(
    revenue: FloatArray,
    variable_cost: FloatArray,
    receivable_days: FloatArray,
    inventory_days: FloatArray,
    payable_days: FloatArray,
    stress: FloatArray,
    distress_days: float,
) -> WorkingCapital:
    """Days of revenue and cost (equation 5.4).

    Parameters
    ----------
    revenue, variable_cost
        (K, F) CNY a quarter, the latest quarter first.
    receivable_days, inventory_days, payable_days
        (F,) days of revenue or cost.
    stress
        (F,) 0 where suppliers trust the runway, 1 where it is gone.
    distress_days
        Days of payables left to a firm whose suppliers have lost all trust.
    """
    receivable, inventory, payable = owed(
        revenue, variable_cost, receivable_days, inventory_days, payable_days, stress,
        distress_days, DAYS_A_QUARTER,
    )  # fmt: skip
    return WorkingCapital(receivable, inventory, payable)


def runway(cash: FloatArray, unused_credit: FloatArray, burn: FloatArray) -> FloatArray:
    """Quarters of fixed cost and R&D that cash and unused credit pay for (equation 3.9).

    Infinite where nothing is spent.
    """
    return quarters_left(cash, unused_credit, burn)


def shadow_cost_of_cash(
    quarters: FloatArray, comfort: FloatArray, mu_max: float, exempt: NDArray[np.bool_]
) -> FloatArray:
    """``mu = mu_max max(0, 1 - runway / comfort)`` (equation 3.9); 0 where exempt."""
    return cost_of_cash(quarters, comfort, mu_max, exempt)


def annuity(years: float, rate: float) -> float:
    """Worth today of one at the end of each of n years, ``(1 - (1 + r)^-n) / r``."""
    return years if rate == 0.0 else -math.expm1(-years * math.log1p(rate)) / rate


def stake_price(stake: float, pre_money: float) -> float:
    """Cash that a primary issue brings, CNY: ``b / (1 - b)`` of the value before it."""
    return stake / (1.0 - stake) * pre_money
