"""How a firm prices: rules of conduct.

A rule states, in ``plan``, the weights with which its firm enters the market's price
equilibrium: ``kappa`` on the profit of every firm and ``shadow`` on every firm's sales
beyond today's margin. The market then finds the prices that are best replies to each
other. A new rule is a class with these two members and changes nothing else.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, final

import numpy as np
from numpy.typing import NDArray

from sim.decisions.view import FirmView
from sim.kernels.shadow_value import shadow_row

FloatArray = NDArray[np.float64]


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


class PricePlan(NamedTuple):
    """How a firm enters the price equilibrium.

    Attributes
    ----------
    kappa, shadow
        (F,) rows of the firm in the matrices of profit weights and shadow values.
    parts
        The own shadow value in parts.
    rule_price
        Prices of own lines where the firm prices by a rule, else None.
    """

    kappa: FloatArray
    shadow: FloatArray
    parts: ShadowParts
    rule_price: FloatArray | None = None


class Conduct(Protocol):
    """A rule of conduct."""

    name: str

    def plan(self, view: FirmView) -> PricePlan:
        """State the weights or the rule prices with which the firm prices this quarter."""
        ...


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
