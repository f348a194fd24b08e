"""A static market made complete: demand, costs and ownership from what was read of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import CalibrationError, InputError, KernelInputError, SimError, SolverError
from sim.kernels.branches import compare_games
from sim.kernels.demand import Demand
from sim.kernels.deviations import Audit, audit_deviations
from sim.kernels.equilibrium import Equilibrium, solve_prices
from sim.kernels.evidence import Evidence
from sim.kernels.game import PriceGame
from sim.kernels.inversion import Inversion, invert_shares
from sim.kernels.limits import Limits, solve_with_limits
from sim.kernels.markups import static_markups
from sim.kernels.ownership import add_stake, control_weights
from sim.kernels.recovery import Recovery, recover
from sim.scenario.static_market import StaticMarket

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

TOLERANCE = 1e-12
ACCEPTED = 1e-9  # estimated relative error of a price that may be shown
# Shares are given with a few digits; a product this near its capacity is taken to be full.
FULL = 1e-9


@dataclass(frozen=True, eq=False)
class Rights:
    """Who owns and who controls.

    Attributes
    ----------
    holdings, control
        (F, F) as in :func:`sim.kernels.ownership.control_weights`.
    stakes, votes
        (O, F) of owners outside the market.
    """

    holdings: FloatArray
    control: FloatArray
    stakes: FloatArray
    votes: FloatArray

    def copy(self) -> Rights:
        """Rights that a deal may change."""
        return Rights(
            self.holdings.copy(), self.control.copy(), self.stakes.copy(), self.votes.copy()
        )

    @property
    def kappa(self) -> FloatArray:
        """(F, F) profit weights."""
        return control_weights(self.holdings, self.control, self.stakes, self.votes)


@dataclass(frozen=True, eq=False)
class Market:
    """A market ready to be priced under any ownership.

    Attributes
    ----------
    read
        Names and what was known.
    demand
        Demand at which observed shares come back at observed prices.
    prices, shares, costs
        (J,) as observed; costs from the first-order conditions, money.
    net_share
        (J,) part of the buyer's price that reaches the firm.
    rights, kappa
        Rights as they stand, and the (F, F) profit weights they give.
    limits
        Capacities as shares of the market; None without.
    recovery
        How demand was recovered from little; None with consumer types from a table.
    inversion
        Verdict on the shares' inversion; None where it has a closed form.
    """

    read: StaticMarket
    demand: Demand
    prices: FloatArray
    shares: FloatArray
    costs: FloatArray
    net_share: FloatArray
    rights: Rights
    kappa: FloatArray
    limits: Limits | None
    recovery: Recovery | None
    inversion: Inversion | None

    @property
    def firm_of(self) -> IntArray:
        """(J,) firm of each product."""
        return self.read.firm_of

    def game(self, costs: FloatArray, kappa: FloatArray) -> PriceGame:
        """The price game under some costs and weights."""
        return PriceGame(self.demand, costs, self.firm_of, kappa=kappa, net_share=self.net_share)

    def solve(self, costs: FloatArray, kappa: FloatArray, start: FloatArray) -> Equilibrium:
        """Equilibrium prices under some costs and weights, with a verdict."""
        game = self.game(costs, kappa)
        try:
            if self.limits is not None:
                found = solve_with_limits(game, self.limits, start, tolerance=TOLERANCE)
            else:
                found = solve_prices(game, start, tolerance=TOLERANCE)
        except SolverError as error:
            return _ran_away(error, start)
        return _accepted(found)

    def follow(
        self, costs: FloatArray, kappa: FloatArray, before: FloatArray
    ) -> tuple[Equilibrium, str]:
        """Equilibrium after a change, on the branch of the prices before it.

        Returns
        -------
        Equilibrium
            With a verdict.
        str
            Why the comparison is one of two branches; empty if it is not.
        """
        if self.limits is not None:
            return self.solve(costs, kappa, before), ""
        try:
            found = compare_games(
                self.game(self.costs, self.kappa), self.game(costs, kappa), before,
                tolerance=TOLERANCE,
            )
        except SolverError as error:
            return _ran_away(error, before), ""
        return _accepted(found.after), found.reason

    def audit(self, costs: FloatArray, kappa: FloatArray, prices: FloatArray) -> Audit | None:
        """Whether a firm gains by repricing one product far away; None with capacities."""
        if self.limits is not None:
            return None
        return audit_deviations(self.game(costs, kappa), prices)


def _accepted(found: Equilibrium) -> Equilibrium:
    """The verdict, refused where prices run away: a step may vanish there, the error does not."""
    return replace(found, converged=found.converged and found.error_estimate < ACCEPTED)


def _ran_away(error: SolverError, start: FloatArray) -> Equilibrium:
    """A price that left the range of numbers, as a verdict on the product the error names."""
    which = re.search(r"product (\d+)", str(error))
    worst = int(which[1]) if which else 0
    return Equilibrium(start, np.zeros(len(start)), False, np.inf, np.inf, 0, worst)


@contextmanager
def named(read: StaticMarket) -> Iterator[None]:
    """Say the names of products, firms and nests where a kernel's error says positions."""
    try:
        yield
    except np.linalg.LinAlgError:
        raise SolverError(f"{read.file}: a system of the market's equations is singular") from None
    except SimError as error:
        text = str(error)
        for word, names in (
            ("product", read.products), ("firm", read.firms), ("nest", read.nests),
        ):
            text = re.sub(
                rf"\b{word} (\d+)\b",
                lambda found, word=word, names=names: (  # type: ignore[misc]
                    f"{word} {names[int(found[1])]}" if int(found[1]) < len(names) else found[0]
                ),
                text,
            )
        if isinstance(error, InputError):
            raise
        raise type(error)(f"{read.file}: {text}") from None


