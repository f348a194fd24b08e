"""What each fact measures, on histories in which it is planted or is not: closed forms."""

from dataclasses import replace

import numpy as np
import pytest
from histories import T, cuts, history

from sim.scenario import load
from sim.scenario.panel import Moment
from sim.studies.fact_measures import Condition, conditions, like_for_like


@pytest.fixture(scope="module")
def facts():
    return load("scenarios/facts_2022_2024.yaml").heading.facts.stated


def told(run, fact, panel=None):
    return {each.name: each for each in conditions(run, fact, panel or {})}


def met(run, fact, panel=None):
    return [each.met for each in conditions(run, fact, panel or {})]


def test_a_condition_has_a_band_and_what_is_not_known_is_not_met():
    assert Condition("a", 1.0, low=1.0, high=1.0).met
    assert not Condition("a", 0.999, low=1.0).met
    assert not Condition("a", np.nan).met


def test_changes_are_of_equal_lines_weighted_by_units():
    """A line that comes or goes moves nothing; the others' mean is of logs."""
    run = history()
    run.price[5:, 0] *= 0.9
    run.line_units[5:, 0], run.line_units[5:, 1] = 30e3, 10e3
    run.price[5:, 2] = np.nan
    price, cost = like_for_like(run)
    assert price[4, 0] == pytest.approx(2.0 / 3.0 * np.log(0.9))
    assert np.flatnonzero(price[:, 0]).tolist() == [4]
    assert not price[:, 1].any()
    assert not cost.any()


def test_cuts_that_follow_within_a_quarter_are_seen(facts):
    fact = facts["cuts_follow"].model_copy(update={"leaders": ("tesla",)})
    # Rivals are BYD, NIO, FAW, FAW-VW and Hozon; the composite is none.
    found = told(cuts(at=(0, 1, 1, None, None, 1)), fact)
    assert found["leaders' cuts"].value == 1
    assert found["rivals that follow"].value == pytest.approx(0.6)
    assert all(each.met for each in found.values())
    late = told(cuts(at=(2, 2, 2, 2, 2, 2)), fact)
    assert late["rivals that follow"].value == 0.0
    assert not late["rivals that follow"].met
    assert not late["less rivals that cut at other times"].met
    few = told(cuts(at=(0, 1, None, None, None, None)), fact)
    assert not few["rivals that follow"].met
    assert few["less rivals that cut at other times"].met


def test_prices_that_fall_with_costs_follow_nobody(facts):
    fact = facts["cuts_follow"]
    found = told(cuts(at=(0, 0, 0, 0, 0, 0), costs_too=True), fact)
    assert found["leaders' cuts"].value == 0
    assert np.isnan(found["rivals that follow"].value)
    assert not any(each.met for each in found.values())


def test_rivals_that_cut_all_the_time_do_not_follow(facts):
    run = cuts(at=(None,) * 6)
    fact = facts["cuts_follow"].model_copy(update={"leaders": ("tesla",)})
    run.price[:, 2:] *= 0.95 ** np.arange(T)[:, None]
    found = told(run, fact)
    assert found["rivals that follow"].value == 1.0
    assert found["less rivals that cut at other times"].value == pytest.approx(0.0)
    assert not found["less rivals that cut at other times"].met


def test_volume_grows_while_margins_fall(facts):
    fact, time = facts["volume_without_margin"], np.linspace(0.0, 1.0, T)[:, None]
    grows = history(units=20e3 * (1.0 + time) ** 2 * np.ones((T, 7)))
    squeezed = replace(grows, contribution=2e8 * (1.0 - 0.3 * time) * np.ones((T, 7)))
    assert met(squeezed, fact) == [True, True]
    growth = (2.0 - np.array([3, 2, 1, 0]) / 11) ** 2
    first = (1.0 + np.array([0, 1, 2, 3]) / 11) ** 2
    found = told(squeezed, fact)
    assert found["growth of units"].value == pytest.approx(growth.sum() / first.sum() - 1.0)
    assert found["fall of the margin"].value == pytest.approx(0.2 * 0.3 * 8 / 11)
    widened = replace(grows, contribution=2e8 * (1.0 + 0.3 * time) * np.ones((T, 7)))
    assert met(widened, fact) == [True, False]
    assert met(replace(squeezed, units=20e3 * np.ones((T, 7))), fact) == [False, True]


