"""Diversion, pricing pressure and compensating cost cuts against closed forms and re-solving."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markets import random_demand
from pyblp_reference import reference

from sim.kernels import competition
from sim.kernels.curvature import passthrough
from sim.kernels.demand import Demand, diversion, elasticities, shares
from sim.kernels.equilibrium import solve_prices
from sim.kernels.game import PriceGame
from sim.kernels.markups import static_markups
from sim.kernels.ownership import product_weights

KINDS = ("logit", "nested", "random", "random nested")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("closed", [False, True])
def test_second_choices_are_what_withdrawing_a_product_does(kind, closed):
    demand, prices = random_demand(np.random.default_rng(2), kind, closed=closed)
    found = competition.long_run_diversion(demand, prices)
    before = shares(demand, prices)
    for j in range(len(prices)):
        away = np.arange(len(prices)) != j
        after = shares(replace(demand, available=away), prices)
        gained = (after - before)[away]
        np.testing.assert_allclose(before[j] * found[j, away], gained, rtol=1e-10, atol=1e-15)
        assert before[j] * found[j, j] == pytest.approx(before[j] - gained.sum(), abs=1e-14)


def test_second_choices_are_those_of_pyblp():
    case = reference("logit_a")
    found = competition.long_run_diversion(case.game("pre").demand, case["pre__prices"])
    np.testing.assert_allclose(found, case["pre__long_run_diversion"], rtol=1e-10)


def test_a_product_alone_in_its_nest_and_one_not_on_sale():
    demand, prices = random_demand(np.random.default_rng(4), "random nested")
    alone = replace(demand, nest_of=np.array([0, 0, 0, 0, 0, 1]))
    found = competition.long_run_diversion(alone, prices)
    away = np.arange(6) != 5
    after = shares(replace(alone, available=away), prices) - shares(alone, prices)
    np.testing.assert_allclose(found[5, :5], after[:5] / shares(alone, prices)[5], rtol=1e-10)
    missing = competition.long_run_diversion(replace(alone, available=away), prices)
    assert np.isnan(missing[5]).all()
    assert np.all(missing[:5, 5] == 0.0)


def symmetric(firms=4):
    demand = Demand(np.full(firms, 2.0), None, np.array([4.0]), np.ones(1), np.zeros(1))
    game = PriceGame(demand, np.full(firms, 0.3), np.arange(firms))
    return game, solve_prices(game, tolerance=1e-13)


def test_four_equal_firms_two_of_which_merge():
    game, found = symmetric()
    share, price = found.shares[0], found.prices[0]
    margin = price - 0.3
    ratio = share / (1.0 - share)
    kappa = np.eye(4)
    kappa[0, 1] = kappa[1, 0] = 1.0
    ratios = diversion(game.demand, found.prices)
    assert ratios[0, 1] == pytest.approx(ratio, rel=1e-12)
    margins = np.full(4, margin)
    index = competition.guppi(ratios, margins, found.prices, np.eye(4), kappa)
    np.testing.assert_allclose(index[:2], ratio * margin / price, rtol=1e-12)
    np.testing.assert_array_equal(index[2:], 0.0)
    # Merged margin at old prices: 1 / (alpha (1 - both shares)).
    merged = 1.0 / (4.0 * (1.0 - 2.0 * share))
    after = static_markups(game.demand, found.prices, np.ones(4), game.firm_of, kappa)
    cut = competition.compensating_cost_cut(margins, after, found.prices)
    assert cut[0] == pytest.approx((merged - margin) / 0.3, rel=1e-10)
    costs = np.full(4, 0.3)
    pressure = competition.upward_pricing_pressure(
        ratios, margins, costs, 0.9 * costs, np.eye(4), kappa
    )
    np.testing.assert_allclose(pressure[:2], ratio * margin - 0.03, rtol=1e-12)
    np.testing.assert_allclose(pressure[2:], -0.03, rtol=1e-12)


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 10_000), kind=st.sampled_from(KINDS),
    weight=st.floats(0.05, 1.0), back=st.floats(0.0, 1.0),
)
def test_costs_cut_by_the_cmcr_hold_every_price(seed, kind, weight, back):
    rng = np.random.default_rng(seed)
    demand, prices = random_demand(rng, kind)
    prices = 3.0 * prices
    firm_of, net = np.array([0, 0, 1, 1, 2, 2]), np.full(6, 0.8)
    margins = static_markups(demand, prices, net, firm_of)
    costs = net * prices - margins
    assume(np.all(costs > 0.0))
    kappa = np.eye(3)
    kappa[0, 1], kappa[1, 0] = weight, back
    after = static_markups(demand, prices, net, firm_of, kappa)
    cut = competition.compensating_cost_cut(margins, after, net * prices)
    held = costs * (1.0 - cut)
    if np.any(held < 0.0):
        return
    found = solve_prices(
        PriceGame(demand, held, firm_of, kappa=kappa, net_share=net), prices, tolerance=1e-12
    )
    assert found.converged
    np.testing.assert_allclose(found.prices, prices, rtol=1e-8)


def test_small_weights_raise_prices_as_upp_and_pass_through_say():
    # To first order a deal is a rise of costs by UPP (Jaffe & Weyl 2013), firms single-product.
    demand, prices = random_demand(np.random.default_rng(5), "random nested")
    firm_of, net = np.arange(6), np.ones(6)
    margins = static_markups(demand, prices, net, firm_of)
    game = PriceGame(demand, prices - margins, firm_of)
    small = 1e-5
    kappa = np.eye(6)
    kappa[0, 1] = small
    found = solve_prices(replace(game, kappa=kappa), prices, tolerance=1e-14)
    none = np.zeros(6)
    upp = competition.upward_pricing_pressure(
        diversion(demand, prices), margins, none, none, np.eye(6),
        product_weights(kappa, firm_of),
    )
    moved = passthrough(game, prices) @ upp
    np.testing.assert_allclose(found.prices - prices, moved, rtol=2e-3, atol=1e-11)


def test_the_change_of_the_condition_is_nothing_without_a_deal():
    demand, prices = random_demand(np.random.default_rng(6), "nested")
    index = competition.lerner(prices, 0.5 * prices, np.ones(6))
    np.testing.assert_allclose(index, 0.5)
    found = competition.first_order_pressure(
        elasticities(demand, prices), shares(demand, prices), index, index, np.eye(6), np.eye(6)
    )
    np.testing.assert_array_equal(found, 0.0)
