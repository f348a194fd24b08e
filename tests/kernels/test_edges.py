"""Where constraints meet, numbers end and searches are cut short."""

from dataclasses import replace

import numpy as np
import pytest
from markets import KINDS, random_game
from pyblp_reference import reference
from scipy.optimize import minimize_scalar

from sim.errors import KernelInputError
from sim.kernels.capacity import Capacity, solve_with_capacity
from sim.kernels.curvature import Curvature
from sim.kernels.demand import Demand, shares
from sim.kernels.equilibrium import linearise, solve_prices, zeta_steps
from sim.kernels.game import PriceGame
from sim.kernels.groups import solve_groups
from sim.kernels.qlearning import Learning, learn
from sim.kernels.surplus import consumer_surplus


def random_coefficients(seed, spread, tail):
    """A market whose types differ by ``spread`` in taste and by ``tail`` in log alpha."""
    rng = np.random.default_rng(seed)
    products, firms, types = int(rng.integers(4, 24)), int(rng.integers(2, 6)), 60
    demand = Demand(
        rng.normal(3.0, 1.0, products) + spread,
        spread * rng.normal(size=(types, products)),
        2.0 * np.exp(tail * rng.normal(size=types)),
        np.full(types, 1.0 / types),
        np.zeros(types),
    )
    costs = rng.uniform(0.3, 1.5, products)
    return PriceGame(demand, costs, np.arange(products) % firms)


def solve_finely(game, prices):
    """Newton's method with finite numbers only, to rounding; None where it goes elsewhere."""
    every, best = np.arange(len(prices)), prices
    for _ in range(10):
        slopes = Curvature(game, best).step_slopes(every, every)
        move = np.linalg.solve(-slopes, zeta_steps(game, best))
        best = best + move
        if np.abs(move / best).max() < 1e-14:
            return best
    return None


@pytest.mark.parametrize("tail", [0.3, 0.8, 1.2])
@pytest.mark.parametrize("spread", [0.5, 1.5, 3.0])
def test_the_error_estimate_is_honest(spread, tail):
    seen = 0
    for seed in range(3):
        game = random_coefficients(seed, spread, tail)
        for tolerance in (1e-6, 1e-9):
            found = solve_prices(game, tolerance=tolerance, second_order=False)
            fine = solve_finely(game, found.prices) if found.converged else None
            if fine is None:
                continue
            seen += 1
            error = np.abs(found.prices / fine - 1.0).max()
            assert error <= 2.0 * found.error_estimate + 1e-13
    assert seen > 0


@pytest.mark.parametrize("name", ["blp1974", "blp1980", "blp1989"])
def test_the_error_estimate_is_honest_on_hard_years(name):
    game = reference(name).game("pre")
    for tolerance in (1e-6, 1e-9):
        found = solve_prices(game, tolerance=tolerance, second_order=False)
        assert found.converged
        fine = solve_finely(game, found.prices)
        error = np.abs(found.prices / fine - 1.0).max()
        assert error <= 2.0 * found.error_estimate + 1e-13


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_converged_has_a_finite_error(kind):
    game = random_game(np.random.default_rng(5), kind)
    found = solve_prices(game)
    for tolerance in (1e-6, 1e-10, 1e-13):
        again = solve_prices(game, found.prices, tolerance=tolerance)
        assert again.converged
        assert np.isfinite(again.error_estimate)


def costed_profit(game, capacity, size, prices, firm):
    sold = size * shares(game.demand, prices)
    mine = game.firm_of == firm
    use = np.bincount(game.firm_of, sold, game.firms) / capacity.units
    return ((prices - game.costs) * sold)[mine].sum() - capacity.total(use)[firm]


