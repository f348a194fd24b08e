"""Firms that enter: what they are measured by, what they know, and what is not paid to them."""

from dataclasses import replace

import numpy as np
import pytest
from conduct_suite import view_of
from planned_events import AT, FEW, START, event
from scipy.optimize import minimize
from worlds import STILL, run_of, tables, walk

from sim.decisions.learner import QLearner
from sim.errors import SolverError
from sim.finance.ledger import ACCOUNTS
from sim.kernels.demand import shares
from sim.quarter.context import first_state
from sim.quarter.entry_value import prospect
from sim.quarter.standing import STATES, standing
from sim.scenario.events import EntryPays

ZOMBIE = STATES.index("zombie")
NEWCOMER = f"kind: entrant, firm: newcomer, {START}, lines: [xiaomi_su7, byd_yuan_plus]"


def seen(*sets, quarters=6):
    """The run, and what each quarter's papers and state held."""
    kept = []

    def after(state, work):
        kept.append((replace(work), state.copy()))

    run = run_of("solo", (*FEW, *STILL, *sets), replicate=3)
    walk(run, quarters, after)
    return run, kept


def test_an_entrant_is_a_zombie_by_its_first_year_alone():
    # A fiftieth of what the lines that it copies sold.
    run, hit = seen(event(f"{NEWCOMER}, quality: -4, cash_cny_bn: 20"), quarters=8)
    new, industry = run.world.industry.index("newcomer"), run.world.industry
    sold = [work.units[new] for work, _ in hit]
    assert max(sold) < 0.1 * industry.by_firm(industry.units)[new]
    for t, (_, state) in enumerate(hit):
        told = standing(industry, state, t + 1).state[new]
        assert told != ZOMBIE, t
    assert hit[AT + 2][1].zombie_units[new] == 0.0
    for _, state in hit[AT + 3 :]:
        assert state.zombie_units[new] == pytest.approx(np.mean(sold[AT : AT + 4]), rel=1e-12)
    # A year of a tenth of its first one makes it one.
    late = hit[-1][1].copy()
    late.trailing_units[:, new] = 0.1 * late.zombie_units[new]
    assert standing(industry, late, 8).state[new] == ZOMBIE


def test_a_waiting_firm_has_sold_nothing_before_and_counts_from_its_first_quarter():
    text = event(f"kind: entrant, firm: xiaomi, {START}")
    run = run_of("solo", (*FEW, *STILL, text))
    state, firm = first_state(run), run.world.industry.index("xiaomi")
    assert state.sold[run.lines_of[firm]].tolist() == [0.0] * len(run.lines_of[firm])
    assert state.volume[firm] == state.energy[firm] == state.zombie_units[firm] == 0.0
    late, always = (tables(run_of("solo", (*FEW, *STILL, *more)), 4) for more in ((text,), ()))
    counted = late["market"]["active_firms"] - always["market"]["active_firms"]
    assert counted.tolist() == [-1] * AT + [0] * 2


def test_money_for_a_firm_that_waits_is_told_as_not_paid():
    money = "injections.late={to: xiaomi, start: 2025Q2, stake: 0.1, pre_money_cny_bn: 9}"
    _, hit = seen(event(f"kind: entrant, firm: xiaomi, {START}"), money, quarters=3)
    (told,) = [each for work, _ in hit for each in work.events if each.kind == "not_paid"]
    assert (told.t, told.counterparty, told.amount) == (1, "investor", pytest.approx(1e9))
    assert told.detail == "it has not entered yet"


def test_a_learner_that_has_sold_nothing_believes_in_the_level_of_one_that_has():
    rule = QLearner(5, 0.8, 1.2, alpha=0.3, beta=0.01, delta=0.5, elasticity=-2.0, floor=0.0)
    greedy = view_of(t=10_000, sold=np.zeros_like(view_of().sold))
    plan = rule.plan(greedy)
    # Costs that are all of a price p net of wedges pay best at the highest level on the grid.
    dear = greedy._replace(cost=greedy.base_prices[greedy.lines] * greedy.net_share)
    level = rule.plan(dear).rule_price / dear.base_prices[dear.lines]
    assert level == pytest.approx(1.2)
    values = plan.memory[2:].reshape(25, 5)
    assert np.ptp(values[0]) > 0.0


