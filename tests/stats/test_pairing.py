import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import stats


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.95])
def test_variance_ratio_is_one_less_the_correlation_of_equal_spreads(correlation):
    generator = np.random.default_rng(2)
    common, own = generator.normal(size=(2, 200_000))
    second = correlation * common + math.sqrt(1.0 - correlation**2) * own
    assert stats.variance_ratio(common, second) == pytest.approx(1.0 - correlation, abs=0.01)


def test_variance_ratio_of_equal_arms_is_zero_and_of_constant_arms_unknown():
    values = np.random.default_rng(2).normal(size=50)
    assert stats.variance_ratio(values, values + 3.0) == pytest.approx(0.0, abs=1e-20)
    assert math.isnan(stats.variance_ratio(np.zeros(9), np.zeros(9)))
    assert math.isnan(stats.variance_ratio(np.ones(9), np.ones(9)))
    assert math.isnan(stats.variance_ratio([1.0], [2.0]))
    with pytest.raises(ValueError, match="equal lengths"):
        stats.variance_ratio([1.0, 2.0], [1.0])


@given(st.floats(1e-3, 100.0), st.floats(0.05, 10.0))
def test_replicates_for_a_mean_are_the_fewest_that_reach_the_width(spread, half_width):
    def half(n):
        values = np.resize([1.0, -1.0], n)
        _, low, high = stats.mean_interval(values * spread / values.std(ddof=1), skewness=False)
        return (high - low) / 2.0

    n = stats.replicates_for_mean(spread, half_width)
    if n < 20_000:
        assert half(n) <= half_width * (1.0 + 1e-9)
        if n > 2:
            assert half(n - 1) > half_width * (1.0 - 1e-9)


def test_a_mean_without_spread_takes_the_two_replicates_that_show_it():
    assert stats.replicates_for_mean(0.0, 1.0) == 2


@pytest.mark.parametrize("half_width", [0.2, 0.1, 0.05, 0.01])
def test_replicates_for_a_share_give_the_half_width_of_its_interval(half_width):
    n = stats.replicates_for_share(0.5, half_width)
    even = n + n % 2
    low, high = stats.share_interval(even // 2, even)
    assert (high - low) / 2.0 <= half_width
    low, high = stats.share_interval((even - 2) // 2, even - 2)
    assert (high - low) / 2.0 > half_width


@pytest.mark.parametrize("half_width", [0.1, 0.05, 0.02])
def test_replicates_for_paired_shares_give_the_width_of_their_interval(half_width):
    n = stats.replicates_for_paired_shares(0.2, 0.1, half_width)
    # Up to the next 20 the expected counts are whole.
    whole = -(-n // 20) * 20
    for total, wide in ((whole, False), (whole - 20, True)):
        gained, lost = 3 * total // 20, total // 20
        low, high = stats.tango(total - gained - lost, lost, gained, 0)
        assert ((high - low) / 2.0 > half_width) == wide


def test_pairs_that_never_disagree_still_take_replicates():
    assert stats.replicates_for_paired_shares(0.0, 0.0, 0.01) > 100
    assert stats.replicates_for_share(0.0, 0.01) > 100


def test_impossible_wishes_are_refused():
    for half_width in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="half-width"):
            stats.replicates_for_mean(1.0, half_width)
        with pytest.raises(ValueError, match="half-width"):
            stats.replicates_for_share(0.5, half_width)
    for spread in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="spread"):
            stats.replicates_for_mean(spread, 1.0)
    with pytest.raises(ValueError, match="more than"):
        stats.replicates_for_mean(1.0, 1e-6)
    with pytest.raises(ValueError, match="share"):
        stats.replicates_for_share(1.5, 0.1)
    with pytest.raises(ValueError, match="disagreeing"):
        stats.replicates_for_paired_shares(0.1, 0.2, 0.1)
