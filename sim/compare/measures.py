"""What is measured of a run at the end of a year: names, units and how each is displayed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.compare import amounts

YESNO, SHARE, UNITS, MONEY, INDEX = "yes/no", "share", "vehicles", "CNY", "index"
TRAILING = 4


@dataclass(frozen=True)
class Measure:
    """One number of a run at a date.

    Attributes
    ----------
    key
        Name in tables.
    label
        Name for people, with the firm left out.
    kind
        ``yes/no``, ``share``, ``vehicles``, ``CNY`` or ``index``.
    of_firm
        Belongs to a firm; otherwise to the market.
    """

    key: str
    label: str
    kind: str
    of_firm: bool

    @property
    def is_yes_no(self) -> bool:
        """Tell whether a run answers with yes or no."""
        return self.kind == YESNO

    @property
    def unit(self) -> str:
        """Unit of the values in tables."""
        return {YESNO: "share of runs", SHARE: "share"}.get(self.kind, self.kind)

    def show(self, value: float) -> str:
        """Write a level as people read it."""
        if self.kind in (YESNO, SHARE):
            return amounts.percent(value, 1 if self.kind == YESNO else 2)
        if self.kind == MONEY:
            return amounts.money(value)
        if self.kind == UNITS:
            return amounts.scaled(value)
        return amounts.number(value)

    def show_difference(self, value: float) -> str:
        """Write a difference as people read it; shares in percentage points."""
        if not np.isfinite(value):
            return amounts.MISSING
        if self.kind in (YESNO, SHARE):
            return amounts.points(value, 1 if self.kind == YESNO else 2)
        return amounts.signed(self.show(value), value)


SURVIVES = Measure("survives", "alive (headline)", YESNO, True)
BRAND = Measure("brand", "brand on sale", YESNO, True)
INDEPENDENT = Measure("independent", "alive, control not passed", YESNO, True)
UNITS_SOLD = Measure("units", "cars sold in the year", UNITS, True)
MARKET_SHARE = Measure("share", "share of electric cars", SHARE, True)
CASH = Measure("cash", "cash", MONEY, True)
CASH_TOGETHER = Measure("cash_together", "cash of the members together", MONEY, True)
STATE_MONEY = Measure("state_money", "state money so far", MONEY, True)
OWNER_MONEY = Measure("owner_money", "owner's support so far", MONEY, True)
PRICE_LEVEL = Measure("price_level", "mean price of an electric car", MONEY, False)
CONSUMER_SURPLUS = Measure("consumer_surplus", "consumer surplus so far", MONEY, False)
HHI = Measure("hhi", "concentration (HHI of owners)", INDEX, False)

SURVIVAL = (SURVIVES, BRAND, INDEPENDENT)
OF_FIRM = (*SURVIVAL, UNITS_SOLD, MARKET_SHARE, CASH, CASH_TOGETHER, OWNER_MONEY, STATE_MONEY)
OF_MARKET = (PRICE_LEVEL, CONSUMER_SURPLUS, HHI)
MEASURES = {measure.key: measure for measure in (*OF_FIRM, *OF_MARKET)}
