"""Events as a scenario writes them: a kind, a date or a condition, and the numbers of the kind.

One mapping holds the keys of all kinds, so that a path such as ``events.shock.jump`` means one
number for ``--set``, an arm and a sweep; which keys a kind has stands in ``KINDS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from sim.scenario.settings import Group, Name, Real, Switch, When, Whole, number

Kind = Literal[
    "battery_shock", "subsidy", "subsidy_end", "tariff", "backlash", "price_cut", "entrant",
    "below_cost_rule", "truce", "credit_crunch", "payment_days", "support_end",
]  # fmt: skip
FirmKind = Literal[
    "private", "start_up", "joint_venture", "foreign_owned", "state_owned", "composite"
]
Powertrain = Literal["BEV", "PHEV", "EREV"]


def _mark(description: str) -> Any:
    """Describe a field that is no number."""
    return Field(
        default=None, description=description, json_schema_extra={"setting": "counterfactual"}
    )


def _some(description: str) -> Any:
    """Describe a list of names; empty for all."""
    return Field(
        default=(), max_length=100, description=description,
        json_schema_extra={"setting": "counterfactual"},
    )


class CutSeen(Group):
    """A firm has cut its prices."""

    firm: Name
    at_least: Real = number(
        "fall of the mean price of what it sells, quarter on quarter", "share", gt=0.0, lt=1.0
    )


class ExitSeen(Group):
    """A firm has left the market."""

    firm: Name


class Bound(Group):
    """A number has passed a bound: one of the two."""

    below: Real | None = number("strictly below", "as the number", default=None)
    above: Real | None = number("strictly above", "as the number", default=None)


class EntryPays(Group):
    """Entering is worth more than it costs (equation 10.12 of MODEL.md)."""

    cost_cny_bn: Real = number("what it takes to enter, sunk", "CNY bn", ge=0.0, le=1e4)
    years: Whole = number("for which profit is counted", "years", ge=1, le=40)
    discount_rate: Real = number("on profit to come", "a year", ge=0.0, le=1.0)


class Condition(Group):
    """What starts an event: one of these, looked at when a quarter's books are closed."""

    price_cut: CutSeen | None = _mark("a firm's price cut in the quarter")
    battery_price: Bound | None = _mark("battery price, CNY per kWh")
    brands_on_sale: Bound | None = _mark("number of brands on sale")
    penetration: Bound | None = _mark("electric cars over all cars bought")
    exit: ExitSeen | None = _mark("a firm left in the quarter")
    entry_pays: EntryPays | None = _mark(
        "of an entrant: what it can expect to earn is worth more than entering costs"
    )


class PlannedEvent(Group):
    """An event by name: when it acts, on whom, and how much."""

    kind: Kind
    start: When | None = _mark("first quarter in which it acts; or when")
    end: When | None = _mark("last quarter in which it acts; without end and quarters it stays")
    quarters: Whole | None = number(
        "how long it acts; in place of end", "quarters", ge=1, le=400, default=None
    )
    when: Condition | None = _mark("the condition that starts it; in place of start")
    delay: Whole = number(
        "between the quarter after the condition and the start", "quarters", ge=0, le=80, default=0
    )
    again: Switch = Field(
        default=False, description="may start again once it is over",
        json_schema_extra={"setting": "counterfactual"},
    )
    firms: tuple[Name, ...] = _some("firms concerned")
    kinds: tuple[FirmKind, ...] = _some("kinds of firms concerned, beside the firms named")
    jump: Real | None = number(
        "relative jump of the battery price", "share", gt=-1.0, le=10.0, default=None
    )
    half_life_quarters: Real | None = number(
        "after which half is left; without it all stays", "quarters", gt=0.0, le=400, default=None
    )
    region: Name | None = _mark("the region abroad in which it acts; without it at home")
    cny_per_car: Real | None = number("money a car", "CNY", ge=-1e6, le=1e6, default=None)
    powertrains: tuple[Powertrain, ...] = _some("powertrains subsidised")
    price_cap_cny: Real | None = number(
        "highest price of the last quarter that is subsidised", "CNY", gt=0.0, le=1e8, default=None
    )
    utils: Real | None = number(
        "shift of acceptance of electric cars", "utils", ge=-10.0, le=10.0, default=None
    )
    cut: Real | None = number("off list prices", "share", ge=0.0, lt=1.0, default=None)
    detour: Real | None = number(
        "part of the floor that makers get round", "share", ge=0.0, le=1.0, default=None
    )
    factor: Real | None = number("on the war part", "ratio", ge=0.0, le=5.0, default=None)
    credit_factor: Real = number("on credit lines", "ratio", ge=0.0, le=5.0, default=1.0)
    equity_factor: Real = number(
        "on the odds that the market takes an issue", "ratio", ge=0.0, le=5.0, default=1.0
    )
    days: Real | None = number("most days of payables", "days", ge=0.0, le=360, default=None)
    state_factor: Real = number("on the state's budget", "ratio", ge=0.0, le=10.0, default=1.0)
    owner_factor: Real = number("on owners' budgets", "ratio", ge=0.0, le=10.0, default=1.0)
    firm: Name | None = _mark("who enters: a firm of the market's tables, or a new name")
    lines: tuple[Name, ...] = _some("lines of the tables whose like a new firm sells")
    quality: Real = number(
        "of its lines over those they are like", "utils", ge=-50.0, le=10.0, default=0.0
    )
    cost_factor: Real = number(
        "on their cost without battery", "ratio", gt=0.0, le=10.0, default=1.0
    )
    cash_cny_bn: Real = number("a new firm's cash", "CNY bn", ge=0.0, le=1e4, default=0.0)
    credit_line_cny_bn: Real = number("its credit line", "CNY bn", ge=0.0, le=1e4, default=0.0)


@dataclass(frozen=True)
class KindKeys:
    """Which keys a kind has beside kind, date and condition; of ``some`` one must be there."""

    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    some: tuple[str, ...] = ()
    ends: bool = True


WHOM = ("firms", "kinds")
KINDS: dict[str, KindKeys] = {
    "battery_shock": KindKeys(("jump",), ("half_life_quarters",)),
    "subsidy": KindKeys(("cny_per_car",), ("powertrains", "price_cap_cny")),
    "subsidy_end": KindKeys(("cny_per_car",), ("powertrains", "price_cap_cny")),
    "tariff": KindKeys(("firms", "cny_per_car"), ("region",)),
    "backlash": KindKeys(("utils",), ("half_life_quarters", "region")),
    "price_cut": KindKeys(("firms", "cut")),
    "entrant": KindKeys(
        ("firm",), ("lines", "quality", "cost_factor", "cash_cny_bn", "credit_line_cny_bn"),
        ends=False,
    ),
    "below_cost_rule": KindKeys(("detour",), WHOM),
    "truce": KindKeys(("factor",), WHOM),
    "credit_crunch": KindKeys((), WHOM, ("credit_factor", "equity_factor")),
    "payment_days": KindKeys(("days",), WHOM),
    "support_end": KindKeys((), WHOM, ("state_factor", "owner_factor")),
}  # fmt: skip
TIMING = ("kind", "start", "end", "quarters", "when", "delay", "again")
# What a new firm says; one of the tables has it there.
OF_NEW_FIRMS = ("quality", "cost_factor", "cash_cny_bn", "credit_line_cny_bn")
