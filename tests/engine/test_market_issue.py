"""Shares sold on the market dilute, their odds follow results; plants come after their lag."""

import numpy as np
import pytest
from worlds import STILL, run_of, walk

from sim.finance.books import operating_margin
from sim.quarter.context import first_state
from sim.quarter.ownership import profit_weights

SHORT = ("demand.types=32", "finance.raise_probability=1", "firms.leapmotor.cash=6")
STAKE = (
    "holdings.votes={holder: geely, target: leapmotor, share: 0.30, control: proportional}",
)


def issues(sets, quarters=6, arm="solo", replicate=0):
    """(state before, state after, papers) of each quarter with an issue, and the run."""
    run = run_of(arm, sets, replicate)
    seen, last = [], [first_state(run)]

    def after(state, work):
        if work.ledger.of("new_equity").any():
            seen.append((last[0], state.copy(), work))
        last[0] = state.copy()

    walk(run, quarters, after)
    return run, seen


def test_new_shares_take_from_all_holders_and_their_claims_and_votes_move():
    run, seen = issues((*SHORT, *STAKE))
    assert seen
    firms = run.world.industry.firms
    geely, leap = firms.index("geely"), firms.index("leapmotor")
    for before, after, work in seen:
        amount = work.ledger.of("new_equity")
        value = 1.36 * after.trailing_revenue.sum(axis=0)
        kept = 1.0 - amount / np.where(amount > 0.0, value + amount, 1.0)
        np.testing.assert_allclose(after.holdings, before.holdings * kept, rtol=1e-12)
        np.testing.assert_allclose(after.outside_stake, before.outside_stake * kept, rtol=1e-12)
        np.testing.assert_allclose(after.control[leap].sum(), 1.0, rtol=1e-12)
        assert np.array_equal(after.kappa, profit_weights(after))
    before, after, work = next(each for each in seen if each[2].ledger.of("new_equity")[leap] > 0)
    # Fewer claims and votes: the holder minds the firm's profit less, the firm the holder's.
    assert 0.0 < after.kappa[geely, leap] < before.kappa[geely, leap]
    assert 0.0 < after.kappa[leap, geely] < before.kappa[leap, geely]
    assert np.array_equal(np.diag(after.kappa), np.ones(len(firms)))


def test_without_dilution_the_money_is_the_same_and_nobody_loses_a_share():
    quarters = 6
    _, seen = issues((*SHORT, *STAKE), quarters)
    _, plain = issues((*SHORT, *STAKE, "finance.issues_dilute=false"), quarters)
    first, second = seen[0], plain[0]
    np.testing.assert_array_equal(
        first[2].ledger.of("new_equity"), second[2].ledger.of("new_equity")
    )
    np.testing.assert_array_equal(second[0].holdings, second[1].holdings)


@pytest.mark.parametrize("slope", [0.0, 4.0])
def test_the_market_takes_what_luck_and_the_margin_of_the_year_allow(slope):
    sets = (
        "demand.types=32", "finance.raise_probability=0.4", "finance.raise_runway_quarters=1e3",
        f"finance.raise_margin_slope={slope}",
    )  # fmt: skip
    run = run_of("solo", sets, 3)
    taken, margins = [], []

    def after(state, work):
        sums = [
            ring.sum(axis=0)
            for ring in (state.trailing_revenue, state.trailing_cost, state.trailing_spending)
        ]
        margin = operating_margin(*sums)
        odds = 0.4 * np.exp(slope * (margin - run.listed_margin))
        # Who leaves in the quarter has closed its rings.
        asked = (work.issue > 0.0) & state.active
        expected = asked & (run.world.luck.equity[state.t - 1] < odds)
        assert np.array_equal((work.ledger.of("new_equity") > 0.0) & state.active, expected)
        taken.extend(expected[asked])
        margins.extend(margin[asked])

    walk(run, 12, after)
    assert 10 < sum(taken) < len(taken) - 10
    if slope:
        rich = np.array(margins) > np.median(margins)
        assert np.mean(np.array(taken)[rich]) > np.mean(np.array(taken)[~rich])


def test_the_base_year_s_listed_firms_get_the_stated_odds_in_the_mean():
    run = run_of("solo", ("demand.types=32",))
    industry, state = run.world.industry, first_state(run)
    sums = [
        ring.sum(axis=0)
        for ring in (state.trailing_revenue, state.trailing_cost, state.trailing_spending)
    ]
    weight = sums[0] * industry.listed
    assert run.listed_margin == pytest.approx(weight @ operating_margin(*sums) / weight.sum())
    assert operating_margin(*np.array([[0.0, 1.0], [1.0, 5.0], [0.0, 0.0]])).tolist() == [-1, -1]


def built(lag):
    """Capacity (T, F), plants ordered (T, F) and what they cost (T, F)."""
    sets = (*STILL, "demand.types=32", f"finance.building_quarters={lag}")
    run = run_of("solo", sets)
    seen = []
    walk(run, 8, lambda state, work: seen.append(
        (state.capacity.copy(), work.build.copy(), -work.ledger.of("capacity"))
    ))  # fmt: skip
    return run, *(np.array(each) for each in zip(*seen, strict=True))


def test_a_plant_is_paid_when_ordered_stands_a_lag_later_and_is_ordered_once():
    run, at_once, ordered, paid = built(0)
    _, later, ordered_later, paid_later = built(3)
    start = run.world.industry.capacity
    assert ordered[0].max() > 0.0
    np.testing.assert_allclose(at_once, start + ordered.cumsum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(later[:3], np.tile(start, (3, 1)), rtol=1e-12)
    np.testing.assert_allclose(later[3:], start + ordered_later.cumsum(axis=0)[:-3], rtol=1e-12)
    np.testing.assert_array_equal(ordered[0], ordered_later[0])
    np.testing.assert_array_equal(paid[0], paid_later[0])
    # Nobody orders again what is under way.
    assert ordered_later[1:3].sum() < 0.2 * ordered_later[0].sum()
