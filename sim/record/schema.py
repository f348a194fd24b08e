"""The tables of a batch: every column with its type, unit and meaning.

This is the contract between whoever makes runs and whoever reads them. A change that an older
reader would misread raises ``FORMAT``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from sim.errors import StoreError

FORMAT = 1


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    name
        Name in the table.
    dtype
        ``int32``, ``int64``, ``float64``, ``bool`` or ``text``.
    unit
        Unit, or ``-`` where there is none.
    description
        What one value says.
    """

    name: str
    dtype: str
    unit: str
    description: str


@dataclass(frozen=True)
class Table:
    """One table: what a row is, and its columns in order."""

    name: str
    row: str
    columns: tuple[Column, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(column.name for column in self.columns)


_RUN = Column("run", "int64", "-", "number of the run in `runs`")
_T = Column("t", "int32", "quarter", "quarters since the start, from 0")
_FIRM = Column("firm", "text", "-", "id of the brand")

RUNS = Table(
    "runs",
    "one run; replicates outermost, then design points, then arms",
    (
        Column("run", "int64", "-", "number of the run, from 0 in this order"),
        Column("replicate", "int64", "-", "draw of luck; the same in every arm and point"),
        Column("point", "int64", "-", "design point: one value for each swept setting"),
        Column("arm", "text", "-", "arm of the scenario"),
        Column("calibration", "text", "-", "label of the calibration"),
        Column("status", "text", "-", "`ok` or `failed`; a failed run has no rows elsewhere"),
        Column("error", "text", "-", "why it failed, else empty"),
        Column("seed", "int64", "-", "seed of the batch"),
    ),
)
# Swept settings stand behind this column of ``runs``, each as a number named by its path.
SWEPT_AFTER = "calibration"

MARKET = Table(
    "market",
    "one quarter of one run",
    (
        _RUN,
        _T,
        Column("quarter", "text", "-", "calendar quarter, e.g. 2025Q1"),
        Column("units", "float64", "vehicles", "electric cars sold at home in the quarter"),
        Column("penetration", "float64", "share", "electric part of all cars bought"),
        Column("price_mean", "float64", "CNY", "price paid, tax included, mean over cars sold"),
        Column("hhi", "float64", "0..10000", "Herfindahl index of units by owner"),
        Column("consumer_surplus", "float64", "CNY", "of all buyers in the quarter"),
        Column("battery_price", "float64", "CNY/kWh", "price of a battery pack"),
        Column("iterations", "int64", "-", "iterations of the price solver"),
        Column("residual", "float64", "-", "residual of the price solver, relative to price"),
        Column("active_firms", "int64", "firms", "brands still on sale"),
    ),
)

FIRMS = Table(
    "firms",
    "one brand in one quarter of one run",
    (
        _RUN,
        _T,
        _FIRM,
        Column(
            "state",
            "text",
            "-",
            "`independent`, `allied`, `zombie`, `backstopped`, `controlled`, `merged`, `exited` or "
            "`waiting` (enters later)",
        ),
        Column("units", "float64", "vehicles", "sold at home in the quarter"),
        Column(
            "exports", "float64", "vehicles",
            "sold abroad in the quarter; illustrative as far as regions are modelled",
        ),
        Column("price", "float64", "CNY", "price paid, mean over cars sold; missing without sales"),
        Column("unit_cost", "float64", "CNY", "marginal cost, mean; missing without sales"),
        Column("share", "float64", "share", "of electric cars sold at home in the quarter"),
        Column("revenue", "float64", "CNY", "net of taxes and dealer margin, exports included"),
        Column("contribution", "float64", "CNY", "revenue less variable cost"),
        Column("fixed_cost", "float64", "CNY", "fixed cost, depreciation included"),
        Column("rd", "float64", "CNY", "research and development"),
        Column("interest", "float64", "CNY", "net interest paid"),
        Column("other_income", "float64", "CNY", "other business less the cost of alliances"),
        Column("result", "float64", "CNY", "result of the quarter before tax"),
        Column("cash", "float64", "CNY", "held at the end of the quarter"),
        Column("group_cash", "float64", "CNY", "cash of all brands under one owner"),
        Column("debt", "float64", "CNY", "at the end of the quarter"),
        Column(
            "runway",
            "float64",
            "quarters",
            "cash and unused credit over fixed cost and R&D; missing if without end",
        ),
        Column("mu", "float64", "-", "weight of short money (equation 3.9)"),
        Column("shadow_value", "float64", "CNY/vehicle", "value of one more car sold (3.5)"),
        Column("learning", "float64", "CNY/vehicle", "part of it: cheaper cars later (3.7)"),
        Column("idle", "float64", "CNY/vehicle", "part of it: idle plants (3.6)"),
        Column("war", "float64", "CNY/vehicle", "part of it: the price war (3.4)"),
        Column("conduct_part", "float64", "CNY/vehicle", "part of it, taken off: restraint (3.4)"),
        Column("state_money", "float64", "CNY", "from the state since the start"),
        Column("owner_money", "float64", "CNY", "from owners since the start"),
        Column("equity_raised", "float64", "CNY", "raised on the market since the start"),
        Column("quality", "float64", "utility", "mean utility but for price, mean over lines"),
        Column(
            "survives",
            "bool",
            "-",
            "on sale, at least a fifth of its first volume, no state money for four quarters",
        ),
        Column("brand", "bool", "-", "the brand is on sale"),
        Column("independent", "bool", "-", "on sale and in control of itself"),
        Column("owner", "text", "-", "id of the firm whose balance sheet it is on"),
        Column("capacity", "float64", "vehicles", "that its plants can make in a quarter"),
    ),
)

EVENTS = Table(
    "events",
    "something that happened in one quarter of one run",
    (
        _RUN,
        _T,
        Column("firm", "text", "-", "id of the brand it happened to; `market` for all"),
        Column(
            "kind", "text", "-",
            "what happened, e.g. `exit`, `equity`, `signed`, `merged`, `event`, `volume_missed`, "
            "`entry_weighed`, `not_paid`, `taken_over`, `plants_bought`, `buyers_go`",
        ),
        Column(
            "counterparty", "text", "-",
            "id of the other side, or names; of an event its name; may be empty",
        ),
        Column(
            "amount",
            "float64",
            "CNY",
            "money that changed hands; for a merger review the change in the MHHI, for an event "
            "the number of its kind in its own unit, for a missed volume the vehicles missed, for "
            "buyers that go the vehicles of the quarter, for an entry weighed its worth less its "
            "cost, for money not paid what was due",
        ),
        Column("detail", "text", "-", "in words"),
    ),
)

PRODUCTS = Table(
    "products",
    "one line on sale in one quarter of one run; only with `record: full`",
    (
        _RUN,
        _T,
        Column("line", "text", "-", "id of the product line"),
        _FIRM,
        Column("price", "float64", "CNY", "price paid, tax included"),
        Column("cost", "float64", "CNY", "marginal cost"),
        Column("units", "float64", "vehicles", "sold at home in the quarter"),
        Column("quality", "float64", "utility", "mean utility but for price"),
        Column("share", "float64", "share", "of electric cars sold at home in the quarter"),
    ),
)

# Not of a batch: what ``statements`` writes of one run made again.
STATEMENTS = Table(
    "statements",
    "one line of one statement of one brand and quarter",
    (
        _FIRM,
        Column("quarter", "text", "-", "calendar quarter; `opening` for the opening balance"),
        Column("statement", "text", "-", "`income`, `cash_flow` or `balance`"),
        Column("line", "text", "-", "which line; `residual` is what the others leave over"),
        Column("value", "float64", "CNY", "costs and outflows are negative"),
    ),
)

REGIONS = Table(
    "regions",
    "one brand in one region abroad in one quarter of one run, every number illustrative; only "
    "where an arm models a region. The composite local rival is `local`",
    (
        _RUN,
        _T,
        Column("region", "text", "-", "id of the region"),
        Column("basis", "text", "-", "`illustrative`: assumptions, not a calibrated market"),
        _FIRM,
        Column("units", "float64", "vehicles", "sold there in the quarter"),
        Column("price", "float64", "CNY", "price paid, tax included; missing without sales"),
        Column("share", "float64", "share", "of electric cars sold there in the quarter"),
        Column("duty", "float64", "share", "duties, of the value at the border"),
        Column("reach", "float64", "share", "of buyers who have a dealer near"),
        Column("quality", "float64", "utility", "mean utility but for price"),
        Column("value", "float64", "CNY", "value at the border of what was sold"),
        Column("freight", "float64", "CNY", "freight and insurance"),
        Column("duty_paid", "float64", "CNY", "duties paid to the state there"),
        Column("partner", "float64", "CNY", "what a partner with the rights keeps of the margin"),
        Column("revenue", "float64", "CNY", "what reaches the maker; in its revenue in `firms`"),
        Column("contribution", "float64", "CNY", "revenue less the cost of the cars"),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in (RUNS, MARKET, FIRMS, EVENTS)}
RUN_TABLES = ("market", "firms", "events")
# Tables that a batch has only if its scenario asks for them.
OPTIONAL_TABLES: dict[str, Table] = {PRODUCTS.name: PRODUCTS, REGIONS.name: REGIONS}
# What a scenario must say for each of them.
OPTIONAL_TAKES = {PRODUCTS.name: "record: full", REGIONS.name: "a region abroad that is modelled"}
ALL_TABLES: dict[str, Table] = {**TABLES, **OPTIONAL_TABLES}


def check_columns(table: Table, names: Iterable[str]) -> None:
    """Refuse a set of columns that is not the table's, ``run`` aside.

    Raises
    ------
    StoreError
        Names the columns that are missing or unknown.
    """
    wanted, got = set(table.names) - {"run"}, set(names)
    if wanted != got:
        missing = ", ".join(sorted(wanted - got)) or "none"
        unknown = ", ".join(sorted(got - wanted)) or "none"
        raise StoreError(f"table {table.name}: missing columns: {missing}; unknown: {unknown}")
