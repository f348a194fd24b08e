"""A scenario as text again: resolved, and with who set each value."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.representer import SafeRepresenter

from sim.errors import printable
from sim.scenario.changes import placed
from sim.scenario.market_values import over_market
from sim.scenario.reader import Path_
from sim.scenario.tree import Tree, change, leaves, same_value, without_nulls
from sim.scenario.world import WORLD_KEYS


def _dump(data: dict[str, Any]) -> str:
    text = _dumped(data, plain=True)
    # What would disturb a terminal is written as an escape, and so is all that is not ASCII.
    if all(line.isprintable() for line in text.split("\n")):
        return text
    return _dumped(data, plain=False)


class _Blocks(SafeRepresenter):
    """Writes text of several lines, such as a table of design points, line by line."""

    def represent_str(self, text: str) -> Any:
        style = "|" if "\n" in text else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Blocks.add_representer(str, _Blocks.represent_str)


def _dumped(data: dict[str, Any], *, plain: bool) -> str:
    yaml: Any = YAML(typ="safe", pure=True)  # its attributes are declared as None
    yaml.Representer = _Blocks
    yaml.default_flow_style = False
    yaml.allow_unicode = plain
    yaml.sort_base_mapping_type_on_output = False  # keep the order of the file
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


# Below these a null says something: it removes what the file or a contract's kind brings.
NULLS_COUNT_IN = ("alliances", "arms")


def resolved_yaml(tree: Tree, root: Tree, *, held: bool = False) -> str:
    """The scenario with everything it extends, as one YAML file that loads to the same.

    Where the world that calibration holds differs from the file's own, the difference stands
    under ``held``; with ``held`` that world is whole, structural settings included, and the
    first lines say so.
    """
    data = without_nulls(tree.data)
    for key in NULLS_COUNT_IN:
        found = tree.get((key,))
        if isinstance(found, dict):
            data[key] = {name: value for name, value in found.items() if value is not None}
    for key in ("extends", "held"):
        data.pop(key, None)
    differs = change(_calibrated(root), _calibrated(tree))
    if differs:
        data["held"] = differs
    head = "# Resolved: what the file extends and what the command line set are in it.\n"
    if held:
        head += "# The market stays calibrated as the file was written (--hold-calibration).\n"
    return head + _dump(data)


def _calibrated(world: Tree) -> dict[str, Any]:
    """World settings without the list of calibrations, which changes none of them."""
    data = world.only(WORLD_KEYS).data
    closure = data.get("calibration")
    if isinstance(closure, dict):
        kept = {key: value for key, value in closure.items() if key != "variants"}
        data = {**data, "calibration": kept}
    return without_nulls(data)


def arm_yaml(tree: Tree) -> str:
    """World settings of one arm as YAML."""
    return _dump(without_nulls(tree.data))


def sources(tree: Tree, market: str | None = None) -> str:
    """One line a value: its path, the value, and who set it.

    With the name of a market, a figure of a firm is followed by what the market's tables say.
    """
    (below,) = over_market([Tree({}, {})], [market], of=[tree]) if market else (Tree({}, {}),)
    rows = []
    for path, value in leaves(tree.data):
        if value is None:
            continue
        was = below.get(path)
        said = "" if was is None else f"; {_short(was)} in {setter(below, path)}"
        rows.append((printable(".".join(path)), _short(value), setter(tree, path) + said))
    width = max((len(row[0]) for row in rows), default=0)
    middle = max((len(row[1]) for row in rows), default=0)
    return "".join(f"{a:<{width}}  {b:<{middle}}  {c}\n" for a, b, c in rows)


@dataclass(frozen=True)
class Difference:
    """A setting that two scenarios or arms have differently; absent values are empty."""

    path: str
    one: str
    other: str
    set_by_one: str
    set_by_other: str


def differences(one: Tree, other: Tree) -> list[Difference]:
    """Every value that differs, in the order in which the two files name them."""
    left, right = dict(leaves(without_nulls(one.data))), dict(leaves(without_nulls(other.data)))
    found = []
    for path in dict.fromkeys([*left, *right]):
        # An empty mapping says nothing; what fills it on the other side has rows of its own.
        values = [None if data.get(path) == {} else data.get(path) for data in (left, right)]
        if same_value(*values):
            continue
        found.append(
            Difference(
                printable(".".join(path)),
                *("" if value is None else _short(value) for value in values),
                *(
                    "" if value is None else setter(tree, path)
                    for tree, value in zip((one, other), values, strict=True)
                ),
            )
        )
    return found


def printed_differences(found: Sequence[Difference], names: tuple[str, str]) -> str:
    """A table of what differs: path, both values, and who set each."""
    if not found:
        return "nothing differs\n"
    rows = [("", *map(printable, names), "set by", "")]
    rows += [
        (row.path, row.one or "-", row.other or "-", row.set_by_one or "-", row.set_by_other or "-")
        for row in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join(lines) + "\n"


def setter(tree: Tree, path: Path_) -> str:
    """File and line that set a value, or the command line."""
    place = tree.place(path)
    return "default" if place is None else printable(placed(place))


def _short(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else printable(str(value))
    return text if len(text) <= 40 else text[:37] + "..."
