"""Calibration from little: what was put in comes back, and what cannot is refused with reasons."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from sim.errors import CalibrationError, KernelInputError
from sim.kernels.demand import Demand, market_elasticity, share_slopes, shares
from sim.kernels.evidence import Evidence
from sim.kernels.markups import static_markups
from sim.kernels.recovery import recover

PRICES = np.array([0.0441, 0.0328, 0.0409, 0.0396, 0.0387, 0.0497])
SHARES = np.array([0.066, 0.172, 0.253, 0.187, 0.099, 0.223])
FIRM_OF = np.array([0, 1, 2, 2, 3, 4])
# All six margins of the example (Epstein & Rubinfeld 2004).
MARGINS = np.array([0.3830, 0.5515, 0.5421, 0.5557, 0.4453, 0.3769])
NESTS = np.array([0, 0, 0, 1, 1, 0])


def beers(**known):
    return Evidence(
        **{
            "prices": PRICES,
            "shares": SHARES,
            "firm_of": FIRM_OF,
            "kappa": np.eye(5),
            "net_share": np.ones(6),
            "margins": np.full(6, np.nan),
            **known,
        }
    )


def some(*products, margins=MARGINS):
    return np.where(np.isin(np.arange(6), products), margins, np.nan)


def made(seed, nested, by_nest=False):
    """Evidence of a market made from known parameters, all margins known."""
    rng = np.random.default_rng(seed)
    prices, firm_of = rng.uniform(1.0, 2.0, 6), np.array([0, 0, 1, 2, 2, 3])
    rho = rng.uniform(0.1, 0.7, 2) if by_nest else np.full(2, rng.uniform(0.1, 0.7))
    outside = rng.uniform(0.1, 0.7)
    share = rng.dirichlet(np.full(6, 4.0)) * (1.0 - outside)
    truth = {"alpha": rng.uniform(4.0, 8.0), "outside_share": outside}
    kappa = np.eye(4)
    kappa[0, 1] = 0.3
    given = Evidence(
        prices, share, firm_of, kappa, np.full(6, 0.9), np.full(6, np.nan), **truth,
        nest_of=np.array([0, 1, 0, 1, 0, 1]) if nested else None,
        rho=rho if nested else None,
    )
    return given, recover(given)


def demand_of(evidence, found):
    return Demand(
        found.delta, None, np.array([found.alpha]), np.ones(1),
        np.array([0.0 if found.outside_share else -np.inf]), evidence.nest_of, found.rho,
    )


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), nested=st.booleans())
def test_closed_forms_agree_with_demand_itself(seed, nested):
    given, found = made(seed, nested)
    demand = demand_of(given, found)
    np.testing.assert_allclose(shares(demand, given.prices), found.shares, rtol=1e-10)
    np.testing.assert_allclose(
        static_markups(demand, given.prices, given.net_share, given.firm_of, given.kappa),
        found.margins, rtol=1e-9,
    )
    # The two nested firms' conditions hold at the slopes of demand, one by one.
    slopes = share_slopes(demand, given.prices)
    weights = given.kappa[np.ix_(given.firm_of, given.firm_of)]
    left = given.net_share * found.shares + (weights * slopes) @ found.margins
    np.testing.assert_allclose(left, 0.0, atol=1e-12)


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("unknown", [("alpha",), ("alpha", "outside_share")])
@pytest.mark.parametrize("by_elasticity", [False, True])
def test_what_was_put_in_comes_back(nested, unknown, by_elasticity):
    given, truth = made(3, nested)
    margins = truth.margins / (given.net_share * given.prices)
    known = dict.fromkeys(unknown)
    if by_elasticity:
        elasticity = market_elasticity(demand_of(given, truth), given.prices)
        margins = np.where(np.arange(6) < len(unknown) - 1 + 2 * nested, margins, np.nan)
        known["market_elasticity"] = elasticity
    if nested:
        known["rho"] = None
    found = recover(replace(given, margins=margins, **known))
    assert found.largest_residual < 1e-10
    assert found.alpha == pytest.approx(truth.alpha, rel=1e-8)
    assert found.outside_share == pytest.approx(truth.outside_share, rel=1e-8)
    np.testing.assert_allclose(found.costs, truth.costs, rtol=1e-8)
    if nested:
        np.testing.assert_allclose(found.rho, given.rho, rtol=1e-7)


def test_a_nesting_parameter_for_each_nest():
    given, truth = made(4, True, by_nest=True)
    margins = truth.margins / (given.net_share * given.prices)
    found = recover(replace(given, margins=margins, alpha=None, rho=None, rho_by_nest=True))
    np.testing.assert_allclose(found.rho, given.rho, rtol=1e-7)
    assert found.unknowns[1:] == ("nesting parameter of nest 0", "nesting parameter of nest 1")
    assert found.degrees == 3


def test_more_margins_than_needed_are_least_squares():
    found = recover(beers(margins=MARGINS, outside_share=0.2))
    assert found.degrees == 5

    def squares(alpha):
        fitted = recover(beers(alpha=alpha, outside_share=0.2)).margins / PRICES
        return float(((MARGINS - fitted) ** 2).sum())

    least = minimize_scalar(squares, bracket=(55.0, 65.0, 75.0), tol=1e-12)
    assert found.alpha == pytest.approx(least.x, rel=1e-6)
    assert squares(found.alpha) <= least.fun * (1.0 + 1e-12)
    residuals = np.array([datum.residual for datum in found.data])
    np.testing.assert_allclose(residuals, MARGINS - found.margins / PRICES, atol=1e-12)
    assert found.gradient < 1e-10


@pytest.mark.parametrize("seed", [3, 6, 9])
def test_least_squares_end_where_the_gradient_does(seed):
    given, truth = made(seed, True)
    miss = np.exp(np.random.default_rng(seed).normal(0.0, 0.1, 6))
    margins = truth.margins / (given.net_share * given.prices) * miss
    found = recover(replace(given, margins=margins, alpha=None, rho=None))
    assert found.degrees == 4
    assert found.largest_residual > 1e-3
    assert found.gradient < 1e-13


def test_two_data_on_one_unknown_share_the_miss():
    found = recover(beers(margins=some(0), outside_share=0.2, market_elasticity=-0.6))
    assert found.degrees == 1
    margin, elasticity = found.data
    assert margin.residual * elasticity.residual != 0.0
    assert elasticity.given == -0.6


def test_the_outside_share_of_two_margins_lies_between_none_and_all():
    found = recover(beers(margins=some(0, 1, 4), outside_share=None))
    assert 0.0 < found.outside_share < 1.0
    assert found.unknowns == ("price coefficient", "outside share")


def test_scarcity_takes_what_the_model_does_not_ask_for():
    given = some(0, 4)
    given[4] = 0.6
    full = np.arange(6) == 4
    found = recover(beers(margins=given, outside_share=0.2, at_capacity=full))
    free = recover(beers(margins=some(0), outside_share=0.2))
    assert found.alpha == pytest.approx(free.alpha, rel=1e-12)
    assert found.capacity_cost[4] == pytest.approx(0.6 * PRICES[4] - free.margins[4], rel=1e-10)
    assert found.costs[4] == pytest.approx(0.4 * PRICES[4], rel=1e-12)
    assert np.all(found.capacity_cost[~full] == 0.0)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({}, "under-identified: price coefficient and outside share unknown, 0 data"),
        ({"margins": some(0)}, "1 datum .* missing is the margin .* or the market elasticity"),
        ({"outside_share": 0.2}, "under-identified: price coefficient unknown"),
        ({"margins": some(2, 3)}, "do not determine"),
        ({"margins": some(0), "outside_share": 0.2, "nest_of": NESTS}, "nesting parameter"),
        (
            {"margins": some(0), "outside_share": 0.0, "market_elasticity": -1.0},
            "closed market",
        ),
        ({"margins": some(0, 1, margins=np.full(6, 0.95)), "outside_share": 0.2}, "would be"),
        (
            {
                "margins": some(4, margins=np.full(6, 0.05)), "alpha": 60.0,
                "outside_share": 0.2, "at_capacity": np.arange(6) == 4,
            },
            "scarcity rent of product 4",
        ),
    ],
)
def test_what_the_data_cannot_tell_is_refused_with_what_is_missing(known, words):
    with pytest.raises(CalibrationError, match=words):
        recover(beers(**known))


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"prices": np.where(np.arange(6) == 2, np.nan, PRICES)}, "price of product 2"),
        ({"shares": np.where(np.arange(6) == 3, 0.0, SHARES)}, "share of product 3"),
        ({"margins": some(1, margins=np.full(6, 1.2))}, "margin of product 1"),
        ({"margins": some(1, margins=np.full(6, np.inf))}, "margin of product 1"),
        ({"outside_share": 1.0}, "outside share"),
        ({"alpha": -3.0}, "price coefficient"),
        ({"market_elasticity": 0.5}, "market elasticity"),
        ({"margins": np.full(5, np.nan)}, "shape"),
        ({"at_capacity": np.arange(6) == 5}, "product 5 is at capacity"),
        ({"firm_of": np.array([0, 1, 2, 2, 3, 9])}, "product 5 is of firm 9"),
    ],
)
def test_numbers_of_no_market_are_refused(known, words):
    with pytest.raises(KernelInputError, match=words):
        recover(beers(**known))


@settings(deadline=None, max_examples=25)
@given(scale=st.floats(1e-3, 1e5))
def test_the_unit_of_money_does_not_matter(scale):
    one = recover(beers(margins=MARGINS))
    other = recover(beers(margins=MARGINS, prices=PRICES * scale))
    assert other.alpha * scale == pytest.approx(one.alpha, rel=1e-7)
    assert other.outside_share == pytest.approx(one.outside_share, rel=1e-6)
