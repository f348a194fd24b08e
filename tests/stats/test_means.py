import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binom, ttest_1samp

from sim import stats

AMOUNTS = arrays(np.float64, st.integers(2, 60), elements=st.floats(-(2.0**40), 2.0**40, width=32))


def test_without_correction_the_interval_and_p_are_students():
    values = np.random.default_rng(3).gamma(2.0, 3e9, 25)
    reference = ttest_1samp(values, 0.0)
    ends = reference.confidence_interval(0.95)
    estimate = stats.mean_interval(values, skewness=False)
    assert estimate == pytest.approx((values.mean(), *ends), rel=1e-12)
    assert stats.t_test(values, skewness=False) == pytest.approx(reference.pvalue, rel=1e-9)


def test_symmetric_samples_need_no_correction():
    values = np.array([-3.0, -1.0, 0.0, 1.0, 3.0]) + 7.0
    assert stats.mean_interval(values) == pytest.approx(
        stats.mean_interval(values, skewness=False), rel=1e-12
    )


def test_skewed_samples_get_more_room_on_the_long_side():
    values = np.exp(np.random.default_rng(5).normal(0.0, 1.0, 40))
    mean, low, high = stats.mean_interval(values)
    _, plain_low, plain_high = stats.mean_interval(values, skewness=False)
    assert high - mean > mean - low
    assert high > plain_high
    assert low > plain_low


@given(AMOUNTS)
def test_verdict_and_interval_agree(values):
    estimate = stats.mean_interval(values)
    p = stats.t_test(values)
    assert 0.0 <= p <= 1.0
    if abs(p - 0.05) > 1e-6:
        assert estimate.excludes(0.0) == (p < 0.05)


@given(AMOUNTS)
def test_mirrored_sample_has_the_mirrored_interval(values):
    value, low, high = stats.mean_interval(values)
    size = max(float(np.abs(values).max()), 1e-300)
    mirrored = stats.mean_interval(-values)
    if math.isfinite(low):
        assert (-mirrored.value / size, -mirrored.high / size, -mirrored.low / size) == (
            pytest.approx((value / size, low / size, high / size), abs=1e-9)
        )
        assert low < value < high
    assert mirrored.bounded == math.isfinite(low)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e12, 1e150])
def test_unit_of_the_amount_does_not_matter(unit):
    values = np.random.default_rng(1).exponential(1.0, 20)
    assert np.array(stats.mean_interval(values * unit)) / unit == pytest.approx(
        np.array(stats.mean_interval(values)), rel=1e-9
    )


@pytest.mark.parametrize("values", [[0.0] * 40, [2e9] * 40, [1.0], [0.1 + 0.2, 0.3]])
def test_sample_without_spread_bounds_nothing_and_says_so(values):
    estimate = stats.mean_interval(values)
    assert estimate.value == pytest.approx(values[0])
    assert not estimate.bounded
    assert not estimate.excludes(0.0)
    assert stats.t_test(values) == 1.0


def test_no_values_no_estimate():
    assert math.isnan(stats.mean_interval([]).value)
    assert not stats.mean_interval([]).bounded
    assert math.isnan(stats.t_test([]))
    assert math.isnan(stats.quantile_interval([], 0.5).value)


@pytest.mark.parametrize("bad", [[1.0, math.nan], [1.0, math.inf], [[1.0, 2.0]]])
def test_failed_runs_are_never_dropped_in_silence(bad):
    for call in (
        stats.mean_interval,
        stats.t_test,
        stats.pairs_won,
        stats.bootstrap_interval,
        lambda values: stats.quantile_interval(values, 0.5),
    ):
        with pytest.raises(ValueError, match=r"finite|vector"):
            call(bad)


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("n", [1, 5, 6, 20, 59, 200])
def test_quantile_interval_has_at_least_its_level_whatever_the_distribution(n, probability):
    places = np.arange(1.0, n + 1.0)
    _, low, high = stats.quantile_interval(places[::-1], probability)
    # Values low..high-1 of n below the quantile keep it inside.
    first = 0 if math.isinf(low) else int(low)
    last = n if math.isinf(high) else int(high) - 1
    count = binom(n, probability)
    assert count.cdf(last) - count.cdf(first - 1) >= 0.95
    if not math.isinf(low):
        assert count.cdf(first) > 0.025
    if not math.isinf(high):
        assert count.sf(last - 1) > 0.025


def test_median_of_five_values_is_not_bounded_and_of_six_is():
    assert not stats.quantile_interval([1.0, 2.0, 3.0, 4.0, 5.0], 0.5).bounded
    assert stats.quantile_interval([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 0.5) == (3.5, 1.0, 6.0)


@pytest.mark.parametrize("probability", [0.0, 1.0, 1.5, math.nan])
def test_impossible_quantiles_are_refused(probability):
    with pytest.raises(ValueError, match="quantile"):
        stats.quantile_interval([1.0, 2.0], probability)
