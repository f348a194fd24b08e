"""Wedges, frozen prices, floors and soft capacity against closed forms."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markets import KINDS, random_game
from scipy.special import lambertw

from sim.errors import KernelInputError
from sim.kernels.capacity import Capacity, solve_with_capacity
from sim.kernels.demand import Demand, shares
from sim.kernels.equilibrium import solve_prices, zeta_steps
from sim.kernels.floors import solve_with_floors
from sim.kernels.game import PriceGame
from sim.kernels.wedges import landed_cost, net_share, subsidised


def logit(delta, alpha=1.0):
    return Demand(np.asarray(delta, float), None, np.array([alpha]), np.ones(1), np.zeros(1))


def monopoly_price(alpha, cost, utility):
    """Lambert-W price of one product against an outside option of 1."""
    return cost + (1 + lambertw(np.exp(alpha * (utility - cost) - 1)).real) / alpha


def test_a_share_of_the_price_acts_like_a_dearer_cost():
    # (w p - c) (1 - s) alpha = w: the price of a firm with cost c / w.
    kept = net_share(vat=0.13, purchase_tax=0.05, dealer_margin=0.06)
    assert kept == pytest.approx(0.94 / 1.18)
    game = PriceGame(logit([3.0], 1.5), [0.8], [0], net_share=[float(kept)])
    expected = monopoly_price(1.5, 0.8 / kept, 3.0 / 1.5)
    assert solve_prices(game).prices[0] == pytest.approx(expected, rel=1e-10)


def test_tariffs_taxes_and_subsidies_are_costs():
    cost = landed_cost(np.array([1.0, 2.0]), tariff=0.1, unit_tax=0.2, unit_subsidy=[0.0, 0.5])
    np.testing.assert_allclose(cost, [1.3, 1.9])
    game = PriceGame(logit([2.0, 2.0]), cost, [0, 1])
    found = solve_prices(game)
    np.testing.assert_allclose((found.prices - cost) * (1 - found.shares), 1.0, rtol=1e-9)
    with pytest.raises(KernelInputError, match="product 1"):
        landed_cost(np.array([1.0, 2.0]), unit_subsidy=[0.0, 3.0])


def test_it_does_not_matter_who_gets_the_subsidy():
    # Incidence: the buyer's or the maker's, what the buyer pays in the end is the same.
    demand, cost = logit([2.0, 1.5], 1.2), np.array([0.9, 0.7])
    grant = np.array([0.3, 0.1])
    buyers = solve_prices(PriceGame(subsidised(demand, grant), cost, [0, 1]))
    makers = solve_prices(PriceGame(demand, landed_cost(cost, unit_subsidy=grant), [0, 1]))
    np.testing.assert_allclose(buyers.prices - grant, makers.prices, rtol=1e-9)


def test_a_floor_binds_and_the_rival_replies():
    game = PriceGame(logit([2.0, 2.0], 2.0), [0.5, 0.5], [0, 1])
    free = solve_prices(game)
    floors = np.array([free.prices[0] + 0.4, -np.inf])
    found = solve_with_floors(game, floors)
    assert found.equilibrium.converged
    np.testing.assert_array_equal(found.at_floor, [True, False])
    assert found.equilibrium.prices[0] == floors[0]
    others = 1.0 + np.exp(2.0 - 2.0 * floors[0])
    reply = 0.5 + (1 + lambertw(np.exp(2.0 * (1.0 - 0.5) - 1) / others).real) / 2.0
    assert found.equilibrium.prices[1] == pytest.approx(reply, rel=1e-9)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), kind=st.sampled_from(KINDS), spread=st.floats(0.0, 0.6))
def test_floors_are_complementary(seed, kind, spread):
    rng = np.random.default_rng(seed)
    game = random_game(rng, kind)
    free = solve_prices(game).prices
    floors = free * (1 + spread * rng.uniform(-1, 1, len(free)))
    found = solve_with_floors(game, floors)
    assert found.equilibrium.converged
    prices = found.equilibrium.prices
    steps = zeta_steps(game, prices) / prices
    assert np.all(prices >= floors * (1 - 1e-9))
    assert np.all(steps[found.at_floor] < 1e-9)
    assert np.all(np.abs(steps[~found.at_floor]) < 1e-9)
    np.testing.assert_array_equal(prices[found.at_floor], floors[found.at_floor])


def test_floors_under_all_prices_change_nothing():
    game = random_game(np.random.default_rng(0), "random")
    free = solve_prices(game)
    found = solve_with_floors(game, 0.9 * free.prices, free.prices)
    assert not found.at_floor.any()
    np.testing.assert_allclose(found.equilibrium.prices, free.prices, rtol=1e-9)


def test_soft_capacity_of_one_firm():
    # (p - c - m(u)) alpha (1 - s) = 1 and u = M s / K.
    game = PriceGame(logit([3.0], 1.5), [0.4], [0])
    limit = Capacity(np.array([40.0]), np.array([0.8]), np.array([2.0]))
    found = solve_with_capacity(game, limit, 100.0)
    assert found.equilibrium.converged
    price, use = found.equilibrium.prices[0], found.utilisation[0]
    assert use > 0.8
    share = 1 / (1 + np.exp(1.5 * price - 3.0))
    assert use == pytest.approx(100 * share / 40, rel=1e-9)
    assert (price - 0.4 - 2 * (use - 0.8)) * 1.5 * (1 - share) == pytest.approx(1.0, rel=1e-8)
    assert found.marginal_cost[0] == pytest.approx(0.4 + 2 * (use - 0.8), rel=1e-9)
    # Total cost is in the books: 40 x 2 (u - 0.8)^2 / 2.
    assert found.extra_cost[0] == pytest.approx(40 * (use - 0.8) ** 2, rel=1e-9)


def test_total_cost_is_the_integral_of_marginal_cost():
    limit = Capacity(np.array([50.0, np.inf]), np.array([0.7, 0.5]), np.array([3.0, 1.0]), 2.0)
    for use in (0.3, 0.9, 1.4):
        grid = np.linspace(0.0, use, 200_001)
        middle = 0.5 * (grid[1:] + grid[:-1])
        marginal = np.array([limit.marginal(np.array([u, 0.0]))[0] for u in middle[::1000]])
        integral = 50.0 * np.trapezoid(
            [limit.marginal(np.array([u, 0.0]))[0] for u in grid[::500]], grid[::500]
        )
        assert limit.total(np.array([use, 0.0]))[0] == pytest.approx(integral, rel=1e-4, abs=1e-9)
        assert np.all(marginal >= 0.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("slope", [0.5, 20.0])
def test_soft_capacity_of_many_firms(kind, slope):
    # Steep: a unit of utilisation costs twenty times a product; plain updating would cycle.
    game = random_game(np.random.default_rng(6), kind)
    free = solve_prices(game)
    sold = np.bincount(game.firm_of, weights=free.shares)
    limit = Capacity(1000 * sold * [0.8, 0.9, 1.5], np.full(3, 0.7), np.full(3, slope))
    found = solve_with_capacity(game, limit, 1000.0)
    assert found.equilibrium.converged
    assert found.miss < 1e-10
    prices = found.equilibrium.prices
    units = 1000 * np.bincount(game.firm_of, weights=shares(game.demand, prices))
    np.testing.assert_allclose(found.utilisation, units / limit.units, rtol=1e-8)
    again = solve_prices(replace(game, costs=found.marginal_cost), prices)
    np.testing.assert_allclose(again.prices, prices, rtol=1e-9)


def test_capacity_without_limit_changes_nothing():
    game = random_game(np.random.default_rng(7), "nested")
    limit = Capacity(np.full(3, np.inf), np.zeros(3), np.ones(3))
    found = solve_with_capacity(game, limit, 1000.0)
    np.testing.assert_allclose(found.equilibrium.prices, solve_prices(game).prices, rtol=1e-9)
    np.testing.assert_array_equal(found.extra_cost, 0.0)


@pytest.mark.parametrize(
    ("field", "value"), [("units", 0.0), ("knee", np.nan), ("slope", -1.0)]
)
def test_a_capacity_that_is_none_is_refused(field, value):
    values = {"units": np.ones(2), "knee": np.ones(2), "slope": np.ones(2)}
    values[field][1] = value
    with pytest.raises(KernelInputError, match="firm 1"):
        Capacity(**values)
