"""What must not matter to a run: the size of the world, and firms that sell nothing."""

from dataclasses import replace

import numpy as np
import pytest
from worlds import runner, tables

from sim.calibration.calibrate import calibrate

EXTENSIVE = (
    "units", "exports", "experience", "capacity", "fixed_cost", "rd", "interest",
    "other_business", "cash", "debt", "credit_line", "state_backstop", "owner_support",
    "market_size",
)  # fmt: skip
# Columns of the tables that grow with the world; all others stay.
GROWING = {
    "market": {"units", "consumer_surplus"},
    "firms": {
        "units", "exports", "capacity", "revenue", "contribution", "fixed_cost", "rd", "interest",
        "other_income", "result", "cash", "group_cash", "debt", "state_money", "owner_money",
        "equity_raised",
    },
}  # fmt: skip
# Money of agreements, which a scenario states.
DEAL = "alliances.faw_leapmotor.terms.equity_stake.pre_money_cny_bn"
QUARTERS = 16


def world_of_size(factor, arm, sets=()):
    """A run in which there is ``factor`` times of everything that can be counted."""
    made = runner(sets)
    settings, industry, _, *rest = made._setting(arm, {})
    grown = replace(industry, **{name: factor * getattr(industry, name) for name in EXTENSIVE})
    (key,) = made._settled
    made._settled[key] = (settings, grown, calibrate(grown, settings), *rest)
    return tables(made.run_of(arm, {}, 3), QUARTERS)


@pytest.mark.parametrize("arm", ["solo", "capital"])
def test_twice_the_world_is_the_same_world_twice(arm):
    # Launches, plants and agreements cost money that scenarios state: twice of each.
    sets = ["quality.launch_cost_cny_bn={}"]
    if arm == "capital":
        sets += [f"arms.capital.{DEAL}={{}}", f"arms.capital.{SETUP}={{}}",
                 f"arms.capital.{RUNNING}={{}}"]  # fmt: skip
    stated = [1.0, 43.8, 0.6, 0.15][: len(sets)]
    small = world_of_size(1.0, arm, tuple(map(str.format, sets, stated)))
    large = world_of_size(2.0, arm, tuple(map(str.format, sets, [2.0 * n for n in stated])))
    for table, growing in GROWING.items():
        for column, values in small[table].items():
            if values.dtype.kind != "f":
                assert np.array_equal(values, large[table][column]), (table, column)
                continue
            factor = 2.0 if column in growing else 1.0
            size = np.nanmax(np.abs(values), initial=0.0)
            np.testing.assert_allclose(
                large[table][column], factor * values, rtol=1e-9, atol=1e-9 * size,
                err_msg=f"{table}.{column}",
            )  # fmt: skip
    assert np.isin(small["firms"]["state"], ["exited"]).any()


SETUP = "alliances.faw_leapmotor.setup_cost_cny_bn"
RUNNING = "alliances.faw_leapmotor.running_cost_cny_bn"


@pytest.mark.parametrize("left_out", ["cash", "capacity", "experience", "fixed_cost"])
def test_a_quantity_left_out_is_seen(left_out, monkeypatch):
    monkeypatch.setitem(globals(), "EXTENSIVE", [name for name in EXTENSIVE if name != left_out])
    small, large = world_of_size(1.0, "solo"), world_of_size(2.0, "solo")
    cash = small["firms"]["cash"]
    assert not np.allclose(large["firms"]["cash"], 2.0 * cash, rtol=1e-6, equal_nan=True)


NEWCOMER = (
    "events.newcomer.kind=entrant", "events.newcomer.firm=newcomer",
    "events.newcomer.lines=[leap_c10]", "events.newcomer.quality=0",
    "events.newcomer.when.penetration.above=0.999999",
)  # fmt: skip


def test_a_firm_that_sells_nothing_changes_nobody():
    without = tables(runner().run_of("solo", {}, 1), QUARTERS)
    with_it = tables(runner(NEWCOMER).run_of("solo", {}, 1), QUARTERS)
    others = with_it["firms"]["firm"] != "newcomer"
    assert 0 < others.sum() < len(others)
    for column, values in without["firms"].items():
        found = with_it["firms"][column][others]
        assert np.array_equal(values, found, equal_nan=values.dtype.kind == "f"), column


def test_without_learning_its_part_is_zero():
    rows = tables(runner(("costs.learning=off",)).run_of("solo", {}, 1), QUARTERS)["firms"]
    assert not rows["learning"].any()
    usual = tables(runner().run_of("solo", {}, 1), QUARTERS)["firms"]
    assert (usual["learning"] > 0.0).any()
