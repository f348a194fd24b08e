"""A price as a sum of parts, against closed forms of the logit and the solver's verdict."""

from dataclasses import replace

import numpy as np
import pytest
from markets import random_demand
from pyblp_reference import reference

from sim.errors import KernelInputError
from sim.kernels.demand import Demand, shares
from sim.kernels.equilibrium import solve_prices
from sim.kernels.game import PriceGame
from sim.kernels.price_parts import price_parts

SUMMED = ("cost", "own_markup", "own_lines", "others_profit", "others_sales", "taxes", "rest")


def duopoly(*, firm_of=(0, 1), **options) -> PriceGame:
    demand = Demand(
        delta=np.array([1.0, 0.6]), mu=None, alpha=np.array([2.0]), weights=np.ones(1),
        outside=np.zeros(1),
    )  # fmt: skip
    return PriceGame(demand, np.array([0.3, 0.2]), np.array(firm_of), **options)


def added(parts) -> np.ndarray:
    return sum(getattr(parts, name) for name in SUMMED) - parts.shadow


def test_single_product_logit_has_the_markup_of_the_textbook():
    game = duopoly(net_share=np.array([0.8, 0.9]))
    prices = solve_prices(game, np.array([1.0, 1.0])).prices
    parts = price_parts(game, prices)
    share = shares(game.demand, prices)
    np.testing.assert_allclose(parts.own_markup, game.kept / (2.0 * (1.0 - share)), rtol=1e-12)
    np.testing.assert_allclose(parts.taxes, (1.0 - game.kept) * prices, rtol=1e-12)
    for none in (parts.own_lines, parts.others_profit, parts.others_sales, parts.shadow):
        np.testing.assert_array_equal(none, 0.0)


def test_weight_on_a_rival_enters_with_the_diversion_ratio_and_its_margin():
    kappa = np.array([[1.0, 0.4], [0.0, 1.0]])
    shadow = np.array([[0.05, 0.02], [0.0, 0.03]])
    game = duopoly(kappa=kappa, shadow=shadow)
    prices = solve_prices(game, np.array([1.0, 1.0])).prices
    parts = price_parts(game, prices)
    share = shares(game.demand, prices)
    to_other = share[::-1] / (1.0 - share)
    assert parts.others_profit[0] == pytest.approx(0.4 * to_other[0] * (prices[1] - 0.2), rel=1e-12)
    assert parts.others_sales[0] == pytest.approx(0.02 * to_other[0], rel=1e-12)
    assert (parts.others_profit[1], parts.others_sales[1]) == (0.0, 0.0)
    np.testing.assert_allclose(parts.shadow, [0.05, 0.03])


def test_one_firm_with_both_products_has_the_markup_of_the_logit_monopolist():
    game = duopoly(firm_of=(0, 0))
    prices = solve_prices(game, np.array([1.0, 1.0])).prices
    parts = price_parts(game, prices)
    monopoly = 1.0 / (2.0 * (1.0 - shares(game.demand, prices).sum()))
    np.testing.assert_allclose(parts.own_markup + parts.own_lines, monopoly, rtol=1e-10)


@pytest.mark.parametrize("kind", ["logit", "nested", "random", "random nested"])
def test_parts_add_up_and_leave_nothing_over_in_an_equilibrium(kind):
    rng = np.random.default_rng(5)
    demand, start = random_demand(rng, kind)
    firm_of = np.arange(len(start)) % 3
    kappa = np.eye(3) + 0.2 * rng.random((3, 3)) * (1.0 - np.eye(3))
    game = PriceGame(
        demand, 0.3 * start, firm_of, kappa=kappa, shadow=0.05 * rng.random((3, 3)),
        net_share=rng.uniform(0.7, 1.0, len(start)),
    )  # fmt: skip
    found = solve_prices(game, start)
    assert found.converged
    parts = price_parts(game, found.prices)
    np.testing.assert_allclose(added(parts), found.prices, rtol=1e-13)
    np.testing.assert_allclose(parts.rest / found.prices, 0.0, atol=1e-9)


def test_parts_of_pyblp_s_prices_leave_nothing_over():
    case = reference("logit_a")
    prices = case["pre__prices"]
    parts = price_parts(case.game("pre"), prices)
    np.testing.assert_allclose(parts.rest / prices, 0.0, atol=1e-9)


def test_a_held_price_shows_what_its_rule_adds_and_a_product_off_sale_shows_nothing():
    demand, start = random_demand(np.random.default_rng(6), "random")
    away = np.arange(len(start)) != 2
    game = PriceGame(
        replace(demand, available=away), 0.3 * start, np.arange(len(start)) % 3,
        frozen=np.arange(len(start)) == 0,
    )  # fmt: skip
    found = solve_prices(game, start)
    parts = price_parts(game, found.prices)
    free = price_parts(replace(game, frozen=None), solve_prices(replace(game, frozen=None),
                                                                start).prices)
    assert abs(parts.rest[0]) > 1e-3 * start[0]
    assert abs(free.rest[0]) < 1e-9 * start[0]
    assert np.isnan(parts.prices[2])
    assert np.isnan(parts.rest[2])


def test_prices_that_are_no_numbers_are_refused():
    with pytest.raises(KernelInputError, match="price of product 1"):
        price_parts(duopoly(), np.array([1.0, np.nan]))
