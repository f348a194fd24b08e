"""Products and agents tables with PyBLP's column names, strictly read.

Of a products table ``market_ids``, ``firm_ids``, ``shares`` and ``prices`` are needed;
``product_ids``, ``nesting_ids``, ``margins`` and ``capacities`` are read where they stand, and
any other column that a parameter names. Of an agents table ``market_ids`` and ``weights``,
``nodes0``, ``nodes1``, ... and the demographics that a parameter names.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.errors import Fault, InputError
from sim.scenario.checks import nearest
from sim.scenario.reader import LONGEST_PATH, shown
from sim.scenario.tree import Tree

FloatArray = NDArray[np.float64]

COMMAND_LINE = "command line"
MAX_TABLE_BYTES = 50_000_000
MAX_ROWS = 500_000
MAX_COLUMNS = 500
MAX_FAULTS = 100
LONGEST_CELL = 200
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Table:
    """One market's rows of a table: cells as text, with the line of each row."""

    file: str
    columns: tuple[str, ...]
    lines: tuple[int, ...]
    rows: tuple[dict[str, str], ...]

    def has(self, column: str) -> bool:
        """Whether the table has a column."""
        return column in self.columns

    def texts(self, column: str) -> tuple[str, ...]:
        """A column as text."""
        return tuple(row[column].strip() for row in self.rows)

    def numbers(
        self,
        column: str,
        faults: list[Fault],
        *,
        above: float = -math.inf,
        under: float = math.inf,
        gaps: bool = False,
    ) -> FloatArray:
        """A column as finite numbers in an open range; an empty cell is NaN with ``gaps``."""
        values = np.full(len(self.rows), np.nan)
        expected = "a finite number"
        if above > -math.inf:
            expected = f"a number above {above:g}"
        if under < math.inf:
            expected += f", under {under:g}"
        for position, (line, row) in enumerate(zip(self.lines, self.rows, strict=True)):
            text = row[column].strip()
            if gaps and not text:
                continue
            value = float(text) if _NUMBER.fullmatch(text) else math.nan
            if math.isfinite(value) and above < value < under:
                values[position] = value
            else:
                faults.append(Fault(self.file, line, column, shown(text), expected))
        return values


def read_table(
    path: Path, name: str, needed: Sequence[str], market: str | None, faults: list[Fault]
) -> Table | None:
    """Read one market of a table; None where that cannot be done, with the faults.

    Parameters
    ----------
    needed
        Columns that must be there.
    market
        The market to take; None if the table holds one.
    """
    try:
        text = _read(path, name)
    except InputError as error:
        faults.extend(error.faults)
        return None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: tuple[str, ...] = ()
    lines: list[int] = []
    rows: list[dict[str, str]] = []
    try:
        columns = tuple(cell.strip() for cell in next(reader, []))
        if not _header(name, columns, needed, faults):
            return None
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(columns):
                expected = f"{len(columns)} cells as in the first line, not {len(cells)}"
                faults.append(Fault(name, reader.line_num, "", "", expected))
                continue
            lines.append(reader.line_num)
            rows.append(dict(zip(columns, cells, strict=True)))
            if len(rows) > MAX_ROWS:
                faults.append(Fault(name, reader.line_num, "", "", f"at most {MAX_ROWS:,} rows"))
                return None
    except csv.Error as error:
        faults.append(Fault(name, reader.line_num, "", "", f"a CSV table ({shown(str(error))})"))
        return None
    return _one_market(Table(name, columns, tuple(lines), tuple(rows)), market, faults)


def place_of_table(tree: Tree, key: str, folder: Path) -> Path:
    """Where a table's name is looked up: beside the file, or here if an option names it."""
    place = tree.place(("tables", key))
    return Path() if place is None or place[0] == COMMAND_LINE else folder


def _header(
    name: str, columns: tuple[str, ...], needed: Sequence[str], faults: list[Fault]
) -> bool:
    count = len(faults)
    if len(columns) > MAX_COLUMNS:
        faults.append(Fault(name, 1, "", "", f"at most {MAX_COLUMNS} columns"))
        return False
    twice = sorted({each for each in columns if columns.count(each) > 1})
    faults.extend(Fault(name, 1, shown(column), "", "each column once") for column in twice)
    for column in needed:
        if column not in columns:
            near = nearest(column, [each for each in columns if len(each) <= LONGEST_CELL])
            expected = "a column of this name"
            fault = Fault(name, 1, shown(column), "", expected, shown(near))
            if fault not in faults:
                faults.append(fault)
    return len(faults) == count


def _one_market(table: Table, market: str | None, faults: list[Fault]) -> Table | None:
    markets = list(dict.fromkeys(table.texts("market_ids")))
    if not markets:
        faults.append(Fault(table.file, 0, "", "", "at least one row"))
        return None
    if market is None and len(markets) > 1:
        listed = ", ".join(shown(each, 20) for each in markets[:6])
        more = f" and {len(markets) - 6} more" if len(markets) > 6 else ""
        expected = f"--market or tables.market, one of {listed}{more}"
        faults.append(Fault(table.file, 0, "market_ids", f"{len(markets)} markets", expected))
        return None
    chosen = markets[0] if market is None else market
    if chosen not in markets:
        near = nearest(chosen, [each for each in markets if len(each) <= LONGEST_CELL])
        expected = "a market of this table"
        faults.append(Fault(table.file, 0, "market_ids", shown(chosen), expected, shown(near)))
        return None
    kept = [n for n, row in enumerate(table.rows) if row["market_ids"].strip() == chosen]
    return Table(
        table.file,
        table.columns,
        tuple(table.lines[n] for n in kept),
        tuple(table.rows[n] for n in kept),
    )


def _read(path: Path, name: str) -> str:
    told = name if len(name) <= LONGEST_PATH else f"{name[:LONGEST_PATH]}..."

    def refuse(expected: str) -> InputError:
        return InputError([Fault(told, 0, "", "", expected)])

    try:
        with path.open("rb") as handle:
            raw = handle.read(MAX_TABLE_BYTES + 1)
    except FileNotFoundError:
        raise refuse("a file that exists") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is none"
        raise refuse(f"a file that can be read ({reason})") from None
    if len(raw) > MAX_TABLE_BYTES:
        raise refuse(f"at most {MAX_TABLE_BYTES:,} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refuse(f"UTF-8 text (byte {error.start} is not)") from None
