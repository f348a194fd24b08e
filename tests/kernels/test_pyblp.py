"""Equilibria against PyBLP's (tests/reference/pyblp/README.md)."""

import numpy as np
import pytest
from pyblp_reference import SCENARIOS, reference

from sim.kernels.concentration import hhi
from sim.kernels.curvature import passthrough
from sim.kernels.demand import diversion, elasticities
from sim.kernels.equilibrium import solve_prices
from sim.kernels.surplus import consumer_surplus

# From marginal costs these reach the equilibrium of the reference.
FROM_COSTS = (
    "logit_a",
    "rcl_blp1979",
    "nested_one_rho",
    "nested_rho_per_nest",
    "random_nested",
    "cereal1",
    "cereal2",
    "blp1974",
    "blp1989",
)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("name", FROM_COSTS)
def test_equilibrium_from_marginal_cost(name, scenario):
    case = reference(name)
    game = case.game(scenario)
    found = solve_prices(game)
    assert found.converged
    np.testing.assert_allclose(found.prices, case[f"{scenario}__prices"], rtol=1e-8)
    np.testing.assert_allclose(found.shares, case[f"{scenario}__shares"], rtol=1e-7)
    surplus = consumer_surplus(game.demand, found.prices)
    assert surplus == pytest.approx(float(case[f"{scenario}__consumer_surplus"]), rel=1e-9)
    inside = np.bincount(game.firm_of, weights=found.shares)
    assert hhi(inside / inside.sum()) == pytest.approx(float(case[f"{scenario}__hhi"]), abs=1e-4)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_1980_from_the_prices_of_the_data(scenario):
    # From marginal costs this year ends in another equilibrium: test_branches.py.
    case = reference("blp1980")
    found = solve_prices(case.game(scenario), case["in__observed_prices"])
    assert found.converged
    np.testing.assert_allclose(found.prices, case[f"{scenario}__prices"], rtol=1e-8)


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("logit_a", "pre"),
        ("nested_one_rho", "observed"),
        ("nested_rho_per_nest", "observed"),
        ("random_nested", "observed"),
        ("cereal1", "observed"),
    ],
)
def test_elasticities_diversion_and_passthrough(name, prefix):
    case = reference(name)
    prices, game = case[f"{prefix}__prices"], case.game("pre")
    np.testing.assert_allclose(
        elasticities(game.demand, prices), case[f"{prefix}__elasticities"], rtol=1e-6
    )
    np.testing.assert_allclose(
        diversion(game.demand, prices), case[f"{prefix}__diversion"], rtol=1e-6, atol=1e-12
    )
    np.testing.assert_allclose(
        passthrough(game, prices), case[f"{prefix}__passthrough"], rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("name", ["rcl_blp1979", "blp1974", "blp1980", "blp1989", "cereal1"])
@pytest.mark.parametrize("tolerance", [1e-6, 1e-8, 1e-10])
def test_the_estimated_error_is_honest(name, scenario, tolerance):
    game = reference(name).game(scenario)
    found = solve_prices(game, tolerance=tolerance, second_order=False)
    exact = solve_prices(game, found.prices, tolerance=1e-14, second_order=False)
    assert found.converged
    assert exact.converged
    true = np.max(np.abs(found.prices / exact.prices - 1))
    assert found.error_estimate < tolerance
    assert true <= 1.1 * found.error_estimate + 1e-14
