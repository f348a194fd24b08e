"""Rows of table ``regions``: what a run sold in each region abroad, every number illustrative."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.quarter.context import Abroad
from sim.scenario.region_items import ILLUSTRATIVE

Columns = dict[str, NDArray[np.generic]]

# Id of the composite rival in place of a firm's.
LOCAL = "local"
_NUMBERS = (
    "units", "price", "share", "duty", "reach", "quality", "value", "freight", "duty_paid",
    "partner", "revenue", "contribution",
)  # fmt: skip


class RegionRows:
    """Collects a row a quarter, region and firm that sells there; the local rival's last."""

    def __init__(self, firms: tuple[str, ...]) -> None:
        self._firms = firms
        self._quarters: list[tuple[int, tuple[Abroad, ...]]] = []

    def quarter(self, t: int, abroad: tuple[Abroad, ...]) -> None:
        """Set a quarter's sales aside."""
        self._quarters.append((t, abroad))

    def table(self) -> Columns:
        """Columns of the table."""
        parts = [_rows(t, sales, self._firms) for t, abroad in self._quarters for sales in abroad]
        empty: Columns = {
            "t": np.zeros(0, dtype=np.int32),
            **{name: np.zeros(0, dtype=np.str_) for name in ("region", "basis", "firm")},
            **{name: np.zeros(0) for name in _NUMBERS},
        }
        return {
            name: np.concatenate([none, *(part[name] for part in parts)])
            for name, none in empty.items()
        }


def _rows(t: int, sales: Abroad, firms: tuple[str, ...]) -> Columns:
    names = [*(firms[firm] for firm in sales.market.firm), LOCAL]
    count = len(names)
    sold = sales.units > 0.0
    # The rival's money is its own affair: only its sales and price are modelled.
    of_makers = {
        "duty": sales.duty,
        "reach": sales.reach,
        "value": sales.value,
        "freight": sales.freight,
        "duty_paid": sales.duty_paid + sales.levy,
        "partner": sales.partner,
        "revenue": sales.revenue,
        "contribution": sales.revenue - sales.cost,
    }
    return {
        "t": np.full(count, t, dtype=np.int32),
        "region": np.full(count, sales.market.name),
        "basis": np.full(count, ILLUSTRATIVE),
        "firm": np.array(names),
        "units": sales.units,
        "price": np.where(sold, sales.price, np.nan),
        "share": sales.units / sales.units.sum(),
        "quality": np.where(sold, sales.quality, np.nan),
        **{name: np.append(values, np.nan) for name, values in of_makers.items()},
    }
