"""From a tree to validated settings; every fault with its place and the nearest name."""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sim.errors import Fault
from sim.scenario.conduct import EVERYBODY, KINDS
from sim.scenario.firm_items import FIRM_BOUNDS, FIRM_ITEMS
from sim.scenario.market_tables import MarketTables
from sim.scenario.quarters import Quarter
from sim.scenario.reader import Path_, shown
from sim.scenario.region_items import REGION_FIRM_STRUCTURAL
from sim.scenario.tree import Tree, without_nulls
from sim.scenario.world import Horizon, WorldSettings

Model = TypeVar("Model", bound=BaseModel)
_ARM = re.compile(r"^arms\.[a-z0-9_]+\.")

# Firm values that calibration must meet again when they change; all others are counterfactual.
STRUCTURAL_ITEMS = frozenset(
    {
        "gross_margin", "depreciation_share", "variable_selling_share", "warranty_share",
        "dealer_margin", "experience_units", "discount_rate", "survival_expected",
        "capacity_units", "exports", "fleet_share",
    }
)


LONGEST_NAME = 80


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name closest to a misspelt one, or an empty string."""
    if len(name) > LONGEST_NAME:
        # No name is as long, and comparing letters takes the square of their number.
        return ""
    found = get_close_matches(name, list(known), 1, 0.6)
    return found[0] if found else ""


def fault_at(tree: Tree, path: Path_, value: object, expected: str, near: str = "") -> Fault:
    """A fault at a path of a tree."""
    file, line = tree.place(path) or ("scenario", 0)
    text = "" if value is None else shown(value)
    return Fault(file, line, ".".join(shown(key) for key in path), text, expected, near)


def validated(
    model: type[Model],
    tree: Tree,
    prefix: Path_,
    faults: list[Fault],
    *,
    partly: bool = False,
) -> Model | None:
    """Validate a tree against a model; faults are added, with ``prefix`` before their path.

    With ``partly`` values may be missing.
    """
    try:
        return model.model_validate(without_nulls(tree.data))
    except ValidationError as error:
        details = error.errors(include_url=False)
        faults.extend(
            _fault(model, tree, prefix, detail)
            for detail in details
            if not (partly and detail["type"] == "missing")
        )
        return None


def unique(faults: list[Fault]) -> list[Fault]:
    """Faults once each: what stands in the file shows in every arm."""
    kept: dict[tuple[str, int, str, str, str], Fault] = {}
    for fault in faults:
        short = _ARM.sub("", fault.path)
        kept.setdefault((fault.file, fault.line, short, fault.value, fault.expected), fault)
    return list(kept.values())


def _fault(model: type[BaseModel], tree: Tree, prefix: Path_, detail: ErrorDetails) -> Fault:
    path = tuple(str(key) for key in detail["loc"] if str(key) != "[key]")
    kind = detail["type"]
    value: object = tree.get(path)
    expected, near = detail["msg"], ""
    if kind == "extra_forbidden":
        known = field_names(model, path[:-1])
        near = nearest(path[-1], known)
        expected = "one of " + ", ".join(known) if len(known) <= 14 else "a key that is known"
    elif kind == "missing":
        expected, value = "a value (it is missing)", None
    elif kind == "string_pattern_mismatch":
        expected = "a name such as leapmotor (a-z, 0-9, _)"
        value = detail["input"]
    elif kind == "literal_error":
        known = tuple(re.findall("'([^']*)'", expected))
        near = nearest(str(detail["input"]), known)
        expected = "one of " + ", ".join(known) if len(known) > 3 else expected
        expected = expected.removeprefix("Input should be ")
    elif kind in ("model_type", "dict_type"):
        expected = "a mapping of settings"
    else:
        for words in ("Value error, ", "Input should be "):
            expected = expected.removeprefix(words)
    if value is None and kind not in ("missing", "extra_forbidden"):
        value = detail["input"] if not isinstance(detail["input"], dict) else None
    file, line = tree.place(path) or ("scenario", 0)
    text = "" if value is None or isinstance(value, dict) else shown(value)
    return Fault(file, line, ".".join(shown(k) for k in (*prefix, *path)), text, expected, near)


def _inner(annotation: Any) -> Any:
    """Strip Annotated and Optional."""
    while True:
        origin = get_origin(annotation)
        if origin is typing.Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (typing.Union, types.UnionType):
            annotation = next(arg for arg in get_args(annotation) if arg is not type(None))
        else:
            return annotation


def _fields(model: Any) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _below(annotation: Any, key: str) -> Any:
    """Annotation one key below, or None where there is nothing."""
    annotation = _inner(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = _fields(annotation).get(key)
        return None if field is None else field.annotation
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    return None


def field_names(model: type[BaseModel], path: Path_) -> tuple[str, ...]:
    """Keys that may stand at a path of a model; empty where any name may."""
    annotation: Any = model
    for key in path:
        annotation = _below(annotation, key)
    annotation = _inner(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return tuple(_fields(annotation))
    return ()


def field_at(path: Path_) -> FieldInfo | None:
    """The field of the world settings at a path, or None."""
    annotation: Any = WorldSettings
    field: FieldInfo | None = None
    for key in path:
        inner = _inner(annotation)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            field = _fields(inner).get(key)
            if field is None:
                return None
            annotation = field.annotation
        elif get_origin(inner) is dict:
            annotation = get_args(inner)[1]
            field = FieldInfo(annotation=annotation)
        else:
            return None
    return field


def is_number(path: Path_) -> bool:
    """Whether a path of the world settings holds a number."""
    field = field_at(path)
    return field is not None and _inner(field.annotation) in (int, float)


def is_whole(path: Path_) -> bool:
    """Whether a path of the world settings holds a whole number."""
    field = field_at(path)
    return field is not None and _inner(field.annotation) is int


def is_structural(path: Path_) -> bool:
    """Whether the market is calibrated again when this setting changes."""
    if path[0] == "firms":
        return len(path) == 3 and path[2] in STRUCTURAL_ITEMS
    if path[0] == "regions" and path[2:3] == ("firms",):
        return len(path) == 5 and path[4] in REGION_FIRM_STRUCTURAL
    field = field_at(path)
    extra = None if field is None else field.json_schema_extra
    return isinstance(extra, dict) and extra.get("setting") == "structural"


def check_names(
    settings: WorldSettings,
    tree: Tree,
    prefix: Path_,
    market: MarketTables,
    horizon: Horizon | None,
) -> list[Fault]:
    """Check what a type cannot: that firms exist, dates lie in the run, stakes add up."""
    faults: list[Fault] = []
    firms = tuple(row.firm_id for row in market.firms)
    # One that enters only if a scenario says so is nobody's partner or leader before.
    there = tuple(
        row.firm_id for row in market.firms if not row.entrant or row.firm_id in settings.entries
    )

    def add(path: Path_, value: object, expected: str, near: str = "") -> None:
        fault = fault_at(tree, path, value, expected, near)
        full = ".".join(shown(key) for key in (*prefix, *path))
        faults.append(Fault(fault.file, fault.line, full, fault.value, expected, near))

    def firm(path: Path_, name: str) -> None:
        if name not in firms:
            add(path, name, f"a firm of {market.name}", nearest(name, firms))

    def present(path: Path_, name: str) -> None:
        firm(path, name)
        if name in firms and name not in there:
            add(path, name, f"a firm on the market, or one that enters (entries: {{{name}: ...}})")

    def within(when: Quarter) -> bool:
        if horizon is None:
            return True
        first = horizon.start.index
        return first <= when.index <= first + horizon.quarters - 1

    def date(path: Path_, when: Quarter, what: str = "") -> None:
        if horizon is not None and not within(when):
            last = Quarter(horizon.start.index + horizon.quarters - 1)
            add(path, str(when), f"a quarter within the horizon, {horizon.start} to {last}{what}")

    for name in settings.calibration.closure_firms:
        firm(("calibration", "closure_firms"), name)
    for name, rule in settings.conduct.rules.items():
        place = ("conduct", "rules", name)
        if name != EVERYBODY:
            firm(place, name)
        if len(rule.kinds) != 1:
            told = ", ".join(rule.kinds) or None
            add(place, told, "one kind of rule: " + ", ".join(KINDS))
        if rule.follower is not None:
            present((*place, "follower", "leader"), rule.follower.leader)
            if rule.follower.leader == name:
                add((*place, "follower", "leader"), name, "another firm than the follower")
        if rule.qlearning is not None and rule.qlearning.high <= rule.qlearning.low:
            expected = f"a level above low, {rule.qlearning.low:g}"
            add((*place, "qlearning", "high"), rule.qlearning.high, expected)
    for name, values in settings.firms.items():
        firm(("firms", name), name)
        for item, value in values.items():
            if item not in FIRM_ITEMS:
                near = nearest(item, FIRM_ITEMS)
                add(("firms", name, item), item, "a firm item that the model reads", near)
                continue
            low, high = FIRM_BOUNDS.get(item, (-math.inf, math.inf))
            if not low <= value <= high:
                upper = f" to {high:g}" if high < math.inf else " or more"
                add(("firms", name, item), value, f"{low:g}{upper}")
    held: dict[str, float] = {}
    for row in market.holdings:
        held[row.target] = held.get(row.target, 0.0) + row.share
    for name, holding in settings.holdings.items():
        firm(("holdings", name, "target"), holding.target)
        if holding.holder == holding.target:
            add(("holdings", name, "holder"), holding.holder, "another firm than the target")
        held[holding.target] = held.get(holding.target, 0.0) + holding.share
        if held[holding.target] > 1.0:
            add(("holdings", name, "share"), holding.share, "stakes that do not add to over 1")
    for name, contract in settings.alliances.items():
        path = ("alliances", name)
        for member in contract.members:
            present((*path, "members"), member)
        if len(set(contract.members)) < len(contract.members):
            add((*path, "members"), list(contract.members), "each member once")
        if any(member not in firms for member in contract.members):
            continue
        stake, merger = contract.terms.equity_stake, contract.terms.merger
        date((*path, "start"), contract.start)
        owns = stake is not None or merger is not None
        if within(contract.start) and contract.review.on and owns:
            delay = contract.review.delay_quarters
            signed = Quarter(contract.start.index + delay)
            date((*path, "start"), signed, f", a review of {delay} quarters included")
        if stake is not None:
            term = (*path, "terms", "equity_stake")
            for side in ("investor", "target"):
                if getattr(stake, side) not in contract.members:
                    add((*term, side), getattr(stake, side), "a member of the contract")
            if stake.investor == stake.target:
                add((*term, "target"), stake.target, "another member than the investor")
        distribution = contract.terms.distribution
        if distribution is not None:
            term = (*path, "terms", "distribution")
            for side in ("host", "guest"):
                if getattr(distribution, side) not in contract.members:
                    add((*term, side), getattr(distribution, side), "a member of the contract")
            if distribution.host == distribution.guest:
                add((*term, "guest"), distribution.guest, "another member than the host")
            if not any(region.modelled for region in settings.regions.values()):
                expected = "a region abroad that is modelled: the term opens dealers there"
                add(term, None, expected)
        if merger is not None and merger.acquirer not in contract.members:
            where = (*path, "terms", "merger", "acquirer")
            add(where, merger.acquirer, "a member of the contract")
    for name, entry in settings.entries.items():
        firm(("entries", name), name)
        date(("entries", name, "start"), entry.start)
    for name, injection in settings.injections.items():
        present(("injections", name, "to"), injection.to)
        date(("injections", name, "start"), injection.start)
    return faults
