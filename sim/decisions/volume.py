"""A rule of conduct with a volume to reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from sim.decisions.conduct import PricePlan, StaticNash
from sim.decisions.lists import floor_prices
from sim.decisions.view import FirmView


@final
@dataclass(frozen=True)
class VolumeTarget:
    """Sells at least so many cars, at the prices that cost it least margin.

    A maker under a mandate of volume: the constraint's multiplier acts as a shadow value, as a
    manager's pay by sales does (Vickers 1985, Economic Journal 95, Supplement, 138-147; Fershtman
    & Judd 1987, American Economic Review 77(5), 927-940). The market finds the smallest multiplier
    that meets the volume (equation 3.11); it is zero where static Nash sells as much, and stands in
    the part ``war``. Where the floor forbids the volume, lines stand at it and the run records
    ``volume_missed``.

    Parameters
    ----------
    units_a_year
        Domestic sales of the first year, vehicles.
    growth
        Of that volume, a year.
    floor
        Lowest net price, times marginal cost.
    """

    units_a_year: float
    growth: float
    floor: float
    name = "volume_target"

    def plan(self, view: FirmView) -> PricePlan:
        """Return the plan of static Nash with the volume of the quarter and the floor."""
        volume = self.units_a_year / 4.0 * (1.0 + self.growth) ** (view.t // 4)
        return StaticNash().plan(view)._replace(
            volume=volume, floor=floor_prices(view, self.floor)
        )
