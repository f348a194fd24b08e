"""Contracts: what a set of firms agreed, compiled from a scenario.

A contract is a list of terms. What a term does is computed in ``effects``; nothing here
says what an alliance is worth.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.scenario.terms import Contract as ContractSettings
from sim.scenario.world import WorldSettings

BILLION = 1e9


@dataclass(frozen=True)
class Stake:
    """A primary issue: the investor pays cash to the target for new shares."""

    name: str
    investor: int | None  # None: an investor outside the market, without terms
    target: int
    share: float
    pre_money: float  # CNY
    control: str
    paid_by_firm: bool


@dataclass(frozen=True)
class Merger:
    """One firm from then on; each brand keeps its war and conduct parts."""

    acquirer: int
    integration_cost_share: float


@dataclass(frozen=True)
class Distribution:
    """A member's dealers abroad sell another's cars."""

    host: int
    guest: int
    share: float


@dataclass(frozen=True)
class Contract:
    """One agreement. Times in quarters from the start of the run, money in CNY."""

    name: str
    stream: str
    members: tuple[int, ...]
    start: int
    lag: int
    ramp: int
    theta: float
    pooled: float
    glider_saving: float
    development_saving: float
    stake: Stake | None
    merger: Merger | None
    setup_cost: float
    running_cost: float
    hazard: float
    review: bool
    hhi_threshold: float
    delta_threshold: float
    review_delay: int
    joint_research: float = 0.0
    distribution: Distribution | None = None


def compile_contracts(
    settings: WorldSettings, firms: tuple[str, ...], start: int
) -> tuple[Contract, ...]:
    """Contracts of an arm in the order of their names.

    Parameters
    ----------
    firms
        Identifiers in the order of the industry.
    start
        First quarter of the run, counted as ``4 year + quarter - 1``.
    """
    return tuple(
        _compile(name, settings.alliances[name], firms, start)
        for name in sorted(settings.alliances)
    )


def _compile(
    name: str, contract: ContractSettings, firms: tuple[str, ...], start: int
) -> Contract:
    terms = contract.terms
    members = tuple(firms.index(member) for member in contract.members)
    stake = None
    if terms.equity_stake is not None:
        term = terms.equity_stake
        stake = Stake(
            name=name,
            investor=firms.index(term.investor) if term.investor in firms else None,
            target=firms.index(term.target),
            share=term.stake,
            pre_money=term.pre_money_cny_bn * BILLION,
            control=term.control,
            paid_by_firm=term.paid_by == "arm",
        )
    merger = None
    if terms.merger is not None:
        merger = Merger(
            acquirer=firms.index(terms.merger.acquirer),
            integration_cost_share=terms.merger.integration_cost_share,
        )
    distribution = None
    if terms.distribution is not None:
        distribution = Distribution(
            host=firms.index(terms.distribution.host),
            guest=firms.index(terms.distribution.guest),
            share=terms.distribution.share,
        )
    tech, pool, platform = terms.tech_sharing, terms.joint_procurement, terms.platform_sharing
    return Contract(
        name=name,
        stream="+".join(sorted(contract.members)) + f"/{contract.kind}",
        members=members,
        start=contract.start.index - start,
        lag=contract.lag_quarters,
        ramp=contract.ramp_quarters,
        theta=tech.theta if tech is not None else 0.0,
        pooled=pool.pooled if pool is not None else 0.0,
        glider_saving=platform.glider_saving if platform is not None else 0.0,
        development_saving=platform.development_saving if platform is not None else 0.0,
        stake=stake,
        merger=merger,
        distribution=distribution,
        setup_cost=contract.setup_cost_cny_bn * BILLION,
        running_cost=contract.running_cost_cny_bn * BILLION / 4.0,
        hazard=contract.hazard,
        review=contract.review.on,
        hhi_threshold=contract.review.hhi_threshold,
        delta_threshold=contract.review.delta_threshold,
        review_delay=contract.review.delay_quarters,
        joint_research=0.0 if terms.joint_rd is None else terms.joint_rd.share,
    )


def compile_injections(
    settings: WorldSettings, firms: tuple[str, ...], start: int
) -> tuple[tuple[int, Stake], ...]:
    """Injections of new money by date: (quarter of the run, stake)."""
    return tuple(
        (
            injection.start.index - start,
            Stake(
                name=name,
                investor=None,
                target=firms.index(injection.to),
                share=injection.stake,
                pre_money=injection.pre_money_cny_bn * BILLION,
                control="silent",
                paid_by_firm=False,
            ),
        )
        for name, injection in sorted(settings.injections.items())
    )
