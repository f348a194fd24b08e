"""From the layers of a file to the settings of one arm."""

from __future__ import annotations

from collections.abc import Mapping

from sim.errors import Fault
from sim.scenario.checks import fault_at, is_whole, nearest, validated
from sim.scenario.designs import PATHS_UNDER, TABLE
from sim.scenario.reader import Path_, Place
from sim.scenario.terms import NOT_YET_KINDS, NOT_YET_TERMS
from sim.scenario.tree import Tree, leaf
from sim.scenario.world import WORLD_KEYS, WorldSettings

# Settings that exist only where a scenario names the thing that has them.
NAMED_THINGS = ("alliances", "entries", "holdings", "injections", "events", "regions")
_RULES = ("conduct", "rules")


def of_a_thing(path: Path_) -> bool:
    """Whether a setting exists only where a scenario names the thing that has it."""
    return path[0] in NAMED_THINGS or path[:2] == _RULES


def touches(world: Tree, file: Tree, path: Path_) -> bool:
    """Whether a world has the thing that a swept setting belongs to.

    A sweep over a clause of a contract leaves an arm without that clause as it is.
    """
    return not of_a_thing(path) or _has(expand_kinds(world, file, (), []), path)


def _has(expanded: Tree, path: Path_) -> bool:
    return not of_a_thing(path) or isinstance(expanded.get(path[:-1]), dict)


def at_values(world: Tree, file: Tree, values: Mapping[str, float]) -> Tree:
    """A world with values by dotted path laid over it, where they touch it."""
    paths = {dotted: tuple(dotted.split(".")) for dotted in values}
    named = any(of_a_thing(path) for path in paths.values())
    expanded = expand_kinds(world, file, (), []) if named else world
    for dotted, path in paths.items():
        if _has(expanded, path):
            value = values[dotted]
            if is_whole(path) and float(value).is_integer():
                value = int(value)
            world = leaf(path, value, _swept_at(file, dotted)).over(world)
    return world


def _swept_at(file: Tree, dotted: str) -> Place:
    """Where the sweep of a path stands."""
    table = ("sweep", TABLE)
    named = (("sweep", *above, dotted) for above in PATHS_UNDER)
    where = next((path for path in named if file.has(path)), table)
    place = file.place(where) if file.has(where) else None
    return place or ("sweep", 0)


def filled(world: Tree, file: Tree, values: Mapping[str, float]) -> Tree:
    """A world with values where it has none: a swept setting need not stand in the file."""
    missing = {
        dotted: value
        for dotted, value in values.items()
        if world.get(tuple(dotted.split("."))) is None
    }
    return at_values(world, file, missing)


def arm_tree(file: Tree, arm: str) -> Tree:
    """World settings of an arm: the arm over the file."""
    return file.part("arms", arm).only(WORLD_KEYS).over(file.only(WORLD_KEYS))


def world_settings(
    world: Tree, file: Tree, prefix: Path_, faults: list[Fault]
) -> WorldSettings | None:
    """Expand the kinds of contracts and validate; faults are added to the list."""
    before = len(faults)
    expanded = expand_kinds(world, file, prefix, faults)
    settings = validated(WorldSettings, expanded, prefix, faults)
    return settings if len(faults) == before else None


def expand_kinds(world: Tree, file: Tree, prefix: Path_, faults: list[Fault]) -> Tree:
    """Lay each contract over the preset of its kind."""
    contracts = world.get(("alliances",))
    if not isinstance(contracts, dict):
        return world
    kinds = file.get(("kinds",))
    known = tuple(kinds) if isinstance(kinds, dict) else ()
    data, places = dict(contracts), dict(world.places)
    for name, contract in contracts.items():
        if not isinstance(contract, dict):
            continue
        mine = world.part("alliances", name)
        kind = contract.get("kind")
        if isinstance(kind, str) and kind in known:
            mine = mine.over(file.part("kinds", kind))
            data[name] = mine.data
            places.update({("alliances", name, *path): at for path, at in mine.places.items()})
        elif kind is not None:
            expected = "one of " + ", ".join(known)
            if kind in NOT_YET_KINDS:
                expected = f"a kind that this version computes: {expected}"
            path = ("alliances", name, "kind")
            # What any preset brings is not told as missing too.
            for preset in known[:1]:
                data[name] = mine.over(file.part("kinds", preset)).data
            faults.append(_at(world, prefix, path, kind, expected, nearest(str(kind), known)))
        faults.extend(_not_yet(mine, name, prefix))
    return Tree({**world.data, "alliances": data}, places)


def _not_yet(contract: Tree, name: str, prefix: Path_) -> list[Fault]:
    faults = []
    whole = contract.under("alliances", name)
    terms = contract.get(("terms",))
    if isinstance(terms, dict):
        for term in NOT_YET_TERMS:
            if term in terms:
                where = ("alliances", name, "terms", term)
                expected = "a term that this version computes"
                faults.append(_at(whole, prefix, where, None, expected, ""))
        stake = terms.get("equity_stake")
        if isinstance(stake, dict) and stake.get("pre_money_cny_bn") == "negotiated":
            path = ("alliances", name, "terms", "equity_stake", "pre_money_cny_bn")
            expected = "a number in CNY bn: negotiated prices are not computed yet"
            faults.append(_at(whole, prefix, path, "negotiated", expected, ""))
    return faults


def _at(
    tree: Tree, prefix: Path_, path: Path_, value: object, expected: str, near: str
) -> Fault:
    fault = fault_at(tree, path, value, expected, near)
    return Fault(
        fault.file, fault.line, ".".join((*prefix, fault.path)), fault.value, expected, near
    )
