"""World settings: every assumption of a run, validated.

Each field says its unit, and whether it is *structural* (the market is calibrated again so
that the base year is met) or *counterfactual* (the calibrated world is held). Values stand
in YAML, not here; a default here means "off" or "none".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from sim.scenario.quarters import Quarter

Setting = Literal["structural", "counterfactual"]


def number(
    description: str,
    unit: str,
    setting: Setting = "counterfactual",
    **bounds: Any,
) -> Any:
    """Describe a numeric field: what it is, its unit, and its kind of setting."""
    return Field(
        description=description, json_schema_extra={"unit": unit, "setting": setting}, **bounds
    )


def _no_text(value: object) -> object:
    """Refuse text and booleans where a number is asked for."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number")
    # An int may be too large for a float.
    if not -1e300 < value < 1e300:
        raise ValueError("a finite number")
    return value


def _no_fraction(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a whole number")
    return value


def _truth(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _quarter(value: object) -> object:
    if isinstance(value, Quarter):
        return value
    if not isinstance(value, str):
        raise ValueError("a quarter such as 2025Q1")
    return Quarter.parse(value)


Real = Annotated[float, BeforeValidator(_no_text), Field(allow_inf_nan=False)]
Whole = Annotated[int, BeforeValidator(_no_fraction)]
Switch = Annotated[bool, BeforeValidator(_truth)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
When = Annotated[
    Quarter,
    BeforeValidator(_quarter),
    WithJsonSchema({"type": "string", "pattern": r"^(19|20)\d\dQ[1-4]$"}),
]


class Group(BaseModel):
    """A mapping of settings: frozen, and no key but the ones named."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True
    )


class Demand(Group):
    """Who buys."""

    types: Whole = number("consumer types", "count", "structural", ge=16, le=4096)
    no_purchase_margin: Real = number(
        "market size over passenger retail", "ratio", "structural", ge=1.0, le=5.0
    )
    market_growth: Real = number("growth of the market size", "a year", ge=-0.2, le=0.2)
    income_sigma: Real = number("log sd of income", "log", "structural", ge=0.0, le=2.0)
    income_exponent: Real = number(
        "alpha falls with income to this power", "power", "structural", ge=0.0, le=3.0
    )
    taste_electric_sd: Real = number(
        "sd of taste for electric cars", "utils", "structural", ge=0.0, le=6.0
    )
    taste_plug_sd: Real = number(
        "sd of taste for a battery without engine", "utils", "structural", ge=0.0, le=6.0
    )
    taste_size_sd: Real = number("sd of taste for size", "utils", "structural", ge=0.0, le=6.0)
    ice_share: Real = number(
        "part of the electric cars' cuts that combustion cars follow", "share", ge=0.0, le=1.5
    )
    acceptance_drift: Real = number("drift of acceptance", "utils a year", ge=-2.0, le=2.0)
    acceptance_half_life_years: Real = number("half-life of the drift", "years", gt=0.0, le=100.0)
    familiarity: Real = number(
        "quality per log of own cars on the road over the market's", "utils", ge=0.0, le=5.0,
        default=0.0,
    )
    fleet_buyers: Real = number(
        "part of all buyers that are fleets; 0 for one group of buyers", "share", "structural",
        ge=0.0, le=0.9, default=0.0,
    )
    fleet_price_factor: Real = number(
        "price coefficient of fleets over that of private buyers", "ratio", "structural",
        gt=0.0, le=10.0, default=1.0,
    )


class CalibrationSettings(Group):
    """The closure."""

    vehicle_learning: Real = number(
        "cost saving per doubling of experience", "share", "structural", ge=0.0, le=0.5
    )
    closure_firms: tuple[Name, ...] = Field(
        min_length=1, description="firms known not to fight",
        json_schema_extra={"setting": "structural"},
    )
    median_elasticity_range: tuple[Real, Real] = Field(
        description="own elasticities accepted", json_schema_extra={"setting": "structural"}
    )
    market_elasticity_range: tuple[Real, Real] = Field(
        description="market elasticities accepted", json_schema_extra={"setting": "structural"}
    )
    variants: dict[Name, dict[str, Real]] = Field(
        default={}, description="named sets of values; the batch runs one or all",
        json_schema_extra={"setting": "structural"},
    )


class BatteryEvent(Group):
    """A lasting shift of the battery price on a date."""

    start: When
    factor: Real = number("the price path is multiplied by this", "ratio", gt=0.0, le=10.0)


class Costs(Group):
    """What a car costs."""

    learning: Literal["on", "frozen", "off"] = Field(
        description="on; frozen at the base year; off",
        json_schema_extra={"setting": "counterfactual"},
    )
    industry_spillover: Real = number(
        "theta between any two firms", "share", "structural", ge=0.0, le=1.0
    )
    battery_price_cny_kwh: Real = number(
        "battery price of the base year", "CNY per kWh", "structural", gt=0.0, le=5000.0
    )
    battery_decline: Real = number("fall of the battery price", "a year", ge=-0.5, le=0.5)
    battery_floor_cny_kwh: Real = number("floor of the price", "CNY per kWh", ge=0.0, le=5000.0)
    battery_reversion: Real = number("mean reversion of shocks", "a quarter", ge=0.0, le=1.0)
    battery_shock_sd: Real = number("sd of shocks", "log a quarter", ge=0.0, le=1.0)
    battery_events: dict[Name, BatteryEvent] = Field(
        default={},
        description="shifts of the battery price by name; an event battery_shock multiplies them",
    )
    procurement_elasticity: Real = number(
        "discount per doubling of pooled volume", "share", ge=0.0, le=0.3
    )
    procurement_cap: Real = number("highest discount", "share", ge=0.0, le=0.5)


class Knowledge(Group):
    """A stock of knowledge that R&D builds and that moves quality (equations 7.4 to 7.7)."""

    on: Switch
    depreciation: Real = number("of the stock", "a year", ge=0.0, lt=1.0)
    lift: Real = number(
        "quality gained for a log point of knowledge above the market's mean", "utils a year",
        ge=0.0, le=2.0,
    )  # fmt: skip
    success: Real = number("odds that a quarter's projects succeed", "a quarter", gt=0.0, le=1.0)
    cut_runway_quarters: Real = number("runway below which R&D is cut", "quarters", ge=0, le=40)
    cut_share: Real = number("of R&D that is cut with no runway left", "share", ge=0.0, le=1.0)


class Quality(Group):
    """How lines rise and age."""

    launch_jump_mean: Real = number("mean lift of a launch", "utils", ge=0.0, le=5.0)
    launch_jump_sd: Real = number("sd of the lift", "utils", ge=0.0, le=5.0)
    firm_shock_sd: Real = number("lasting shock to a brand", "utils a quarter", ge=0.0, le=2.0)
    line_shock_sd: Real = number("lasting shock to a line", "utils a quarter", ge=0.0, le=2.0)
    passing_sd: Real = number("shock to a brand that fades", "utils a quarter", ge=0.0, le=2.0)
    passing_persistence: Real = number("of that shock", "a quarter", ge=0.0, lt=1.0)
    launch_cost_cny_bn: Real = number("cost of a launch", "CNY bn", ge=0.0, le=20.0)
    renewal: Switch = True
    ageing: Switch = True
    knowledge: Knowledge | None = Field(default=None, description="the quality ladder")


class WindUp(Group):
    """What becomes of a firm that can pay nobody any more."""

    takeover: Switch = Field(
        default=False, description="a rich firm may take it over, with its debts"
    )
    years: Whole = number("for which a buyer counts its profit", "years", ge=1, le=40)
    discount_rate: Real = number("of a buyer, on profit to come", "a year", ge=0.0, le=1.0)
    saving: Real = number("of its fixed cost and R&D under a buyer", "share", ge=0.0, le=1.0)
    resale: Switch = Field(default=False, description="its plants are sold to other makers")
    resale_price_share: Real = number("price of a used plant", "share of a new one", ge=0, le=1)
    buyer_utilisation: Real = number(
        "makers buy down to it; those below it buy nothing", "ratio", gt=0.0, le=2.0
    )


class Finance(Group):
    """Money."""

    interest_rate: Real = number("on debt above the base year's", "a year", ge=0.0, le=0.5)
    deposit_rate: Real = number("on cash above the base year's", "a year", ge=0.0, le=0.5)
    fixed_cost_elasticity: Real = number("of fixed cost and R&D to revenue", "ratio", ge=0, le=1)
    raise_runway_quarters: Real = number("runway below which equity is offered", "quarters", ge=0)
    raise_probability: Real = number("odds that the market takes it", "a quarter", ge=0, le=1)
    raise_size_share: Real = number("size of an issue", "share of a year's revenue", ge=0, le=2)
    raise_margin_slope: Real = number(
        "log odds gained for a unit of margin above the listed firms' of the base year", "ratio",
        ge=0.0, le=20.0, default=0.0,
    )  # fmt: skip
    issue_price_to_sales: Real = number(
        "value of a firm at which new shares are sold", "years of revenue", gt=0.0, le=50.0,
        default=1.0,
    )  # fmt: skip
    issues_dilute: Switch = Field(
        default=True, description="new shares take from what holders of old ones have"
    )
    building_quarters: Whole = number("from order to use of a plant", "quarters", ge=0, le=20,
                                      default=0)
    launch_runway_quarters: Real = number("runway left after a launch", "quarters", ge=0)
    capex_cny_bn_per_100k: Real = number("plant", "CNY bn per 100,000 a year", ge=0, le=20)
    distress_runway_quarters: Real = number(
        "runway below which suppliers shorten payables", "quarters", ge=0, le=40
    )
    payables_distress_days: Real = number("payables of a firm nobody trusts", "days", ge=0, le=365)
    wind_up: WindUp
    state_backstop: Switch = True
    owner_support: Switch = True
    equity_market: Switch = True
    exports_on: Switch = True
    exits: Switch = Field(
        default=True, description="who cannot pay leaves; if off, banks lend without limit"
    )


class Measures(Group):
    """What the government does."""

    purchase_tax: Literal["on", "frozen"] = Field(
        description="on: the calendar of the market; frozen: as in the base year",
        json_schema_extra={"setting": "counterfactual"},
    )
    purchase_subsidy: Literal["on", "frozen"] = Field(
        default="on",
        description="to makers; on: the calendar of the market; frozen: as in the base year",
        json_schema_extra={"setting": "counterfactual"},
    )


class LuckSettings(Group):
    """Luck."""

    on: Switch = Field(
        default=True,
        description="shocks to quality and battery; launches, issues and the end of contracts "
        "keep their odds and are drawn all the same",
        json_schema_extra={"setting": "counterfactual"},
    )
    scale: Real = number("size of shocks to quality and battery", "ratio", ge=0.0, le=5.0)
    antithetic: Switch = Field(
        default=False,
        description="replicates 2k and 2k + 1 have mirrored luck; the same in every arm",
        json_schema_extra={"setting": "counterfactual"},
    )
    parameters: Literal["held"] = Field(
        default="held",
        description="assumptions held at their values in every replicate",
        json_schema_extra={"setting": "counterfactual"},
    )


class Holding(Group):
    """A stake that stands at the start."""

    holder: Name
    target: Name
    share: Real = number("share of the target", "share", gt=0.0, le=1.0)
    control: Literal["silent", "proportional", "full"] = "silent"


class Entry(Group):
    """A firm of the market's tables that is not on sale until a date."""

    start: When = Field(
        description="first quarter on sale", json_schema_extra={"setting": "structural"}
    )


class Injection(Group):
    """New money from an investor without terms."""

    to: Name
    start: When
    stake: Real = number("post-money share", "share", gt=0.0, lt=1.0)
    pre_money_cny_bn: Real = number("value before the issue", "CNY bn", gt=0.0, le=1e5)
