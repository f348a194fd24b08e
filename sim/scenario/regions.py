"""Regions abroad as a scenario writes them; what it leaves out stands in the market's tables."""

from __future__ import annotations

from pydantic import Field

from sim.scenario.settings import Group, Name, Real, Switch, When, number


class Region(Group):
    """A market abroad, illustrative: modelled only where a scenario says so."""

    modelled: Switch = Field(
        default=False,
        description="its sales leave the stated path of exports and come out of its own market",
        json_schema_extra={"setting": "counterfactual"},
    )
    market_units: Real | None = number(
        "cars bought in the base year", "vehicles a year", "structural",
        gt=0.0, le=1e9, default=None,
    )
    nev_units: Real | None = number(
        "electric cars among them", "vehicles a year", "structural", gt=0.0, le=1e9, default=None
    )
    local_price: Real | None = number(
        "price of the composite local rival, frozen", "CNY paid", "structural",
        gt=0.0, le=1e8, default=None,
    )
    income: Real | None = number(
        "income of buyers over that at home; alpha falls with it", "ratio", "structural",
        gt=0.0, le=100.0, default=None,
    )
    vat: Real | None = number(
        "value added tax", "share of the price before it", "structural",
        ge=0.0, le=1.0, default=None,
    )
    dealer_margin: Real | None = number(
        "importer and dealer", "share of the price before VAT", "structural",
        ge=0.0, lt=0.9, default=None,
    )
    basic_duty: Real | None = number(
        "customs duty of the base year", "share of the value at the border", "structural",
        ge=0.0, le=10.0, default=None,
    )
    logistics_cny: Real | None = number(
        "freight and insurance", "CNY a car", "structural", ge=0.0, le=1e6, default=None
    )
    export_share: Real | None = number(
        "part of a firm's exports sold there, where the firm's own is not known", "share",
        "structural", ge=0.0, le=1.0, default=None,
    )
    reach: Real | None = number(
        "part of the buyers who have a dealer near, where the firm's own is not known", "share",
        "structural", gt=0.0, le=1.0, default=None,
    )
    market_growth: Real | None = number(
        "growth of the market size", "a year", ge=-0.5, le=0.5, default=None
    )
    acceptance_drift: Real | None = number(
        "drift of acceptance; it fades as at home", "utils a year", ge=-2.0, le=2.0, default=None
    )
    reach_quarters: Real | None = number(
        "until dealers stand as planned", "quarters", ge=0.0, le=80.0, default=None
    )
    duties: Real = number(
        "factor on the countervailing duties of the tables; 0 for none", "ratio",
        ge=0.0, le=10.0, default=1.0,
    )
    duties_start: When | None = Field(
        default=None, description="first quarter of those duties; without it from the start",
        json_schema_extra={"setting": "counterfactual"},
    )
    duties_end: When | None = Field(
        default=None, description="last quarter of those duties; without it they stay",
        json_schema_extra={"setting": "counterfactual"},
    )
    firms: dict[Name, dict[Name, Real]] = Field(
        default={}, description="values of firms there in place of the market's tables"
    )
