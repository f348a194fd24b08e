"""Check every world that a scenario can make: file, arms, swept values, calibrations, kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sim.errors import Fault
from sim.scenario.check_events import check_events
from sim.scenario.check_regions import check_regions
from sim.scenario.checks import check_names, fault_at, is_number, is_whole, nearest, validated
from sim.scenario.market_tables import MarketTables
from sim.scenario.reader import Path_
from sim.scenario.resolve import (
    NAMED_THINGS,
    at_values,
    filled,
    of_a_thing,
    touches,
    world_settings,
)
from sim.scenario.sweep import Designs, swept_fault
from sim.scenario.terms import Contract
from sim.scenario.tree import Tree, leaf
from sim.scenario.world import WORLD_KEYS, Heading, WorldSettings

MAX_CONTRACTS = 20
MAX_VARIANTS = 20
MOST_FAULTS = 100


class Checker:
    """Holds worlds of one scenario against the models and the market.

    Parameters
    ----------
    tree
        The whole scenario.
    heading, market
        None where they are at fault; what depends on them is then left out.
    root
        World settings at the root of the ``extends`` chain.
    """

    def __init__(
        self, tree: Tree, root: Tree, heading: Heading | None, market: MarketTables | None
    ) -> None:
        self._tree = tree
        self._root = root
        self._heading = heading
        self._market = market

    def faults(self, world: Tree) -> list[Fault]:
        """Faults of one world."""
        contracts = world.get(("alliances",))
        if isinstance(contracts, dict) and len(contracts) > MAX_CONTRACTS:
            expected = f"at most {MAX_CONTRACTS} contracts"
            return [fault_at(world, ("alliances",), len(contracts), expected)]
        found: list[Fault] = []
        settings = world_settings(world, self._tree, (), found)
        if settings is None:
            settings = self._mended(world, found)
        if settings is not None and self._market is not None:
            horizon = None if self._heading is None else self._heading.horizon
            names = check_names(settings, world, (), self._market, horizon)
            # What was put aside as faulty is not missed again by the mapping it stood in.
            aside = [f"{fault.path}." for fault in found]
            found += [
                fault
                for fault in names
                if not any(path.startswith(f"{fault.path}.") for path in aside)
            ]
            found += check_events(settings, world, self._market, horizon, found)
            found += check_regions(settings, world, self._market)
        return found

    def _mended(self, world: Tree, faults: list[Fault]) -> WorldSettings | None:
        """Settings without what is at fault, so that names and dates in the rest are checked.

        A faulty value gives way to that of the chain's root, or goes; then the term it stands in
        goes, then the contract or other named thing.
        """
        paths = [tuple(fault.path.split(".")) for fault in faults]
        for depth in (None, 4, 2):
            for path in paths:
                world = self._without(world, path[:depth])
            settings = world_settings(world, self._tree, (), [])
            if settings is not None:
                return settings
        return None

    def _without(self, world: Tree, path: Path_) -> Tree:
        if not world.has(path):
            return world
        sound = None if path[0] in NAMED_THINGS else self._root.get(path)
        if path[0] == "alliances" and path[2:] == ("kind",):
            sound = next(iter(_mapping(self._tree, ("kinds",))), None)
        return leaf(path, sound, world.place(path) or ("", 0)).over(world)


def check_worlds(
    tree: Tree,
    root: Tree,
    arms: tuple[str, ...],
    designs: Designs,
    heading: Heading | None,
    market: MarketTables | None,
    faults: list[Fault],
) -> None:
    """Add the faults of every world of a scenario to a list."""
    checker = Checker(tree, root, heading, market)
    first = first_point(designs)
    file = tree.only(WORLD_KEYS)
    worlds: dict[str, Tree] = {}
    at_file = checker.faults(filled(file, tree, first))
    faults += at_file
    # What stands in the file shows in every arm; a file that is wrong all over is told alone.
    for arm in arms if len(at_file) <= MOST_FAULTS else ():
        worlds[arm] = tree.part("arms", arm).only(WORLD_KEYS).over(file)
        found = checker.faults(filled(worlds[arm], tree, first))
        faults += [_in_arm(tree, arm, fault) for fault in found]
    _check_kinds(tree, faults)
    if not at_file:
        if root.data != file.data:
            faults += checker.faults(root)
        _check_swept(tree, {"": file, **worlds}, designs, checker, faults)
        _check_variants(tree, filled(file, tree, first), checker, faults)


def _in_arm(tree: Tree, arm: str, fault: Fault) -> Fault:
    """The fault with the arm before its path, if it is the arm that set it."""
    if tree.has(("arms", arm, fault.path.split(".")[0])):
        return replace(fault, path=f"arms.{arm}.{fault.path}")
    return fault


def _check_swept(
    tree: Tree,
    worlds: Mapping[str, Tree],
    designs: Designs,
    checker: Checker,
    faults: list[Fault],
) -> None:
    first = first_point(designs)
    for design in designs:
        for place, dotted in enumerate(design.paths):
            path = tuple(dotted.split("."))
            touched = [world for world in worlds.values() if touches(world, tree, path)]
            if not touched:
                near = _nearest_thing(worlds.values(), path)
                expected = "a setting that an arm has"
                faults.append(swept_fault(tree, design, dotted, dotted, expected, near))
                continue
            whole = filled(touched[0], tree, first)
            # Where points are drawn, the ends of the range were written.
            values = design.ranges[place] if design.ranges else design.values(dotted)
            # Bounds are intervals: between two values that are good every value is, if it is
            # whole where it must be.
            told = {min(values), max(values)}
            if is_whole(path):
                told |= {value for value in values if not value.is_integer()}
            for value in sorted(told):
                found = checker.faults(at_values(whole, tree, {dotted: value}))
                faults.extend(
                    swept_fault(tree, design, dotted, value, fault.expected, fault.nearest)
                    for fault in found
                )


def first_point(designs: Designs) -> dict[str, float]:
    """Value of each swept setting at the first point."""
    return {
        path: value
        for design in designs
        for path, value in zip(design.paths, design.rows[0], strict=True)
    }


def _nearest_thing(worlds: Iterable[Tree], path: Path_) -> str:
    """The path of the same setting of a thing that some arm has, if its name is close."""
    things = {
        name
        for world in worlds
        for name in (world.get(path[:1]) or {})
        if path[0] in NAMED_THINGS
    }
    near = nearest(path[1], things) if len(path) > 1 else ""
    return ".".join((path[0], near, *path[2:])) if near not in ("", path[1]) else ""


def _check_variants(tree: Tree, file: Tree, checker: Checker, faults: list[Fault]) -> None:
    where = ("calibration", "variants")
    count = len(_mapping(tree, where))
    if count > MAX_VARIANTS:
        faults.append(fault_at(tree, where, count, f"at most {MAX_VARIANTS} calibrations"))
        return
    for name, changes in _mapping(tree, where).items():
        for dotted, value in changes.items() if isinstance(changes, dict) else ():
            path = tuple(dotted.split("."))
            place = (*where, name, dotted)
            if not is_number(path) or of_a_thing(path):
                faults.append(fault_at(tree, place, dotted, "the path of a number"))
                continue
            found = checker.faults(at_values(file, tree, {dotted: value}))
            faults.extend(
                fault_at(tree, place, value, fault.expected, fault.nearest) for fault in found
            )


def _check_kinds(tree: Tree, faults: list[Fault]) -> None:
    """Check the presets of contracts, used or not; what a scenario must add may be missing."""
    scenario_adds: dict[str, Any] = {
        "members": ["first", "second"], "start": "2025Q1", "kind": "preset", "terms": {},
    }
    for name, preset in _mapping(tree, ("kinds",)).items():
        place: Path_ = ("kinds", name)
        if preset is None:
            continue
        if not isinstance(preset, dict):
            faults.append(fault_at(tree, place, preset, "a mapping of terms and costs"))
        else:
            found: list[Fault] = []
            contract = tree.part(*place).over(Tree(scenario_adds))
            validated(Contract, contract, place, found, partly=True)
            faults += found


def _mapping(tree: Tree, path: Path_) -> dict[str, Any]:
    found = tree.get(path)
    return found if isinstance(found, dict) else {}
