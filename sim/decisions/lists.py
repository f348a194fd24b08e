"""Rules of conduct that set list prices: inertia, cost-plus, leader, follower, undercutting.

Levels are logarithms of prices relative to the base year's, so that a firm's cars and its
rivals' can be compared: 0 is as in the base year, -0.1 is about a tenth below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from sim.decisions.conduct import DynamicNash, PricePlan, list_prices
from sim.decisions.view import FirmView

FloatArray = NDArray[np.float64]


def floor_prices(view: FirmView, floor: float) -> FloatArray:
    """Prices of own lines at which the net price is ``floor`` times marginal cost, CNY."""
    return floor * view.cost / view.net_share


def own_levels(view: FirmView) -> FloatArray:
    """Level of each own line's last price."""
    result: FloatArray = np.log(view.price / view.base_prices[view.lines])
    return result


def firm_level(view: FirmView, firm: int) -> float | None:
    """Mean level of a firm's last prices; None if it is not on the market."""
    lines = (view.firm_of == firm) & view.on_sale
    if not lines.any():
        return None
    return float(np.log(view.prices[lines] / view.base_prices[lines]).mean())


def lowest_rival_level(view: FirmView) -> float | None:
    """Level of the firm that has cut deepest, of those outside the group; None for nobody."""
    levels = [firm_level(view, firm) for firm in np.flatnonzero(~view.group).tolist()]
    known = [level for level in levels if level is not None]
    return min(known) if known else None


def _at_levels(view: FirmView, levels: FloatArray, floor: float) -> PricePlan:
    prices = view.base_prices[view.lines] * np.exp(levels)
    return list_prices(view, np.maximum(prices, floor_prices(view, floor)))


@final
@dataclass(frozen=True)
class Inertia:
    """A share of list prices is set anew each quarter, the others stay (Calvo pricing).

    Which ones is luck, independent of how long a price has stood (Calvo 1983, Journal of
    Monetary Economics 12(3), 383-398); those that move are best replies with the shadow value of
    dynamic Nash. They do not foresee how long they will stand.

    Parameters
    ----------
    share
        Odds that a line's price is set anew, a quarter.
    """

    share: float
    name = "inertia"
    draws = True

    def plan(self, view: FirmView) -> PricePlan:
        """Return the plan of dynamic Nash, with the lines that stand held at their last price."""
        held = view.luck >= self.share
        plan = DynamicNash().plan(view)
        return plan._replace(rule_price=view.price, held=held) if held.any() else plan


@final
@dataclass(frozen=True, eq=False)
class CostPlus:
    """Cost and a fixed markup, whatever demand and rivals do (full-cost pricing).

    Hall & Hitch (1939), Oxford Economic Papers 2, 12-45.

    Parameters
    ----------
    markup
        Share of marginal cost, of the firm or of each own line; None for what each line earned
        on the base year's price at the cost of the first quarter.
    """

    markup: float | FloatArray | None = None
    name = "cost_plus"

    def plan(self, view: FirmView) -> PricePlan:
        """Return list prices; the markups of the first quarter are noted."""
        if self.markup is not None:
            markup = np.broadcast_to(np.asarray(self.markup, dtype=np.float64), view.cost.shape)
        elif len(view.memory):
            markup = view.memory
        else:
            markup = view.price * view.net_share / view.cost - 1.0
        prices = view.cost * (1.0 + markup) / view.net_share
        return list_prices(view, prices, memory=np.array(markup))


@final
@dataclass(frozen=True)
class PriceLeader:
    """Announces cuts of its list prices on dates of its own and holds them between.

    The barometric leader (Stigler 1947, Journal of Political Economy 55(5), 432-449; Markham
    1951, American Economic Review 41(5), 891-905): first to change, without regard to what the
    others will charge. Who follows, and how fast, is for the followers to say. A leader that
    replies to others needs no rule of its own: any firm can be followed.

    Parameters
    ----------
    cut
        Share taken off each price at each cut.
    every
        Quarters from one cut to the next; the first falls in the first quarter.
    cuts
        How many there are.
    floor
        Lowest net price, times marginal cost.
    """

    cut: float
    every: int
    cuts: int
    floor: float
    name = "price_leader"

    def plan(self, view: FirmView) -> PricePlan:
        """Return list prices."""
        number, rest = divmod(view.t, self.every)
        step = math.log1p(-self.cut) if rest == 0 and number < self.cuts else 0.0
        return _at_levels(view, own_levels(view) + step, self.floor)


@final
@dataclass(frozen=True)
class Follower:
    """Follows the prices of one leader, line by line, with a lag of a quarter.

    Markham (1951); Rotemberg & Saloner (1990), Journal of Industrial Economics 39(1), 93-111. Of
    the gap between its own level and the leader's last one a share is closed each quarter; at a
    speed of one the ratio of prices is that of the base year. Where the leader has left the
    market, it prices as dynamic Nash.

    Parameters
    ----------
    leader
        Position of the firm that is followed.
    speed
        Share of the gap that is closed in a quarter.
    floor
        Lowest net price, times marginal cost.
    """

    leader: int
    speed: float
    floor: float
    name = "follower"

    def plan(self, view: FirmView) -> PricePlan:
        """Return list prices."""
        target = firm_level(view, self.leader)
        if target is None:
            return DynamicNash().plan(view)
        levels = own_levels(view)
        return _at_levels(view, levels + self.speed * (target - levels), self.floor)


@final
@dataclass(frozen=True)
class Undercut:
    """Goes under whoever has cut deepest, down to a floor (the falling leg of a price cycle).

    Edgeworth (1925, "The pure theory of monopoly", Papers relating to political economy, volume
    1); Maskin & Tirole (1988), Econometrica 56(3), 571-599. Differentiated products are compared
    by what has been taken off their price since the base year. A line that is lower already stays.
    There is no way back up: who would relent first is a war of attrition left out here.

    Parameters
    ----------
    step
        Share by which the deepest cut is undercut.
    floor
        Lowest net price, times marginal cost.
    """

    step: float
    floor: float
    name = "undercut"

    def plan(self, view: FirmView) -> PricePlan:
        """Return list prices."""
        levels, rival = own_levels(view), lowest_rival_level(view)
        if rival is not None:
            levels = np.minimum(levels, rival + math.log1p(-self.step))
        return _at_levels(view, levels, self.floor)
