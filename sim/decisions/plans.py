"""What the firms stated in one quarter, whether asked one by one or together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from sim.decisions.conduct import NO_PARTS, PricePlan, PriceRows, ShadowParts
from sim.decisions.investment import InvestmentPlan, InvestmentRows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class PricePlans(Sequence[PricePlan | None]):
    """How every firm enters the price game; None where a firm stated nothing.

    Attributes
    ----------
    stated
        (F,) who stated a plan.
    kappa, shadow
        (F, F) rows stated; of a firm that stated none, its own weight alone.
    parts
        (F, 4) own shadow values in the parts of ``ShadowParts``.
    alone
        Plans of the firms that were asked one by one.
    """

    def __init__(self, firms: int) -> None:
        self.stated: BoolArray = np.zeros(firms, dtype=np.bool_)
        self.kappa: FloatArray = np.eye(firms)
        self.shadow: FloatArray = np.zeros((firms, firms))
        self.parts: FloatArray = np.zeros((firms, len(NO_PARTS)))
        self.alone: dict[int, PricePlan] = {}

    def put(self, asked: BoolArray, rows: PriceRows) -> None:
        """Take in the plans of the firms asked, (F,)."""
        own = asked[:, None]
        self.stated = self.stated | asked
        self.kappa = np.where(own, rows.kappa, self.kappa)
        self.shadow = np.where(own, rows.shadow, self.shadow)
        self.parts = np.where(own, rows.parts, self.parts)

    def __setitem__(self, firm: int, plan: PricePlan) -> None:
        self.stated[firm] = True
        self.kappa[firm], self.shadow[firm], self.parts[firm] = plan.kappa, plan.shadow, plan.parts
        self.alone[firm] = plan

    def __len__(self) -> int:
        return len(self.stated)

    @overload
    def __getitem__(self, firm: int) -> PricePlan | None: ...

    @overload
    def __getitem__(self, firm: slice) -> list[PricePlan | None]: ...

    def __getitem__(self, firm: int | slice) -> PricePlan | list[PricePlan | None] | None:
        if isinstance(firm, slice):
            return [self[each] for each in range(len(self))[firm]]
        if not self.stated[firm]:
            return None
        parts = ShadowParts(*self.parts[firm].tolist())
        return self.alone.get(firm) or PricePlan(self.kappa[firm], self.shadow[firm], parts)


class InvestmentPlans:
    """What the firms invest; nothing where a firm stated nothing.

    Attributes
    ----------
    launch
        (J,) launches made, in the order of the industry's lines.
    build, issue, research
        (F,) as in ``InvestmentPlan``.
    """

    def __init__(self, lines_of: Sequence[IntArray], firm_of: IntArray) -> None:
        self._lines_of, self._firm_of = lines_of, firm_of
        self.launch: BoolArray = np.zeros(len(firm_of), dtype=np.bool_)
        self.build: FloatArray = np.zeros(len(lines_of))
        self.issue: FloatArray = np.zeros(len(lines_of))
        self.research: FloatArray = np.ones(len(lines_of))

    def put(self, asked: BoolArray, rows: InvestmentRows) -> None:
        """Take in the decisions of the firms asked, (F,)."""
        self.build = np.where(asked, rows.build, self.build)
        self.issue = np.where(asked, rows.issue, self.issue)
        self.research = np.where(asked, rows.research, self.research)
        self.launch = np.where(asked[self._firm_of], rows.launch, self.launch)

    def __setitem__(self, firm: int, plan: InvestmentPlan) -> None:
        self.launch[self._lines_of[firm]] = plan.launch
        self.build[firm], self.issue[firm] = plan.build, plan.issue
        self.research[firm] = plan.research
