"""The swept settings of a scenario: which paths, which values, and which arms they touch."""

from __future__ import annotations

from typing import Any

from sim.errors import Fault
from sim.scenario.changes import DESIGNS
from sim.scenario.checks import fault_at, field_names, is_number, nearest
from sim.scenario.reader import Path_
from sim.scenario.tree import Tree
from sim.scenario.world import WORLD_KEYS, WorldSettings

MAX_POINTS = 100_000
MAX_SWEPT_VALUES = 1000
MAX_SWEPT_PATHS = 20

Sweep = tuple[tuple[str, tuple[float, ...]], ...]


def read_sweep(tree: Tree, arms: tuple[str, ...], faults: list[Fault]) -> Sweep:
    """Read the sweep: paths of numbers with their values, in the order of the file."""
    found = tree.get(("sweep",))
    if found is None:
        return ()
    if not isinstance(found, dict):
        faults.append(fault_at(tree, ("sweep",), found, "a mapping of paths"))
        return ()
    result = []
    points, total = 1, 0
    for dotted, design in found.items():
        if design is None:
            continue
        where = ("sweep", dotted)
        path = tuple(dotted.split("."))
        if not is_number(path):
            faults.append(fault_at(tree, where, dotted, *_a_number(path)))
            continue
        values = _design(tree, where, design, faults)
        twice = f"a setting that the sweep does not set too ({dotted})"
        faults.extend(
            fault_at(tree, ("arms", arm, *path), None, twice)
            for arm in arms
            if tree.has(("arms", arm, *path))
        )
        if values:
            points *= len(values)
            total += len(values)
            result.append((dotted, values))
    if points > MAX_POINTS or total > MAX_SWEPT_VALUES or len(result) > MAX_SWEPT_PATHS:
        expected = (
            f"at most {MAX_SWEPT_PATHS} settings, {MAX_SWEPT_VALUES:,} values in all and "
            f"{MAX_POINTS:,} points"
        )
        size = f"{len(result)}, {total:,} and {points:,}"
        faults.append(fault_at(tree, ("sweep",), size, expected))
        return ()
    return tuple(result)


def _a_number(path: Path_) -> tuple[str, str]:
    """What a path should have been, and the nearest one that is."""
    known: tuple[str, ...] = WORLD_KEYS
    for depth, key in enumerate(path):
        known = field_names(WorldSettings, path[:depth])
        if known and key not in known:
            near = nearest(key, known)
            full = ".".join((*path[:depth], near, *path[depth + 1 :])) if near else ""
            return "the path of a number in the world settings", full
    return "the path of a number in the world settings", ""


def _design(tree: Tree, where: Path_, design: Any, faults: list[Fault]) -> tuple[float, ...]:
    values = design
    if isinstance(design, dict):
        keys = [key for key, value in design.items() if value is not None]
        if len(keys) != 1 or keys[0] not in DESIGNS:
            near = nearest(keys[0], DESIGNS) if keys else ""
            expected = "grid: [values] or list: [values]"
            faults.append(fault_at(tree, where, ", ".join(keys), expected, near))
            return ()
        where = (*where, keys[0])
        values = design[keys[0]]
    if not isinstance(values, list) or not values:
        faults.append(fault_at(tree, where, values, "a list of numbers"))
        return ()
    good = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(good) < len(values) or len(set(good)) < len(good):
        faults.append(fault_at(tree, where, values, "numbers, each once"))
        return ()
    return tuple(float(value) for value in good)
