"""What a firm spends on: launches, plants, and when it asks the market for equity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from sim.decisions.view import FirmView

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class InvestmentPlan:
    """Decisions of one firm for one quarter.

    Attributes
    ----------
    launch
        (own lines,) launches made of those that are due.
    build
        Capacity added, vehicles a quarter.
    issue
        Equity offered to the market, CNY.
    """

    launch: BoolArray
    build: float
    issue: float


@final
@dataclass(frozen=True)
class CautiousInvestor:
    """Spend while the runway lasts (our own rule).

    Launches that are due are made, of the line that sells most first, while the runway left
    after paying for them is above ``launch_runway`` quarters. Plants follow demand: what a
    year's mean production exceeds is built. Equity is offered when the runway falls under
    ``raise_runway`` quarters.
    """

    launch_runway: float
    raise_runway: float
    raise_size: float

    def invest(self, view: FirmView) -> InvestmentPlan:
        """Decide launches, building and issuing for this quarter."""
        launch = view.launch_due
        means = view.cash + view.unused_credit
        quarter = means / view.runway if 0.0 < view.runway < math.inf else 0.0
        if launch.any():
            launch = launch.copy()
            order = np.argsort(-view.sold, kind="stable")
            for line in order[launch[order]]:
                if means - view.launch_cost < self.launch_runway * quarter:
                    launch[line] = False
                else:
                    means -= view.launch_cost
        issue = 0.0
        if view.listed and view.runway < self.raise_runway:
            issue = self.raise_size * view.trailing_revenue
        return InvestmentPlan(
            launch=launch, build=max(0.0, view.volume - view.capacity), issue=issue
        )
