"""Fleets and private buyers: in a logit of two groups each line's fleet share comes back."""

from dataclasses import replace

import numpy as np
import pytest
from worlds import run_of, tables

from sim.calibration.industry import build_industry
from sim.calibration.types import consumer_types
from sim.errors import CalibrationError
from sim.kernels.demand import Demand, probabilities
from sim.kernels.inversion import invert_shares
from sim.scenario import load
from sim.scenario.market_tables import read_market

PLAIN = [
    "demand.income_sigma=0", "demand.taste_electric_sd=0", "demand.taste_plug_sd=0",
    "demand.taste_size_sd=0", "demand.types=16",
]


def world(*sets):
    settings = load("scenarios/base/china_nev_2024.yaml", list(sets)).settings("solo", {})
    return build_industry(read_market("china_nev_2024"), settings), settings


def test_fleet_shares_of_the_tables_come_back_without_other_tastes():
    industry, settings = world(*PLAIN, "demand.fleet_buyers=0.1")
    types = consumer_types(industry, settings)
    assert abs(types.weights.sum() - 1.0) < 1e-15
    shares = industry.units / industry.market_size
    demand = Demand(
        delta=np.zeros(len(shares)), mu=types.taste, alpha=3e-5 * types.price_shape,
        weights=types.weights, outside=np.zeros(len(types.weights)),
    )
    found = invert_shares(shares, demand, industry.price)
    odds = probabilities(replace(demand, delta=found.delta), industry.price)
    fleets = np.arange(len(types.weights)) >= len(types.weights) // 2
    assert abs(types.weights[fleets].sum() - 0.1) < 1e-15
    bought = types.weights[:, None] * odds
    share = bought[fleets].sum(axis=0) / bought.sum(axis=0)
    assert np.allclose(share, industry.fleet_share[industry.firm_of], rtol=1e-9)
    assert share[industry.lines.index("faw_hongqi_fleet")] > 0.6
    assert np.allclose(bought.sum(axis=0), shares, rtol=1e-9)


def test_too_few_fleets_for_what_fleets_bought_is_refused():
    industry, settings = world("demand.fleet_buyers=0.01")
    with pytest.raises(CalibrationError, match="too few fleets"):
        consumer_types(industry, settings)


@pytest.mark.slow
def test_a_market_with_fleets_calibrates_and_one_without_is_as_it_was():
    plain = run_of("solo", (), replicate=3)
    off = run_of("solo", ("demand.fleet_buyers=0", "demand.familiarity=0"), replicate=3)
    assert len(off.demand.weights) == len(plain.demand.weights)
    fleets = run_of("solo", ("demand.fleet_buyers=0.1", "demand.types=64"), replicate=3)
    rows = tables(fleets, 4)["firms"]
    industry = fleets.world.industry
    assert np.isfinite(rows["units"]).all()
    share = rows["share"][: len(industry.firms)]
    base = industry.by_firm(industry.units) / industry.units.sum()
    assert np.abs(share - base).max() < 0.05


def test_familiar_brands_gain_on_others_and_the_market_does_not_grow_by_it():
    from sim.market.demand import familiarity
    from sim.quarter.context import first_state

    run = run_of("solo", ("demand.familiarity=0.3",))
    state = first_state(run)
    assert not np.any(familiarity(run.world, state))
    byd = run.world.industry.index("byd")
    state.experience[byd] *= 2.0
    moved = familiarity(run.world, state)
    shares = run.world.calibration.shares
    assert abs(shares @ moved) < 1e-15
    of_byd = run.world.industry.firm_of == byd
    assert np.allclose(moved[of_byd] - moved[~of_byd][0], 0.3 * np.log(2.0), rtol=1e-12)