def build_market(read: StaticMarket) -> Market:
    """Make a market complete.

    Raises
    ------
    KernelInputError
        A number is not one of a market; the message names the product.
    CalibrationError
        Demand cannot be recovered from what is known, or a cost would not be positive.
    SolverError
        Shares could not be inverted.
    """
    rights = _rights(read)
    net_share = np.full(len(read.prices), read.net_share)
    with named(read):
        if read.tastes is None:
            return _from_little(read, net_share, rights)
        return _from_types(read, net_share, rights)


def _rights(read: StaticMarket) -> Rights:
    size = len(read.firms)
    position = {firm: number for number, firm in enumerate(read.firms)}
    owners = list(dict.fromkeys(owner for owner, _, _, _ in read.owners))
    rights = Rights(
        np.zeros((size, size)), np.eye(size), np.zeros((len(owners), size)),
        np.zeros((len(owners), size)),
    )
    for holder, target, share, control in read.holdings:
        add_stake(
            rights.holdings, rights.control, position[holder], position[target], share, control
        )
    for owner, firm, share, control in read.owners:
        where = owners.index(owner), position[firm]
        rights.stakes[where] = share
        rights.votes[where] = share if control == "proportional" else 0.0
    return rights


def _limits(read: StaticMarket, shares: FloatArray) -> tuple[Limits | None, BoolArray]:
    """Capacities as shares of the market, and which products are at theirs."""
    known = np.isfinite(read.capacities)
    if not known.any():
        return None, known
    most = np.where(known, read.capacities / read.market_size, np.inf)
    over = shares > most * (1.0 + FULL)
    if over.any():
        worst = int(np.argmax(over))
        raise KernelInputError(
            f"product {worst} sells {shares[worst] * read.market_size:.6g}, more than its "
            f"capacity of {read.capacities[worst]:.6g}"
        )
    return Limits(most), shares >= most * (1.0 - FULL)


def _from_little(read: StaticMarket, net_share: FloatArray, rights: Rights) -> Market:
    kappa = rights.kappa
    known = np.isfinite(read.capacities)
    full = None
    if known.any():
        if read.outside_share is None:
            raise CalibrationError(
                "capacities need a known outside share: they say how much of the market is sold"
            )
        given = read.shares / read.shares.sum() * (1.0 - read.outside_share)
        full = _limits(read, given)[1]
    found = recover(
        Evidence(
            prices=read.prices,
            shares=read.shares,
            firm_of=read.firm_of,
            kappa=kappa,
            net_share=net_share,
            margins=read.margins,
            market_elasticity=read.market_elasticity,
            outside_share=read.outside_share,
            alpha=read.alpha,
            nest_of=read.nest_of,
            rho=read.rho,
            rho_by_nest=read.rho_by_nest,
            at_capacity=full,
        )
    )
    demand = Demand(
        delta=found.delta,
        mu=None,
        alpha=np.array([found.alpha]),
        weights=np.ones(1),
        outside=np.array([0.0 if found.outside_share > 0.0 else -np.inf]),
        nest_of=read.nest_of,
        rho=found.rho,
    )
    limits = _limits(read, found.shares)[0]
    return Market(
        read, demand, read.prices, found.shares, found.costs, net_share, rights, kappa,
        limits, found, None,
    )


def _from_types(read: StaticMarket, net_share: FloatArray, rights: Rights) -> Market:
    kappa = rights.kappa
    tastes = read.tastes
    assert tastes is not None
    if read.nests and read.rho is None:
        raise CalibrationError(
            "under-identified: the nesting parameter is not found with consumer types from a "
            "table; missing is parameters.rho"
        )
    if np.isfinite(read.capacities).any():
        raise CalibrationError("capacities are not read with consumer types from a table")
    if read.outside_share is None:
        raise CalibrationError(
            "under-identified: the outside share is not found with consumer types from a table; "
            "missing is outside"
        )
    shares = read.shares / read.shares.sum() * (1.0 - read.outside_share)
    closed = read.outside_share == 0.0
    if closed:
        shares = shares * tastes.weights.sum()
    demand = Demand(
        delta=np.zeros(len(shares)),
        mu=tastes.mu,
        alpha=tastes.alpha,
        weights=tastes.weights,
        outside=np.full(len(tastes.alpha), -np.inf if closed else 0.0),
        nest_of=read.nest_of,
        rho=read.rho,
    )
    inversion = invert_shares(shares, demand, read.prices)
    if not inversion.converged:
        raise SolverError(
            f"shares could not be inverted: error {inversion.residual:.1e} in logs after "
            f"{inversion.iterations} steps, largest for product {inversion.worst}"
        )
    demand = Demand(
        inversion.delta, tastes.mu, tastes.alpha, tastes.weights, demand.outside, read.nest_of,
        read.rho,
    )
    margins = static_markups(demand, read.prices, net_share, read.firm_of, kappa)
    costs = net_share * read.prices - margins
    if np.any(costs <= 0.0):
        worst = int(np.argmin(costs))
        raise CalibrationError(
            f"marginal cost of product {worst} would be {costs[worst]:.6g}: at these parameters "
            "buyers react too little to its price"
        )
    return Market(
        read, demand, read.prices, shares, costs, net_share, rights, kappa, None, None,
        inversion,
    )
