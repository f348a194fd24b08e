"""A scenario as text again: resolved, and with who set each value."""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML

from sim.scenario.reader import Path_
from sim.scenario.tree import Tree, leaves, without_nulls


def _dump(data: dict[str, Any]) -> str:
    yaml: Any = YAML(typ="safe", pure=True)  # its attributes are declared as None
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # keep the order of the file
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


def resolved_yaml(tree: Tree) -> str:
    """The scenario with everything it extends, as one YAML file that loads to the same."""
    data = without_nulls(tree.data)
    data.pop("extends", None)
    head = "# Resolved: what the file extends and what the command line set are in it.\n"
    return head + _dump(data)


def arm_yaml(tree: Tree) -> str:
    """World settings of one arm as YAML."""
    return _dump(without_nulls(tree.data))


def sources(tree: Tree) -> str:
    """One line a value: its path, the value, and who set it."""
    rows = []
    for path, value in leaves(tree.data):
        if value is None:
            continue
        rows.append((".".join(path), _short(value), setter(tree, path)))
    width = max((len(row[0]) for row in rows), default=0)
    middle = max((len(row[1]) for row in rows), default=0)
    return "".join(f"{a:<{width}}  {b:<{middle}}  {c}\n" for a, b, c in rows)


def setter(tree: Tree, path: Path_) -> str:
    """File and line that set a value, or the command line."""
    place = tree.place(path)
    if place is None:
        return "default"
    file, line = place
    return f"{file}:{line}" if line else file


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:37] + "..."
