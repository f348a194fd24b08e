"""Phases that change who owns whom: signing contracts, new money, mergers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.alliances.contracts import Contract, Stake
from sim.alliances.review import cleared, concentration_change
from sim.finance.books import stake_price
from sim.kernels.ownership import acquire, add_stake, control_weights, dilute_control, merge_kappa
from sim.quarter.context import Event, Run, Work
from sim.world.state import State

FloatArray = NDArray[np.float64]


def profit_weights(state: State) -> FloatArray:
    """Weights kappa (F, F) from holdings, control rights and mergers (equation 6.4)."""
    return merge_kappa(control_weights(state.holdings, state.control), state.owner)


def sign(run: Run, state: State, work: Work) -> None:
    """Sign the contracts and take in the new money that are due this quarter."""
    for number, contract in enumerate(run.contracts):
        changes_ownership = contract.stake is not None or contract.merger is not None
        delay = contract.review_delay if contract.review and changes_ownership else 0
        if contract.start + delay == state.t:
            _sign_one(run, state, work, number, contract)
    for when, stake in run.injections:
        if when != state.t:
            continue
        if state.active[stake.target]:
            _issue(run, state, work, stake)
        else:
            amount = stake_price(stake.share, stake.pre_money)
            work.events.append(
                Event(state.t, stake.target, "not_paid", "investor", amount,
                      _why_absent(state, (stake.target,)))
            )


def _why_absent(state: State, members: tuple[int, ...]) -> str:
    """Why some firms cannot all be dealt with."""
    if any(state.waiting[member] for member in members):
        return "it has not entered yet" if len(members) == 1 else "a member has not entered yet"
    return "it has left the market" if len(members) == 1 else "a member has left the market"


def _sign_one(run: Run, state: State, work: Work, number: int, contract: Contract) -> None:
    firms = run.world.industry.firms
    members = "+".join(firms[member] for member in contract.members)
    first = contract.members[0]
    owners = {int(state.owner[member]) for member in contract.members}
    if not all(state.active[member] for member in contract.members) or len(owners) < 2:
        work.events.append(
            Event(state.t, first, "not_signed", members, 0.0, _why_absent(state, contract.members))
        )
        return
    if contract.review and (contract.stake is not None or contract.merger is not None):
        after, change = _review(state, contract)
        passed = cleared(after, change, contract.hhi_threshold, contract.delta_threshold)
        detail = f"MHHI {after:.0f} after, change {change:+.1f}"
        work.events.append(
            Event(state.t, first, "cleared" if passed else "prohibited", members, change, detail)
        )
        if not passed:
            return
    state.signed[number] = state.t
    state.in_force[number] = True
    for member in contract.members:
        work.one_off[member] += contract.setup_cost / len(contract.members)
    work.events.append(Event(state.t, first, "signed", members, contract.setup_cost, contract.name))
    if contract.stake is not None:
        _issue(run, state, work, contract.stake)
    if contract.merger is not None:
        _merge(run, state, work, contract)


def _after_deal(state: State, contract: Contract) -> State:
    """Ownership as it would stand after the deal, on a copy."""
    probe = replace(
        state,
        owner=state.owner.copy(),
        holdings=state.holdings.copy(),
        control=state.control.copy(),
        outside_stake=state.outside_stake.copy(),
    )
    if contract.stake is not None:
        _enter_stake(probe, contract.stake)
    if contract.merger is not None:
        acquirer, brands = _merging(probe, contract.merger.acquirer, contract.members)
        join(probe, acquirer, brands)
    return probe


def join(state: State, acquirer: int, brands: NDArray[np.int64]) -> None:
    """Brands pass to the acquirer, with what they hold and control of others."""
    for brand in brands:
        if state.owner[brand] == brand:
            acquire(state.holdings, state.control, acquirer, int(brand))
    state.owner[brands] = acquirer


def _merging(
    state: State, acquirer: int, members: tuple[int, ...]
) -> tuple[int, NDArray[np.int64]]:
    """Who owns all after a merger, and the brands that come to it: the members' and their own.

    A brand that was merged before buys for its owner and brings all that the owner has.
    """
    owner = int(state.owner[acquirer])
    joining = {int(state.owner[member]) for member in members} - {owner}
    return owner, np.flatnonzero(np.isin(state.owner, sorted(joining)))


def _review(state: State, contract: Contract) -> tuple[float, float]:
    units = state.trailing_units.sum(axis=0)
    shares = units / units.sum()
    after = profit_weights(_after_deal(state, contract))
    return concentration_change(shares, state.kappa, after)


def _enter_stake(state: State, stake: Stake) -> None:
    """New shares dilute all holders of the target in proportion."""
    kept = 1.0 - stake.share
    state.holdings[:, stake.target] *= kept
    dilute_control(state.control, stake.target, kept)
    state.outside_stake[stake.target] *= kept
    if stake.investor is None:
        state.outside_stake[stake.target] = max(
            float(state.outside_stake[stake.target]), stake.share
        )
    else:
        add_stake(
            state.holdings,
            state.control,
            stake.investor,
            stake.target,
            stake.share,
            stake.control,
        )


def _issue(run: Run, state: State, work: Work, stake: Stake) -> None:
    """A primary issue: cash to the target, a claim to the investor."""
    firms = run.world.industry.firms
    amount = stake_price(stake.share, stake.pre_money)
    investor = "investor" if stake.investor is None else firms[stake.investor]
    if stake.investor is None:
        work.ledger.post_one("injection", stake.target, amount)
    elif stake.paid_by_firm:
        work.ledger.post_one("stake_from_firm", stake.target, amount)
        work.ledger.post_one("stake_from_firm", stake.investor, -amount)
    else:
        work.ledger.post_one("stake_from_owner", stake.target, amount)
    state.equity_raised[stake.target] += amount
    _enter_stake(state, stake)
    state.kappa = profit_weights(state)
    work.events.append(
        Event(state.t, stake.target, "equity", investor, amount, f"stake {stake.share:.3f}")
    )


def _merge(run: Run, state: State, work: Work, contract: Contract) -> None:
    """Pool the balance sheets in the acquirer; the brands stay."""
    merger = contract.merger
    assert merger is not None
    acquirer, brands = _merging(state, merger.acquirer, contract.members)
    join(state, acquirer, brands)
    state.kappa = profit_weights(state)
    for brand in brands:
        for stock in (state.debt, state.drawn, state.credit_line):
            stock[acquirer] += stock[brand]
            stock[brand] = 0.0
        year = float(state.trailing_revenue[:, brand].sum())
        work.one_off[acquirer] += merger.integration_cost_share * year
        work.events.append(
            Event(
                state.t,
                int(brand),
                "merged",
                run.world.industry.firms[acquirer],
                merger.integration_cost_share * year,
                "one balance sheet; each brand keeps its war and conduct parts",
            )
        )
