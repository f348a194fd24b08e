"""Load a scenario file: read, extend, lay layers over each other, check everything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sim.errors import Fault, InputError
from sim.scenario.checks import (
    check_names,
    fault_at,
    field_names,
    is_number,
    nearest,
    validated,
)
from sim.scenario.market_tables import SCENARIOS, MarketTables, known_markets, read_market
from sim.scenario.reader import Path_, read_text, read_yaml, shown
from sim.scenario.resolve import arm_tree, world_settings
from sim.scenario.scenario import Scenario
from sim.scenario.tree import Tree, leaf, leaves
from sim.scenario.world import ARM_KEYS, FILE_KEYS, HEADING_KEYS, WORLD_KEYS, Heading, WorldSettings

MAX_EXTENDS = 8
MAX_POINTS = 100_000
COMMAND_LINE = "command line"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def load(path: str | Path, sets: Sequence[str] = ()) -> Scenario:
    """Load and check a scenario.

    Parameters
    ----------
    path
        The YAML file.
    sets
        ``path=value`` settings of the command line; they win over everything else.

    Raises
    ------
    InputError
        All faults of the file, of what it extends, and of the settings.
    """
    source = Path(path)
    tree, root = _read_chain(source, str(path), source.resolve().parent, ())
    faults: list[Fault] = []
    notices: list[str] = []
    overrides = _overrides(sets, faults)
    tree, overrides = _replace_sweep(tree, overrides, notices)
    tree = overrides.over(tree)
    _check_keys(tree, faults)
    heading_tree = tree.only(HEADING_KEYS)
    heading = validated(Heading, heading_tree, (), faults)
    market = _market(heading, tree, faults)
    arms = _arms(tree, faults)
    if heading is not None and arms and heading.baseline not in arms:
        faults.append(
            fault_at(
                tree, ("baseline",), heading.baseline, "one of the arms " + ", ".join(arms),
                nearest(heading.baseline, arms),
            )
        )
    sweep = _sweep(tree, arms, faults)
    if heading is None or market is None:
        raise InputError(_unique(faults))
    _check_worlds(tree, overrides, arms, sweep, heading, market, faults)
    if faults:
        raise InputError(_unique(faults))
    return Scenario(
        file=str(path),
        heading=heading,
        arms=arms,
        sweep=sweep,
        tree=tree,
        root=root,
        overrides=overrides,
        notices=tuple(notices),
    )


def _read_chain(
    path: Path, name: str, home: Path, seen: tuple[Path, ...]
) -> tuple[Tree, Tree]:
    """Read a file and what it extends; return the whole and the root's world settings."""
    document = read_yaml(read_text(path, name), name)
    tree = Tree(document.data, document.places)
    lower_name = tree.get(("extends",))
    if lower_name is None:
        return tree, tree.only(WORLD_KEYS)

    def refuse(expected: str) -> InputError:
        return InputError([fault_at(tree, ("extends",), lower_name, expected)])

    if not isinstance(lower_name, str):
        raise refuse("the name of a scenario file")
    lower = _find(lower_name, path.resolve().parent, home)
    if lower is None:
        raise refuse("a file under the scenario's own folder or under scenarios/")
    here = path.resolve()
    if lower in (*seen, here):
        raise refuse("a chain of files that does not come back to itself")
    if len(seen) >= MAX_EXTENDS:
        raise refuse(f"at most {MAX_EXTENDS} files that extend each other")
    below, root = _read_chain(lower, _shown_name(lower, home), home, (*seen, here))
    return tree.over(below), root


def _shown_name(path: Path, home: Path) -> str:
    """A file's name without the place of this copy of the project."""
    if path.is_relative_to(SCENARIOS):
        return f"scenarios/{path.relative_to(SCENARIOS)}"
    return str(path.relative_to(home))


