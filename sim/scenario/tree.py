"""Layers of a scenario and how they are laid over each other.

Precedence, highest first: command line > arm > file > extends > default. Mappings merge key
by key, ``null`` removes a key, scalars and lists replace. A null stays in the tree until the
end, so that it also removes what a later layer (the preset of a contract's kind) brings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.scenario.reader import Path_, Place


@dataclass(frozen=True)
class Tree:
    """Plain data with the place that set each value.

    Attributes
    ----------
    data
        Nested mappings, lists and scalars.
    places
        (file, line) by path; line 0 on the command line.
    """

    data: dict[str, Any] = field(default_factory=dict)
    places: dict[Path_, Place] = field(default_factory=dict)

    def over(self, lower: Tree) -> Tree:
        """Lay this tree over ``lower``."""
        places: dict[Path_, Place] = {}
        top = self.places.get((), lower.places.get(()))
        if top is not None:
            places[()] = top
        data = _merge(lower.data, self.data, (), places, lower.places, self.places)
        return Tree(data, places)

    def part(self, *path: str) -> Tree:
        """The mapping under a path, as a tree of its own; empty if there is none."""
        data: Any = self.data
        for key in path:
            data = data.get(key) if isinstance(data, dict) else None
        depth = len(path)
        places = {
            where[depth:]: place for where, place in self.places.items() if where[:depth] == path
        }
        return Tree(data if isinstance(data, dict) else {}, places)

    def under(self, *path: str) -> Tree:
        """Move the tree below a path."""
        data: dict[str, Any] = self.data
        for key in reversed(path):
            data = {key: data}
        return Tree(data, {(*path, *where): place for where, place in self.places.items()})

    def only(self, keys: tuple[str, ...]) -> Tree:
        """The top-level keys named, others dropped."""
        return Tree(
            {key: value for key, value in self.data.items() if key in keys},
            {w: place for w, place in self.places.items() if not w or w[0] in keys},
        )

    def has(self, path: Path_) -> bool:
        """Whether a path is set (also to null)."""
        data: Any = self.data
        for key in path:
            if not isinstance(data, dict) or key not in data:
                return False
            data = data[key]
        return True

    def get(self, path: Path_) -> Any:
        """The value at a path, None where there is none."""
        data: Any = self.data
        for key in path:
            if not isinstance(data, dict) or key not in data:
                return None
            data = data[key]
        return data

    def place(self, path: Path_) -> Place | None:
        """Where a path was set, or the nearest mapping above it that was."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return None


def without_nulls(data: Mapping[str, Any]) -> dict[str, Any]:
    """Drop every key whose value is null."""
    return {
        key: without_nulls(value) if isinstance(value, dict) else value
        for key, value in data.items()
        if value is not None
    }


def leaf(path: Path_, value: Any, place: Place) -> Tree:
    """A tree with one value; the mappings that lead to it have its place."""
    tree = Tree({path[-1]: value}).under(*path[:-1])
    places = {path[:depth]: place for depth in range(1, len(path) + 1)}
    return Tree(tree.data, places)


def leaves(data: Mapping[str, Any], path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every value that is not a non-empty mapping, with its path."""
    for key, value in data.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def change(target: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """What laid over ``base`` gives ``target``: a null for each key that goes."""
    result: dict[str, Any] = {key: None for key in base if key not in target}
    for key, value in target.items():
        below = base.get(key)
        if key in base and isinstance(value, dict) and isinstance(below, dict):
            inner = change(value, below)
            if inner:
                result[key] = inner
        elif key not in base or not same_value(value, below):
            result[key] = value
    return result


def same_value(value: Any, other: Any) -> bool:
    """Equal in value and in kind: 1 is not true."""
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(same_value, value, other))
    return bool(value == other)


def _merge(
    lower: Mapping[str, Any],
    upper: Mapping[str, Any],
    path: Path_,
    places: dict[Path_, Place],
    lower_places: Mapping[Path_, Place],
    upper_places: Mapping[Path_, Place],
) -> dict[str, Any]:
    result = dict(lower)
    for key, value in lower.items():
        if key not in upper:
            _keep(value, (*path, key), lower_places, places)
    for key, value in upper.items():
        here = (*path, key)
        below = lower.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            result[key] = _merge(below, value, here, places, lower_places, upper_places)
            found = upper_places.get(here), lower_places.get(here)
            # A mapping that is written in a file says more than one that is only passed through.
            known = [place for place in found if place is not None]
            if known:
                places[here] = next((place for place in known if place[1]), known[0])
        else:
            result[key] = value
            _keep(value, here, upper_places, places)
    return result


def _keep(
    value: Any, path: Path_, known: Mapping[Path_, Place], places: dict[Path_, Place]
) -> None:
    """Copy the places of a value and of all that it holds."""
    if path in known:
        places[path] = known[path]
    if isinstance(value, dict):
        for key, item in value.items():
            _keep(item, (*path, key), known, places)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _keep(item, (*path, str(number)), known, places)
