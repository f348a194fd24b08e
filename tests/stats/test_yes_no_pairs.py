import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from sim import stats

# Newcombe (1998), Statistics in Medicine 17, 2635-2650, table III, method 10. The paper takes
# first minus second; cells are both, first only, second only, neither.
NEWCOMBE_TABLE = {
    (36, 12, 2, 0): (0.0569, 0.3404),
    (20, 12, 2, 16): (0.0562, 0.3292),
    (18, 12, 2, 18): (0.0562, 0.3290),
    (36, 14, 0, 0): (0.1528, 0.4167),
    (35, 14, 0, 1): (0.1461, 0.4175),
    (18, 14, 0, 18): (0.1441, 0.3963),
    (2, 97, 1, 0): (0.8721, 0.9854),
    (1, 97, 1, 1): (0.8736, 0.9850),
    (0, 29, 1, 0): (0.6666, 0.9882),
    (2, 98, 0, 0): (0.9178, 0.9945),
    (1, 98, 0, 1): (0.9171, 0.9916),
    (0, 30, 0, 0): (0.8395, 1.0),
    (54, 0, 0, 0): (-0.0664, 0.0664),
    (53, 0, 0, 1): (-0.0729, 0.0729),
    (30, 0, 0, 24): (-0.0358, 0.0358),
    (27, 0, 0, 27): (-0.0351, 0.0351),
}
COUNTS = st.tuples(*[st.integers(0, 400)] * 4).filter(lambda counts: sum(counts) > 0)


@pytest.mark.parametrize(("cells", "published"), NEWCOMBE_TABLE.items())
def test_newcombe_matches_the_published_table(cells, published):
    both, first_only, second_only, neither = cells
    interval = stats.newcombe_paired(both, second_only, first_only, neither)
    assert interval == pytest.approx(published, abs=1e-4)


def test_tango_and_mcnemar_match_a_published_example():
    # Cavo et al. (2012) in Fagerland, Lydersen & Laake, Statistical Analysis of Contingency
    # Tables (2017), chapter 8.
    assert stats.tango(59, 16, 6, 80) == pytest.approx((-0.1240, -0.0054), abs=5e-5)
    assert stats.mcnemar_exact(6, 16) == pytest.approx(0.052479, abs=5e-7)


def test_tango_has_its_closed_form_where_no_pair_disagrees():
    z = 1.959963984540054
    for total in (1, 10, 54, 5000):
        end = z * z / (total + z * z)
        assert stats.tango(total, 0, 0, 0) == pytest.approx((-end, end), abs=1e-12)


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_the_binomial_test_of_the_disagreeing_pairs(first_only, second_only):
    total = first_only + second_only
    expected = binomtest(first_only, total).pvalue if total else 1.0
    assert stats.mcnemar_exact(first_only, second_only) == pytest.approx(expected, rel=1e-9)


@given(COUNTS)
def test_paired_intervals_hold_the_difference_mirror_and_are_never_of_zero_width(counts):
    both, first_only, second_only, neither = counts
    difference = (second_only - first_only) / sum(counts)
    for interval in (stats.tango, stats.newcombe_paired):
        low, high = interval(*counts)
        assert -1.0 - 1e-12 <= low <= difference + 1e-12
        assert difference - 1e-12 <= high <= 1.0 + 1e-12
        assert high - low > 1.0 / sum(counts)
        mirrored = interval(both, second_only, first_only, neither)
        assert (-mirrored.high, -mirrored.low) == pytest.approx((low, high), abs=1e-9)


@given(COUNTS)
def test_tango_does_not_ask_which_way_the_agreeing_pairs_went(counts):
    both, first_only, second_only, neither = counts
    assert stats.tango(*counts) == stats.tango(both + neither, first_only, second_only, 0)


@given(COUNTS)
def test_reported_estimate_is_the_difference_with_tangos_interval(counts):
    estimate = stats.paired_shares(*counts)
    assert estimate.value == pytest.approx((counts[2] - counts[1]) / sum(counts))
    assert estimate[1:] == stats.tango(*counts)
    assert estimate.bounded


def test_no_pairs_say_nothing():
    assert stats.tango(0, 0, 0, 0) == (-1.0, 1.0)
    assert stats.newcombe_paired(0, 0, 0, 0) == (-1.0, 1.0)
    assert math.isnan(stats.paired_shares(0, 0, 0, 0).value)
    assert stats.mcnemar_exact(0, 0) == 1.0
    assert stats.count_pairs([], []).total == 0


def test_negative_counts_are_refused():
    for call in (stats.tango, stats.newcombe_paired, stats.paired_shares):
        with pytest.raises(ValueError, match="negative"):
            call(3, -1, 2, 4)
    with pytest.raises(ValueError, match="negative"):
        stats.mcnemar_exact(-1, 4)


def test_pairs_are_counted_by_what_happened_in_each_arm():
    first = np.array([1, 1, 0, 0, 1, 0], dtype=bool)
    second = np.array([1, 0, 1, 1, 1, 0], dtype=bool)
    assert stats.count_pairs(first, second) == stats.PairCounts(2, 1, 2, 1)


@pytest.mark.parametrize(
    ("first", "second"), [([1], [1, 0]), ([0.5], [1.0]), ([1.0], [math.nan]), ([[1.0]], [[1.0]])]
)
def test_what_is_no_pair_of_yes_and_no_is_refused(first, second):
    with pytest.raises(ValueError, match=r"lengths|1 and 0|finite|vector"):
        stats.count_pairs(first, second)


def test_pairs_without_a_difference_are_not_won():
    estimate = stats.pairs_won([1.0, 0.0, -2.0, 3.0, 0.0])
    assert estimate.value == pytest.approx(0.4)
    assert estimate[1:] == stats.share_interval(2, 5)
    assert math.isnan(stats.pairs_won([]).value)
