import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from sim import stats

# Newcombe (1998), Statistics in Medicine 17, 857-872, table I: Wilson and Clopper-Pearson.
PUBLISHED = [
    ((81, 263), (0.2553, 0.3662), (0.2527, 0.3676)),
    ((15, 148), (0.0624, 0.1605), (0.0578, 0.1617)),
    ((0, 20), (0.0, 0.1611), (0.0, 0.1684)),
    ((1, 29), (0.0061, 0.1718), (0.0009, 0.1776)),
]


@pytest.mark.parametrize(("counts", "wilson", "exact"), PUBLISHED)
def test_intervals_match_the_published_table(counts, wilson, exact):
    assert stats.wilson(*counts) == pytest.approx(wilson, abs=5e-5)
    assert stats.clopper_pearson(*counts) == pytest.approx(exact, abs=5e-5)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_intervals_match_scipy_for_every_count(level):
    for total in (1, 2, 7, 40):
        for yes in range(total + 1):
            test = binomtest(yes, total)
            for ours, method in ((stats.clopper_pearson, "exact"), (stats.wilson, "wilson")):
                theirs = test.proportion_ci(level, method)
                assert ours(yes, total, level) == pytest.approx(tuple(theirs), abs=1e-11)


@given(st.integers(1, 100_000), st.data())
def test_no_share_has_an_interval_of_zero_width(total, data):
    yes = data.draw(st.integers(0, total))
    for interval in (stats.wilson, stats.clopper_pearson, stats.share_interval):
        low, high = interval(yes, total)
        assert 0.0 <= low <= yes / total <= high <= 1.0
        assert high - low > 0.5 / total
        mirrored = interval(total - yes, total)
        assert (1.0 - mirrored.high, 1.0 - mirrored.low) == pytest.approx((low, high), abs=1e-9)


def test_nothing_is_known_without_trials():
    assert stats.wilson(0, 0) == (0.0, 1.0)
    assert stats.share_interval(0, 0) == (0.0, 1.0)
    assert stats.rule_of_three(0) == 1.0


def test_rule_of_three_is_the_bound_at_which_silence_has_five_per_cent():
    for total in (1, 10, 200, 100_000):
        assert (1.0 - stats.rule_of_three(total)) ** total == pytest.approx(0.05)
    assert stats.rule_of_three(1000) == pytest.approx(3 / 1000, rel=0.01)


@pytest.mark.parametrize("counts", [(-1, 5), (6, 5), (math.nan, 5), (1, math.nan)])
def test_impossible_counts_are_refused(counts):
    for interval in (stats.wilson, stats.clopper_pearson):
        with pytest.raises(ValueError, match="successes"):
            interval(*counts)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 95, math.nan])
def test_impossible_levels_are_refused(level):
    for call in (
        lambda: stats.wilson(1, 2, level),
        lambda: stats.clopper_pearson(1, 2, level),
        lambda: stats.rule_of_three(2, level),
        lambda: stats.tango(1, 2, 3, 4, level),
        lambda: stats.mean_interval([1.0, 2.0], level),
        lambda: stats.quantile_interval([1.0, 2.0], 0.5, level),
        lambda: stats.replicates_for_share(0.5, 0.1, level),
        lambda: stats.replicates_for_mean(1.0, 0.1, level),
    ):
        with pytest.raises(ValueError, match="level"):
            call()


def test_numpy_integers_and_a_higher_level_are_welcome():
    narrow = stats.share_interval(np.int64(3), np.int64(10), 0.9)
    wide = stats.share_interval(3, 10, 0.99)
    assert wide.low < narrow.low < narrow.high < wide.high
