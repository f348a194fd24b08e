"""New firms of a scenario's events, added to a calibrated market that does not know them.

A new firm sells the like of lines that exist: their tastes and batteries, their quality and
cost moved by stated numbers. Its accounts are the part of those lines in their makers' revenue
(equation 10.11 of ``sim/MODEL.md``). The base year stays as it is: the new lines sold nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.calibration.calibrate import Calibration
from sim.calibration.industry import BILLION, Industry
from sim.scenario.events import PlannedEvent

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# What a new firm has in proportion to its lines' revenue, and what it has as their makers do.
SCALED = ("experience", "capacity", "fixed_cost", "rd", "launch_rate")
ALIKE = (
    "dealer_margin", "observed_markup", "export_margin", "other_cash_share", "discount",
    "fleet_share",
    "payable_days", "receivable_days", "inventory_days",
)  # fmt: skip
OF_LINES = ("size", "plug", "units", "price", "battery_kwh", "subsidy")


def new_firms(events: Mapping[str, PlannedEvent], industry: Industry) -> list[PlannedEvent]:
    """Events that bring in a firm that the market does not have, in the order of their names."""
    chosen = [events[name] for name in sorted(events) if events[name].kind == "entrant"]
    return [event for event in chosen if event.firm not in industry.firms]


def with_new_firms(industry: Industry, events: Mapping[str, PlannedEvent]) -> Industry:
    """The industry with the new firms and their lines after those it has."""
    for event in new_firms(events, industry):
        industry = _with_firm(industry, event)
    return industry


def calibrated_with_new_firms(
    calibration: Calibration, events: Mapping[str, PlannedEvent]
) -> Calibration:
    """The calibration with the new firms and their lines; nothing else of it moves."""
    for event in new_firms(events, calibration.industry):
        calibration = _calibrated_with_firm(calibration, event)
    return calibration


def _source(industry: Industry, event: PlannedEvent) -> tuple[IntArray, FloatArray, FloatArray]:
    """Lines copied; their part in each maker's revenue, and the makers' weights, (F,)."""
    lines = np.array([industry.lines.index(line) for line in event.lines], dtype=np.int64)
    revenue = industry.units * industry.price * industry.net_share
    copied = np.zeros_like(revenue)
    copied[lines] = revenue[lines]
    mine = industry.by_firm(copied)
    return lines, mine / industry.by_firm(revenue), mine / mine.sum()


def _with_firm(industry: Industry, event: PlannedEvent) -> Industry:
    lines, part, weight = _source(industry, event)
    size, firm = len(industry.firms), event.firm
    assert firm is not None
    per_firm = {
        field.name: 0.0
        for field in fields(Industry)
        if isinstance(getattr(industry, field.name), np.ndarray)
        and getattr(industry, field.name).shape == (size,)
        and field.name not in (*OF_LINES, "firm_of", "net_share")
    }
    per_firm |= {name: float(part @ getattr(industry, name)) for name in SCALED}
    per_firm |= {name: float(weight @ getattr(industry, name)) for name in ALIKE}
    per_firm["cash"] = event.cash_cny_bn * BILLION
    per_firm["credit_line"] = event.credit_line_cny_bn * BILLION
    per_firm["electric_only"] = 1.0
    longer: dict[str, Any] = {
        name: np.append(old := getattr(industry, name), np.array([value], dtype=old.dtype))
        for name, value in per_firm.items()
    }
    kept = (1.0 - per_firm["dealer_margin"]) / (1.0 + industry.vat)
    longer |= {name: _again(getattr(industry, name), lines) for name in OF_LINES}
    return replace(
        industry,
        **longer,
        firms=(*industry.firms, firm),
        kinds=(*industry.kinds, "start_up"),
        lines=(*industry.lines, *(f"{firm}_{line}" for line in event.lines)),
        firm_of=np.append(industry.firm_of, np.full(len(lines), size, dtype=np.int64)),
        segment=(*industry.segment, *(industry.segment[line] for line in lines)),
        powertrain=(*industry.powertrain, *(industry.powertrain[line] for line in lines)),
        net_share=np.append(industry.net_share, np.full(len(lines), kept)),
        holdings=np.pad(industry.holdings, (0, 1)),
        control=_with_own(industry.control),
    )


def _calibrated_with_firm(calibration: Calibration, event: PlannedEvent) -> Calibration:
    industry = calibration.industry
    lines, _, weight = _source(industry, event)
    longer = _with_firm(industry, event)
    new = slice(len(industry.lines), None)
    glider = calibration.glider[lines] * event.cost_factor
    cost = glider + calibration.battery[lines]
    units = longer.units[new]
    unit_cost = float(units @ cost / units.sum())
    net = float(units @ (longer.price * longer.net_share)[new] / units.sum())

    def share_of_cost(name: str) -> FloatArray:
        """A firm's number, kept as a share of unit cost (section 3 of MODEL.md)."""
        old: FloatArray = getattr(calibration, name)
        return np.append(old, unit_cost * float(weight @ (old / calibration.unit_cost)))

    observed = net * float(longer.observed_markup[-1])
    names = ("revealed", "learning", "taught", "idle", "war", "conduct", "static_markup")
    parts: dict[str, Any] = {name: share_of_cost(name) for name in names}
    return replace(
        calibration,
        industry=longer,
        types=replace(
            calibration.types,
            taste=np.ascontiguousarray(
                np.hstack([calibration.types.taste, calibration.types.taste[:, lines]])
            ),
        ),
        quality=np.append(calibration.quality, calibration.quality[lines] + event.quality),
        shares=np.append(calibration.shares, np.zeros(len(lines))),
        glider=np.append(calibration.glider, glider),
        battery=_again(calibration.battery, lines),
        cost=np.append(calibration.cost, cost),
        unit_cost=np.append(calibration.unit_cost, unit_cost),
        **parts,
        observed_markup=np.append(calibration.observed_markup, observed),
        kappa=_with_own(calibration.kappa),
        own_elasticity=_again(calibration.own_elasticity, lines),
    )


def _again(values: FloatArray, lines: IntArray) -> FloatArray:
    """The values of all lines, then those of the lines copied once more."""
    return np.append(values, values[lines])


def _with_own(weights: FloatArray) -> FloatArray:
    """The matrix with a firm that minds and controls itself alone."""
    longer = np.pad(weights, (0, 1))
    longer[-1, -1] = 1.0
    return longer
