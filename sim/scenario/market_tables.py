"""The one reader of market tables: a folder of small CSV files, strictly read.

All faults of a folder are told at once, each with its file and line.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from sim.errors import Fault, InputError
from sim.scenario.quarters import Quarter
from sim.scenario.reader import read_text, shown
from sim.scenario.region_items import REGION_FIRM_BOUNDS, REGION_FIRM_ITEMS, REGION_NUMBERS

SCENARIOS = Path(__file__).resolve().parent.parent.parent / "scenarios"
KINDS = ("private", "start_up", "joint_venture", "foreign_owned", "state_owned", "composite")
POWERTRAINS = ("BEV", "PHEV", "EREV")
CONTROLS = ("silent", "proportional", "full")
# What fits beside a row of a picture.
MOST_LETTERS = 24
CONFIDENCE = ("high", "medium", "low")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_Key = TypeVar("_Key")


@dataclass(frozen=True)
class FirmRow:
    """A firm; ``label`` is its name in tables and pictures.

    An ``entrant`` is left out unless a scenario says when it enters; the column may be missing.
    """

    firm_id: str
    label: str
    name: str
    kind: str
    electric_only: bool
    listed: bool
    entrant: bool = False


@dataclass(frozen=True)
class LineRow:
    """A product line; units a year, price in CNY paid by the buyer.

    ``subsidy`` is what the state pays the maker a car in the base year, CNY; the column may
    be missing.
    """

    line_id: str
    firm_id: str
    name: str
    segment: str
    powertrain: str
    units: float
    price: float
    battery_kwh: float
    subsidy: float = 0.0


@dataclass(frozen=True)
class HoldingRow:
    """A stake that stands at the start; the holder may be outside the market."""

    holder: str
    target: str
    share: float
    control: str


@dataclass(frozen=True)
class MeasureRow:
    """A step of a government measure."""

    measure: str
    start: Quarter
    value: float


@dataclass(frozen=True)
class Figure:
    """A number with its range, unit and source."""

    value: float
    low: float
    high: float
    unit: str
    basis: str
    confidence: str


@dataclass(frozen=True)
class MarketTables:
    """A market folder as read."""

    name: str
    firms: tuple[FirmRow, ...]
    lines: tuple[LineRow, ...]
    holdings: tuple[HoldingRow, ...]
    measures: tuple[MeasureRow, ...]
    firm_figures: Mapping[tuple[str, str], Figure]
    kind_figures: Mapping[tuple[str, str], Figure]
    market_figures: Mapping[str, Figure]
    region_figures: Mapping[tuple[str, str], Figure] = field(default_factory=dict)
    region_firm_figures: Mapping[tuple[str, str, str], Figure] = field(default_factory=dict)

    @property
    def regions(self) -> tuple[str, ...]:
        """Regions abroad that the tables know, in their order."""
        return tuple(dict.fromkeys(region for region, _ in self.region_figures))

    def figure(self, firm: str, item: str) -> Figure:
        """A firm's figure, or the one of its kind.

        Raises
        ------
        InputError
            Neither table has it.
        """
        found = self.firm_figures.get((firm, item))
        if found is None:
            kind = next(row.kind for row in self.firms if row.firm_id == firm)
            found = self.kind_figures.get((kind, item))
        if found is None:
            fault = Fault("firm_values.csv", 0, f"{firm}.{item}", "", "a row for this firm or kind")
            raise InputError([fault])
        return found

    def value(self, firm: str, item: str) -> float:
        """A firm's value, or the one of its kind."""
        return self.figure(firm, item).value

    def market_value(self, item: str) -> float:
        """A value of the whole market.

        Raises
        ------
        InputError
            The table lacks it.
        """
        if item not in self.market_figures:
            raise InputError([Fault("market_values.csv", 0, item, "", "a row for this item")])
        return self.market_figures[item].value


