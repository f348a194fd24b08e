"""Static and dynamic Nash, and inertia between them and prices that stand."""

import numpy as np
import pytest
from conduct_suite import FIRM, QUARTERS, ConductSuite, plain_run, with_rules
from worlds import STILL, differing, tables, walk

from sim.kernels.equilibrium import solve_prices
from sim.kernels.game import PriceGame


class TestDynamicNash(ConductSuite):
    kind, numbers = "dynamic_nash", "{}"

    def test_it_is_what_firms_do_without_a_rule(self):
        ruled = tables(with_rules("all: {dynamic_nash: {}}"), QUARTERS)
        assert differing(ruled, tables(plain_run(), QUARTERS)) == []


class TestStaticNash(ConductSuite):
    kind, numbers = "static_nash", "{}"

    def test_prices_are_the_kernels_without_shadow_values(self):
        run = with_rules("all: {static_nash: {}}")
        work = walk(run, 2).work
        game = PriceGame(
            demand=work.problem.demand,
            costs=work.cost,
            firm_of=run.world.industry.firm_of,
            kappa=work.kappa,
            net_share=work.problem.net_share,
        )
        assert np.allclose(solve_prices(game).prices, work.price, rtol=1e-8)

    def test_it_is_dynamic_nash_with_all_parts_off(self):
        off = [f"conduct.parts.{part}=false" for part in ("learning", "idle", "war", "conduct")]
        dynamic = tables(with_rules("all: {dynamic_nash: {}}", *off), QUARTERS)
        static = tables(with_rules("all: {static_nash: {}}", *off), QUARTERS)
        assert np.allclose(static["firms"]["price"], dynamic["firms"]["price"], equal_nan=True)
        assert not np.allclose(
            tables(plain_run(), QUARTERS)["firms"]["price"], static["firms"]["price"],
            equal_nan=True,
        )  # fmt: skip


class TestInertia(ConductSuite):
    kind, numbers = "inertia", "{share: 0.4}"

    def test_if_all_prices_move_it_is_dynamic_nash(self):
        ruled = tables(with_rules("all: {inertia: {share: 1}}"), QUARTERS)
        assert differing(ruled, tables(plain_run(), QUARTERS)) == []

    @pytest.mark.parametrize("who", ["all", FIRM])
    def test_if_none_moves_prices_stand(self, who):
        run = with_rules(f"{who}: {{inertia: {{share: 0}}}}")
        industry = run.world.industry
        mine = industry.firm_of == industry.index(FIRM) if who == FIRM else slice(None)
        price = walk(run, QUARTERS).work.price
        assert np.array_equal(price[mine], industry.price[mine])
        assert who == "all" or not np.allclose(price, industry.price)

    def test_lines_move_where_their_luck_says_and_no_others(self):
        run = with_rules("all: {inertia: {share: 0.4}}", *STILL)
        before = run.world.industry.price.copy()
        moved = []

        def look(state, work):
            nonlocal before
            moves = run.world.luck.conduct[state.t - 1] < 0.4
            assert np.array_equal(work.price[~moves], before[~moves])
            assert np.all(work.price[moves] != before[moves])
            moved.append(moves.mean())
            before = work.price.copy()

        walk(run, QUARTERS, look)
        assert 0.3 < np.mean(moved) < 0.5
