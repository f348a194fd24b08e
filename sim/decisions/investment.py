"""What a firm spends on: launches, plants, and when it asks the market for equity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from sim.decisions.view import FirmView, FirmViews
from sim.kernels.cash import affordable

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class InvestmentPlan(NamedTuple):
    """Decisions of one firm for one quarter.

    Attributes
    ----------
    launch
        (own lines,) launches made of those that are due.
    build
        Capacity added, vehicles a quarter.
    issue
        Equity offered to the market, CNY.
    research
        Part of its usual R&D, launches aside, that is carried out.
    """

    launch: BoolArray
    build: float
    issue: float
    research: float = 1.0


class InvestmentRows(NamedTuple):
    """Decisions of many firms, one row a firm.

    Attributes
    ----------
    launch
        (J,) launches made.
    build, issue, research
        (F,) as in ``InvestmentPlan``.
    """

    launch: BoolArray
    build: FloatArray
    issue: FloatArray
    research: FloatArray


@final
@dataclass(frozen=True)
class CautiousInvestor:
    """Spend while the runway lasts (our own rule).

    Launches that are due are made, of the line that sells most first, while the runway left
    after paying for them is above ``launch_runway`` quarters. Plants follow demand: what a
    year's mean production exceeds is built. Equity is offered when the runway falls under
    ``raise_runway`` quarters. Of R&D a part is cut as the runway falls under ``cut_runway``
    quarters, or under the comfortable one if that is shorter: ``cut_share`` when it is gone
    (equation 7.6).
    """

    launch_runway: float
    raise_runway: float
    raise_size: float
    cut_runway: float = 0.0
    cut_share: float = 0.0

    def invest(self, view: FirmView) -> InvestmentPlan:
        """Decide launches, building and issuing for this quarter."""
        launch = view.launch_due
        means = view.cash + view.unused_credit
        quarter = means / view.runway if 0.0 < view.runway < math.inf else 0.0
        # Firms have few lines: lists are faster here than arrays.
        due = [line for line, is_due in enumerate(launch.tolist()) if is_due]
        if due:
            sold, kept = view.sold.tolist(), self.launch_runway * quarter
            for line in sorted(due, key=lambda line: -sold[line]):
                if means - view.launch_cost < kept:
                    launch = launch.copy()
                    launch[line] = False
                else:
                    means -= view.launch_cost
        issue = 0.0
        if view.listed and view.runway < self.raise_runway:
            issue = self.raise_size * view.trailing_revenue
        trusted = min(self.cut_runway, view.comfort)
        lost = 1.0 - view.runway / trusted if view.runway < trusted else 0.0
        build = max(0.0, view.volume - view.capacity)
        return InvestmentPlan(launch, build, issue, 1.0 - self.cut_share * lost)

    def invest_all(self, views: FirmViews, asked: BoolArray) -> InvestmentRows:
        """Decide as ``invest`` does for all firms asked, (F,)."""
        means = views.cash + views.unused_credit
        launch = views.launch_due
        if launch.any():
            finite = (views.runway > 0.0) & (views.runway < math.inf)
            quarter = np.divide(means, views.runway, out=np.zeros(len(means)), where=finite)
            launch = affordable(
                launch, views.sold, views.order, views.ends, means, views.launch_cost,
                self.launch_runway * quarter,
            )  # fmt: skip
        short = views.listed & (views.runway < self.raise_runway)
        research = np.ones(len(means))
        if self.cut_share > 0.0:
            trusted = np.minimum(self.cut_runway, views.comfort)
            cut = views.runway < trusted
            left = np.divide(views.runway, trusted, out=np.ones(len(means)), where=cut)
            research = 1.0 - self.cut_share * (1.0 - left)
        return InvestmentRows(
            launch=launch,
            build=np.maximum(views.volume - views.capacity, 0.0),
            issue=np.where(short, self.raise_size * views.trailing_revenue, 0.0),
            research=research,
        )
