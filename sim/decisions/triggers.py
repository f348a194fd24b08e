"""Trigger strategies: a war that breaks out when rivals seem to cheat, and is forgiven.

Both move the war part of the shadow value around the level of dynamic Nash: above it by
``punishment`` (a share of unit cost) in a war, and in peace below it by ``restraint``, which
stands in the part ``conduct``. With both at zero they are dynamic Nash.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from sim.decisions.conduct import DynamicNash, PricePlan, unit_cost
from sim.decisions.view import FirmView

FloatArray = NDArray[np.float64]


def _shifted(view: FirmView, war: float, restraint: float) -> PricePlan:
    """Plan of dynamic Nash with a harder war or more restraint, CNY a car."""
    plan = DynamicNash().plan(view)
    # Private stakes of a war: a firm short of cash discounts them as the others of its kind.
    war /= 1.0 + view.mu
    shadow = plan.shadow.copy()
    shadow[view.firm] += war - restraint
    parts = plan.parts
    return plan._replace(
        shadow=shadow,
        parts=parts._replace(war=parts.war + war, conduct=parts.conduct + restraint),
    )


@final
@dataclass(frozen=True)
class GreenPorter:
    """Punishes when its own sales fall, since it cannot tell a rival's cut from bad luck.

    Green & Porter (1984), Econometrica 52(1), 87-100: what a firm sees is its own sales; where
    they fall by more than ``threshold`` in a quarter, a war of ``quarters`` quarters begins, and
    then is forgiven. Bad luck alone starts wars here.

    Parameters
    ----------
    threshold
        Fall of own sales from one quarter to the next that sets it off, share.
    punishment, restraint
        Share of unit cost by which a sale is worth more in war, less in peace.
    quarters
        How long a war lasts.
    """

    threshold: float
    punishment: float
    restraint: float
    quarters: int
    name = "green_porter"

    def plan(self, view: FirmView) -> PricePlan:
        """Return the plan; quarters of war left and own sales are noted."""
        sold = float(view.sold.sum())
        left, before = view.memory if len(view.memory) else (0.0, sold)
        if left == 0.0 and sold < (1.0 - self.threshold) * before:
            left = float(self.quarters)
        cost = unit_cost(view)
        war = self.punishment * cost if left > 0.0 else 0.0
        restraint = 0.0 if left > 0.0 else self.restraint * cost
        plan = _shifted(view, war, restraint)
        return plan._replace(memory=np.array([max(left - 1.0, 0.0), sold]))


@final
@dataclass(frozen=True)
class RotembergSaloner:
    """Punishes a cut that it sees, and restrains itself less in a boom, when cheating pays most.

    Rotemberg & Saloner (1986), American Economic Review 76(3), 390-407. A cut is a fall of the
    mean price of a rival outside the group by more than ``threshold`` in a quarter; the war lasts
    ``quarters`` quarters and then is forgiven. In a quarter after sales of all firms above their
    mean so far, restraint is smaller in proportion.

    Parameters
    ----------
    threshold
        Cut of a rival from one quarter to the next that sets it off, share.
    punishment, restraint
        Share of unit cost by which a sale is worth more in war, less in peace.
    quarters
        How long a war lasts.
    """

    threshold: float
    punishment: float
    restraint: float
    quarters: int
    name = "rotemberg_saloner"

    def plan(self, view: FirmView) -> PricePlan:
        """Return the plan; quarters of war left, market sales so far and prices are noted."""
        market = float(view.sales.sum())
        if len(view.memory):
            (left, seen, total), before = view.memory[:3].tolist(), view.memory[3:]
        else:
            left, seen, total, before = 0.0, 0.0, 0.0, view.prices
        seen, total = seen + 1.0, total + market
        if left == 0.0 and self._cut(view, before):
            left = float(self.quarters)
        cost = unit_cost(view)
        war = self.punishment * cost if left > 0.0 else 0.0
        boom = max(market * seen / total, 1.0) if total > 0.0 else 1.0
        restraint = 0.0 if left > 0.0 else self.restraint * cost / boom
        note = np.concatenate(([max(left - 1.0, 0.0), seen, total], view.prices))
        return _shifted(view, war, restraint)._replace(memory=note)

    def _cut(self, view: FirmView, before: FloatArray) -> bool:
        """Whether a rival on the market has cut."""
        moved = np.log(view.prices / before)
        for firm in np.flatnonzero(~view.group).tolist():
            lines = (view.firm_of == firm) & view.on_sale
            if lines.any() and np.expm1(moved[lines].mean()) < -self.threshold:
                return True
        return False
