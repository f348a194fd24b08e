"""The keys of a static market file: one market of any industry, and deals in it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sim.scenario.settings import Group, Real, number

LONGEST_LABEL = 40


def _label(value: object) -> object:
    """A name as people write it: text or a whole number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("a name")
    text = str(value).strip()
    if not text or len(text) > LONGEST_LABEL or not text.isprintable():
        raise ValueError(f"a name of 1 to {LONGEST_LABEL} letters")
    return text


def _outside(value: object) -> object:
    if isinstance(value, str) and value in ("none", "unknown"):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < 1.0:
        raise ValueError("a share from 0, under 1, or none or unknown")
    return value


def _saving(value: object) -> object:
    """A share of marginal cost; negative where cost rises."""
    amounts = value.values() if isinstance(value, dict) else [value]
    for amount in amounts:
        if isinstance(amount, bool) or not isinstance(amount, int | float):
            raise ValueError("a share of marginal cost, or a mapping of firms or products to one")
        if not -1.0 <= amount < 1.0:
            raise ValueError("shares of marginal cost from -1, under 1")
    return value


def _weight(value: object) -> object:
    """Kappa on the others' profit: one for all members, or one for each."""
    amounts = value.values() if isinstance(value, dict) else [value]
    for amount in amounts:
        if isinstance(amount, bool) or not isinstance(amount, int | float):
            raise ValueError("a weight, or a mapping of members to one")
        if not 0.0 <= amount <= 1.0:
            raise ValueError("weights from 0 to 1")
    return value


def _entry(value: object) -> object:
    """A number, or a mapping of numbers."""
    amounts = value.values() if isinstance(value, dict) else [value]
    for amount in amounts:
        if isinstance(amount, bool) or not isinstance(amount, int | float):
            raise ValueError("a number, or a mapping of columns to numbers")
    return value


def _rho(value: object) -> object:
    if isinstance(value, str) and value in ("unknown", "unknown_by_nest"):
        return value
    amounts = value.values() if isinstance(value, dict) else [value]
    for amount in amounts:
        if isinstance(amount, bool) or not isinstance(amount, int | float):
            raise ValueError("a number, a mapping of nests to one, unknown or unknown_by_nest")
        if not 0.0 <= amount < 1.0:
            raise ValueError("nesting parameters from 0, under 1")
    return value


Label = Annotated[str, BeforeValidator(_label)]
Outside = Annotated[float | str, BeforeValidator(_outside)]
Saving = Annotated[float | dict[Label, float], BeforeValidator(_saving)]
Weight = Annotated[float | dict[Label, float], BeforeValidator(_weight)]
Entry = Annotated[float | dict[str, float], BeforeValidator(_entry)]
Rho = Annotated[float | str | dict[Label, float], BeforeValidator(_rho)]


class Product(Group):
    """A product as a person knows it."""

    firm: Label
    price: Real = number("price that the buyer pays", "money", gt=0.0)
    share: Real = number("share of quantities", "share", gt=0.0, le=1.0)
    margin: Real | None = number(
        "Lerner index, where known", "share of net price", default=None, gt=0.0, lt=1.0
    )
    nest: Label | None = None
    capacity: Real | None = number(
        "most units it can sell", "units of the market size", default=None, gt=0.0
    )


class Tables(Group):
    """Tables with PyBLP's column names, beside this file."""

    products: str = Field(min_length=1, max_length=400)
    agents: str | None = Field(default=None, min_length=1, max_length=400)
    market: Label | None = None


class Parameters(Group):
    """Parameters of demand, with PyBLP's names and signs."""

    alpha: Real | None = number(
        "mean price coefficient", "utils a unit of money", default=None, le=0.0
    )
    x2: tuple[str, ...] = Field(default=(), max_length=30)
    sigma: dict[str, Entry] = Field(default={})
    pi: dict[str, dict[str, Real]] = Field(default={})
    rho: Rho | None = None


class Holding(Group):
    """A stake that stands before any deal."""

    holder: Label
    target: Label
    share: Real = number("share of the target", "share", gt=0.0, le=1.0)
    control: Literal["silent", "proportional", "full"] = "silent"


class Owner(Group):
    """An owner outside the market who holds several of its firms."""

    stakes: dict[Label, Annotated[Real, Field(gt=0.0, le=1.0)]] = Field(min_length=1)
    control: Literal["silent", "proportional"] = "proportional"


class DealSettings(Group):
    """A deal; which keys it takes depends on its kind."""

    kind: Literal["merger", "stake", "alliance"]
    acquirer: Label | None = None
    investor: Label | None = None
    target: Label | None = None
    members: tuple[Label, ...] | None = Field(default=None, min_length=2, max_length=50)
    share: Real | None = number("share of the target", "share", default=None, gt=0.0, le=1.0)
    control: Literal["silent", "proportional", "full"] | None = None
    weight: Weight | None = None
    cost_saving: Saving = 0.0


class StaticSettings(Group):
    """The whole file."""

    static_market: Literal[1]
    name: str = Field(min_length=1, max_length=200)
    question: str = Field(default="", max_length=500)
    money: str = Field(default="", max_length=20)
    market_size: Real = number("potential buyers", "units", default=1.0, gt=0.0, le=1e15)
    net_share: Real = number(
        "part of the buyer's price that reaches the firm", "share", default=1.0, gt=0.0, le=1.0
    )
    outside: Outside | None = None
    market_elasticity: Real | None = number(
        "elasticity of all sales to all prices", "ratio", default=None, lt=0.0, ge=-100.0
    )
    tables: Tables | None = None
    products: dict[Label, Product] = Field(default={}, max_length=2000)
    parameters: Parameters = Parameters()
    holdings: dict[Label, Holding] = Field(default={}, max_length=500)
    owners: dict[Label, Owner] = Field(default={}, max_length=500)
    deals: dict[Label, DealSettings] = Field(default={}, max_length=50)


# What each kind of deal must and may say, besides its cost saving.
NEEDED = {
    "merger": ("acquirer", "target"),
    "stake": ("investor", "target", "share"),
    "alliance": ("members",),
}
OPTIONAL: dict[str, tuple[str, ...]] = {
    "merger": (), "stake": ("control",), "alliance": ("weight",),
}
