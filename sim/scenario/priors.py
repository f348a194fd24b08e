"""Ranges of the assumptions: what a sensitivity study sweeps by default."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from sim.errors import Fault, InputError
from sim.scenario.checks import is_number, is_structural
from sim.scenario.firm_items import FIRM_ITEMS
from sim.scenario.market_tables import SCENARIOS, MarketTables
from sim.scenario.reader import read_text, shown
from sim.scenario.region_items import ILLUSTRATIVE, REGION_NUMBERS
from sim.scenario.scenario import Scenario

FILE = SCENARIOS / "base" / "priors.csv"
# Filled figures of every firm that a sensitivity study sweeps, besides all of the focal ones'.
ALWAYS = ("cash", "capacity_units")


@dataclass(frozen=True)
class Prior:
    """A setting with its value and the range within which it may lie."""

    path: str
    value: float
    low: float
    high: float
    setting: str
    basis: str


def sensitivity_set(
    scenario: Scenario, tables: MarketTables, focus: Sequence[str]
) -> tuple[Prior, ...]:
    """Ranges of the assumptions of a scenario.

    The rows of ``priors.csv``; the filled cash and capacity of every firm; and every firm
    value of the focal firms that carries a range.
    """
    result = [*_settings(scenario)]
    for firm in tables.firms:
        items = sorted(FIRM_ITEMS) if firm.firm_id in focus else ALWAYS
        for item in items:
            if (firm.firm_id, item) not in tables.firm_figures:
                continue
            if item == "fleet_share" and not scenario.tree.get(("demand", "fleet_buyers")):
                # Without a group of fleet buyers it says nothing.
                continue
            figure = tables.figure(firm.firm_id, item)
            if figure.low < figure.high:
                path = ("firms", firm.firm_id, item)
                result.append(
                    Prior(
                        ".".join(path),
                        figure.value,
                        figure.low,
                        figure.high,
                        "structural" if is_structural(path) else "counterfactual",
                        figure.basis,
                    )
                )
    return (*result, *_regions(scenario, tables))


def _regions(scenario: Scenario, tables: MarketTables) -> list[Prior]:
    """Ranges of the regions that some arm models, illustrative as their values are."""
    found = []
    for region in scenario.regions:
        for item in REGION_NUMBERS:
            figure, path = tables.region_figures[region, item], ("regions", region, item)
            written = scenario.tree.get(path)
            value = figure.value if written is None else float(written)
            if figure.low < figure.high:
                kind = "structural" if is_structural(path) else "counterfactual"
                basis = f"{ILLUSTRATIVE}; {figure.basis}"
                found.append(
                    Prior(".".join(path), value, figure.low, figure.high, kind, basis)
                )
    return found


def _settings(scenario: Scenario) -> list[Prior]:
    """Read the ranges of the world settings.

    Raises
    ------
    InputError
        All faults of the table.
    """
    faults: list[Fault] = []
    rows = []
    for number, row in enumerate(csv.DictReader(io.StringIO(read_text(FILE, FILE.name))), 2):
        path = tuple((row.get("path") or "").split("."))
        try:
            low, high = float(row["low"]), float(row["high"])
        except (KeyError, TypeError, ValueError):
            faults.append(Fault(FILE.name, number, ".".join(path), "", "low and high as numbers"))
            continue
        if not is_number(path) or not low < high or not (row.get("basis") or "").strip():
            faults.append(
                Fault(FILE.name, number, shown(".".join(path)), f"{low} .. {high}",
                      "the path of a number, a range, and a basis")
            )
            continue
        value = scenario.tree.get(path)
        # What is switched off moves nothing.
        on = scenario.tree.get((*path[:-1], "on")) is not False
        if isinstance(value, int | float) and on:
            kind = "structural" if is_structural(path) else "counterfactual"
            rows.append(Prior(".".join(path), float(value), low, high, kind, row["basis"]))
    if faults:
        raise InputError(faults)
    return rows
