"""Contracts as a scenario writes them: kinds, terms and what they cost."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.scenario.settings import Group, Name, Real, Switch, When, Whole, number


class TechSharing(Group):
    """A partner's cars teach me too."""

    theta: Real = number("share of a partner's new experience", "share", ge=0.0, le=1.0)


class JointResearch(Group):
    """R&D done once for all members, as large as the largest member's part."""

    share: Real = number("of each member's R&D that is done together", "share", ge=0.0, le=1.0)


class JointProcurement(Group):
    """Batteries bought together."""

    pooled: Real = number("share of partners' volume that counts", "share", ge=0.0, le=1.0)


class PlatformSharing(Group):
    """Cars built on common parts."""

    glider_saving: Real = number("off the cost of the car without battery", "share", ge=0, le=0.5)
    development_saving: Real = number("off R&D and launches", "share", ge=0.0, le=0.9)


class EquityStake(Group):
    """A primary issue of the target to the investor."""

    investor: Name
    target: Name
    stake: Real = number("post-money share", "share", gt=0.0, lt=1.0)
    pre_money_cny_bn: Real = number("value before the issue", "CNY bn", gt=0.0, le=1e5)
    control: Literal["silent", "proportional", "full"] = "silent"
    paid_by: Literal["owner", "arm"] = Field(
        default="owner", alias="from", description="the investor's owner, or its electric arm"
    )


class MergerTerm(Group):
    """One firm from then on, by exchange of shares."""

    acquirer: Name
    integration_cost_share: Real = number("of the target's yearly revenue", "share", ge=0, le=1)


class Distribution(Group):
    """A member's dealers in regions abroad sell another's cars."""

    host: Name = Field(description="whose dealers they are")
    guest: Name = Field(description="whose cars they sell too")
    share: Real = number("part of the host's dealers that do", "share", ge=0.0, le=1.0)


class Terms(Group):
    """The clauses of a contract; what is missing is not agreed."""

    tech_sharing: TechSharing | None = None
    joint_rd: JointResearch | None = None
    joint_procurement: JointProcurement | None = None
    platform_sharing: PlatformSharing | None = None
    equity_stake: EquityStake | None = None
    merger: MergerTerm | None = None
    distribution: Distribution | None = None


class Review(Group):
    """Review by a competition authority, where ownership changes."""

    on: Switch
    hhi_threshold: Real = number("MHHI above which a deal may be refused", "0..10000", ge=0)
    delta_threshold: Real = number("change above which it may be refused", "0..10000", ge=0)
    delay_quarters: Whole = number("time the review takes", "quarters", ge=0, le=40)


class Contract(Group):
    """An agreement among firms."""

    members: tuple[Name, ...] = Field(min_length=2, max_length=20)
    start: When
    kind: Name
    terms: Terms
    setup_cost_cny_bn: Real = number("set-up cost, all members", "CNY bn", ge=0.0, le=1e4)
    running_cost_cny_bn: Real = number("running cost, all members", "CNY bn a year", ge=0, le=1e4)
    lag_quarters: Whole = number("before terms begin to act", "quarters", ge=0, le=80)
    ramp_quarters: Whole = number("until terms act in full", "quarters", ge=0, le=80)
    hazard: Real = number("odds that it fails", "a year", ge=0.0, lt=1.0)
    review: Review


# Terms and kinds of the design that this version does not compute.
NOT_YET_TERMS = ("capacity_sharing", "joint_venture")
NOT_YET_KINDS = ("joint_venture",)