def _find(name: str, folder: Path, home: Path) -> Path | None:
    """The file meant by ``extends``, if it lies where it may."""
    if "\0" in name or len(name) > 500:
        return None
    for start in (folder, SCENARIOS):
        candidate = (start / name).resolve()
        allowed = any(candidate.is_relative_to(place) for place in (home, SCENARIOS))
        if allowed and candidate.is_file():
            return candidate
    return None


def _overrides(sets: Sequence[str], faults: list[Fault]) -> Tree:
    tree = Tree()
    for text in sets:
        name, equals, value = text.partition("=")
        keys = tuple(name.strip().split("."))
        if not equals or not all(_NAME.fullmatch(key) for key in keys):
            faults.append(Fault(COMMAND_LINE, 0, "", shown(text), "path.of.setting=value"))
            continue
        try:
            data = read_yaml(f"value: {value.strip()}", COMMAND_LINE).data["value"]
        except (InputError, KeyError):
            faults.append(Fault(COMMAND_LINE, 0, name, shown(value), "a YAML value"))
            continue
        tree = leaf(keys, data, (COMMAND_LINE, 0)).over(tree)
    return tree


def _replace_sweep(tree: Tree, overrides: Tree, notices: list[str]) -> tuple[Tree, Tree]:
    """A setting of the command line replaces a sweep of the same path."""
    sweep = tree.get(("sweep",))
    if isinstance(sweep, dict):
        for path, value in leaves(overrides.data):
            dotted = ".".join(path)
            if dotted in sweep:
                notices.append(f"--set {dotted}={value} replaces the sweep of {dotted}")
                tree = leaf(("sweep", dotted), None, (COMMAND_LINE, 0)).over(tree)
    return tree, overrides


def _check_keys(tree: Tree, faults: list[Fault]) -> None:
    for key in tree.data:
        if key not in FILE_KEYS:
            expected = "a key of a scenario"
            faults.append(
                fault_at(tree, (key,), tree.data[key] if not isinstance(tree.data[key], dict | list)
                         else None, expected, nearest(key, FILE_KEYS))
            )
    for arm, world in _mapping(tree, ("arms",)).items():
        if isinstance(world, dict):
            for key in world:
                if key not in ARM_KEYS:
                    near = nearest(key, ARM_KEYS)
                    expected = "a world setting: " + ", ".join(ARM_KEYS)
                    faults.append(fault_at(tree, ("arms", arm, key), None, expected, near))


def _mapping(tree: Tree, path: Path_) -> dict[str, Any]:
    found = tree.get(path)
    return found if isinstance(found, dict) else {}


def _market(heading: Heading | None, tree: Tree, faults: list[Fault]) -> MarketTables | None:
    if heading is None:
        return None
    if heading.market not in known_markets():
        faults.append(
            fault_at(
                tree, ("market",), heading.market, "a folder of scenarios/markets",
                nearest(heading.market, known_markets()),
            )
        )
        return None
    return read_market(heading.market)


def _arms(tree: Tree, faults: list[Fault]) -> tuple[str, ...]:
    found = tree.get(("arms",))
    if not isinstance(found, dict) or not found:
        faults.append(fault_at(tree, ("arms",), None, "a mapping of arms, e.g. solo: {}"))
        return ()
    names = []
    for name, world in found.items():
        if world is None:
            continue
        if not _NAME.fullmatch(name):
            faults.append(fault_at(tree, ("arms", name), name, "a name such as solo"))
        elif not isinstance(world, dict):
            faults.append(fault_at(tree, ("arms", name), world, "a mapping of world settings"))
        else:
            names.append(name)
    return tuple(names)


