"""What a firm knows when it decides.

A rule of conduct sees a ``FirmView`` and nothing else. The arrays are copies, closed to
writing: a rule that tries to write into its view is told so, and nobody's world changes. What
firms know is thereby one assumption, visible in this file: their own books, the public prices
and volumes of the last quarter and of the base year, who owns whom, and what a car sold teaches
each firm.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class FirmView(NamedTuple):
    """One firm's knowledge in one quarter. F firms, J lines; CNY of net price.

    Attributes
    ----------
    firm
        Position of the deciding firm.
    t
        Quarter of the run.
    lines
        Positions of its own lines.
    price, cost, sold
        Own lines' last prices and present marginal costs, CNY, and last domestic sales.
    kappa
        (F,) weight on each firm's profit that ownership gives it (O'Brien & Salop 2000).
    learning
        (F,) what one more car teaches each firm, CNY.
    theta
        (F, F) share of firm g's experience that firm h learns from, ``theta[h, g]``.
    idle, war, conduct
        (F,) private parts of the brands under the same owner; 0 for all others.
    group
        (F,) brands under the same owner.
    mu
        Own shadow cost of cash.
    runway, comfort
        Quarters of fixed cost and R&D that cash and credit pay for; what is comfortable.
    launch_due
        (own lines,) a launch of the line could be made this quarter.
    launch_cost
        Cost of one launch, CNY.
    cash, unused_credit
        Own, CNY.
    volume, capacity
        Own production of a quarter, mean of the last four, and what the plants can make, those
        on order included.
    listed
        May raise equity on the market.
    trailing_revenue
        Own net revenue of the last four quarters, CNY.
    net_share
        Own lines: part of the buyer's price that reaches the firm.
    firm_of
        (J,) the firm of every line.
    on_sale
        (J,) whether the line is on the market.
    base_prices, prices
        (J,) everybody's prices of the base year and of the last quarter, CNY.
    sales
        (J,) everybody's domestic sales of the last quarter, vehicles.
    luck
        Own lines: uniform draws of this quarter, for rules that need luck; else empty.
    memory
        What the firm's own rule of conduct noted in its last plan; empty before the first.
    """

    firm: int
    t: int
    lines: IntArray
    price: FloatArray
    cost: FloatArray
    sold: FloatArray
    kappa: FloatArray
    learning: FloatArray
    theta: FloatArray
    idle: FloatArray
    war: FloatArray
    conduct: FloatArray
    group: BoolArray
    mu: float
    runway: float
    comfort: float
    launch_due: BoolArray
    launch_cost: float
    cash: float
    unused_credit: float
    volume: float
    capacity: float
    listed: bool
    trailing_revenue: float
    net_share: FloatArray
    firm_of: IntArray
    on_sale: BoolArray
    base_prices: FloatArray
    prices: FloatArray
    sales: FloatArray
    luck: FloatArray
    memory: FloatArray