def test_prices_under_zero_end_the_run_by_name():
    text = event(f"kind: truce, {START}, factor: 5, firms: [nio]")
    with pytest.raises(SolverError, match="not above zero"):
        seen(text, "conduct.war_intensity=5", quarters=3)


def test_a_cut_by_an_event_holds_where_the_firm_prices_by_a_volume():
    cut = event("kind: price_cut, firms: [geely], start: 2025Q2, quarters: 2, cut: 0.1", "cut")
    rule = "conduct.rules={geely: {volume_target: {units_a_year: 9e6, growth: 0, floor: 0.9}}}"
    run, hit = seen(cut, rule, quarters=3)
    lines = run.lines_of[run.world.industry.index("geely")]
    before, during = hit[0][1].price[lines], hit[1][1].price[lines]
    assert during == pytest.approx(0.9 * before, rel=1e-12)




def weighed(cost):
    return event(
        "kind: entrant, firm: newcomer, lines: [xiaomi_su7], quality: 2, cost_factor: 0.8, "
        f"when: {{entry_pays: {{cost_cny_bn: {cost}, years: 8, discount_rate: 0.1}}}}"
    )


def test_a_firm_enters_when_what_it_can_earn_is_worth_more_than_entering_costs():
    run, dear = seen(weighed(10_000), quarters=2)
    new = run.world.industry.index("newcomer")
    rows = [each for work, _ in dear for each in work.events if each.kind == "entry_weighed"]
    assert [(each.t, each.firm) for each in rows] == [(0, new), (1, new)]
    assert not any(state.active[new] for _, state in dear)
    worth = (rows[0].amount + 10_000e9) / 1e9
    assert f"worth {worth:.2f} bn over 8 years at 10.0%; entry costs 10000.00 bn" in rows[0].detail
    assert rows[0].detail.startswith("does not pay")
    # Just cheap enough, and just not.
    for cost, enters in ((worth * 0.999, True), (worth * 1.001, False)):
        _, kept = seen(weighed(f"{cost:.9f}"), quarters=2)
        assert (kept[1][0].units[new] > 0.0) == enters
        assert bool(kept[0][1].active[new]) == enters


def test_what_it_expects_is_the_best_it_can_do_while_others_hold_their_prices():
    run, kept = seen(weighed(10_000), quarters=1)
    work, state = kept[0]
    new, terms = run.world.industry.index("newcomer"), EntryPays(
        cost_cny_bn=1.0, years=8, discount_rate=0.1
    )
    found = prospect(run, first_state(run), work, new, terms)
    lines, industry = run.lines_of[new], run.world.industry
    there = state.active[industry.firm_of]
    there[lines] = True
    demand = work.problem.demand.with_products(work.problem.demand.delta, there)

    def loss(x):
        prices = work.price.copy()
        prices[lines] = x * industry.price[lines]
        sold = (shares(demand, prices) * work.market_size)[lines]
        net = prices[lines] * work.problem.net_share[lines]
        return -float(sold @ (net - work.cost[lines])), float(sold @ net), sold

    best = minimize(
        lambda x: loss(x)[0] / 1e9, np.ones(len(lines)), method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-12},
    ).x  # fmt: skip
    earned, revenue, sold = loss(best)
    spent = (industry.fixed_cost + industry.rd)[new] * (revenue / run.base_revenue[new]) ** 0.5
    assert found.units == pytest.approx(4.0 * sold.sum(), rel=1e-4)
    assert found.profit == pytest.approx(4.0 * (-earned - spent), rel=1e-5)
    worth = sum(found.profit / 1.1**year for year in range(1, 9))
    assert found.worth == pytest.approx(worth, rel=1e-12)
    assert found.profit > 0.0 or found.worth < 0.0


def test_the_cost_of_entering_goes_past_its_books():
    free, paid = (seen(weighed(cost), quarters=1)[1][0][1] for cost in (0.0, 0.25))
    moved = dict(zip(ACCOUNTS, paid.outside - free.outside, strict=True))
    assert moved.pop("investors") == pytest.approx(-0.25e9)
    assert moved.pop("suppliers") == pytest.approx(0.25e9)
    assert set(moved.values()) == {0.0}
    assert np.array_equal(free.cash, paid.cash)
