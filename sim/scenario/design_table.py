"""A table of design points: text with a path at the head of each column and a point a line."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from sim.errors import Fault
from sim.scenario.reader import shown

MAX_TABLE = 500_000  # letters; the resolved scenario carries the table and must load again
LARGEST = 1e300  # as in the settings themselves
MOST_FAULTS = 50
MANY = "and more"


@dataclass(frozen=True)
class TableText:
    """A table as read.

    Attributes
    ----------
    columns
        Its header.
    rows
        A value a column, point by point; only lines without a fault.
    lines
        Line of each row in its file.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    lines: tuple[int, ...]


def is_text(table: str) -> bool:
    """Whether a ``table`` is the text itself, not the name of a file."""
    return "\n" in table


def read_table(text: str, file: str, first: int, faults: list[Fault]) -> TableText:
    """Read a table; every cell that is no finite number is a fault.

    Parameters
    ----------
    text
        Comma-separated, a header of dotted paths first; empty lines count for nothing.
    file, first
        Where it stands, and the line of its header there; 0 where lines mean nothing.
    faults
        What is wrong is added, at most ``MOST_FAULTS`` of it.
    """
    found: list[Fault] = []

    def fault(line: int, column: str, value: str, expected: str) -> None:
        place = first + line if first else 0
        found.append(Fault(file, place, shown(column), shown(value), expected))

    lines = [
        (number, [cell.strip() for cell in cells])
        for number, cells in enumerate(_cells(text))
        if any(cell.strip() for cell in cells)
    ]
    if not lines:
        fault(0, "", "", "a header of paths and a line a point")
    head, *body = lines or [(0, [])]
    columns = tuple(head[1])
    for column in sorted({name for name in columns if columns.count(name) > 1}):
        fault(head[0], column, "", "each path in one column")
    if lines and not body:
        fault(head[0], "", "", "at least one point below the header")
    rows, places = [], []
    for number, cells in body:
        if len(cells) != len(columns):
            fault(number, "", ",".join(cells), f"{len(columns)} values, as the header has")
            continue
        values = [_number(cell) for cell in cells]
        for column, cell, value in zip(columns, cells, values, strict=True):
            if value is None:
                fault(number, column, cell, "a finite number")
        good = [value for value in values if value is not None]
        if len(good) == len(values):
            rows.append(tuple(good))
            places.append(first + number if first else 0)
    faults += found[:MOST_FAULTS]
    if len(found) > MOST_FAULTS:
        expected = f"fewer faults ({len(found) - MOST_FAULTS:,} more)"
        faults.append(Fault(file, found[MOST_FAULTS].line, MANY, "", expected))
    return TableText(columns, tuple(rows), tuple(places))


def without_column(text: str, path: str) -> str | None:
    """The table less one column; None where it has no other, the text itself without it."""
    lines = list(_cells(text))
    head = next((cells for cells in lines if any(cells)), [])
    names = [cell.strip() for cell in head]
    if path not in names:
        return text
    if len(names) == 1:
        return None
    place = names.index(path)
    # A line that is too short is a fault, and stays one.
    kept = [cells[:place] + cells[place + 1 :] if any(cells) else [] for cells in lines]
    return "\n".join(",".join(cells) for cells in kept) + "\n"


def _cells(text: str) -> list[list[str]]:
    """Cells line by line, an empty list for an empty line; no cell holds a line break."""
    return [_split(line) for line in text.split("\n")]


def _split(line: str) -> list[str]:
    try:
        # R puts the names of columns in quotes.
        return next(csv.reader([line]), [])
    except csv.Error:
        return [line]


def _number(cell: str) -> float | None:
    if not cell.isascii() or "_" in cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if abs(value) < LARGEST else None