@pytest.mark.parametrize("floor", [0.0, 0.15, 0.6])
def test_floors_and_capacity_together_are_best_replies(floor):
    rng = np.random.default_rng(2)
    demand = Demand(
        np.array([2.0, 2.3, 1.6]),
        rng.normal(size=(9, 3)),
        np.exp(0.2 * rng.normal(size=9)),
        np.full(9, 1.0 / 9.0),
        np.zeros(9),
    )
    game = PriceGame(demand, [0.6, 0.7, 0.5], [0, 1, 2])
    capacity = Capacity(np.array([20.0, 25.0, np.inf]), np.full(3, 0.5), np.full(3, 0.8), 2.0)
    free = solve_with_capacity(game, capacity, 100.0)
    assert not free.at_floor.any()
    floors = np.array([free.equilibrium.prices[0] + floor, -np.inf, 0.1])
    found = solve_with_capacity(game, capacity, 100.0, floors=floors)
    assert found.equilibrium.converged
    np.testing.assert_array_equal(found.at_floor, [floor > 0.0, False, False])
    assert found.extra_cost[:2].min() > 0.0
    prices = found.equilibrium.prices
    for firm in range(3):

        def loss(price, firm=firm):
            return -costed_profit(
                game, capacity, 100.0, np.where(np.arange(3) == firm, price, prices), firm
            )

        low = max(floors[firm], 0.3)
        best = minimize_scalar(loss, bounds=(low, 12.0), method="bounded", options={"xatol": 1e-9})
        grid = np.linspace(low, 12.0, 300)
        assert loss(prices[firm]) <= min(best.fun, *(loss(price) for price in grid)) + 1e-9
        assert prices[firm] == pytest.approx(best.x, rel=1e-5)


def test_a_product_off_sale_has_no_surplus_whatever_its_taste():
    rng = np.random.default_rng(4)
    taste = rng.normal(size=(8, 4))
    demand = Demand(
        np.ones(4), taste, np.ones(8), np.full(8, 0.125), np.zeros(8),
        available=np.array([True, True, False, True]),
    )  # fmt: skip
    prices = np.ones(4)
    expected = consumer_surplus(demand, prices)
    for odd in (np.inf, -np.inf, np.nan):
        strange = taste.copy()
        strange[:, 2] = odd
        assert consumer_surplus(replace(demand, mu=strange), prices) == expected


def test_a_product_that_nobody_buys_is_named():
    game = random_coefficients(1, 0.5, 0.3)
    delta = game.demand.delta.copy()
    delta[2] = -400.0
    lost = replace(game, demand=replace(game.demand, delta=delta))
    found = solve_prices(lost)
    assert found.unpriced == (2,)
    assert solve_prices(game).unpriced == ()
    without = np.arange(len(delta)) != 2
    alone = solve_prices(
        replace(lost, demand=replace(lost.demand, available=without)), found.prices
    )
    np.testing.assert_allclose(found.prices[without], alone.prices[without], rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("most", [1, 2, 5, 30])
def test_no_more_evaluations_than_allowed(kind, most):
    game = random_game(np.random.default_rng(3), kind, products=12)
    assert solve_prices(game, max_iterations=most, tolerance=1e-13).iterations <= most


def test_hard_years_take_no_more_evaluations_than_allowed():
    game = reference("blp1974").game("pre")
    for most in (1, 5, 27):
        found = solve_prices(game, max_iterations=most, second_order=False)
        assert found.iterations <= most
        assert not found.converged


def test_shapes_that_do_not_fit_are_refused():
    game = random_game(np.random.default_rng(3), "logit", products=6)
    with pytest.raises(KernelInputError, match=r"shape \(5,\)"):
        solve_groups(game, np.ones(5), 1e-10)
    large = random_coefficients(0, 0.5, 0.3)
    small = PriceGame(
        replace(large.demand, delta=large.demand.delta[:3], mu=large.demand.mu[:, :3]),
        large.costs[:3],
        large.firm_of[:3] % 2,
    )
    near = linearise(small, solve_prices(small).prices)
    with pytest.raises(KernelInputError, match="not in the market linearised, of 3 products"):
        solve_prices(large, near=near)
    with pytest.raises(KernelInputError, match="profits have shape"):
        learn(np.zeros((1, 0)), 3, Learning(0.1, 1e-4, 0.9, 10, 100), np.ones(4, dtype=np.uint64))
