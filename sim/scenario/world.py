"""The whole of a scenario's settings, and of the file that carries them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.scenario.conduct import Conduct
from sim.scenario.events import PlannedEvent
from sim.scenario.facts import Facts
from sim.scenario.regions import Region
from sim.scenario.settings import (
    CalibrationSettings,
    Costs,
    Demand,
    Entry,
    Finance,
    Group,
    Holding,
    Injection,
    LuckSettings,
    Measures,
    Name,
    Quality,
    Real,
    When,
    Whole,
    number,
)
from sim.scenario.terms import Contract


class WorldSettings(Group):
    """Settings of one arm at one design point."""

    demand: Demand
    conduct: Conduct
    calibration: CalibrationSettings
    costs: Costs
    quality: Quality
    finance: Finance
    measures: Measures
    luck: LuckSettings
    firms: dict[Name, dict[Name, Real]] = Field(
        default={}, description="firm values in place of the market's tables"
    )
    holdings: dict[Name, Holding] = Field(default={}, description="stakes beside the market's")
    alliances: dict[Name, Contract] = Field(default={}, description="contracts by name")
    entries: dict[Name, Entry] = Field(default={}, description="firms that enter on a date")
    injections: dict[Name, Injection] = Field(default={}, description="new money by name")
    events: dict[Name, PlannedEvent] = Field(default={}, description="events by name")
    regions: dict[Name, Region] = Field(
        default={}, description="markets abroad by name, illustrative"
    )


class Horizon(Group):
    """When a run starts and how long it is."""

    start: When
    quarters: Whole = number("length of a run", "quarters", ge=1, le=200)


class Until(Group):
    """When enough replicates are made."""

    metric: str = Field(
        pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*@(19|20)\d\dQ[1-4]$",
        max_length=200,
        description="firm.measure@quarter or market.measure@quarter",
    )
    arm: Name
    half_width: Real = number(
        "of the 95 % interval of the paired difference to the baseline", "as the metric", gt=0.0
    )
    block: Whole = number("replicates are added in multiples of this", "count", ge=1, le=100_000)
    most: Whole = number("replicates after which to stop in any case", "count", ge=1, le=1_000_000)

    @property
    def firm(self) -> str:
        """Whom the metric is of; ``market`` for the market."""
        return self.metric.partition(".")[0]

    @property
    def quarter(self) -> str:
        """At the end of which quarter."""
        return self.metric.partition("@")[2]


class Heading(Group):
    """What stands beside the world in a scenario file."""

    scenario: Literal[1]
    name: str = Field(min_length=1, max_length=200)
    question: str = Field(default="", max_length=500)
    market: Name
    horizon: Horizon
    replicates: Whole = number("replicates of each arm and point", "count", ge=1, le=1_000_000)
    seed: Whole = number("batch seed", "count", ge=0, le=2**63 - 1)
    baseline: Name
    until: Until | None = Field(
        default=None, description="adds replicates until a difference is known; for replicates"
    )
    facts: Facts | None = Field(
        default=None, description="facts that `facts` looks for, and their placebo arms"
    )
    record: Literal["none", "summary", "full"] = Field(
        default="summary",
        description="none: the market's rows alone; summary: by firm too; full: by product too",
    )


WORLD_KEYS = tuple(WorldSettings.model_fields)
HEADING_KEYS = tuple(Heading.model_fields)
FILE_KEYS = (*HEADING_KEYS, "extends", "arms", "sweep", "kinds", "held", *WORLD_KEYS)
# An arm is a treatment of the same world: it may not change what the world is played in.
ARM_KEYS = WORLD_KEYS
