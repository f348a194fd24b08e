"""Mesa agents: automakers that decide, and nothing else.

The agents hold no numbers of the market. They are asked by the calendar, see a
``FirmView``, and hand back decisions; prices, sales and money are the phases' business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import mesa
import numpy as np

from sim.decisions.conduct import Conduct
from sim.decisions.investment import InvestmentPlan
from sim.decisions.view import FirmView
from sim.market.pricing import own_best_reply

if TYPE_CHECKING:
    from sim.engine.model import PriceWar


class Investor(Protocol):
    """A rule of investment."""

    def invest(self, view: FirmView) -> InvestmentPlan:
        """Decide launches, building and issuing."""
        ...


class Automaker(mesa.Agent):  # type: ignore[misc]
    """A maker of electric cars; one that has left the market is shown nothing and decides nothing.

    Replacing ``conduct`` or ``investor`` of one automaker changes that firm alone.
    """

    model: PriceWar

    def __init__(
        self, model: PriceWar, firm: int, name: str, conduct: Conduct, investor: Investor
    ) -> None:
        super().__init__(model)
        self.firm = firm
        self.name = name
        self.conduct = conduct
        self.investor = investor

    def rule_of(self, decision: str) -> object:
        """The rule by which it takes a decision, ``invest`` or ``plan``."""
        return self.conduct if decision == "plan" else self.investor

    def invest(self) -> None:
        """State launches, building and issues for this quarter."""
        view = self.model.work.views[self.firm]
        if view is not None:
            self.model.work.investments[self.firm] = self.investor.invest(view)

    def plan(self) -> None:
        """State the weights or rule prices with which the firm enters the price game."""
        view = self.model.work.views[self.firm]
        if view is not None:
            self.model.work.plans[self.firm] = self.conduct.plan(view)

    def commit(self) -> None:
        """Check that the firm's own best reply, solved alone, moves no price.

        The largest relative move is kept in ``model.deviations``.
        """
        work, world = self.model.work, self.model.run_of.world
        if work.problem is None or not self.model.state.active[self.firm]:
            return
        alone = own_best_reply(world, work.problem, work.price, self.firm)
        lines = self.model.run_of.lines_of[self.firm]
        move = float(np.max(np.abs(alone[lines] / work.price[lines] - 1.0)))
        self.model.deviations[self.firm] = max(self.model.deviations[self.firm], move)
