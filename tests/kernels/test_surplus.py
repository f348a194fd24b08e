"""The compiled log-sums against those of the choice probabilities, and what is not on sale."""

from dataclasses import replace

import numpy as np
import pytest
from markets import KINDS, random_demand

from sim.errors import KernelInputError
from sim.kernels.demand import surplus_by_type
from sim.kernels.surplus import consumer_surplus


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_weighted_mean_of_the_types_surplus(kind, seed):
    demand, prices = random_demand(np.random.default_rng(seed), kind)
    expected = demand.weights @ surplus_by_type(demand, prices)
    assert consumer_surplus(demand, prices) == pytest.approx(expected, rel=1e-13)


def test_what_is_not_on_sale_is_not_read():
    demand, prices = random_demand(np.random.default_rng(3), "random")
    gone = np.arange(len(prices)) % 3 == 1
    assert demand.mu is not None
    left = replace(demand, delta=demand.delta[~gone], mu=demand.mu[:, ~gone])
    hidden = replace(
        demand,
        delta=np.where(gone, np.nan, demand.delta),
        mu=np.where(gone, np.nan, demand.mu),
        available=~gone,
    )
    asked = np.where(gone, np.nan, prices)
    assert consumer_surplus(hidden, asked) == pytest.approx(
        consumer_surplus(left, prices[~gone]), rel=1e-14
    )


@pytest.mark.parametrize("shift", [0.0, 2000.0, -2000.0])
def test_utilities_far_from_zero_neither_overflow_nor_vanish(shift):
    # With all utilities moved by one number the surplus of a type moves by it over alpha.
    demand, prices = random_demand(np.random.default_rng(4), "random")
    moved = replace(demand, delta=demand.delta + shift, outside=demand.outside + shift)
    change = consumer_surplus(moved, prices) - consumer_surplus(demand, prices)
    assert change == pytest.approx(shift * float(demand.weights @ (1.0 / demand.alpha)), rel=1e-10)


def test_a_market_without_outside_option_counts_the_products_alone():
    demand, prices = random_demand(np.random.default_rng(5), "random")
    closed = replace(demand, outside=np.full(len(demand.alpha), -np.inf))
    assert demand.mu is not None
    utility = demand.delta + demand.mu - np.outer(demand.alpha, prices)
    expected = demand.weights @ (np.log(np.exp(utility).sum(axis=1)) / demand.alpha)
    assert consumer_surplus(closed, prices) == pytest.approx(expected, rel=1e-13)


def test_a_price_that_is_no_number_is_refused():
    demand, prices = random_demand(np.random.default_rng(6), "random")
    prices[1] = np.nan
    with pytest.raises(KernelInputError, match="price of product 1"):
        consumer_surplus(demand, prices)
