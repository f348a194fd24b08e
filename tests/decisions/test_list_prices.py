"""Cost-plus, leader, follower and undercutting."""

import numpy as np
from conduct_suite import FIRM, QUARTERS, ConductSuite, view_of, with_rules
from worlds import STILL, walk

from sim.decisions.conduct import DynamicNash
from sim.decisions.lists import CostPlus, Follower, PriceLeader, Undercut


def prices_of(run, quarters, firm=FIRM):
    """Prices, (quarters, lines of the firm)."""
    lines = run.lines_of[run.world.industry.index(firm)]
    seen = []
    walk(run, quarters, lambda state, work: seen.append(work.price[lines]))
    return np.array(seen)


class TestCostPlus(ConductSuite):
    kind, numbers = "cost_plus", "{markup: 0.2}"

    def test_with_the_markups_of_nash_it_prices_as_nash(self):
        run = with_rules("all: {static_nash: {}}")
        nash = walk(run, 1).work
        markup = nash.price * nash.problem.net_share / nash.cost - 1.0
        rules = {firm: CostPlus(markup[lines]) for firm, lines in enumerate(run.lines_of)}
        ruled = walk(run, 1, conducts=rules).work
        assert np.allclose(ruled.price, nash.price, rtol=1e-12)
        assert np.all(ruled.problem.frozen)

    def test_left_out_the_markup_is_that_of_the_first_quarter(self):
        run = with_rules(f"{FIRM}: {{cost_plus: {{}}}}")
        industry = run.world.industry
        lines = run.lines_of[industry.index(FIRM)]
        markups = []

        def look(state, work):
            kept = work.price * work.problem.net_share / work.cost - 1.0
            markups.append(kept[lines])

        work = walk(run, 1, look).work
        expected = (industry.price * work.problem.net_share / work.cost)[lines] - 1.0
        walk(run, QUARTERS, look)
        assert np.allclose(markups, expected, rtol=1e-12)
        # Costs moved, so the same prices would not have done.
        assert not np.allclose(prices_of(run, QUARTERS), industry.price[lines], rtol=1e-3)


class TestPriceLeader(ConductSuite):
    kind, numbers = "price_leader", "{cut: 0.05, every: 2, cuts: 3, floor: 0.5}"

    def test_it_cuts_on_its_dates_and_holds_between(self):
        run = with_rules(f"{FIRM}: {self.stated()}")
        prices = prices_of(run, 8)
        base = run.world.industry.price[run.lines_of[run.world.industry.index(FIRM)]]
        made = np.array([1, 1, 2, 2, 3, 3, 3, 3])
        assert np.allclose(prices, base * 0.95 ** made[:, None], rtol=1e-12)

    def test_it_stops_at_its_floor(self):
        rule = PriceLeader(cut=0.3, every=1, cuts=9, floor=1.0)
        view = view_of()
        for t in range(6):
            view = view._replace(t=t, price=rule.plan(view).rule_price)
        assert np.allclose(view.price * view.net_share, view.cost, rtol=1e-12)


def levels(run, prices, firm):
    lines = run.lines_of[run.world.industry.index(firm)]
    return np.log(prices / run.world.industry.price[lines])


class TestFollower(ConductSuite):
    kind, numbers = "follower", "{leader: byd, speed: 0.5, floor: 0.5}"
    LEADER = "byd: {price_leader: {cut: 0.05, every: 2, cuts: 3, floor: 0.5}}"

    def followed(self, speed):
        rule = f"{FIRM}: {{follower: {{leader: byd, speed: {speed}, floor: 0.5}}}}"
        run = with_rules(f"{self.LEADER}, {rule}")
        leader = levels(run, prices_of(run, 8, "byd"), "byd")
        return leader, levels(run, prices_of(run, 8), FIRM)

    def test_at_a_speed_of_one_the_ratio_is_kept(self):
        leader, follower = self.followed(1)
        # Within a quarter: what the leader charged in the last one.
        assert np.allclose(follower[1:], leader[:-1, :1], atol=1e-12)
        assert np.allclose(follower[0], 0.0, atol=1e-12)
        assert leader[-1, 0] < -0.1

    def test_at_a_lower_speed_that_share_of_the_gap_is_closed(self):
        leader, follower = self.followed(0.25)
        gap = leader[:-1, :1] - follower[:-1]
        assert np.allclose(np.diff(follower, axis=0), 0.25 * gap, atol=1e-12)

    def test_at_a_speed_of_zero_prices_stand(self):
        assert np.allclose(self.followed(0)[1], 0.0, atol=1e-12)

    def test_when_the_leader_has_left_it_is_dynamic_nash(self):
        view = view_of()
        gone = view._replace(on_sale=view.firm_of != 0)
        plan = Follower(leader=0, speed=1.0, floor=0.5).plan(gone)
        assert plan.rule_price is None
        assert np.array_equal(plan.shadow, DynamicNash().plan(gone).shadow)

    def test_it_does_not_follow_below_its_floor(self):
        view = view_of()
        prices = np.where(view.firm_of == 0, 0.3 * view.base_prices, view.prices)
        plan = Follower(leader=0, speed=1.0, floor=1.0).plan(view._replace(prices=prices))
        assert np.allclose(plan.rule_price * view.net_share, view.cost, rtol=1e-12)


class TestUndercut(ConductSuite):
    kind, numbers = "undercut", "{step: 0.03, floor: 0.9}"

    def test_two_of_them_drive_each_other_down_until_a_floor_stops_them(self):
        rule = "{undercut: {step: 0.1, floor: 0.9}}"
        run = with_rules(f"{FIRM}: {rule}, nio: {rule}", *STILL)
        industry, seen = run.world.industry, []
        work = walk(run, 16, lambda state, work: seen.append(work.price)).work
        kept = work.price * work.problem.net_share / work.cost
        level = np.log(work.price / industry.price)
        pair = [run.lines_of[industry.index(name)] for name in (FIRM, "nio")]
        stopped = []
        for own, other in (pair, pair[::-1]):
            floor = np.isclose(kept[own], 0.9, rtol=1e-12)
            under = level[own] <= level[other].mean() + np.log(0.9) + 1e-9
            assert np.all(floor | under)
            assert np.all(kept[own] >= 0.9 - 1e-12)
            path = np.array(seen)[:, own]
            assert np.all(np.diff(path, axis=0) <= 1e-6)
            assert np.array_equal(path[-1], path[-2])
            assert np.all(path[-1] < industry.price[own])
            stopped.append(bool(floor.all()))
        assert any(stopped)

    def test_it_goes_below_the_deepest_cut_by_its_step(self):
        view = view_of()
        prices = view.base_prices.copy()
        assert view.firm not in (0, 2)
        prices[view.firm_of == 0] *= 0.9
        prices[view.firm_of == 2] *= 0.95
        view = view._replace(prices=prices, price=prices[view.lines])
        plan = Undercut(step=0.02, floor=0.0).plan(view)
        assert np.allclose(plan.rule_price, 0.98 * 0.9 * view.base_prices[view.lines], rtol=1e-12)
        lower = view._replace(price=0.8 * view.base_prices[view.lines])
        assert np.allclose(Undercut(0.02, 0.0).plan(lower).rule_price, lower.price, rtol=1e-12)
