"""How firms price, as a scenario writes it: the shadow value, and rules of conduct by firm.

``conduct: {rules: {byd: {price_leader: {cut: 0.03, ...}}, all: {inertia: {share: 0.5}}}}``: a
firm that is not named has the rule of ``all``, else dynamic Nash.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from sim.scenario.settings import Group, Name, Real, Switch, Whole, number

EVERYBODY = "all"


def floor() -> Any:
    """Describe the floor of a list price."""
    return number("lowest net price", "times marginal cost", ge=0.0, le=5.0)


class DynamicNashRule(Group):
    """Best replies with the shadow value of a sale; what firms do without a rule."""


class StaticNashRule(Group):
    """Best replies without a shadow value."""


class InertiaRule(Group):
    """Some list prices stay where they are."""

    share: Real = number("odds that a line's price is set anew", "a quarter", ge=0.0, le=1.0)


class CostPlusRule(Group):
    """Cost and a fixed markup."""

    markup: Real | None = number(
        "over marginal cost; left out, that of the first quarter", "share of it",
        default=None, ge=-0.5, le=5.0,
    )  # fmt: skip


class PriceLeaderRule(Group):
    """Cuts of list prices on dates of its own."""

    cut: Real = number("taken off at each cut", "share of the price", ge=0.0, le=0.5)
    every: Whole = number("from one cut to the next", "quarters", ge=1, le=200)
    cuts: Whole = number("how many", "count", ge=0, le=200)
    floor: Real = floor()


class FollowerRule(Group):
    """List prices that follow a leader's."""

    leader: Name
    speed: Real = number("of the gap to the leader that is closed", "a quarter", ge=0.0, le=1.0)
    floor: Real = floor()


class UndercutRule(Group):
    """Under whoever has cut deepest."""

    step: Real = number("below the deepest cut", "share", ge=0.0, le=0.5)
    floor: Real = floor()


class Trigger(Group):
    """A war that breaks out on a sign, and is forgiven."""

    threshold: Real = number("change in a quarter that sets it off", "share", ge=0.0, lt=1.0)
    punishment: Real = number("what a sale is worth more in war", "share of unit cost", ge=0, le=1)
    restraint: Real = number("what a sale is worth less in peace", "share of unit cost", ge=0, le=1)
    quarters: Whole = number("how long a war lasts", "quarters", ge=1, le=200)


class VolumeTargetRule(Group):
    """At least so many cars."""

    units_a_year: Real = number("domestic sales of the first year", "vehicles", gt=0.0, le=1e8)
    growth: Real = number("of that volume", "a year", ge=-0.5, le=1.0)
    floor: Real = floor()


class QLearningRule(Group):
    """Q-learning on a grid of price levels."""

    levels: Whole = number("price levels", "count", ge=2, le=40)
    low: Real = number("lowest level", "times the base year's price", gt=0.0, le=5.0)
    high: Real = number("highest level", "times the base year's price", gt=0.0, le=5.0)
    alpha: Real = number("learning rate", "share", gt=0.0, le=1.0)
    beta: Real = number("decay of exploration", "a quarter", gt=0.0, le=10.0)
    delta: Real = number("discount factor", "a quarter", ge=0.0, lt=1.0)
    elasticity: Real = number("believed, of own sales to relative price", "ratio", lt=0.0, ge=-20.0)
    floor: Real = floor()


class ConductRule(Group):
    """One rule: exactly one kind."""

    dynamic_nash: DynamicNashRule | None = None
    static_nash: StaticNashRule | None = None
    inertia: InertiaRule | None = None
    cost_plus: CostPlusRule | None = None
    price_leader: PriceLeaderRule | None = None
    follower: FollowerRule | None = None
    undercut: UndercutRule | None = None
    green_porter: Trigger | None = None
    rotemberg_saloner: Trigger | None = None
    volume_target: VolumeTargetRule | None = None
    qlearning: QLearningRule | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that are stated; one, where the scenario is valid."""
        return tuple(kind for kind in KINDS if getattr(self, kind) is not None)


KINDS = tuple(ConductRule.model_fields)


class Parts(Group):
    """Parts of the shadow value that are on."""

    learning: Switch = True
    idle: Switch = True
    war: Switch = True
    conduct: Switch = True


class Conduct(Group):
    """How firms price."""

    war_intensity: Real = number("war part: 0 peace, 1 as in 2024", "ratio", ge=0.0, le=5.0)
    mu_max: Real = number("highest shadow cost of cash", "ratio", ge=0.0, le=50.0)
    comfort_quarters: Real = number("runway that is comfortable", "quarters", ge=0.0, le=80.0)
    idle_cost_share: Real = number(
        "labour and contracts that idle plants cannot shed",
        "share of unit cost",
        "structural",
        ge=0.0,
        le=0.2,
    )
    parts: Parts = Parts()
    rules: dict[Name, ConductRule] = Field(
        default={}, description="rule of conduct by firm, or of all that have none of their own",
        json_schema_extra={"setting": "counterfactual"},
    )

    @property
    def intensity(self) -> float:
        """War intensity in force: 0 where the war part is switched off."""
        return self.war_intensity if self.parts.war else 0.0
