"""Load a scenario file: read, extend, lay layers over each other, check everything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sim.errors import Fault, InputError
from sim.scenario.changes import COMMAND_LINE, from_command_line, is_name, lay_over
from sim.scenario.check_facts import check_facts
from sim.scenario.check_until import check_until
from sim.scenario.check_worlds import check_worlds
from sim.scenario.checks import fault_at, nearest, unique, validated
from sim.scenario.design_table import MAX_TABLE, is_text
from sim.scenario.designs import TABLE
from sim.scenario.market_tables import SCENARIOS, MarketTables, known_markets, read_market
from sim.scenario.reader import Path_, read_text, read_yaml, shown
from sim.scenario.scenario import Scenario
from sim.scenario.sweep import read_sweep
from sim.scenario.tree import Tree, leaf
from sim.scenario.world import ARM_KEYS, FILE_KEYS, HEADING_KEYS, WORLD_KEYS, Heading

MAX_EXTENDS = 8
MAX_ARMS = 50


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
    if "\0" in str(path):
        raise InputError([Fault(str(path), 0, "", "", "the name of a file")])
    faults: list[Fault] = []
    written, root = _read_chain(source, str(path), source.resolve().parent, (), faults)
    changes = from_command_line(sets, faults)
    return assemble(str(path), written, root, changes, faults)


def assemble(
    file: str, written: Tree, root: Tree, changes: Tree, faults: list[Fault]
) -> Scenario:
    """Lay changes over a written scenario and check the whole.

    Parameters
    ----------
    file
        Name for people.
    written
        The file with what it extends.
    root
        World settings at the root of the ``extends`` chain.
    changes
        What the command line or a program sets.
    faults
        Found already; raised with the rest.

    Raises
    ------
    InputError
        All faults.
    """
    notices: list[str] = []
    if changes.has(("extends",)):
        expected = "another setting: what a file extends stands in the file"
        faults.append(fault_at(changes, ("extends",), changes.get(("extends",)), expected))
    table = changes.get(("sweep", TABLE))
    if isinstance(table, str) and not is_text(table):
        expected = "another setting: the name of a table stands in the file"
        faults.append(fault_at(changes, ("sweep", TABLE), table, expected))
    of_text = tuple(faults)
    named = tuple(_mapping(written, ("arms",)))[:MAX_ARMS]
    tree = _fixed_replicates(lay_over(written, changes, named, notices), changes, notices)
    root = tree.part("held").over(root)
    _check_keys(tree, faults)
    heading = validated(Heading, tree.only(HEADING_KEYS), (), faults)
    market = _market(tree, faults)
    arms = _arms(tree, faults)
    if heading is not None and arms and heading.baseline not in arms:
        faults.append(
            fault_at(
                tree, ("baseline",), heading.baseline, "one of the arms " + ", ".join(arms),
                nearest(heading.baseline, arms),
            )
        )
    designs = read_sweep(tree, arms, faults, notices)
    check_worlds(tree, root, arms, designs, heading, market, faults)
    if heading is not None and heading.until is not None:
        check_until(tree, heading.until, heading, arms, market, faults)
    if heading is not None and heading.facts is not None:
        check_facts(tree, heading.facts, heading, arms, market, faults)
    _check_couples(tree, arms, heading, faults)
    if faults or heading is None:
        raise InputError(unique(_first_told(of_text, faults)))
    return Scenario(
        file=file,
        heading=heading,
        arms=arms,
        designs=designs,
        tree=tree,
        root=root,
        written=written,
        changes=changes,
        notices=tuple(notices),
    )


def _read_chain(
    path: Path, name: str, home: Path, seen: tuple[Path, ...], faults: list[Fault]
) -> tuple[Tree, Tree]:
    """Read a file and what it extends; return the whole and the root's world settings."""
    document = read_yaml(read_text(path, name), name, faults)
    tree = _with_table(Tree(document.data, document.places), path.resolve().parent, home, faults)
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
    below, root = _read_chain(lower, _shown_name(lower, home), home, (*seen, here), faults)
    return tree.over(below), root


def _with_table(tree: Tree, folder: Path, home: Path, faults: list[Fault]) -> Tree:
    """The tree with the text of its table of design points in place of the file's name.

    The place of a table is that of its header.
    """
    where = ("sweep", TABLE)
    table = tree.get(where)
    if not isinstance(table, str):
        return tree
    file, line = tree.place(where) or ("scenario", 0)
    if is_text(table):
        return Tree(tree.data, {**tree.places, where: (file, line + 1)})
    path = _find(table, folder, home)
    if path is None:
        expected = "a file under the scenario's own folder or under scenarios/"
        faults.append(fault_at(tree, where, table, expected))
        return tree
    name = _shown_name(path, home)
    try:
        text = "\n".join(read_text(path, name).splitlines()) + "\n"
    except InputError as error:
        faults += error.faults
        return tree
    if len(text) > MAX_TABLE:
        faults.append(Fault(name, 0, "", "", f"a table of at most {MAX_TABLE:,} letters"))
        return tree
    return leaf(where, text, (name, 1)).over(tree)