class _Sheet:
    """Rows of one file, with faults collected."""

    def __init__(self, folder: Path, file: str, columns: tuple[str, ...], faults: list[Fault]):
        self.file = file
        self.faults = faults
        self.rows: list[tuple[int, dict[str, str]]] = []
        text = read_text(folder / file, file)
        reader = csv.DictReader(io.StringIO(text))
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            faults.append(Fault(file, 1, "", "", "columns " + ", ".join(missing)))
            return
        for row in reader:
            if None in row or None in row.values():
                faults.append(Fault(file, reader.line_num, "", "", "as many cells as columns"))
                continue
            self.rows.append((reader.line_num, row))

    def fault(self, line: int, column: str, value: str, expected: str, nearest: str = "") -> None:
        self.faults.append(Fault(self.file, line, column, shown(value), expected, nearest))

    def number(
        self, line: int, row: dict[str, str], column: str, default: float | None = None
    ) -> float:
        text = row[column].strip()
        if not text and default is not None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.fault(line, column, text, "a finite number")
            return default if default is not None else 0.0
        return value

    def name(self, line: int, row: dict[str, str], column: str) -> str:
        text = row[column].strip()
        if not _NAME.fullmatch(text):
            self.fault(line, column, text, "a name such as leapmotor")
        return text

    def title(self, line: int, row: dict[str, str], column: str) -> str:
        text = row[column].strip()
        if not text or len(text) > MOST_LETTERS or not text.isprintable():
            self.fault(line, column, text, f"1 to {MOST_LETTERS} letters for tables and pictures")
        return text

    def choice(self, line: int, row: dict[str, str], column: str, known: tuple[str, ...]) -> str:
        text = row[column].strip()
        if text not in known:
            near = get_close_matches(text, known, 1)
            listed = ", ".join(known) if len(known) <= 8 else "a name that is known"
            self.fault(line, column, text, listed, near[0] if near else "")
        return text

    def flag(self, line: int, row: dict[str, str], column: str) -> bool:
        return self.choice(line, row, column, ("0", "1")) == "1"

    def figure(self, line: int, row: dict[str, str]) -> Figure:
        value = self.number(line, row, "value")
        low = self.number(line, row, "low", value)
        high = self.number(line, row, "high", value)
        if not low <= value <= high:
            self.fault(line, "low..high", f"{low} .. {high}", f"a range that holds {value}")
        if not row["basis"].strip():
            self.fault(line, "basis", "", "a source or the word assumption")
        confidence = self.choice(line, row, "confidence", CONFIDENCE)
        return Figure(value, low, high, row["unit"], row["basis"], confidence)


def market_folder(name: str) -> Path:
    """Folder of a market by name."""
    return SCENARIOS / "markets" / name


def known_markets() -> tuple[str, ...]:
    """Names of the markets that ship."""
    return tuple(sorted(entry.parent.name for entry in SCENARIOS.glob("markets/*/firms.csv")))