def _sweep(
    tree: Tree, arms: tuple[str, ...], faults: list[Fault]
) -> tuple[tuple[str, tuple[float, ...]], ...]:
    found = tree.get(("sweep",))
    if found is None:
        return ()
    if not isinstance(found, dict):
        faults.append(fault_at(tree, ("sweep",), found, "a mapping of paths"))
        return ()
    result = []
    points = 1
    for dotted, design in found.items():
        if design is None:
            continue
        where = ("sweep", dotted)
        path = tuple(dotted.split("."))
        if not is_number(path):
            known = field_names(WorldSettings, path[:-1]) or WORLD_KEYS
            near = nearest(path[-1], known)
            full = ".".join((*path[:-1], near)) if near else ""
            expected = "the path of a number in the world settings"
            faults.append(fault_at(tree, where, dotted, expected, full))
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
            result.append((dotted, values))
    if points > MAX_POINTS:
        faults.append(fault_at(tree, ("sweep",), points, f"at most {MAX_POINTS:,} points"))
    return tuple(result)


def _design(tree: Tree, where: Path_, design: Any, faults: list[Fault]) -> tuple[float, ...]:
    values = design
    if isinstance(design, dict):
        keys = [key for key, value in design.items() if value is not None]
        if keys not in (["grid"], ["list"]):
            expected = "grid: [values] or list: [values]"
            near = nearest(keys[0], ("grid", "list")) if keys else ""
            faults.append(fault_at(tree, where, ", ".join(keys), expected, near))
            return ()
        values = design[keys[0]]
    if not isinstance(values, list) or not values:
        faults.append(fault_at(tree, where, values, "a list of numbers"))
        return ()
    good = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(good) < len(values) or len(set(good)) < len(good):
        faults.append(fault_at(tree, where, values, "numbers, each once"))
        return ()
    return tuple(float(value) for value in good)


def _check_worlds(
    tree: Tree,
    overrides: Tree,
    arms: tuple[str, ...],
    sweep: tuple[tuple[str, tuple[float, ...]], ...],
    heading: Heading,
    market: MarketTables,
    faults: list[Fault],
) -> None:
    """Validate the file's world, every arm, and every swept value."""
    start, quarters = heading.horizon.start.index, heading.horizon.quarters
    worlds: list[tuple[Path_, Tree]] = [((), tree.only(WORLD_KEYS))]
    worlds += [
        (("arms", arm), overrides.only(WORLD_KEYS).over(arm_tree(tree, arm))) for arm in arms
    ]
    for prefix, world in worlds:
        found: list[Fault] = []
        settings = world_settings(world, tree, (), found)
        if settings is not None:
            found += check_names(settings, world, (), market, start, quarters)
        for fault in found:
            dotted = ".".join((*prefix, fault.path)) if _in_arm(tree, prefix, fault) else fault.path
            faults.append(
                Fault(fault.file, fault.line, dotted, fault.value, fault.expected, fault.nearest)
            )
    if faults:
        return
    for dotted, values in sweep:
        for value in values:
            world = leaf(tuple(dotted.split(".")), value, ("", 0)).over(tree.only(WORLD_KEYS))
            found = []
            world_settings(world, tree, (), found)
            faults.extend(
                fault_at(tree, ("sweep", dotted), value, fault.expected, fault.nearest)
                for fault in found
            )
    for variant, changes in _mapping(tree, ("calibration", "variants")).items():
        for dotted in changes if isinstance(changes, dict) else ():
            if not is_number(tuple(dotted.split("."))):
                where = ("calibration", "variants", variant, dotted)
                faults.append(fault_at(tree, where, dotted, "the path of a number"))


def _in_arm(tree: Tree, prefix: Path_, fault: Fault) -> bool:
    return bool(prefix) and tree.has((*prefix, fault.path.split(".")[0]))


def _unique(faults: list[Fault]) -> list[Fault]:
    """Faults once each: what stands in the file shows in every arm."""
    kept: dict[tuple[str, int, str, str], Fault] = {}
    for fault in faults:
        short = re.sub(r"^arms\.[a-z0-9_]+\.", "", fault.path)
        kept.setdefault((fault.file, fault.line, short, fault.expected), fault)
    return list(kept.values())
