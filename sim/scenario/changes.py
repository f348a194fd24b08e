"""What the command line or a program sets: one tree of changes over a scenario."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sim.errors import Fault, InputError
from sim.scenario.design_table import is_text, without_column
from sim.scenario.designs import PATHS_UNDER, SEVERAL, TABLE, ZIP
from sim.scenario.reader import Path_, Place, read_yaml, shown
from sim.scenario.tree import Tree, leaf, leaves
from sim.scenario.world import WORLD_KEYS

COMMAND_LINE = "command line"
PYTHON = "set in Python"
DESIGNS = ("grid", "list")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")


def is_name(text: str) -> bool:
    """Whether a text may name a firm, an arm, a contract."""
    return _KEY.fullmatch(text) is not None


def from_command_line(sets: Sequence[str], faults: list[Fault]) -> Tree:
    """Changes from texts such as ``conduct.war_intensity=1.2``; a later one wins."""
    tree = Tree()
    for text in sets:
        name, equals, value = text.partition("=")
        keys = _keys(name.strip())
        if not equals or not keys:
            expected = "path.of.setting=value, e.g. conduct.war_intensity=1.2"
            faults.append(Fault(COMMAND_LINE, 0, "--set", shown(text), expected))
            continue
        try:
            found = read_yaml(f"value: {value.strip()}", COMMAND_LINE).data
        except InputError as error:
            expected = error.faults[0].expected
            faults.append(Fault(COMMAND_LINE, 0, ".".join(keys), shown(value), expected))
            continue
        if list(found) != ["value"]:
            faults.append(Fault(COMMAND_LINE, 0, ".".join(keys), shown(value), "one value"))
            continue
        tree = leaf(keys, found["value"], (COMMAND_LINE, 0)).over(tree)
    return tree


def from_python(path: str, value: object) -> Tree:
    """The change that a program asks for.

    Raises
    ------
    InputError
        The path is none, or the value is not what YAML could hold.
    """
    keys = _keys(path)
    if not keys:
        expected = "a dotted path, e.g. conduct.war_intensity"
        raise InputError([Fault(PYTHON, 0, shown(path), "", expected)])
    try:
        plain = _plain(value)
    except TypeError:
        expected = "a number, text, true or false, None, or a list or mapping of these"
        raise InputError([Fault(PYTHON, 0, path, shown(value), expected)]) from None
    return leaf(keys, plain, (PYTHON, 0))


def lay_over(tree: Tree, changes: Tree, arms: Sequence[str], notices: list[str]) -> Tree:
    """Lay changes over a scenario: over the file, and over every arm that says otherwise.

    A changed setting that the file sweeps is swept no more, which is noted.
    """
    result = tree
    for path, value in leaves(changes.data):
        dotted = ".".join(path)
        by = changes.place(path) or (COMMAND_LINE, 0)
        for where, left in _without(result, dotted):
            who = "--set" if by[0] == COMMAND_LINE else by[0]
            notices.append(f"{who} {dotted}={shown(value)} replaces the sweep of {dotted}")
            # A table less a column is still that table, so it keeps its place.
            place = by if left is None else result.place(where) or by
            result = leaf(where, left, place).over(result)
    result = changes.over(result)
    for path, value in leaves(changes.data):
        if path[0] not in WORLD_KEYS:
            continue
        place = changes.place(path) or (COMMAND_LINE, 0)
        for arm in arms:
            if _touches(result, ("arms", arm), path):
                result = leaf(("arms", arm, *path), value, place).over(result)
    return result


def _without(tree: Tree, dotted: str) -> list[tuple[Path_, str | None]]:
    """Where a sweep sets a path, and what is left there without it."""
    found: list[tuple[Path_, str | None]] = [
        (("sweep", *above, dotted), None)
        for above in PATHS_UNDER
        if tree.get(("sweep", *above, dotted)) is not None
    ]
    table = tree.get(("sweep", TABLE))
    if isinstance(table, str) and is_text(table):
        left = without_column(table, dotted)
        if left != table:
            found.append((("sweep", TABLE), left))
    return found


def _touches(tree: Tree, arm: Path_, path: Path_) -> bool:
    """Whether an arm sets a path, or removes a mapping above it."""
    data: Any = tree.get(arm)
    for depth, key in enumerate(path):
        if not isinstance(data, dict):
            # Anything else than a mapping or nothing is a fault, and stays one.
            return data is None and depth > 0
        if key not in data:
            return False
        data = data[key]
    return True


def _keys(name: str) -> Path_:
    """Keys of a dotted path; the swept path is one key. Empty if it is no path."""
    keys = tuple(name.split("."))
    if not all(is_name(key) for key in keys):
        return ()
    if keys[0] == "sweep" and len(keys) > 1 and keys[1] in SEVERAL:
        # Within a design a path is one key, as it is for a grid.
        depth = 2 if keys[1] == ZIP else 3 if keys[2:3] == ("settings",) else len(keys)
        return (*keys[:depth], *([".".join(keys[depth:])] if len(keys) > depth else []))
    if keys[0] == "sweep" and len(keys) > 1:
        tail = keys[-1:] if keys[-1] in DESIGNS and len(keys) > 2 else ()
        return ("sweep", ".".join(keys[1 : len(keys) - len(tail)]), *tail)
    if keys[:2] == ("calibration", "variants") and len(keys) > 3:
        return (*keys[:3], ".".join(keys[3:]))
    return keys


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError
        return {key: _plain(item) for key, item in value.items()}
    # NumPy's numbers and arrays say what they hold.
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    raise TypeError


def placed(place: Place) -> str:
    """Who set a value: file and line, or the command line."""
    file, line = place
    return f"{file}:{line}" if line else file