def _shown_name(path: Path, home: Path) -> str:
    """A file's name without the place of this copy of the project."""
    if path.is_relative_to(SCENARIOS):
        return f"scenarios/{path.relative_to(SCENARIOS)}"
    return str(path.relative_to(home))


def _find(name: str, folder: Path, home: Path) -> Path | None:
    """The file meant by ``extends`` or a table, if it lies where it may."""
    if "\0" in name or len(name) > 500:
        return None
    for start in (folder, SCENARIOS):
        try:
            candidate = (start / name).resolve()
            allowed = any(candidate.is_relative_to(place) for place in (home, SCENARIOS))
            if allowed and candidate.is_file():
                return candidate
        except OSError:
            # A name longer than the file system takes names no file of it.
            continue
    return None


def _first_told(first: tuple[Fault, ...], faults: list[Fault]) -> list[Fault]:
    """Faults without those that only repeat what was wrong with the text of a value."""
    told = [(fault.file, fault.line, f"{fault.path}.") for fault in first]
    return [
        fault
        for fault in faults
        if fault in first
        or not any(
            (fault.file, fault.line) == (file, line) and path.startswith(f"{fault.path}.")
            for file, line, path in told
        )
    ]


def _check_keys(tree: Tree, faults: list[Fault]) -> None:
    for key, value in tree.data.items():
        if key not in FILE_KEYS:
            shown_value = None if isinstance(value, dict | list) else value
            faults.append(
                fault_at(tree, (key,), shown_value, "a key of a scenario", nearest(key, FILE_KEYS))
            )
    for key in ("kinds", "held"):
        value = tree.get((key,))
        if value is not None and not isinstance(value, dict):
            faults.append(fault_at(tree, (key,), value, "a mapping"))
    _check_world_keys(tree, ("held",), faults)
    for arm in _mapping(tree, ("arms",)):
        _check_world_keys(tree, ("arms", arm), faults)


def _fixed_replicates(tree: Tree, changes: Tree, notices: list[str]) -> Tree:
    """The tree without a stopping rule where a change fixes the number of replicates."""
    where = ("replicates",)
    count = changes.get(where)
    if count is None or tree.get(("until",)) is None or changes.has(("until",)):
        return tree
    place = changes.place(where) or (COMMAND_LINE, 0)
    notices.append(f"replicates={shown(count)} replaces the stopping rule (until)")
    return leaf(("until",), None, place).over(tree)


def _check_couples(
    tree: Tree, arms: tuple[str, ...], heading: Heading | None, faults: list[Fault]
) -> None:
    """Antithetic luck is one for all arms, and its replicates come in couples."""
    for arm in arms:
        path = ("arms", arm, "luck", "antithetic")
        if tree.get(path) is not None:
            expected = "a setting of the file: arms share their luck"
            faults.append(fault_at(tree, path, tree.get(path), expected))
    if heading is None or tree.get(("luck", "antithetic")) is not True:
        return
    counts: dict[Path_, int] = {("replicates",): heading.replicates}
    if heading.until is not None:
        counts = {("until", "block"): heading.until.block, ("until", "most"): heading.until.most}
    for where, count in counts.items():
        if count % 2:
            expected = "an even number: antithetic luck makes replicates in couples"
            faults.append(fault_at(tree, where, count, expected))


def _check_world_keys(tree: Tree, path: Path_, faults: list[Fault]) -> None:
    for key in _mapping(tree, path):
        if key not in ARM_KEYS:
            expected = "a world setting: " + ", ".join(ARM_KEYS)
            faults.append(fault_at(tree, (*path, key), None, expected, nearest(key, ARM_KEYS)))


def _mapping(tree: Tree, path: Path_) -> dict[str, Any]:
    found = tree.get(path)
    return found if isinstance(found, dict) else {}


def _market(tree: Tree, faults: list[Fault]) -> MarketTables | None:
    """Tables of the market, None where its name is at fault."""
    name = tree.get(("market",))
    if not isinstance(name, str) or not is_name(name):
        # The heading says so.
        return None
    known = known_markets()
    if name not in known:
        expected = "a folder of scenarios/markets: " + ", ".join(known)
        faults.append(fault_at(tree, ("market",), name, expected, nearest(name, known)))
        return None
    return read_market(name)


def _arms(tree: Tree, faults: list[Fault]) -> tuple[str, ...]:
    found = tree.get(("arms",))
    names = []
    for name, world in found.items() if isinstance(found, dict) else ():
        if world is None:
            continue
        if not is_name(name):
            faults.append(fault_at(tree, ("arms", name), name, "a name such as solo"))
        elif not isinstance(world, dict):
            expected = "a mapping of world settings, {} for none"
            faults.append(fault_at(tree, ("arms", name), world, expected))
        else:
            names.append(name)
    if isinstance(found, dict) and any(world is not None for world in found.values()):
        if len(names) > MAX_ARMS:
            faults.append(fault_at(tree, ("arms",), len(names), f"at most {MAX_ARMS} arms"))
            return ()
    else:
        faults.append(fault_at(tree, ("arms",), None, "a mapping of arms, e.g. solo: {}"))
    return tuple(names)
