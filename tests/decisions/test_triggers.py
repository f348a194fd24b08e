"""Wars that break out and are forgiven."""

import numpy as np
import pytest
from conduct_suite import FIRM, QUARTERS, ConductSuite, plain_run, view_of, with_rules
from worlds import STILL, differing, tables, walk

from sim.decisions.conduct import DynamicNash, unit_cost
from sim.decisions.triggers import GreenPorter, RotembergSaloner


def wars(rule, views):
    """Whether each of a series of views finds the firm at war."""
    memory, found = np.zeros(0), []
    for view in views:
        plan = rule.plan(view._replace(memory=memory))
        usual = DynamicNash().plan(view)
        more = (plan.parts.war - usual.parts.war) * (1.0 + view.mu)
        if more > 0.0:
            assert np.isclose(more, rule.punishment * unit_cost(view))
            assert plan.parts.conduct == usual.parts.conduct
        else:
            less = plan.parts.conduct - usual.parts.conduct
            assert 0.0 <= less <= rule.restraint * unit_cost(view) * (1.0 + 1e-12)
        found.append(bool(more > 0.0))
        memory = plan.memory
    return found


class Triggers(ConductSuite):
    def test_without_punishment_and_restraint_it_is_dynamic_nash(self):
        numbers = "{threshold: 0, punishment: 0, restraint: 0, quarters: 2}"
        ruled = tables(with_rules(f"all: {{{self.kind}: {numbers}}}"), QUARTERS)
        assert differing(ruled, tables(plain_run(), QUARTERS)) == []

    def test_restraint_alone_raises_prices(self):
        numbers = "{threshold: 0.9, punishment: 0, restraint: 0.05, quarters: 2}"
        firm = plain_run().world.industry.index(FIRM)
        lines = plain_run().lines_of[firm]
        ruled = walk(with_rules(f"{FIRM}: {{{self.kind}: {numbers}}}"), 1).work.price[lines]
        assert np.all(ruled > walk(plain_run(), 1).work.price[lines])


class TestGreenPorter(Triggers):
    kind = "green_porter"
    numbers = "{threshold: 0.05, punishment: 0.04, restraint: 0.02, quarters: 2}"

    @pytest.mark.parametrize("quarters", [1, 3])
    def test_a_fall_of_own_sales_starts_a_war_of_its_length(self, quarters):
        rule = GreenPorter(threshold=0.1, punishment=0.05, restraint=0.01, quarters=quarters)
        scale = [1.0, 1.0, 0.95, 0.8, 0.8, 0.8, 0.8, 0.8, 0.5, 0.5]
        views = [view_of(sold=size * view_of().sold) for size in scale]
        expected = [False] * 10
        for start in (3, 8):
            expected[start : start + quarters] = [True] * min(quarters, 10 - start)
        assert wars(rule, views) == expected


class TestRotembergSaloner(Triggers):
    kind = "rotemberg_saloner"
    numbers = "{threshold: 0.05, punishment: 0.04, restraint: 0.02, quarters: 2}"

    def test_a_rivals_cut_raises_the_war_level_and_is_forgiven(self):
        # One cut by BYD in the first quarter is seen in the second; nothing else moves as much.
        leader = "byd: {price_leader: {cut: 0.1, every: 1, cuts: 1, floor: 0}}"
        numbers = "{threshold: 0.09, punishment: 0.05, restraint: 0, quarters: 3}"
        run = with_rules(f"{leader}, {FIRM}: {{{self.kind}: {numbers}}}", *STILL)
        firm, seen = run.world.industry.index(FIRM), []

        def look(state, work):
            usual = DynamicNash().plan(work.views[firm])
            more = work.plans[firm].parts.war - usual.parts.war
            seen.append(more / unit_cost(work.views[firm]))

        walk(run, 7, look)
        assert np.allclose(seen, [0, 0.05, 0.05, 0.05, 0, 0, 0], atol=1e-12)

    def test_a_cut_of_its_own_or_of_who_has_left_is_none(self):
        view, rule = view_of(), RotembergSaloner(0.05, 0.05, 0.0, 2)
        for cutter, on_sale in ((view.firm, view.on_sale), (0, view.firm_of != 0)):
            after = np.where(view.firm_of == cutter, 0.8 * view.prices, view.prices)
            assert wars(rule, [view, view._replace(prices=after, on_sale=on_sale)]) == [False] * 2
        after = np.where(view.firm_of == 0, 0.8 * view.prices, view.prices)
        assert wars(rule, [view, view._replace(prices=after)]) == [False, True]

    def test_restraint_is_less_in_a_boom(self):
        rule, view = RotembergSaloner(0.05, 0.05, 0.02, 2), view_of()
        memory, held = np.zeros(0), []
        for size in (1.0, 1.0, 2.0, 0.5):
            shown = view._replace(sales=size * view.sales, memory=memory)
            plan = rule.plan(shown)
            held.append(plan.parts.conduct - DynamicNash().plan(view).parts.conduct)
            memory = plan.memory
        # In the third quarter sales are 2 against a mean of 4/3 so far.
        assert np.allclose(np.array(held) / held[0], [1, 1, 2 / 3, 1])
