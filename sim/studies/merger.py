"""Before and after of a deal in one static market, with what a competition economist asks.

Equation numbers refer to ``sim/MODEL.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.errors import SolverError
from sim.kernels import competition
from sim.kernels.concentration import hhi, mhhi
from sim.kernels.curvature import passthrough
from sim.kernels.demand import (
    diversion,
    elasticities,
    market_elasticity,
    surplus_by_type,
)
from sim.kernels.deviations import Audit
from sim.kernels.equilibrium import Equilibrium
from sim.kernels.grouping import group_sums
from sim.kernels.markups import static_markups
from sim.kernels.ownership import product_weights
from sim.scenario.static_deals import StaticDeal
from sim.studies.deal import apply_deal
from sim.studies.static_market import Market, named

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Side:
    """The market at one set of equilibrium prices.

    Attributes
    ----------
    equilibrium
        The solver's prices and verdict. Where it did not converge the side is that of the data.
    audit
        Whether a firm gains by repricing one product far away; None if not asked.
    prices, shares, costs, margins, lerner, own_elasticity
        (J,); money where it is money.
    kappa
        (F, F) profit weights.
    firm_shares
        (F,) shares of all inside sales, summing to one.
    profits
        (F,) operating profit of each firm's own products, money.
    hhi, mhhi
        0 to 10,000; brands of merged owners count together in the HHI.
    surplus
        (I,) expected surplus of a potential buyer of each type, money, up to a constant.
    """

    equilibrium: Equilibrium
    audit: Audit | None
    prices: FloatArray
    shares: FloatArray
    costs: FloatArray
    margins: FloatArray
    lerner: FloatArray
    own_elasticity: FloatArray
    kappa: FloatArray
    firm_shares: FloatArray
    profits: FloatArray
    hhi: float
    mhhi: float
    surplus: FloatArray


@dataclass(frozen=True, eq=False)
class Reference:
    """A reference price equilibrium: static Nash or joint monopoly (equation 9.13)."""

    name: str
    equilibrium: Equilibrium | None
    mean_price: float
    profit: float


@dataclass(frozen=True, eq=False)
class Baseline:
    """The market before any deal: what holds for all deals alike.

    Attributes
    ----------
    elasticities, diversion, second_choice, pass_through
        (J, J), rows as in the kernels of those names.
    market_elasticity
        Elasticity of all sales to all prices.
    nash, joint
        Reference prices; the joint monopoly of a closed market does not exist.
    """

    market: Market
    side: Side
    elasticities: FloatArray
    diversion: FloatArray
    second_choice: FloatArray
    pass_through: FloatArray
    market_elasticity: float
    nash: Reference
    joint: Reference


@dataclass(frozen=True, eq=False)
class DealOutcome:
    """What a deal changes.

    Attributes
    ----------
    after
        The market after it; None where prices were not found (see ``equilibrium``).
    equilibrium
        The solver's verdict on prices after it.
    other_branch
        Why before and after do not lie on one branch of equilibria; empty if they do.
    parties
        (J,) products of the firms of the deal.
    upp, guppi, cmcr, pressure
        (J,) equations 9.9 to 9.12: money of net price, share of price, share of cost, and the
        change of the first-order condition in shares.
    hhi_change, mhhi_change
        At shares before the deal, as guidelines use them.
    compensating_variation
        (I,) money a potential buyer of each type; positive where buyers lose.
    buyers_lose
        Its total over the market, money.
    weights_after
        (F, F) profit weights after it.
    """

    deal: StaticDeal
    equilibrium: Equilibrium
    other_branch: str
    after: Side | None
    parties: BoolArray
    upp: FloatArray
    guppi: FloatArray
    cmcr: FloatArray
    pressure: FloatArray
    hhi_change: float
    mhhi_change: float
    compensating_variation: FloatArray
    buyers_lose: float
    weights_after: FloatArray


@dataclass(frozen=True, eq=False)
class MergerStudy:
    """Baseline and all deals; ``converged`` only if every price that is shown was found."""

    baseline: Baseline
    deals: tuple[DealOutcome, ...]

    @property
    def converged(self) -> bool:
        """Whether prices before and after every deal were found."""
        return self.baseline.side.equilibrium.converged and all(
            deal.equilibrium.converged for deal in self.deals
        )


def study_merger(market: Market) -> MergerStudy:
    """Solve a market before and after each of its deals.

    Raises
    ------
    SimError
        An input is not one of a market; solvers that do not converge are verdicts, not errors.
    """
    baseline = look_at(market)
    if not baseline.side.equilibrium.converged:
        return MergerStudy(baseline, ())
    with named(market.read):
        outcomes = tuple(_outcome(baseline, deal) for deal in market.read.deals)
    return MergerStudy(baseline, outcomes)


def look_at(market: Market) -> Baseline:
    """The market as it stands, with its matrices and reference prices."""
    with named(market.read):
        return _look_at(market)


def _look_at(market: Market) -> Baseline:
    equilibrium = market.solve(market.costs, market.kappa, market.prices)
    side = _side(market, equilibrium, market.costs, market.kappa)
    game = market.game(market.costs, market.kappa)
    size = len(market.kappa)
    joint = Reference("joint monopoly", None, np.nan, np.nan)
    if not market.demand.closed.any():
        joint = _reference(market, "joint monopoly", np.ones((size, size)))
    return Baseline(
        market=market,
        side=side,
        elasticities=elasticities(market.demand, side.prices),
        diversion=diversion(market.demand, side.prices),
        second_choice=competition.long_run_diversion(market.demand, side.prices),
        pass_through=passthrough(game, side.prices),
        market_elasticity=market_elasticity(market.demand, side.prices),
        nash=_reference(market, "static Nash", np.eye(size)),
        joint=joint,
    )


def _side(
    market: Market, equilibrium: Equilibrium, costs: FloatArray, kappa: FloatArray
) -> Side:
    prices, shares = equilibrium.prices, equilibrium.shares
    if not equilibrium.converged:
        prices, shares = market.prices, market.shares
    net = market.net_share * prices
    size = len(kappa)
    firm_shares = group_sums(market.firm_of, shares, size) / shares.sum()
    sales = market.read.market_size
    return Side(
        equilibrium=equilibrium,
        audit=market.audit(costs, kappa, prices) if equilibrium.converged else None,
        prices=prices,
        shares=shares,
        costs=costs,
        margins=net - costs,
        lerner=competition.lerner(prices, costs, market.net_share),
        own_elasticity=np.diag(elasticities(market.demand, prices)),
        kappa=kappa,
        firm_shares=firm_shares,
        profits=sales * group_sums(market.firm_of, (net - costs) * shares, size),
        hhi=hhi(by_owner_shares(firm_shares, kappa)),
        mhhi=mhhi(firm_shares, kappa),
        surplus=surplus_by_type(market.demand, prices),
    )


def by_owner_shares(firm_shares: FloatArray, kappa: FloatArray) -> FloatArray:
    """Shares added up over firms that price as one, weight one both ways, (F,) with zeros."""
    together = (kappa == 1.0) & (kappa.T == 1.0)
    owner = np.argmax(together, axis=1)
    return group_sums(owner.astype(np.int64), firm_shares, len(kappa))


def _reference(market: Market, name: str, kappa: FloatArray) -> Reference:
    equilibrium = market.solve(market.costs, kappa, market.prices)
    if not equilibrium.converged:
        return Reference(name, equilibrium, np.nan, np.nan)
    margins = market.net_share * equilibrium.prices - market.costs
    profit = market.read.market_size * float(margins @ equilibrium.shares)
    return Reference(name, equilibrium, mean_price(market, equilibrium.prices), profit)


def mean_price(market: Market, prices: FloatArray) -> float:
    """Mean price at shares before any deal, money (a Laspeyres level)."""
    return float(prices @ market.shares / market.shares.sum())


def position(value: float, nash: float, joint: float) -> float:
    """Calvano's Delta (equation 9.13): 0 at static Nash, 1 at joint monopoly."""
    return (value - nash) / (joint - nash) if joint != nash else np.nan


