"""Facts that a study looks for: thresholds and the arm in which their cause is switched off.

What each number is compared with is defined in ``docs/facts.md``.
"""

from __future__ import annotations

from pydantic import Field

from sim.scenario.settings import Group, Name, Real, When, Whole, number


class Fact(Group):
    """What every fact states."""

    placebo: Name = Field(description="arm in which what is said to cause the fact is off")
    basis: str = Field(min_length=1, max_length=200, description="where the thresholds come from")


class CutsFollow(Fact):
    """Cuts follow a leader's cut within a quarter."""

    leaders: tuple[Name, ...] = Field(min_length=1, description="firms whose cuts are followed")
    leader_cut: Real = number("least cut of a leader", "share of the price", ge=0.0, lt=1.0)
    cut: Real = number("least cut of a rival", "share of the price", ge=0.0, lt=1.0)
    followers: Real = number("least share of rivals that follow", "share", ge=0.0, le=1.0)


class CutsAnswered(CutsFollow):
    """The same; in the placebo, rivals are counted at the dates of the true world's cuts."""


class VolumeWithoutMargin(Fact):
    """Volume grows while margins fall, from the first year to the last."""

    growth: Real = number("least growth of the market's units", "share", ge=-1.0, le=100.0)
    margin_fall: Real = number("least fall of the margin", "share of revenue", ge=-1.0, le=1.0)


class PricesOutrunCosts(Fact):
    """Prices fall faster than costs in the quarters of the war."""

    start: When = Field(description="first quarter of the war that is counted")
    end: When = Field(description="last quarter of the war")
    price_fall: Real = number("least fall of prices", "log points", ge=-5.0, le=5.0)
    gap: Real = number("least fall of prices beyond costs", "log points", ge=-5.0, le=5.0)


class ProfitConcentrates(Fact):
    """Profit concentrates in few firms in the last year."""

    largest: Whole = number("firms counted as few", "count", ge=1, le=100)
    share: Real = number("their least share of all profits", "share", ge=0.0, le=1.0)
    profitable: Real = number("most of the firms that make a profit", "share", ge=0.0, le=1.0)


class PlantsHalfEmpty(Fact):
    """Plants run half empty in the last year."""

    utilisation: Real = number("most of the median firm's capacity", "share", ge=0.0, le=10.0)


class OwnedLiveOn(Fact):
    """The weak with a rich owner live on."""

    kinds: tuple[Name, ...] = Field(min_length=1, description="kinds of firms with a rich owner")
    weak: Whole = number("least number of them that lose money", "count", ge=1, le=1000)
    alive: Real = number("least share of those on sale at the end", "share", ge=0.0, le=1.0)


class SharesMove(Fact):
    """Market shares move as much as they did."""

    panel: Name = Field(description="market whose panel_moments.csv they are held against")
    horizons: tuple[Whole, ...] = Field(min_length=1, description="quarters of a change")
    floor: Real = number("least units at the start of a change", "vehicles a quarter", ge=0.0)
    errors: Real = number("most of the distance", "standard errors of it", gt=0.0, le=10.0)


class Facts(Group):
    """Facts by name; each may be left out."""

    holds_in: Real = number("least share of replicates in which a fact holds", "share", gt=0, le=1)
    cuts_follow: CutsFollow | None = None
    cuts_answered: CutsAnswered | None = None
    volume_without_margin: VolumeWithoutMargin | None = None
    prices_outrun_costs: PricesOutrunCosts | None = None
    profit_concentrates: ProfitConcentrates | None = None
    plants_half_empty: PlantsHalfEmpty | None = None
    owned_live_on: OwnedLiveOn | None = None
    shares_move: SharesMove | None = None

    @property
    def stated(self) -> dict[str, Fact]:
        """The facts that are looked for, by name."""
        found = {name: getattr(self, name) for name in FACTS}
        return {name: fact for name, fact in found.items() if fact is not None}


FACTS = tuple(name for name in Facts.model_fields if name != "holds_in")
