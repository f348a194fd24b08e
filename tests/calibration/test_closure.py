"""The calibrated market returns the base year, and its parts add up."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import root
from worlds import run_of, runner, scenario, walk

from sim.calibration.calibrate import calibrate
from sim.calibration.industry import build_industry
from sim.errors import CalibrationError
from sim.kernels.demand import Demand
from sim.kernels.equilibrium import solve_prices
from sim.kernels.game import PriceGame
from sim.scenario.market_tables import read_market

VARIANTS = {"soft": 0.08, "middle": 0.05, "hard": 0.02}


@pytest.fixture(params=sorted(VARIANTS))
def calibration(request):
    return runner().calibration("solo", {"calibration.vehicle_learning": VARIANTS[request.param]})


def base_shadow(calibration):
    """Lambda of the base year (equation 3.5): partners' learning by ownership, own parts whole."""
    shadow = calibration.kappa * calibration.learning
    np.fill_diagonal(shadow, calibration.revealed)
    return shadow


def test_the_shipped_variants_are_the_three_calibrations():
    assert {
        name: values["calibration.vehicle_learning"]
        for name, values in scenario().variants().items()
        if "calibration.vehicle_learning" in values
    } == VARIANTS


def test_prices_solved_again_from_cost_are_the_observed_ones(calibration):
    industry = calibration.industry
    far = calibration.cost / industry.net_share
    buyers = Demand(
        delta=calibration.quality,
        mu=calibration.types.taste,
        alpha=calibration.alpha,
        weights=calibration.types.weights,
        outside=np.zeros(len(calibration.alpha)),
    )
    game = PriceGame(
        demand=buyers,
        costs=calibration.cost,
        firm_of=industry.firm_of,
        kappa=calibration.kappa,
        shadow=base_shadow(calibration),
        net_share=industry.net_share,
    )
    found = solve_prices(game, far)
    assert found.converged
    assert np.max(np.abs(far / industry.price - 1.0)) > 0.1
    assert np.max(np.abs(found.prices / industry.price - 1.0)) < 1e-8
    assert np.max(np.abs(found.shares / calibration.shares - 1.0)) < 1e-8


def demand(calibration, prices):
    """Probabilities (I, J), written apart from the kernels."""
    utility = calibration.quality + calibration.types.taste - np.outer(calibration.alpha, prices)
    odds = np.exp(utility)
    return odds / (1.0 + odds.sum(axis=1, keepdims=True))


def slopes(calibration, prices):
    """ds_k / dp_j by the textbook's formula, one type at a time."""
    chosen = demand(calibration, prices)
    result = np.zeros((chosen.shape[1], chosen.shape[1]))
    for weight, alpha, odds in zip(
        calibration.types.weights, calibration.alpha, chosen, strict=True
    ):
        result += weight * alpha * (np.outer(odds, odds) - np.diag(odds))
    return result


def test_qualities_invert_the_shares(calibration):
    shares = calibration.types.weights @ demand(calibration, calibration.industry.price)
    assert np.max(np.abs(np.log(shares / calibration.shares))) < 1e-12
    assert calibration.inversion_residual < 1e-12


def test_slopes_of_the_textbook_are_the_slopes_of_demand(calibration):
    prices = calibration.industry.price
    exact = slopes(calibration, prices)
    step = 1e-3 * prices[5]
    up, down = prices.copy(), prices.copy()
    up[5] += step
    down[5] -= step
    weights = calibration.types.weights
    numeric = weights @ (demand(calibration, up) - demand(calibration, down)) / (2.0 * step)
    assert np.max(np.abs(numeric - exact[:, 5])) < 1e-5 * np.abs(exact[5, 5])


def test_margins_and_shadow_values_solve_every_first_order_condition(calibration):
    industry = calibration.industry
    gradient = slopes(calibration, industry.price)
    margin = industry.price * industry.net_share - calibration.cost
    shadow = base_shadow(calibration)
    firm = industry.firm_of
    for j in range(len(firm)):
        worth = calibration.kappa[firm[j], firm] * margin + shadow[firm[j], firm]
        gain = industry.net_share[j] * calibration.shares[j] + worth @ gradient[:, j]
        assert abs(gain) < 1e-9 * calibration.shares[j]


def test_the_revealed_value_is_the_sum_of_its_parts_and_of_two_markups(calibration):
    parts = (
        calibration.learning + calibration.idle + calibration.war - calibration.conduct
    )
    scale = np.abs(calibration.revealed).max()
    assert np.max(np.abs(parts - calibration.revealed)) < 1e-12 * scale
    markups = calibration.static_markup - calibration.observed_markup
    assert np.max(np.abs(markups - calibration.revealed)) < 1e-12 * scale
    assert np.all((calibration.war >= 0.0) & (calibration.conduct >= 0.0))
    assert np.all(calibration.war * calibration.conduct == 0.0)