def market_digest(name: str) -> str:
    """SHA-256 over the names and bytes of a market's CSV files."""
    digest = hashlib.sha256()
    for path in sorted(market_folder(name).glob("*.csv")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def read_market(name: str) -> MarketTables:
    """Read a market folder.

    Raises
    ------
    InputError
        All faults of all its files.
    """
    folder = market_folder(name)
    faults: list[Fault] = []
    firms = _firms(_Sheet(folder, "firms.csv", FirmColumns, faults))
    ids = tuple(firm.firm_id for firm in firms)
    figure = ("value", "low", "high", "unit", "basis", "confidence")
    by_firm: dict[tuple[str, str], Figure] = {}
    by_kind: dict[tuple[str, str], Figure] = {}
    by_item: dict[str, Figure] = {}
    sheet = _Sheet(folder, "firm_values.csv", ("firm_id", "item", *figure), faults)
    for line, row in sheet.rows:
        key = (sheet.choice(line, row, "firm_id", ids), sheet.name(line, row, "item"))
        _enter(sheet, line, by_firm, key, sheet.figure(line, row))
    sheet = _Sheet(folder, "kinds.csv", ("kind", "item", *figure), faults)
    for line, row in sheet.rows:
        key = (sheet.choice(line, row, "kind", KINDS), sheet.name(line, row, "item"))
        _enter(sheet, line, by_kind, key, sheet.figure(line, row))
    sheet = _Sheet(folder, "market_values.csv", ("item", *figure), faults)
    for line, row in sheet.rows:
        _enter(sheet, line, by_item, sheet.name(line, row, "item"), sheet.figure(line, row))
    lines = _lines(_Sheet(folder, "lines.csv", LineColumns, faults), ids)
    columns = ("holder", "target", "share", "control")
    sheet = _Sheet(folder, "holdings.csv", columns, faults)
    holdings = tuple(_holding(sheet, line, row, ids) for line, row in sheet.rows)
    sheet = _Sheet(folder, "measures.csv", ("measure", "start", "value"), faults)
    measures = tuple(_measure(sheet, line, row) for line, row in sheet.rows)
    by_region, by_region_firm = _regions(folder, ids, faults)
    if faults:
        raise InputError(faults)
    figures = (by_firm, by_kind, by_item, by_region, by_region_firm)
    return MarketTables(name, firms, lines, holdings, measures, *figures)


def _regions(
    folder: Path, firms: tuple[str, ...], faults: list[Fault]
) -> tuple[dict[tuple[str, str], Figure], dict[tuple[str, str, str], Figure]]:
    """Regions abroad; a market may have none."""
    by_region: dict[tuple[str, str], Figure] = {}
    by_firm: dict[tuple[str, str, str], Figure] = {}
    if not (folder / "regions.csv").exists():
        return by_region, by_firm
    figure = ("value", "low", "high", "unit", "basis", "confidence")
    sheet = _Sheet(folder, "regions.csv", ("region", "item", *figure), faults)
    for line, row in sheet.rows:
        named = sheet.name(line, row, "region")
        item = sheet.choice(line, row, "item", REGION_NUMBERS)
        _enter(sheet, line, by_region, (named, item), sheet.figure(line, row))
    known = tuple(dict.fromkeys(region for region, _ in by_region))
    for key in ((region, item) for region in known for item in REGION_NUMBERS):
        if key not in by_region:
            sheet.fault(0, ".".join(key), "", "a row for this item")
    sheet = _Sheet(folder, "region_firms.csv", ("region", "firm_id", "item", *figure), faults)
    for line, row in sheet.rows:
        named = sheet.choice(line, row, "region", known)
        firm = sheet.choice(line, row, "firm_id", firms)
        item = sheet.choice(line, row, "item", REGION_FIRM_ITEMS)
        found = sheet.figure(line, row)
        low, high = REGION_FIRM_BOUNDS.get(item, (-math.inf, math.inf))
        if not low <= found.value <= high:
            sheet.fault(line, "value", row["value"], f"{low:g} to {high:g}")
        _enter(sheet, line, by_firm, (named, firm, item), found)
    return by_region, by_firm


FirmColumns = (
    "firm_id", "label", "name", "kind", "electric_only", "listed", "basis", "confidence",
)
LineColumns = (
    "line_id", "firm_id", "name", "segment", "powertrain", "units", "price", "battery_kwh",
    "basis", "confidence",
)


def _enter(sheet: _Sheet, line: int, table: dict[_Key, Figure], key: _Key, figure: Figure) -> None:
    if key in table:
        sheet.fault(line, "item", str(key), "each item once")
    table[key] = figure


def _firms(sheet: _Sheet) -> tuple[FirmRow, ...]:
    rows = tuple(
        FirmRow(
            sheet.name(line, row, "firm_id"),
            sheet.title(line, row, "label"),
            row["name"],
            sheet.choice(line, row, "kind", KINDS),
            sheet.flag(line, row, "electric_only"),
            sheet.flag(line, row, "listed"),
            "entrant" in row and sheet.flag(line, row, "entrant"),
        )
        for line, row in sheet.rows
    )
    if len({row.firm_id for row in rows}) < len(rows):
        sheet.fault(0, "firm_id", "", "each firm once")
    return rows


def _lines(sheet: _Sheet, firms: tuple[str, ...]) -> tuple[LineRow, ...]:
    rows = []
    for line, row in sheet.rows:
        measured = ("units", "price", "battery_kwh")
        amounts = {name: sheet.number(line, row, name) for name in measured}
        for name, amount in amounts.items():
            if amount <= 0.0:
                sheet.fault(line, name, row[name], "a positive number")
        rows.append(
            LineRow(
                sheet.name(line, row, "line_id"),
                sheet.choice(line, row, "firm_id", firms),
                row["name"],
                row["segment"].strip(),
                sheet.choice(line, row, "powertrain", POWERTRAINS),
                **amounts,
                subsidy=_subsidy(sheet, line, row),
            )
        )
    if len({row.line_id for row in rows}) < len(rows):
        sheet.fault(0, "line_id", "", "each line once")
    return tuple(rows)


def _subsidy(sheet: _Sheet, line: int, row: dict[str, str]) -> float:
    amount = sheet.number(line, row, "subsidy", 0.0) if "subsidy" in row else 0.0
    if amount < 0.0:
        sheet.fault(line, "subsidy", row["subsidy"], "zero or a positive number")
    return amount


def _holding(
    sheet: _Sheet, line: int, row: dict[str, str], firms: tuple[str, ...]
) -> HoldingRow:
    share = sheet.number(line, row, "share")
    if not 0.0 < share <= 1.0:
        sheet.fault(line, "share", row["share"], "a share above 0, at most 1")
    return HoldingRow(
        sheet.name(line, row, "holder"),
        sheet.name(line, row, "target"),
        share,
        sheet.choice(line, row, "control", CONTROLS),
    )


def _measure(sheet: _Sheet, line: int, row: dict[str, str]) -> MeasureRow:
    try:
        start = Quarter.parse(row["start"].strip())
    except ValueError as error:
        sheet.fault(line, "start", row["start"], str(error))
        start = Quarter(0)
    return MeasureRow(sheet.name(line, row, "measure"), start, sheet.number(line, row, "value"))
