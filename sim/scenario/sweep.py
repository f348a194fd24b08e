"""The swept settings of a scenario: which designs, which paths, and which arms they touch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim.errors import Fault
from sim.scenario.changes import DESIGNS
from sim.scenario.checks import fault_at, field_names, is_number, is_whole, nearest
from sim.scenario.design_table import is_text, read_table
from sim.scenario.designs import (
    GRID,
    LATIN_HYPERCUBE,
    SAMPLED,
    SEVERAL,
    SOBOL,
    TABLE,
    ZIP,
    Design,
    balanced,
    count_points,
    latin_hypercube,
    sobol,
)
from sim.scenario.reader import Path_
from sim.scenario.tree import Tree
from sim.scenario.world import WORLD_KEYS, WorldSettings

MAX_POINTS = 100_000
MAX_SWEPT_VALUES = 1000
MAX_SWEPT_PATHS = 20
MAX_TOGETHER = 100  # settings that one design moves together
MAX_DRAWN = 10_000  # points of one drawn design
MAX_SEED = 2**63 - 1
SAMPLE_KEYS = ("points", "seed", "settings")
Designs = tuple[Design, ...]


def read_sweep(
    tree: Tree, arms: tuple[str, ...], faults: list[Fault], notices: list[str]
) -> Designs:
    """Read the sweep: its designs in the order of the file."""
    found = tree.get(("sweep",))
    if found is None:
        return ()
    if not isinstance(found, dict):
        faults.append(fault_at(tree, ("sweep",), found, "a mapping of paths"))
        return ()
    result: list[Design] = []
    for key, written in found.items():
        if written is None:
            continue
        if key in SEVERAL:
            design = _READERS[key](tree, written, faults, notices)
        else:
            design = _grid(tree, key, written, faults)
        if design is not None:
            result.append(design)
    _check_once(tree, result, arms, faults)
    grids = [design for design in result if design.kind == GRID]
    total, points = sum(len(design.rows) for design in grids), count_points(result)
    if points > MAX_POINTS or total > MAX_SWEPT_VALUES or len(grids) > MAX_SWEPT_PATHS:
        expected = (
            f"at most {MAX_SWEPT_PATHS} settings in grids, {MAX_SWEPT_VALUES:,} values of theirs "
            f"in all and {MAX_POINTS:,} points"
        )
        size = f"{len(grids)}, {total:,} and {points:,}"
        faults.append(fault_at(tree, ("sweep",), size, expected))
        return ()
    return tuple(result)


def where_swept(design: Design, path: str) -> Path_:
    """Path in the file of what a design says of a setting."""
    if design.kind == GRID:
        return ("sweep", path)
    if design.kind in SAMPLED:
        return ("sweep", design.kind, "settings", path)
    return ("sweep", design.kind, path)


def swept_fault(
    tree: Tree, design: Design, path: str, value: object, expected: str, near: str = ""
) -> Fault:
    """A fault of a swept setting, at the line of the first point that has the value."""
    fault = fault_at(tree, where_swept(design, path), value, expected, near)
    if not design.lines:
        return fault
    place = design.paths.index(path)
    line = next(
        (line for row, line in zip(design.rows, design.lines, strict=True) if row[place] == value),
        fault.line,
    )
    return Fault(fault.file, line, path, fault.value, expected, near)


def _check_once(
    tree: Tree, designs: list[Design], arms: tuple[str, ...], faults: list[Fault]
) -> None:
    """Every setting is set by one design, and by no arm beside it."""
    first: dict[str, Design] = {}
    for design in designs:
        for dotted in design.paths:
            other = first.setdefault(dotted, design)
            if other is not design:
                expected = f"each setting in one design (it stands in {other.kind} already)"
                faults.append(fault_at(tree, where_swept(design, dotted), None, expected))
            path = tuple(dotted.split("."))
            twice = f"a setting that the sweep does not set too ({dotted})"
            faults.extend(
                fault_at(tree, ("arms", arm, *path), None, twice)
                for arm in arms
                if tree.has(("arms", arm, *path))
            )


def _is_path(
    dotted: str, say: Callable[[str, str], None], *, fractions: bool = False
) -> bool:
    """Whether a path may be swept; what is wrong with it is said."""
    path = tuple(dotted.split("."))
    if not is_number(path):
        say(*_a_number(path))
        return False
    if fractions and is_whole(path):
        say("a setting that takes fractions: sweep a whole number in a grid, zip or table", "")
        return False
    return True


def _a_number(path: Path_) -> tuple[str, str]:
    """What a path should have been, and the nearest one that is."""
    known: tuple[str, ...] = WORLD_KEYS
    for depth, key in enumerate(path):
        known = field_names(WorldSettings, path[:depth])
        if known and key not in known:
            near = nearest(key, (*known, *SEVERAL) if len(path) == 1 else known)
            full = ".".join((*path[:depth], near, *path[depth + 1 :])) if near else ""
            return "the path of a number in the world settings", full
    return "the path of a number in the world settings", ""


def _grid(tree: Tree, dotted: str, written: Any, faults: list[Fault]) -> Design | None:
    where: Path_ = ("sweep", dotted)

    def say(expected: str, near: str) -> None:
        faults.append(fault_at(tree, where, dotted, expected, near))

    if not _is_path(dotted, say):
        return None
    values = written
    if isinstance(written, dict):
        keys = [key for key, value in written.items() if value is not None]
        if len(keys) != 1 or keys[0] not in DESIGNS:
            near = nearest(keys[0], DESIGNS) if keys else ""
            expected = "grid: [values] or list: [values]"
            faults.append(fault_at(tree, where, ", ".join(keys), expected, near))
            return None
        where = (*where, keys[0])
        values = written[keys[0]]
    good = _numbers(tree, where, values, faults)
    if len(set(good)) < len(good):
        faults.append(fault_at(tree, where, values, "numbers, each once"))
        return None
    return Design(GRID, (dotted,), tuple((value,) for value in good)) if good else None


def _numbers(tree: Tree, where: Path_, values: Any, faults: list[Fault]) -> tuple[float, ...]:
    """A list of numbers; empty where it is none."""
    if not isinstance(values, list) or not values:
        faults.append(fault_at(tree, where, values, "a list of numbers"))
        return ()
    good = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(good) < len(values):
        faults.append(fault_at(tree, where, values, "numbers, each once"))
        return ()
    return tuple(float(value) for value in good)


def _zip(tree: Tree, written: Any, faults: list[Fault], notices: list[str]) -> Design | None:
    where = ("sweep", ZIP)
    named = _settings(tree, where, written, "[values]", faults)
    before = len(faults)
    columns = {
        dotted: _numbers(tree, (*where, dotted), values, faults)
        for dotted, values in named.items()
    }
    if not columns or len(faults) > before:
        return None
    longest = max(map(len, columns.values()))
    for dotted, values in columns.items():
        if len(values) < longest:
            expected = f"{longest} values, as many as the others of the zip"
            faults.append(fault_at(tree, (*where, dotted), len(values), expected))
    if len(faults) > before:
        return None
    rows = tuple(zip(*columns.values(), strict=True))
    return _once(Design(ZIP, tuple(columns), rows), notices)


def _table(tree: Tree, written: Any, faults: list[Fault], notices: list[str]) -> Design | None:
    where = ("sweep", TABLE)
    if not isinstance(written, str) or not is_text(written):
        # A file that could not be read has been told.
        if not isinstance(written, str):
            faults.append(fault_at(tree, where, None, "the name of a CSV file, or its text"))
        return None
    file, first = tree.place(where) or ("scenario", 0)
    before = len(faults)
    table = read_table(written, file, first, faults)
    if len(table.columns) > MAX_TOGETHER:
        expected = f"at most {MAX_TOGETHER} columns"
        faults.append(Fault(file, first, "", str(len(table.columns)), expected))
        return None
    for dotted in table.columns:

        def say(expected: str, near: str, dotted: str = dotted) -> None:
            faults.append(Fault(file, first, dotted, "", expected, near))

        _is_path(dotted, say)
    if len(faults) > before:
        return None
    return _once(Design(TABLE, table.columns, table.rows, lines=table.lines), notices)


def _sampled(
    kind: str, tree: Tree, written: Any, faults: list[Fault], notices: list[str]
) -> Design | None:
    where = ("sweep", kind)
    if not isinstance(written, dict):
        expected = "points, seed and settings: {path: [low, high]}"
        faults.append(fault_at(tree, where, written, expected))
        return None
    before = len(faults)
    for key, value in written.items():
        if key not in SAMPLE_KEYS and value is not None:
            expected = "one of " + ", ".join(SAMPLE_KEYS)
            faults.append(fault_at(tree, (*where, key), None, expected, nearest(key, SAMPLE_KEYS)))
    points = _whole(tree, (*where, "points"), written.get("points"), 1, MAX_DRAWN, faults)
    seed = 0
    if written.get("seed") is not None:
        seed = _whole(tree, (*where, "seed"), written["seed"], 0, MAX_SEED, faults)
    settings = (*where, "settings")
    named = _settings(tree, settings, written.get("settings"), "[low, high]", faults)
    ranges = {}
    for dotted, ends in named.items():
        before_ends = len(faults)
        values = _numbers(tree, (*settings, dotted), ends, faults)
        if len(faults) == before_ends and (len(values) != 2 or values[0] >= values[1]):
            expected = "[low, high], the low one below the high one"
            faults.append(fault_at(tree, (*settings, dotted), ends, expected))
        ranges[dotted] = (min(values, default=0.0), max(values, default=0.0))
    if len(faults) > before or not ranges:
        return None
    if kind == LATIN_HYPERCUBE:
        return latin_hypercube(ranges, points, seed)
    if not balanced(points):
        above = 1 << points.bit_length()
        notices.append(
            f"sobol: {points} points are no power of two; {above // 2} or {above} keep the "
            "sequence balanced"
        )
    return sobol(ranges, points, seed)


def _settings(
    tree: Tree, where: Path_, written: Any, of: str, faults: list[Fault]
) -> dict[str, Any]:
    """What a design says of each setting that is not removed; empty where there is none."""
    if not isinstance(written, dict) or not written:
        faults.append(fault_at(tree, where, written or None, f"a mapping of paths to {of}"))
        return {}
    if len(written) > MAX_TOGETHER:
        faults.append(fault_at(tree, where, len(written), f"at most {MAX_TOGETHER} settings"))
        return {}
    result = {}
    for dotted, value in written.items():
        if value is None:
            continue

        def say(expected: str, near: str, dotted: str = dotted) -> None:
            faults.append(fault_at(tree, (*where, dotted), dotted, expected, near))

        if _is_path(dotted, say, fractions=where[1] in SAMPLED):
            result[dotted] = value
    return result


def _whole(
    tree: Tree, where: Path_, value: Any, low: int, high: int, faults: list[Fault]
) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    shown_value = None if isinstance(value, dict | list) else value
    expected = f"a whole number from {low:,} to {high:,}"
    faults.append(fault_at(tree, where, shown_value, expected))
    return low


def _once(design: Design, notices: list[str]) -> Design:
    """The design with points that coincide taken once."""
    lines = design.lines or (0,) * len(design.rows)
    kept = dict(reversed(list(zip(design.rows, lines, strict=True))))
    rows = tuple(dict.fromkeys(design.rows))
    if len(rows) < len(design.rows):
        more = len(design.rows) - len(rows)
        notices.append(f"{design.kind}: {more} points are the same as an earlier one; run once")
    return Design(
        design.kind, design.paths, rows,
        lines=tuple(kept[row] for row in rows) if design.lines else (),
    )


def _latin(tree: Tree, written: Any, faults: list[Fault], notices: list[str]) -> Design | None:
    return _sampled(LATIN_HYPERCUBE, tree, written, faults, notices)


def _sobol(tree: Tree, written: Any, faults: list[Fault], notices: list[str]) -> Design | None:
    return _sampled(SOBOL, tree, written, faults, notices)


_READERS = {ZIP: _zip, TABLE: _table, LATIN_HYPERCUBE: _latin, SOBOL: _sobol}
