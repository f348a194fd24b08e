"""A firm that learns its price level."""

import numpy as np
from conduct_suite import ConductSuite, view_of

from sim.decisions.learner import QLearner

RULE = QLearner(5, 0.8, 1.2, alpha=0.3, beta=0.01, delta=0.5, elasticity=-3.0, floor=0.0)


class TestQLearning(ConductSuite):
    kind = "qlearning"
    numbers = (
        "{levels: 5, low: 0.8, high: 1.1, alpha: 0.2, beta: 0.1, delta: 0.9, elasticity: -4, "
        "floor: 0.9}"
    )

    def test_prices_are_levels_of_the_base_years(self):
        view = view_of()
        for u in (0.05, 0.3, 0.5, 0.7, 0.95):
            plan = RULE.plan(view._replace(luck=np.full(len(view.lines), u)))
            ratio = plan.rule_price / view.base_prices[view.lines]
            # In the first quarter everything is tried, and evenly.
            assert np.allclose(ratio, 0.8 + 0.1 * int(5 * u), rtol=1e-12)

    def test_one_step_of_learning_is_the_definitions(self):
        view = view_of()
        first = RULE.plan(view)
        (state, action), values = first.memory[:2].astype(int), first.memory[2:].reshape(25, 5)
        sold = 1.1 * view.sold
        later = view._replace(t=1, memory=first.memory, price=first.rule_price, sold=sold)
        after = RULE.plan(later).memory[2:].reshape(25, 5)
        reached = int(RULE.plan(later).memory[0])
        profit = float((later.price * later.net_share - later.cost) @ sold)
        expected = values.copy()
        expected[state, action] *= 0.7
        expected[state, action] += 0.3 * (profit + 0.5 * values[reached].max())
        assert np.allclose(after, expected, rtol=1e-12)
        assert reached // 5 == action

    def test_against_rivals_that_stand_still_it_finds_the_level_that_pays_most(self):
        view = view_of()
        usual = view.sold
        base = view.base_prices[view.lines]
        grid = np.linspace(0.8, 1.2, 5)

        def sales(level):
            return usual * level**-6.0

        profit = [float((g * base * view.net_share - view.cost) @ sales(g)) for g in grid]
        luck = np.random.default_rng(0).random(2_000)
        for t, u in enumerate(luck):
            plan = RULE.plan(view._replace(t=t, luck=np.full(len(view.lines), u)))
            level = float((plan.rule_price / base)[0])
            everybody = view.sales.copy()
            everybody[view.lines] = sales(level)
            view = view._replace(
                memory=plan.memory, price=plan.rule_price, sold=sales(level), sales=everybody
            )
        assert np.isclose(level, grid[int(np.argmax(profit))])
        # The belief alone would have chosen another one.
        assert int(np.argmax(RULE._belief(view_of(), grid)[0])) != int(np.argmax(profit))