def test_costs_give_the_markups_of_the_accounts(calibration):
    industry = calibration.industry
    net = industry.price * industry.net_share
    for firm in range(len(industry.firms)):
        mine = industry.firm_of == firm
        revenue = (industry.units * net)[mine].sum()
        cost = (industry.units * calibration.cost)[mine].sum()
        assert abs(1.0 - cost / revenue - industry.observed_markup[firm]) < 1e-9
    assert np.allclose(calibration.glider + calibration.battery, calibration.cost, rtol=1e-12)
    assert np.all(calibration.glider > 0.0)


def test_firms_known_not_to_fight_have_a_zero_mean(calibration):
    industry = calibration.industry
    named = [industry.firms.index(name) for name in ("tesla", "li", "gwm")]
    rest = (calibration.revealed - calibration.learning)[named]
    assert abs(rest.mean()) < 1e-6 * np.abs(rest).max()
    assert np.abs(rest).max() > 1000.0


def test_the_more_a_sale_teaches_the_less_price_sensitive_buyers_are():
    """Who does not fight prices low for what it learns; the rest of its markup is demand's."""
    median = [
        np.median(
            runner().calibration("solo", {"calibration.vehicle_learning": rate}).own_elasticity
        )
        for rate in (0.08, 0.05, 0.02)
    ]
    assert median[0] > median[1] > median[2]


def refused(*sets: str) -> str:
    with pytest.raises(CalibrationError) as caught:
        runner(sets).calibration("solo", {})
    return str(caught.value)


def test_an_elasticity_out_of_range_is_refused_with_both_ends():
    message = refused("calibration.median_elasticity_range=[-3.0, -2.5]")
    assert "median own elasticity -3.6" in message
    assert "-3.0 .. -2.5" in message
    assert "market elasticity" in refused("calibration.market_elasticity_range=[-1.02, -1.0]")


def test_a_battery_dearer_than_its_car_is_refused_with_the_line():
    message = refused("costs.battery_price_cny_kwh=5000")
    assert "does not cover its battery" in message
    assert message.startswith("line ")


def test_a_closure_firm_outside_the_market_is_refused():
    settings = scenario().calibration_settings("solo", {})
    closure = settings.calibration.model_copy(update={"closure_firms": ("gwm", "tesler")})
    settings = settings.model_copy(update={"calibration": closure})
    industry = build_industry(read_market("china_nev_2024"), settings)
    with pytest.raises(CalibrationError, match="tesler"):
        calibrate(industry, settings)


def test_more_cars_than_buyers_are_refused():
    settings = scenario().calibration_settings("solo", {})
    industry = build_industry(read_market("china_nev_2024"), settings)
    small = replace(industry, market_size=industry.units.sum())
    with pytest.raises(CalibrationError, match="whole market"):
        calibrate(small, settings)


def test_peace_without_other_motives_is_static_nash():
    """War 0, no learning, idle or conduct part, combustion prices held: solved here by SciPy."""
    run = run_of(
        sets=(
            "conduct.war_intensity=0",
            "conduct.parts.learning=false",
            "conduct.parts.idle=false",
            "conduct.parts.conduct=false",
            "demand.ice_share=0",
            "demand.acceptance_drift=0",
            "measures.purchase_tax=frozen",
        )
    )
    walked = walk(run, 1).work.price
    calibration, industry = run.world.calibration, run.world.industry
    firm, keep = industry.firm_of, industry.net_share
    weight = calibration.kappa[firm][:, firm]

    def conditions(log_price):
        prices = np.exp(log_price)
        chosen = demand(calibration, prices)
        share = calibration.types.weights @ chosen
        steep = chosen * (calibration.types.weights * calibration.alpha)[:, None]
        gradient = steep.T @ chosen - np.diag(steep.sum(axis=0))
        margin = keep * prices - calibration.cost
        gain = keep * share + (weight * gradient.T) @ margin
        return gain / (keep * share)

    found = root(conditions, np.log(industry.price), method="hybr", tol=1e-13)
    assert np.max(np.abs(conditions(found.x))) < 1e-10
    assert np.max(np.abs(walked / np.exp(found.x) - 1.0)) < 1e-8
    assert np.median(walked / industry.price) > 1.02


@pytest.mark.parametrize("item", ["depreciation_share", "warranty_share", "variable_selling_share"])
def test_another_split_of_the_accounts_makes_no_money(item):
    """Contribution less fixed cost of the base year stays when a cost is counted elsewhere."""

    def left(sets):
        calibration = runner(tuple(sets)).calibration("solo", {})
        industry, firm = calibration.industry, calibration.industry.index("leapmotor")
        units = industry.by_firm(industry.units)[firm]
        return units * calibration.observed_markup[firm] - industry.fixed_cost[firm]

    base, moved = left([]), left([f"firms.leapmotor.{item}=0.02"])
    assert moved == pytest.approx(base, rel=1e-9)
