"""Simple forecasts and scores against closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from sim.stats.forecasts import (
    central_band,
    equal_shares,
    inside,
    log_errors,
    persistence,
    score,
    trend,
)

LAST = np.array([100.0, 200.0, 60.0])
BEFORE = np.array([50.0, 400.0, math.nan])


def test_persistence_repeats_the_year_and_is_a_copy():
    made = persistence(LAST)
    assert made.tolist() == LAST.tolist()
    assert made is not LAST


def test_trend_repeats_growth_and_takes_the_markets_where_a_firms_is_unknown():
    assert trend(LAST, BEFORE, 1.5).tolist() == [200.0, 100.0, 90.0]
    assert trend(LAST, np.array([0.0, 400.0, 60.0]), 2.0).tolist() == [200.0, 100.0, 60.0]


@given(st.floats(0.2, 5.0), st.integers(1, 30))
def test_trend_is_exact_for_steady_growth(growth, firms):
    before = np.arange(1.0, firms + 1.0)
    assert trend(growth * before, before, math.nan) == pytest.approx(growth**2 * before)


def test_equal_shares_keep_the_sum():
    assert equal_shares(LAST).tolist() == [120.0, 120.0, 120.0]


def test_scores_have_closed_forms():
    realised = np.array([100.0, 300.0])
    forecast = realised * np.exp([0.1, -0.3])
    found = score(forecast, realised, realised)
    assert found.mean == pytest.approx(0.2)
    assert found.weighted == pytest.approx((100 * 0.1 + 300 * 0.3) / 400)
    assert found.count == 2
    assert score(realised, realised, realised).mean == 0.0


def test_an_error_is_the_same_above_and_below_and_in_any_unit():
    realised = np.array([7.0, 50.0])
    twice, half = (score(k * realised, realised, realised).mean for k in (2.0, 0.5))
    assert twice == pytest.approx(math.log(2.0))
    assert half == pytest.approx(twice)
    assert log_errors(2e3 * realised, 1e3 * realised) == pytest.approx([math.log(2.0)] * 2)


@pytest.mark.parametrize(
    ("forecast", "realised"), [([1.0, 0.0], [1.0, 1.0]), ([1.0, 1.0], [1.0, -1.0])]
)
def test_amounts_that_have_no_logarithm_are_refused(forecast, realised):
    with pytest.raises(ValueError, match="positive"):
        score(np.array(forecast), np.array(realised), np.ones(2))


def test_no_firm_is_refused():
    with pytest.raises(ValueError, match="no firm"):
        score(np.zeros(0), np.zeros(0), np.zeros(0))


def test_the_band_holds_its_level_of_the_replicates():
    replicates = np.arange(101.0)[:, None]
    low, high = central_band(replicates, 0.8)
    assert (low[0], high[0]) == pytest.approx((10.0, 90.0))
    realised = np.array([10.1, 89.9, 9.9, 90.1])
    assert inside(np.tile(replicates, 4), realised, 0.8).tolist() == [True, True, False, False]


def test_a_forecaster_who_knows_the_law_covers_at_its_level_and_one_too_sure_does_not():
    draw = np.random.default_rng(5)
    firms = 2000
    realised = draw.normal(size=firms)
    honest, sure = (sd * draw.normal(size=(400, firms)) for sd in (1.0, 0.5))
    for level in (0.80, 0.95):
        margin = binom.ppf(0.999, firms, level) / firms - level + 0.02
        assert abs(inside(honest, realised, level).mean() - level) < margin
        known = 2.0 * norm.cdf(0.5 * norm.ppf((1.0 + level) / 2.0)) - 1.0
        assert abs(inside(sure, realised, level).mean() - known) < margin + 0.01
        assert known < level - 0.2
