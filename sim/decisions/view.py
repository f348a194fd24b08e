"""What a firm knows when it decides.

A rule of conduct sees a ``FirmView`` and nothing else. The arrays are copies, closed to
writing: a rule that tries to write into its view is told so, and nobody's world changes. What
firms know is thereby one assumption, visible in this file: their own books, the public prices
and volumes of the last quarter and of the base year, who owns whom, and what a car sold teaches
each firm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Kind = TypeVar("Kind", bound=np.generic)


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


class MarketView(NamedTuple):
    """What rules that are asked one by one may see of all lines, (J,), and of themselves.

    Fields are those of a ``FirmView``; ``price``, ``cost``, ``net_share`` and ``luck`` of all
    lines, ``luck`` maybe empty, ``memory`` of all firms.
    """

    price: FloatArray
    cost: FloatArray
    net_share: FloatArray
    luck: FloatArray
    firm_of: IntArray
    on_sale: BoolArray
    base_prices: FloatArray
    memory: tuple[FloatArray, ...]


@dataclass(frozen=True, eq=False)
class FirmViews(Sequence[FirmView | None]):
    """What all firms see in one quarter, one row a firm; each one's view is cut out of it.

    Arrays are closed to writing, (F,) unless said otherwise, and mean what the field of the
    same name means in a ``FirmView``. A rule that answers for many firms at once may read of
    each firm only what that firm's own view shows; a firm that has left is shown nothing.

    Attributes
    ----------
    active
        Who is on the market.
    lines_of
        Positions of each firm's lines.
    order, ends
        (J,) all of them, one firm after the other, and (F + 1,) where each firm's begin.
    sold, launch_due
        (J,) of every line.
    kappa, theta, group
        (F, F).
    idle, war, conduct
        Of every brand; a view shows those of its group.
    look
        What is copied out only for rules that are asked one by one.
    """

    t: int
    active: BoolArray
    lines_of: tuple[IntArray, ...]
    order: IntArray
    ends: IntArray
    sold: FloatArray
    kappa: FloatArray
    learning: FloatArray
    theta: FloatArray
    idle: FloatArray
    war: FloatArray
    conduct: FloatArray
    group: BoolArray
    mu: FloatArray
    runway: FloatArray
    comfort: FloatArray
    launch_due: BoolArray
    launch_cost: FloatArray
    cash: FloatArray
    unused_credit: FloatArray
    volume: FloatArray
    capacity: FloatArray
    listed: BoolArray
    trailing_revenue: FloatArray
    look: Callable[[], MarketView]

    def __post_init__(self) -> None:
        for values in vars(self).values():
            if type(values) is np.ndarray:
                values.flags.writeable = False

    @cached_property
    def _market(self) -> MarketView:
        return self.look()

    def __len__(self) -> int:
        return len(self.active)

    @overload
    def __getitem__(self, firm: int) -> FirmView | None: ...

    @overload
    def __getitem__(self, firm: slice) -> list[FirmView | None]: ...

    def __getitem__(self, firm: int | slice) -> FirmView | list[FirmView | None] | None:
        if isinstance(firm, slice):
            return [self[each] for each in range(len(self))[firm]]
        if not self.active[firm]:
            return None
        lines, group, market = self.lines_of[firm], self.group[firm], self._market
        return FirmView(
            firm=firm,
            t=self.t,
            lines=lines,
            price=_closed(market.price[lines]),
            cost=_closed(market.cost[lines]),
            sold=_closed(self.sold[lines]),
            kappa=self.kappa[firm],
            # Views of what is closed: nobody can open them.
            learning=self.learning[:],
            theta=self.theta[:],
            idle=_closed(np.where(group, self.idle, 0.0)),
            war=_closed(np.where(group, self.war, 0.0)),
            conduct=_closed(np.where(group, self.conduct, 0.0)),
            group=group,
            mu=self.mu.item(firm),
            runway=self.runway.item(firm),
            comfort=self.comfort.item(firm),
            launch_due=_closed(self.launch_due[lines]),
            launch_cost=self.launch_cost.item(firm),
            cash=self.cash.item(firm),
            unused_credit=self.unused_credit.item(firm),
            volume=self.volume.item(firm),
            capacity=self.capacity.item(firm),
            listed=self.listed.item(firm),
            trailing_revenue=self.trailing_revenue.item(firm),
            net_share=_closed(market.net_share[lines]),
            firm_of=_closed(market.firm_of.copy()),
            on_sale=_closed(market.on_sale.copy()),
            base_prices=_closed(market.base_prices.copy()),
            prices=_closed(market.price.copy()),
            sales=self.sold[:],
            luck=_closed(market.luck[lines] if len(market.luck) else market.luck.copy()),
            memory=_closed(market.memory[firm].copy()),
        )


def _closed(values: NDArray[Kind]) -> NDArray[Kind]:
    """The array, closed to writing."""
    values.flags.writeable = False
    return values
