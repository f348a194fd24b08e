"""Firms that enter: what they are measured by, what they know, and what is not paid to them."""

from dataclasses import replace

import numpy as np
import pytest
from conduct_suite import view_of
from planned_events import AT, FEW, START, event
from worlds import STILL, run_of, tables, walk

from sim.decisions.learner import QLearner
from sim.errors import SolverError
from sim.quarter.context import first_state
from sim.quarter.standing import STATES, standing

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


