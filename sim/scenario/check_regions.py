"""Check what a type cannot of regions abroad: names, bounds, that exports are split once."""

from __future__ import annotations

from sim.errors import Fault
from sim.scenario.checks import fault_at, nearest
from sim.scenario.market_tables import MarketTables
from sim.scenario.reader import Path_
from sim.scenario.region_items import (
    REGION_FIRM_BOUNDS,
    REGION_FIRM_FLAGS,
    REGION_FIRM_ITEMS,
)
from sim.scenario.tree import Tree
from sim.scenario.world import WorldSettings

# Shares of one firm's exports that add up to one may miss it by rounding.
ROUNDING = 1e-9


def region_number(
    tables: MarketTables, settings: WorldSettings, region: str, item: str
) -> float:
    """A number of a region: the scenario's, else the table's."""
    written = settings.regions.get(region)
    own = None if written is None else getattr(written, item)
    return tables.region_figures[region, item].value if own is None else float(own)


def region_firm_number(
    tables: MarketTables, settings: WorldSettings, region: str, firm: str, item: str
) -> float | None:
    """A number of a firm in a region: the scenario's, else the table's, else None."""
    written = settings.regions.get(region)
    own = None if written is None else written.firms.get(firm, {}).get(item)
    if own is not None:
        return own
    found = tables.region_firm_figures.get((region, firm, item))
    return None if found is None else found.value


def check_regions(settings: WorldSettings, tree: Tree, market: MarketTables) -> list[Fault]:
    """Faults of the regions of one world."""
    faults: list[Fault] = []
    known, firms = market.regions, tuple(row.firm_id for row in market.firms)

    def say(path: Path_, value: object, expected: str, near: str = "") -> None:
        faults.append(fault_at(tree, ("regions", *path), value, expected, near))

    for name, region in settings.regions.items():
        if name not in known:
            there = ", ".join(known) or "none"
            say((name,), name, f"a region of {market.name}: {there}", nearest(name, known))
            continue
        start, end = region.duties_start, region.duties_end
        if start is not None and end is not None and end.index < start.index:
            say((name, "duties_end"), str(end), f"a quarter from {start} on")
        for firm, values in region.firms.items():
            if firm not in firms:
                expected = f"a firm of {market.name}"
                say((name, "firms", firm), firm, expected, nearest(firm, firms))
                continue
            for item, value in values.items():
                path = (name, "firms", firm, item)
                if item not in REGION_FIRM_ITEMS:
                    expected = "one of " + ", ".join(REGION_FIRM_ITEMS)
                    say(path, item, expected, nearest(item, REGION_FIRM_ITEMS))
                    continue
                low, high = REGION_FIRM_BOUNDS[item]
                if item in REGION_FIRM_FLAGS and value not in (0.0, 1.0):
                    say(path, value, "0 or 1")
                elif not low <= value <= high:
                    say(path, value, f"{low:g} to {high:g}")
    if not faults:
        faults += _check_split(settings, tree, market)
    return faults


def _check_split(settings: WorldSettings, tree: Tree, market: MarketTables) -> list[Fault]:
    """Faults of firms that sell more in the regions modelled than they export."""
    modelled = [name for name, region in settings.regions.items() if region.modelled]
    faults = []
    for row in market.firms:
        shares = [
            export_share(market, settings, region, row.firm_id) for region in modelled
        ]
        if sum(shares) > 1.0 + ROUNDING:
            expected = f"shares of {row.firm_id}'s exports that add up to at most 1"
            faults.append(fault_at(tree, ("regions",), sum(shares), expected))
    return faults


def export_share(
    tables: MarketTables, settings: WorldSettings, region: str, firm: str
) -> float:
    """Part of a firm's exports of the base year that is sold in a region."""
    own = region_firm_number(tables, settings, region, firm, "export_share")
    return region_number(tables, settings, region, "export_share") if own is None else own
