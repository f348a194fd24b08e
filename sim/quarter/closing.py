"""The phases of a quarter after the price game: books, rescue and exit, and time passing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.alliances.effects import failure_probability
from sim.finance.books import Income, follow_revenue, working_capital
from sim.finance.rescue import rescue
from sim.kernels.accounts import interest_due, trade
from sim.kernels.grouping import group_sums
from sim.quarter.abroad import books_abroad
from sim.quarter.context import Event, Run, Work
from sim.quarter.events import pay_state
from sim.quarter.forces import open_credit
from sim.quarter.knowledge import learn, research_bill
from sim.quarter.market_issue import market_issue
from sim.quarter.phases import pooled
from sim.quarter.wind_up import find_buyers, sell_plants, tell_diversion
from sim.world.state import TRAILING, State, export_price

FloatArray = NDArray[np.float64]


def close_books(run: Run, state: State, work: Work) -> None:
    """Income, working capital and the cash they move (equations 5.1 to 5.5)."""
    world, industry, settings = run.world, run.world.industry, run.world.settings
    finance = settings.finance
    assert work.problem is not None
    abroad, spent = books_abroad(
        work, export_price(work.unit_cost, world.calibration), industry.export_margin
    )
    revenue, cost = trade(
        industry.firm_of, work.sold, work.price, work.problem.net_share, work.cost, abroad, spent
    )
    ratio = revenue / run.base_revenue
    on = state.active.astype(np.float64)
    income = Income(
        revenue=revenue,
        variable_cost=cost,
        fixed_cost=follow_revenue(industry.fixed_cost, ratio, finance.fixed_cost_elasticity),
        rd=research_bill(
            run,
            state,
            work,
            follow_revenue(run.base_rd, ratio, finance.fixed_cost_elasticity),
        ),
        interest=interest_due(
            on, industry.interest, state.debt, state.cash, industry.debt, industry.cash,
            finance.interest_rate, finance.deposit_rate,
        ),
        other_business=on * industry.other_business,
        alliance_cost=work.one_off + on * work.effects.running_cost,
    )
    work.income = income
    row = state.t % TRAILING
    state.trailing_revenue[row] = revenue
    state.trailing_cost[row] = cost
    state.trailing_spending[row] = income.fixed_cost + income.rd
    stocks = working_capital(
        state.recent(state.trailing_revenue),
        state.recent(state.trailing_cost),
        industry.receivable_days,
        industry.inventory_days,
        np.minimum(industry.payable_days, work.forces.payable_days),
        work.stress,
        finance.payables_distress_days,
    )
    work.stocks, net = stocks, stocks.net
    tied_up = np.where(state.active, net - state.net_working_capital, 0.0)
    ledger = work.ledger
    ledger.post("sales", revenue)
    ledger.post("variable_cost", -cost - tied_up)
    pay_state(run, work)
    ledger.post("fixed_cost", -income.fixed_cost)
    ledger.post("research", -income.rd)
    ledger.post("interest", -income.interest)
    ledger.post("other_business", income.other_business * industry.other_cash_share)
    ledger.post("alliance_cost", -income.alliance_cost)
    state.net_working_capital = np.where(state.active, net, 0.0)


def settle(run: Run, state: State, work: Work) -> None:
    """Equity, credit, owner and state in turn; who still cannot pay leaves."""
    industry, finance, ledger = run.world.industry, run.world.settings.finance, work.ledger
    market_issue(run, state, work)
    treasury = state.cash + ledger.change()
    merged = state.owner != run.firm_numbers
    if merged.any():
        swept = np.where(merged, treasury, 0.0)
        ledger.post("merged_treasury", -swept)
        ledger.post("merged_treasury", group_sums(state.owner, swept, len(swept)))
        treasury = state.cash + ledger.change()
    row = state.t % TRAILING
    state.trailing_owner_money[row] = 0.0
    state.trailing_state_money[row] = 0.0
    limit_owner = _left_of_year(
        industry.owner_support * work.forces.owner * finance.owner_support,
        state.trailing_owner_money
    )
    limit_state = _left_of_year(
        industry.state_backstop * work.forces.state * finance.state_backstop,
        state.trailing_state_money
    )
    group_burn = pooled(state.burn, state)
    found = rescue(
        treasury,
        open_credit(state, work.forces),
        state.drawn,
        run.comfort * group_burn,
        limit_owner,
        limit_state,
        state.active & ~merged,
        exits=finance.exits,
    )
    ledger.post("credit", found.credit)
    ledger.post("owner_support", found.owner)
    ledger.post("state_backstop", found.state)
    state.debt = state.debt + found.credit
    state.drawn = state.drawn + found.credit
    state.owner_money = state.owner_money + found.owner
    state.state_money = state.state_money + found.state
    state.trailing_owner_money[row] = found.owner
    state.trailing_state_money[row] = found.state
    _report_money(run, state, work, found.owner, found.state)
    leaving = found.insolvent[state.owner] & state.active
    if leaving.any():
        leaving = find_buyers(run, state, work, leaving)
    if leaving.any():
        sell_plants(run, state, work, leaving)
        tell_diversion(run, state, work, leaving)
        _exit(run, state, work, leaving)
    # What rounding leaves of a treasury that was wound up is not cash.
    state.cash = np.where(state.active, state.cash + ledger.change(), 0.0)
    state.outside = state.outside + ledger.outside()
    _break_contracts(run, state, work)


def _left_of_year(budget: FloatArray, given: FloatArray) -> FloatArray:
    """What a yearly budget (F,) still allows after the gifts (4, F) of the trailing year, CNY."""
    left: FloatArray = np.maximum(budget - np.add.reduce(given), 0.0)
    return left


def _report_money(
    run: Run, state: State, work: Work, owner: FloatArray, support: FloatArray
) -> None:
    for kind, given in (("owner_support", owner), ("state_backstop", support)):
        for firm in given.nonzero()[0]:
            work.events.append(
                Event(state.t, int(firm), kind, "", float(given[firm]), "out of cash and credit")
            )


def _exit(run: Run, state: State, work: Work, leaving: NDArray[np.bool_]) -> None:
    """Products leave; creditors take what cash there is and bear what is missing."""
    left = np.where(leaving, state.cash + work.ledger.change(), 0.0)
    work.ledger.post("wound_up", -left)
    for firm in np.flatnonzero(leaving):
        work.events.append(
            Event(
                state.t, int(firm), "exit", "", float(left[firm]),
                "cash, credit, owner and state exhausted",
            )
        )
    state.active = state.active & ~leaving
    for stock in ("debt", "drawn", "credit_line", "net_working_capital"):
        setattr(state, stock, np.where(leaving, 0.0, getattr(state, stock)))
    state.trailing_spending = np.where(leaving, 0.0, state.trailing_spending)


def _break_contracts(run: Run, state: State, work: Work) -> None:
    """A contract ends by its hazard or when a member has left; shares stay where they are."""
    for number, contract in enumerate(run.contracts):
        if not state.in_force[number]:
            continue
        gone = not all(state.active[member] for member in contract.members)
        draw = run.contract_luck[state.t, number]
        failed = contract.merger is None and draw < failure_probability(contract.hazard)
        if gone or failed:
            state.in_force[number] = False
            work.events.append(
                Event(
                    state.t, contract.members[0], "contract_ended", contract.name, 0.0,
                    "a member left the market" if gone else "the partners gave it up",
                )
            )


def evolve(run: Run, state: State, work: Work) -> None:
    """Time passes: experience, qualities and the battery price move by their luck."""
    industry, settings = run.world.industry, run.world.settings
    quality, luck, t = settings.quality, run.world.luck, state.t
    volume = state.volume
    state.experience = state.experience + volume
    if work.effects.teaches:
        learnt = work.effects.theta.copy()
        learnt.ravel()[:: len(learnt) + 1] = 0.0
        state.spill = state.spill + learnt @ volume
    # Lines off the market move as if launches went on; their ageing would lift all others.
    gone = ~state.active[industry.firm_of] & (luck.launch[t] < run.launch_hazard)
    shocks = run.shocks
    drift = (
        np.where(work.launched | gone, shocks.hit[t], 0.0)
        - shocks.ageing
        + shocks.firm[t]
        + shocks.line[t]
    )
    if run.ladder is not None:
        drift = drift + learn(run, run.ladder, state, work)
    state.passing = quality.passing_persistence * state.passing + shocks.passing[t]
    moved = state.permanent + drift
    level = np.log(run.base_weight @ np.exp(moved + state.passing[industry.firm_of]))
    # Qualities are relative to the market; without the shift, luck alone inflates it.
    state.permanent = moved - level
    costs = settings.costs
    state.battery_log = (1.0 - costs.battery_reversion) * state.battery_log + np.asarray(
        shocks.battery[t]
    )
    state.t = t + 1