def _static(market: Market, prices: FloatArray, kappa: FloatArray) -> FloatArray:
    """Margins that would make prices a static equilibrium, (J,); NaN where none would."""
    try:
        return static_markups(market.demand, prices, market.net_share, market.firm_of, kappa)
    except SolverError:
        # One owner of a closed market: no margin holds the price.
        return np.full(len(prices), np.nan)


def _outcome(baseline: Baseline, deal: StaticDeal) -> DealOutcome:
    market, before = baseline.market, baseline.side
    changed = apply_deal(market, deal)
    equilibrium, branch = market.follow(changed.costs, changed.kappa, before.prices)
    after = None
    if equilibrium.converged:
        after = _side(market, equilibrium, changed.costs, changed.kappa)
    weights = product_weights(market.kappa, market.firm_of)
    weights_after = product_weights(changed.kappa, market.firm_of)
    net = market.net_share * before.prices
    static = [_static(market, before.prices, kappa) for kappa in (market.kappa, changed.kappa)]
    cmcr = np.full(len(net), np.nan)
    if not np.isnan(static[1]).all():
        cmcr = competition.compensating_cost_cut(static[0], static[1], net)
    variation = np.full(len(before.surplus), np.nan)
    if after is not None:
        variation = before.surplus - after.surplus
    weight = market.demand.weights
    return DealOutcome(
        deal=deal,
        equilibrium=equilibrium,
        other_branch=branch,
        after=after,
        parties=changed.parties,
        upp=competition.upward_pricing_pressure(
            baseline.diversion, before.margins, market.costs, changed.costs, weights,
            weights_after,
        ),
        guppi=competition.guppi(
            baseline.diversion, before.margins, net, weights, weights_after
        ),
        cmcr=cmcr,
        pressure=competition.first_order_pressure(
            baseline.elasticities, before.shares, before.lerner,
            competition.lerner(before.prices, changed.costs, market.net_share), weights,
            weights_after,
        ),
        hhi_change=hhi(by_owner_shares(before.firm_shares, changed.kappa)) - before.hhi,
        mhhi_change=mhhi(before.firm_shares, changed.kappa) - before.mhhi,
        compensating_variation=variation,
        buyers_lose=market.read.market_size * float(weight @ variation),
        weights_after=changed.kappa,
    )
