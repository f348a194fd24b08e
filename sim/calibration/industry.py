"""The industry as arrays: market tables under the settings of one scenario.

Nothing is estimated here. Every array is a table entry, an override of it in the
scenario, or an identity between table entries (see ``sim/MODEL.md``, section 2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.errors import Fault, InputError
from sim.kernels.grouping import group_sums
from sim.kernels.ownership import add_stake, claims_matrix
from sim.scenario.firm_items import FIRM_ITEMS
from sim.scenario.market_tables import MarketTables
from sim.scenario.world import WorldSettings

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

BILLION = 1e9
QUARTERS_A_YEAR = 4.0

# Position of a segment on the size axis of tastes, from the smallest to the largest car.
SEGMENT_SIZE = {
    "micro": -1.0,
    "mini": -0.75,
    "small": -0.5,
    "compact": 0.0,
    "mid": 0.4,
    "midlarge": 0.7,
    "large": 1.0,
}


@dataclass(frozen=True)
class Industry:
    """Firms and product lines of the base year, per quarter unless said otherwise.

    Money in CNY, volumes in vehicles, energy in kWh. F firms, J lines.
    """

    firms: tuple[str, ...]
    kinds: tuple[str, ...]
    lines: tuple[str, ...]
    firm_of: IntArray  # (J,)
    segment: tuple[str, ...]
    powertrain: tuple[str, ...]
    size: FloatArray  # (J,) position on the size axis
    plug: FloatArray  # (J,) +0.5 battery-electric, -0.5 with an engine aboard
    units: FloatArray  # (J,) vehicles a quarter
    price: FloatArray  # (J,) CNY, all that the buyer pays
    battery_kwh: FloatArray  # (J,)
    subsidy: FloatArray  # (J,) CNY a car that the state paid the maker in the base year, net
    vat: float
    dealer_margin: FloatArray  # (F,)
    net_share: FloatArray  # (J,) n / p in the base year
    observed_markup: FloatArray  # (F,) share of net price over marginal cost
    fleet_share: FloatArray  # (F,) part of its units that fleets bought in the base year
    exports: FloatArray  # (F,) vehicles a quarter
    export_growth: FloatArray  # (F,) a year
    export_margin: FloatArray  # (F,) share of the export net price over marginal cost
    experience: FloatArray  # (F,) cumulative vehicles
    capacity: FloatArray  # (F,) vehicles a quarter
    fixed_cost: FloatArray  # (F,)
    rd: FloatArray  # (F,)
    interest: FloatArray  # (F,)
    other_business: FloatArray  # (F,)
    other_cash_share: FloatArray  # (F,)
    cash: FloatArray  # (F,) CNY, a stock
    debt: FloatArray  # (F,) CNY, a stock
    credit_line: FloatArray  # (F,) CNY, a stock, undrawn in the base year
    state_backstop: FloatArray  # (F,) CNY a year
    owner_support: FloatArray  # (F,) CNY a year
    launch_rate: FloatArray  # (F,) launches a quarter
    discount: FloatArray  # (F,) quarterly, survival expected by the firm included
    payable_days: FloatArray  # (F,)
    receivable_days: FloatArray  # (F,)
    inventory_days: FloatArray  # (F,)
    listed: BoolArray  # (F,) may raise equity on the market
    electric_only: BoolArray  # (F,)
    state_owned: BoolArray  # (F,)
    closure: BoolArray  # (F,) known not to fight
    holdings: FloatArray  # (F, F) share of firm g held by firm f
    control: FloatArray  # (F, F) control rights of firm f's owners in firm g
    market_size: float  # vehicles a quarter, the no-purchase margin included

    def index(self, firm: str) -> int:
        """Position of a firm by its identifier."""
        return self.firms.index(firm)

    @cached_property
    def base_units(self) -> FloatArray:
        """Vehicles a quarter that each firm sold in the base year, (F,)."""
        return self.by_firm(self.units)

    def by_firm(self, values: FloatArray) -> FloatArray:
        """Sum of a per-line array over the lines of each firm, (F,)."""
        return group_sums(self.firm_of, values, len(self.firms))


def _firm_values(tables: MarketTables, settings: WorldSettings) -> dict[str, FloatArray]:
    """Every firm item as an array (F,), scenario overrides on top."""
    items: dict[str, FloatArray] = {}
    for item in FIRM_ITEMS:
        values = []
        for firm in tables.firms:
            override = settings.firms.get(firm.firm_id, {}).get(item)
            values.append(tables.value(firm.firm_id, item) if override is None else override)
        items[item] = np.array(values, dtype=np.float64)
    return items


SPLITS = {"depreciation_share": 1.0, "variable_selling_share": -1.0, "warranty_share": -1.0}
DAYS_ITEMS = ("payable_days", "receivable_days", "inventory_days")
# Stocks are computed from the flows of a trailing year (equation 5.4).
MOST_DAYS = 360


def build_industry(tables: MarketTables, settings: WorldSettings) -> Industry:
    """Compile the market tables and the scenario's overrides into arrays.

    Parameters
    ----------
    tables
        The market folder as read.
    settings
        The world settings of one arm and design point.

    Returns
    -------
    Industry
        Quarterly flows are a quarter of the year's; seasons are not modelled.

    Raises
    ------
    InputError
        A line names an unknown segment, a firm has no line, or days exceed a year.
    """
    tables = _present(tables, settings)
    firms = tuple(firm.firm_id for firm in tables.firms)
    position = {firm: k for k, firm in enumerate(firms)}
    value = _firm_values(tables, settings)
    lines = tables.lines
    faults = [
        Fault("lines.csv", 0, line.line_id, line.segment, "one of " + ", ".join(SEGMENT_SIZE))
        for line in lines
        if line.segment not in SEGMENT_SIZE
    ]
    faults += [
        Fault("firm_values.csv", 0, f"{firm}.{item}", f"{days:g}", f"at most {MOST_DAYS} days")
        for item in DAYS_ITEMS
        for firm, days in zip(firms, value[item], strict=True)
        if not 0.0 <= days <= MOST_DAYS
    ]
    owners = {line.firm_id for line in lines}
    faults += [
        Fault("lines.csv", 0, firm, "", "at least one line of this firm")
        for firm in firms
        if firm not in owners
    ]
    if faults:
        raise InputError(faults)
    firm_of = np.array([position[line.firm_id] for line in lines], dtype=np.int64)
    vat = tables.market_value("vat")
    dealer = value["dealer_margin"]
    holdings, control = _ownership(tables, settings, position)
    claims_matrix(holdings)
    quarter = BILLION / QUARTERS_A_YEAR
    net_share = (1.0 - dealer[firm_of]) / (1.0 + vat)
    sales = np.array([line.units * line.price for line in lines]) * net_share
    revenue = group_sums(firm_of, sales, len(firms)) / BILLION
    reclassified = _reclassified(tables, settings, value) * revenue
    return Industry(
        firms=firms,
        kinds=tuple(firm.kind for firm in tables.firms),
        lines=tuple(line.line_id for line in lines),
        firm_of=firm_of,
        segment=tuple(line.segment for line in lines),
        powertrain=tuple(line.powertrain for line in lines),
        size=np.array([SEGMENT_SIZE[line.segment] for line in lines]),
        plug=np.array([0.5 if line.powertrain == "BEV" else -0.5 for line in lines]),
        units=np.array([line.units for line in lines]) / QUARTERS_A_YEAR,
        price=np.array([line.price for line in lines]),
        battery_kwh=np.array([line.battery_kwh for line in lines]),
        subsidy=np.array([line.subsidy for line in lines]) / (1.0 + vat),
        vat=vat,
        dealer_margin=dealer,
        net_share=net_share,
        observed_markup=value["gross_margin"]
        + value["depreciation_share"]
        - value["variable_selling_share"]
        - value["warranty_share"],
        fleet_share=value["fleet_share"],
        exports=value["exports"] / QUARTERS_A_YEAR,
        export_growth=value["export_growth"],
        export_margin=value["export_margin"],
        experience=value["experience_units"],
        capacity=value["capacity_units"] / QUARTERS_A_YEAR,
        fixed_cost=(value["fixed_cost"] + reclassified) * quarter,
        rd=value["rd"] * quarter,
        interest=value["interest"] * quarter,
        other_business=value["other_business"] * quarter,
        other_cash_share=value["cash_share"],
        cash=value["cash"] * BILLION,
        debt=value["debt"] * BILLION,
        credit_line=value["credit_line"] * BILLION,
        state_backstop=value["state_backstop"] * BILLION,
        owner_support=value["owner_support"] * BILLION,
        launch_rate=value["launches_per_year"] / QUARTERS_A_YEAR,
        discount=(value["survival_expected"] / (1.0 + value["discount_rate"])) ** 0.25,
        payable_days=value["payable_days"],
        receivable_days=value["receivable_days"],
        inventory_days=value["inventory_days"],
        listed=np.array([firm.listed for firm in tables.firms], dtype=np.bool_),
        electric_only=np.array([firm.electric_only for firm in tables.firms], dtype=np.bool_),
        state_owned=np.array([firm.kind == "state_owned" for firm in tables.firms]),
        closure=np.array([firm in settings.calibration.closure_firms for firm in firms]),
        holdings=holdings,
        control=control,
        market_size=tables.market_value("passenger_retail")
        * settings.demand.no_purchase_margin
        / QUARTERS_A_YEAR,
    )


def _present(tables: MarketTables, settings: WorldSettings) -> MarketTables:
    """The tables without entrants that the scenario does not let in."""
    firms = tuple(
        firm for firm in tables.firms if not firm.entrant or firm.firm_id in settings.entries
    )
    kept = {firm.firm_id for firm in firms}
    lines = tuple(line for line in tables.lines if line.firm_id in kept)
    return replace(tables, firms=firms, lines=lines)


def _reclassified(
    tables: MarketTables, settings: WorldSettings, value: dict[str, FloatArray]
) -> FloatArray:
    """Share of net revenue that a scenario moves between variable and fixed cost, (F,).

    The accounts give gross margin and result; depreciation, variable selling cost and warranty
    only split what lies between. Another split moves fixed cost the other way, so that the
    result of the base year stays (section 5). A fixed cost that the scenario states stands.
    """
    moved = np.zeros(len(tables.firms))
    for item, sign in SPLITS.items():
        known = np.array([tables.value(firm.firm_id, item) for firm in tables.firms])
        moved += sign * (value[item] - known)
    stated = [
        settings.firms.get(firm.firm_id, {}).get("fixed_cost") is not None for firm in tables.firms
    ]
    return np.where(stated, 0.0, moved)


def _ownership(
    tables: MarketTables, settings: WorldSettings, position: dict[str, int]
) -> tuple[FloatArray, FloatArray]:
    """Cross-holdings among the firms modelled; outside holders only dilute."""
    size = len(position)
    holdings = np.zeros((size, size))
    control = np.eye(size)
    entries = [(h.holder, h.target, h.share, h.control) for h in tables.holdings]
    entries += [(h.holder, h.target, h.share, h.control) for h in settings.holdings.values()]
    for holder, target, share, rights in entries:
        if holder in position and target in position:
            add_stake(holdings, control, position[holder], position[target], share, rights)
    return holdings, control
