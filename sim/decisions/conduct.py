"""How a firm prices: what a rule of conduct states, and the two rules of best replies.

In ``plan`` a rule states how its firm enters the market's price game: with weights (``kappa``
on the profit of every firm, ``shadow`` on every firm's sales beyond today's margin), with list
prices of its own lines, or with a volume that it must sell. The market holds list prices and
finds, given them, the prices of all others that are best replies to each other. A rule sees a
``FirmView`` and nothing else; it neither draws nor keeps anything itself: luck comes in the
view, and what it notes in ``memory`` comes back in its next view. ``docs/conduct.md`` shows how
to add one; ``sim.decisions.rules`` names those that a scenario can ask for.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, final

import numpy as np
from numpy.typing import NDArray

from sim.decisions.view import FirmView, FirmViews
from sim.kernels.shadow_value import shadow_row, shadow_rows

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

NOTHING = np.zeros(0)
NOTHING.flags.writeable = False


class ShadowParts(NamedTuple):
    """Parts of the own shadow value, CNY of net price a car, after the cost of cash.

    They add up: ``shadow = learning + idle + war - conduct``.
    """

    learning: float
    idle: float
    war: float
    conduct: float

    @property
    def total(self) -> float:
        """The own shadow value lambda, CNY."""
        return self.learning + self.idle + self.war - self.conduct


NO_PARTS = ShadowParts(0.0, 0.0, 0.0, 0.0)


class PricePlan(NamedTuple):
    """How a firm enters the price equilibrium.

    Attributes
    ----------
    kappa, shadow
        (F,) rows of the firm in the matrices of profit weights and shadow values.
    parts
        The own shadow value in parts.
    rule_price
        Prices of own lines where the firm prices by a rule, CNY, else None.
    held
        Own lines that are held at their ``rule_price``; all others reply. None for all.
    volume
        Domestic sales that the firm must reach this quarter, vehicles; None for none.
    floor
        Lowest prices of own lines under a ``volume``, CNY.
    memory
        What the rule will be shown in its next view.
    """

    kappa: FloatArray
    shadow: FloatArray
    parts: ShadowParts
    rule_price: FloatArray | None = None
    held: BoolArray | None = None
    volume: float | None = None
    floor: FloatArray | None = None
    memory: FloatArray = NOTHING


class PriceRows(NamedTuple):
    """Plans of many firms without list prices, one row a firm.

    Attributes
    ----------
    kappa, shadow
        (F, F) rows of each firm in the matrices of profit weights and shadow values.
    parts
        (F, 4) the own shadow value in the parts of ``ShadowParts``.
    """

    kappa: FloatArray
    shadow: FloatArray
    parts: FloatArray


class Conduct(Protocol):
    """A rule of conduct; one that reads ``view.luck`` has an attribute ``draws`` that is true.

    A rule may have a method ``plan_all(views, asked)`` beside ``plan``: the same plans of all
    firms asked, (F,), to the last bit, as ``PriceRows``. Firms that share the rule are then
    asked together.
    """

    name: str

    def plan(self, view: FirmView) -> PricePlan:
        """State the weights or the rule prices with which the firm prices this quarter."""
        ...


def list_prices(
    view: FirmView,
    prices: FloatArray,
    *,
    held: BoolArray | None = None,
    memory: FloatArray = NOTHING,
) -> PricePlan:
    """Plan of a firm whose lines stand at list prices.

    Parameters
    ----------
    prices
        (own lines,) CNY.
    held
        Lines that are held there; None for all.
    memory
        What to note.
    """
    none = np.zeros(len(view.kappa))
    return PricePlan(view.kappa, none, NO_PARTS, prices, held, memory=memory)


def unit_cost(view: FirmView) -> float:
    """Marginal cost of the firm's mean car, CNY: by last sales, or plain if nothing was sold."""
    if not len(view.cost):
        return 0.0
    weights = view.sold if view.sold.sum() > 0.0 else np.ones(len(view.cost))
    return float(view.cost @ weights / weights.sum())


@final
class StaticNash:
    """Best replies that look at today's margin alone (Bertrand with differentiated products).

    Every firm maximises the profit of the quarter, with the weights on others' profits that
    ownership gives it, given the prices of all others; no shadow value of any kind. Also called
    Bertrand-Nash or Nash in prices (Caplin & Nalebuff 1991, Econometrica 59(1), 25-59).
    """

    name = "static_nash"

    def plan(self, view: FirmView) -> PricePlan:
        """Return the rows of kappa, and of Lambda without anything in it."""
        return PricePlan(view.kappa, np.zeros(len(view.kappa)), NO_PARTS)


@final
class DynamicNash:
    """Best replies with the shadow value of a sale (equation 3.5).

    The firm adds to today's margin what one more sale is worth tomorrow: what it teaches
    (Spence 1981; Besanko, Doraszelski & Kryukov 2014, advantage building), what it saves in
    idle plants, and the private stakes of the war; a firm short of cash discounts all of it.
    Without these parts it is static Nash in prices (Bertrand with differentiated products).
    """

    name = "dynamic_nash"

    def plan(self, view: FirmView) -> PricePlan:
        """Return the rows of kappa and Lambda."""
        cash = 1.0 / (1.0 + view.mu)
        me = view.firm
        shadow, learning = shadow_row(
            view.kappa, view.learning, view.theta, view.idle, view.war, view.conduct, cash, me
        )
        parts = ShadowParts(
            learning, view.idle.item(me) * cash, view.war.item(me) * cash, view.conduct.item(me)
        )
        return PricePlan(view.kappa, shadow, parts)

    def plan_all(self, views: FirmViews, asked: BoolArray) -> PriceRows:
        """Return the rows of all firms asked, (F,)."""
        shadow, parts = shadow_rows(
            views.kappa, views.learning, views.theta, views.idle, views.war, views.conduct,
            views.group, views.mu, asked,
        )  # fmt: skip
        return PriceRows(views.kappa, shadow, parts)
