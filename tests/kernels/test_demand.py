"""Demand against closed forms, finite differences and invariances."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markets import KINDS, random_demand

from sim.errors import KernelInputError
from sim.kernels import demand as kernel
from sim.kernels.demand import Demand
from sim.kernels.inversion import invert_shares
from sim.kernels.surplus import consumer_surplus


def market(seed=0, kind="random nested", **changes):
    return random_demand(np.random.default_rng(seed), kind, **changes)


@pytest.mark.parametrize("kind", KINDS)
def test_slopes_match_finite_differences(kind):
    demand, prices = market(3, kind)
    step = 1e-5
    slopes = kernel.share_slopes(demand, prices)
    for j in range(len(prices)):
        up, down = prices.copy(), prices.copy()
        up[j] += step
        down[j] -= step
        change = (kernel.shares(demand, up) - kernel.shares(demand, down)) / (2 * step)
        np.testing.assert_allclose(slopes[:, j], change, rtol=2e-8, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_surplus_falls_by_the_quantity_bought(kind):
    # Roy's identity: dCS/dp_j = -s_j.
    demand, prices = market(4, kind)
    share, step = kernel.shares(demand, prices), 1e-5
    for j in range(len(prices)):
        up, down = prices.copy(), prices.copy()
        up[j] += step
        down[j] -= step
        change = consumer_surplus(demand, up) - consumer_surplus(demand, down)
        assert change / (2 * step) == pytest.approx(-share[j], rel=1e-7, abs=1e-10)


def test_nested_logit_is_the_textbook_formula():
    # Berry (1994), equation 23: s_j = exp(V/(1-rho)) / (D^rho (1 + sum D^(1-rho))).
    delta, nest_of, rho = np.array([1.0, 0.3, -0.2]), np.array([0, 0, 1]), np.array([0.6, 0.3])
    demand = Demand(delta, None, np.array([1.0]), np.array([1.0]), np.array([0.0]), nest_of, rho)
    prices = np.array([0.5, 0.2, 0.1])
    value = (delta - prices) / (1 - rho[nest_of])
    first = np.exp(value[0]) + np.exp(value[1])
    total = 1 + first**0.4 + np.exp(value[2]) ** 0.7
    expected = [
        np.exp(value[0]) / first**0.6 / total,
        np.exp(value[1]) / first**0.6 / total,
        np.exp(value[2]) ** 0.7 / total,
    ]
    np.testing.assert_allclose(kernel.shares(demand, prices), expected, rtol=1e-14)
    assert consumer_surplus(demand, prices) == pytest.approx(np.log(total), rel=1e-14)


def test_nests_without_correlation_are_no_nests():
    demand, prices = market(5, "random nested")
    loose = replace(demand, rho=np.zeros_like(demand.rho))
    plain = replace(demand, nest_of=None, rho=None)
    np.testing.assert_allclose(
        kernel.share_slopes(loose, prices), kernel.share_slopes(plain, prices), atol=1e-15
    )


def test_a_closed_market_sells_to_everyone():
    demand, prices = market(6, "random nested", closed=True)
    assert kernel.shares(demand, prices).sum() == pytest.approx(demand.weights.sum(), rel=1e-14)
    np.testing.assert_allclose(np.diag(kernel.diversion(demand, prices)), 0.0, atol=1e-12)
    np.testing.assert_allclose(kernel.share_slopes(demand, prices).sum(axis=1), 0.0, atol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_a_product_not_on_sale_is_as_if_it_were_not_there(kind):
    demand, prices = market(7, kind)
    available = np.ones(len(prices), dtype=bool)
    available[2] = False
    kept = np.flatnonzero(available)
    missing = prices.copy()
    missing[2] = np.nan
    away = replace(demand, available=available)
    smaller = replace(
        demand,
        delta=demand.delta[kept],
        mu=None if demand.mu is None else demand.mu[:, kept],
        nest_of=None if demand.nest_of is None else demand.nest_of[kept],
    )
    block = np.ix_(kept, kept)
    for name in ("share_slopes", "elasticities"):
        np.testing.assert_allclose(
            getattr(kernel, name)(away, missing)[block],
            getattr(kernel, name)(smaller, prices[kept]),
            rtol=1e-12,
        )
    assert kernel.shares(away, missing)[2] == 0.0
    assert kernel.market_elasticity(away, missing) == pytest.approx(
        kernel.market_elasticity(smaller, prices[kept]), rel=1e-12
    )


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), kind=st.sampled_from(KINDS), scale=st.floats(0.01, 100.0))
def test_units_of_money_and_utility_do_not_matter(seed, kind, scale):
    demand, prices = market(seed, kind)
    dearer = replace(demand, alpha=demand.alpha / scale)
    np.testing.assert_allclose(
        kernel.elasticities(dearer, prices * scale), kernel.elasticities(demand, prices), rtol=1e-9
    )
    shifted = replace(demand, delta=demand.delta + scale, outside=demand.outside + scale)
    np.testing.assert_allclose(
        kernel.shares(shifted, prices), kernel.shares(demand, prices), rtol=1e-9
    )


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), part=st.floats(0.01, 0.99))
def test_splitting_a_type_in_two_changes_nothing(seed, part):
    demand, prices = market(seed)
    order = np.concatenate([[0], np.arange(len(demand.alpha))])
    weights = demand.weights[order].copy()
    weights[0] *= part
    weights[1] *= 1 - part
    split = Demand(
        demand.delta, demand.mu[order], demand.alpha[order], weights, demand.outside[order],
        demand.nest_of, demand.rho,
    )
    np.testing.assert_allclose(
        kernel.diversion(split, prices), kernel.diversion(demand, prices), rtol=1e-9, atol=1e-12
    )


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 100_000), kind=st.sampled_from(KINDS), closed=st.booleans())
def test_inversion_returns_the_shares(seed, kind, closed):
    demand, prices = market(seed, kind, closed=closed)
    target = kernel.shares(demand, prices)
    found = invert_shares(target, demand, prices)
    assert found.converged
    assert found.residual < 1e-13
    again = kernel.shares(replace(demand, delta=found.delta), prices)
    np.testing.assert_allclose(again, target, rtol=2e-13)
    shift = demand.delta[0] if closed else 0.0
    np.testing.assert_allclose(found.delta, demand.delta - shift, rtol=1e-9, atol=1e-9)


def test_an_inversion_that_is_cut_short_says_so():
    demand, prices = market(8)
    found = invert_shares(kernel.shares(demand, prices), demand, prices, max_iterations=1)
    assert not found.converged
    assert found.residual > 1e-13


BAD = {
    "alpha": ("alpha", lambda a: np.where(np.arange(len(a)) == 1, -a, a), "type 1.*not positive"),
    "nan": ("delta", lambda d: np.where(np.arange(len(d)) == 2, np.nan, d), "product 2"),
    "taste": ("mu", lambda m: np.where(np.arange(m.shape[1]) == 3, np.inf, m), "product 3"),
    "shape": ("mu", lambda m: m[:, 1:], "mu has shape"),
    "weights": ("weights", lambda w: w[1:], "weights have shape"),
    "nest": ("nest_of", lambda n: np.where(n == 1, 0, n), "nest 1 is empty"),
    "nests": ("nest_of", lambda n: np.where(np.arange(len(n)) == 4, 9, n), "product 4"),
    "rho": ("rho", lambda r: r + 1.0, "rho of nest 0"),
    "halves": ("nest_of", lambda n: n + 0.5, "whole"),
    "outside": ("outside", lambda o: np.full_like(o, np.nan), "outside option"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_market_that_is_none_is_refused(name):
    demand, _ = market(9)
    field, spoil, words = BAD[name]
    with pytest.raises(KernelInputError, match=words):
        replace(demand, **{field: spoil(getattr(demand, field))})


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda s: np.where(np.arange(len(s)) == 1, 0.0, s), "product 1 is 0.0"),
        (lambda s: np.where(np.arange(len(s)) == 1, np.nan, s), "product 1 is nan"),
        (lambda s: s / s.sum() * 1.5, "sum to"),
        (lambda s: s[1:], "shape"),
    ],
)
def test_shares_that_are_none_are_refused(spoil, words):
    demand, prices = market(10)
    with pytest.raises(KernelInputError, match=words):
        invert_shares(spoil(kernel.shares(demand, prices)), demand, prices)


def test_a_price_that_is_not_a_number_is_refused():
    demand, prices = market(11)
    prices[3] = np.nan
    with pytest.raises(KernelInputError, match="price of product 3"):
        kernel.shares(demand, prices)


@pytest.mark.parametrize("kind", KINDS)
def test_a_market_with_moved_products_is_the_market_made_anew(kind):
    demand, prices = market(8, kind)
    rng = np.random.default_rng(8)
    delta = demand.delta + rng.normal(size=len(demand.delta))
    on_sale = rng.random(len(delta)) < 0.7
    moved = demand.with_products(delta, on_sale)
    anew = replace(demand, delta=delta, available=on_sale)
    assert np.array_equal(kernel.shares(moved, prices), kernel.shares(anew, prices))
    again = moved.with_products(demand.delta, np.ones(len(delta), dtype=bool))
    assert np.array_equal(kernel.shares(again, prices), kernel.shares(demand, prices))


def test_moved_products_are_checked():
    demand, _ = market(9, "random")
    on_sale = np.ones(len(demand.delta), dtype=bool)
    wrong = np.where(np.arange(len(on_sale)) == 1, np.nan, demand.delta)
    with pytest.raises(KernelInputError, match="mean utility of product 1"):
        demand.with_products(wrong, on_sale)
    with pytest.raises(KernelInputError, match="available has shape"):
        demand.with_products(demand.delta, on_sale[1:])
    with pytest.raises(KernelInputError, match="shape"):
        demand.with_products(demand.delta[1:], on_sale[1:])
    bad = np.isnan(wrong)
    hidden = replace(demand, mu=np.where(bad, np.nan, demand.mu), available=~bad)
    with pytest.raises(KernelInputError, match="taste for of product 1"):
        hidden.with_products(demand.delta, on_sale)
    closed = replace(demand, outside=np.full(len(demand.alpha), -np.inf))
    with pytest.raises(KernelInputError, match="closed market"):
        closed.with_products(demand.delta, ~on_sale)
