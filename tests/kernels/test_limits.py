"""Prices under capacities: the conditions of Karush, Kuhn and Tucker, and limits."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markets import random_demand

from sim.errors import KernelInputError
from sim.kernels.demand import Demand
from sim.kernels.equilibrium import solve_prices
from sim.kernels.game import PriceGame
from sim.kernels.limits import Limits, solve_with_limits
from sim.kernels.markups import static_markups


def game_of(seed, kind):
    demand, prices = random_demand(np.random.default_rng(seed), kind)
    return PriceGame(demand, 0.4 * prices, np.array([0, 0, 1, 1, 2, 2]))


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000), kind=st.sampled_from(["logit", "nested", "random nested"]),
    tight=st.floats(0.5, 1.2),
)
def test_rents_are_paid_only_at_capacity(seed, kind, tight):
    game = game_of(seed, kind)
    free = solve_prices(game, tolerance=1e-12)
    most = np.full(6, np.inf)
    most[[0, 1, 4]] = tight * free.shares[[0, 1, 4]]
    found = solve_with_limits(game, Limits(most), tolerance=1e-11)
    assert found.converged
    assert np.all(found.shares <= most * (1.0 + 1e-9))
    # The rent is the margin that the conditions do not explain.
    margins = found.prices - game.costs
    static = static_markups(game.demand, found.prices, np.ones(6), game.firm_of)
    rent = margins - static
    size = np.abs(margins).max()
    assert np.all(rent > -1e-8 * size)
    slack = found.shares < most * (1.0 - 1e-9)
    np.testing.assert_allclose(rent[slack], 0.0, atol=1e-8 * size)
    if tight > 1.0 + 1e-6:
        np.testing.assert_allclose(found.prices, free.prices, rtol=1e-9)


def test_one_product_at_capacity_sells_it_at_what_buyers_pay():
    demand = Demand(np.array([3.0]), None, np.array([2.0]), np.ones(1), np.zeros(1))
    game = PriceGame(demand, np.array([0.5]), np.array([0]))
    found = solve_with_limits(game, Limits(np.array([0.2])), tolerance=1e-12)
    # log(s / (1 - s)) = 3 - 2 p.
    assert found.prices[0] == pytest.approx((3.0 - np.log(0.25)) / 2.0, rel=1e-11)


def test_a_game_that_does_not_converge_says_so():
    game = game_of(1, "random nested")
    one_owner = replace(game, kappa=np.ones((3, 3)))
    found = solve_with_limits(one_owner, Limits(np.full(6, np.inf)), tolerance=0.0)
    assert not found.converged


def test_capacities_that_are_none_are_refused():
    with pytest.raises(KernelInputError, match="capacity of product 1"):
        Limits(np.array([1.0, 0.0]))
    with pytest.raises(KernelInputError, match="shape"):
        solve_with_limits(game_of(1, "logit"), Limits(np.ones(2)))