def test_prices_outrun_costs_in_the_quarters_of_the_war(facts):
    fact, quarters = facts["prices_outrun_costs"], np.arange(T)[:, None]
    run = history()
    run.price[:] *= 0.98**quarters
    run.cost[:] *= 0.99**quarters
    found = told(run, fact)
    # 2023Q2 to 2024Q4 are seven quarters.
    assert found["fall of prices"].value == pytest.approx(-7 * np.log(0.98))
    assert found["less fall of costs"].value == pytest.approx(7 * np.log(0.99 / 0.98))
    assert all(each.met for each in found.values())
    slower = history(cost=run.price * 0.8, price=run.cost / 0.8)
    assert met(slower, fact) == [True, False]
    # A cut in the quarter in which the subsidy ends is not counted, one in the next is.
    for last, fall in ((4, 0.0), (5, np.log(1.5))):
        early = history()
        early.price[:last] *= 1.5
        assert told(early, fact)["fall of prices"].value == pytest.approx(fall)


def test_profit_of_few(facts):
    fact = facts["profit_concentrates"]
    own = np.ones((T, 7)) * np.array([50e7, 30e7, 10e7, 5e7, -9e7, -1e7, 90e7])
    found = told(history(own_result=own), fact)
    assert found["profit of the 3 largest"].value == pytest.approx(90 / 95)
    # The composite is no firm: four of six.
    assert found["firms with a profit"].value == pytest.approx(4 / 6)
    assert met(history(own_result=own), fact) == [True, False]
    own[:, 3] = -5e7
    assert met(history(own_result=own), fact) == [True, True]
    assert not any(met(history(own_result=-np.abs(own)), fact)[:1])
    earlier = own.copy()
    earlier[:8] = 1e9
    assert met(history(own_result=earlier), fact) == [True, True]
    assert met(history(), fact) == [False, False]


def test_plants_half_empty(facts):
    fact = facts["plants_half_empty"]
    assert met(history(), fact) == [True]
    found = told(history(exports=8e3 * np.ones((T, 7))), fact)
    assert found["utilisation of the median firm"].value == pytest.approx(0.7)
    assert not found["utilisation of the median firm"].met
    run = history(exports=8e3 * np.ones((T, 7)))
    run.capacity[:8] *= 100.0
    assert met(run, fact) == [False]


def test_the_weak_with_an_owner_live_on(facts):
    fact = facts["owned_live_on"]
    own = np.ones((T, 7)) * np.array([-1e7, 1e7, -1e7, -1e7, -1e7, -1e7, -1e7])
    run = history(own_result=own)
    assert told(run, fact)["owned firms that lose money"].value == 3
    assert met(run, fact) == [True, True]
    run.on_sale[6:, [2, 5]] = False
    assert met(run, fact) == [True, True]
    run.on_sale[6:, 3] = False
    assert met(run, fact) == [True, False]
    run.own_result[:, 3] = 1e9
    assert met(run, fact) == [False, True]


def moments(**values):
    return {int(h): Moment("spread", int(h), v, 0.03, 100, "") for h, v in values.items()}


def test_shares_move_as_much_as_in_the_panel(facts):
    rng = np.random.default_rng(5)
    fact = facts["shares_move"].model_copy(update={"horizons": (1, 4), "floor": 1.0})
    walk = np.cumsum(rng.normal(0.0, 0.3, (T, 400)), axis=0)
    wide = history(
        firms=tuple(f"f{n}" for n in range(400)), kinds=("private",) * 400,
        units=20e3 * np.exp(walk),
    )  # fmt: skip
    panel = moments(**{"1": 0.3, "4": 0.6})
    found = told(wide, fact, panel)
    assert found["spread over 1 quarter"].value == pytest.approx(0.3, rel=0.05)
    assert found["spread over 4 quarters"].value == pytest.approx(0.6, rel=0.07)
    assert met(wide, fact, panel) == [True, True]
    band = found["spread over 1 quarter"]
    assert band.high - band.low == pytest.approx(2.0 * 1.96 * np.sqrt(2.0) * 0.03)
    still = replace(wide, units=20e3 * np.ones((T, 400)))
    assert met(still, fact, panel) == [False, False]
    assert met(wide, fact, moments(**{"1": 0.1, "4": 0.6})) == [False, True]
