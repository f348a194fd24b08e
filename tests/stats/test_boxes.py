"""PRIM finds a planted box, and finds none where none was planted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import stats


def planted(seed, count=800, inputs=6, noise=0.05):
    """Uniform points; of interest where x0 > 0.6 and x2 < 0.5, but for a few."""
    generator = np.random.default_rng(seed)
    points = generator.random((count, inputs))
    inside = (points[:, 0] > 0.6) & (points[:, 2] < 0.5)
    return points, inside ^ (generator.random(count) < noise)


@pytest.mark.parametrize("seed", range(5))
def test_the_planted_box_is_found_and_nothing_else_is_claimed(seed):
    points, interest = planted(seed)
    box = stats.find_box(points, interest)
    assert box.bound == (0, 2)
    assert box.low[0] == pytest.approx(0.6, abs=0.04)
    assert box.high[2] == pytest.approx(0.5, abs=0.04)
    assert box.high[0] == np.inf
    assert box.low[2] == -np.inf
    # Fresh points: what the box says holds beyond those that it was found on.
    held = stats.fit(box, *planted(seed + 100, 4000))
    # 0.2 of points lie in the box, 95 % of them of interest; of the rest 5 % are.
    assert held.density == pytest.approx(0.95, abs=0.06)
    assert held.coverage == pytest.approx(0.2 * 0.95 / (0.2 * 0.95 + 0.8 * 0.05), abs=0.06)
    assert held.mass == pytest.approx(0.2, abs=0.03)


def test_shares_of_replicates_count_as_cases_do():
    points, interest = planted(3)
    box = stats.find_box(points, np.where(interest, 0.9, 0.1))
    assert box.bound == (0, 2)


def test_without_a_pattern_hardly_anything_stands_out_on_fresh_points():
    generator = np.random.default_rng(1)
    points, interest = generator.random((500, 4)), generator.random(500) < 0.3
    box = stats.find_box(points, interest)
    fresh = generator.random((5000, 4)), generator.random(5000) < 0.3
    assert stats.fit(box, *fresh).density == pytest.approx(0.3, abs=0.06)


@pytest.mark.parametrize("all_of_them", [True, False])
def test_where_all_or_no_points_are_of_interest_there_is_no_box(all_of_them):
    points, _ = planted(0, 100)
    box = stats.find_box(points, np.full(100, all_of_them))
    assert box.bound == ()
    assert box.holds(points).all()


def test_coverage_and_density_are_counts():
    points = np.array([[0.0], [1.0], [2.0], [3.0]])
    box = stats.Box(np.array([1.0]), np.array([np.inf]))
    assert stats.fit(box, points, [1, 1, 0, 1]) == (2 / 3, 2 / 3, 3 / 4)
    nothing = stats.fit(box, points, [0, 0, 0, 0])
    assert np.isnan(nothing.coverage)
    assert nothing.density == 0.0


def test_an_input_with_few_values_can_bound_a_box():
    generator = np.random.default_rng(2)
    points = np.column_stack([generator.integers(0, 3, 400), generator.random(400)]).astype(float)
    box = stats.find_box(points, points[:, 0] == 2.0)
    assert box.bound == (0,)
    assert 1.0 < box.low[0] <= 2.0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 500), st.floats(0.01, 1e6), st.floats(-1e3, 1e3))
def test_units_of_an_input_do_not_matter(seed, scale, shift):
    points, interest = planted(seed, 200, 3)
    one = stats.find_box(points, interest)
    moved = points.copy()
    moved[:, 0] = scale * moved[:, 0] + shift
    other = stats.find_box(moved, interest)
    assert np.array_equal(one.holds(points), other.holds(moved))


def test_what_is_no_case_is_refused():
    with pytest.raises(ValueError, match="from 0 to 1"):
        stats.find_box(np.zeros((3, 1)), [0.0, 1.0, 2.0])
    with pytest.raises(ValueError, match="all finite"):
        stats.find_box(np.full((2, 1), np.nan), [0.0, 1.0])
