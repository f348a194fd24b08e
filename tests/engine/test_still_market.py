"""A world in which nothing moves stays at the prices of 2024 for ten years."""

import numpy as np
import pytest
from worlds import STILL, run_of, walk

from sim.scenario.market_tables import read_market

FIRMS = tuple(row.firm_id for row in read_market("china_nev_2024").firms)
NO_EXPORT_GROWTH = tuple(f"firms.{firm}.export_growth=0" for firm in FIRMS)
QUARTERS = 40


def largest_move(*sets: str, quarters: int = QUARTERS) -> float:
    """Largest relative distance of a price from 2024's in any quarter."""
    run = run_of(sets=(*STILL, *NO_EXPORT_GROWTH, *sets))
    observed = run.world.industry.price
    moves: list[float] = []

    def after(state, work):
        moves.append(float(np.max(np.abs(work.price / observed - 1.0))))
        assert state.active.all()

    walk(run, quarters, after)
    assert len(moves) == quarters
    return max(moves)


def test_prices_of_2024_stay_for_forty_quarters():
    assert largest_move() < 1e-8


def test_sales_and_costs_stay_with_them():
    run = run_of(sets=(*STILL, *NO_EXPORT_GROWTH))
    world = run.world

    def after(state, work):
        assert np.max(np.abs(work.sold / world.industry.units - 1.0)) < 1e-7
        assert np.max(np.abs(work.cost / world.calibration.cost - 1.0)) < 1e-12
        assert np.max(np.abs(state.permanent)) < 1e-12
        # Who made more than its plants in 2024 builds what is missing, once.
        enough = np.maximum(world.industry.capacity, state.volume)
        assert np.max(np.abs(state.capacity / enough - 1.0)) < 1e-7

    walk(run, QUARTERS, after)


@pytest.mark.parametrize(
    "switch",
    [
        "costs.learning=on",
        "demand.acceptance_drift=0.15",
        "measures.purchase_tax=on",
        "luck.on=true",
        "quality.renewal=true",
        "costs.battery_decline=0.06",
        "conduct.mu_max=4",
        "conduct.war_intensity=0.99",
        "conduct.parts.learning=false",
        "conduct.parts.idle=false",
        "conduct.parts.war=false",
        "conduct.parts.conduct=false",
        "firms.tesla.export_growth=-0.1",
    ],
)
def test_each_switch_of_that_world_moves_prices(switch):
    assert largest_move(switch, quarters=12) > 1e-6


def test_the_market_grows_without_moving_prices_once_plants_do_not_matter():
    grows = ("demand.market_growth=0.02", "conduct.idle_cost_share=0", "conduct.parts.idle=false")
    still = ("conduct.idle_cost_share=0", "conduct.parts.idle=false")
    paths = []
    for sets in (grows, still):
        prices: list[np.ndarray] = []
        run = run_of(sets=(*STILL, *NO_EXPORT_GROWTH, *sets))
        walk(run, 8, lambda state, work, kept=prices: kept.append(work.price))
        paths.append(np.array(prices))
    assert np.max(np.abs(paths[0] / paths[1] - 1.0)) < 1e-8


@pytest.mark.parametrize(
    "split",
    [
        "conduct.idle_cost_share=0.014",
        "firms.leapmotor.capacity_units=600000",
        "costs.industry_spillover=0.05",
    ],
)
def test_how_the_lambda_of_2024_is_split_moves_nothing_in_2024(split):
    # What idle plants explain, war does not: the calibration takes the rest.
    assert largest_move(split, quarters=4) < 1e-8


def test_the_war_part_switched_off_is_peace_for_combustion_cars_too():
    paths = []
    for sets in (("conduct.parts.war=false",), ("conduct.war_intensity=0",)):
        prices: list[np.ndarray] = []
        walk(run_of(sets=sets), 4, lambda state, work, kept=prices: kept.append(work.price))
        paths.append(np.array(prices))
    np.testing.assert_array_equal(paths[0], paths[1])
