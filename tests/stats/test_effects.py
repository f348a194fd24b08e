"""Elementary effects and Morris's measures against closed forms and against SALib."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import stats


def trajectory(generator, inputs):
    """One walk from a corner that moves each input once, by two thirds, up or down."""
    up = generator.random(inputs) < 0.5
    point = np.where(up, 0.0, 1.0)
    rows = [point]
    for place in generator.permutation(inputs):
        point = point.copy()
        point[place] += 2.0 / 3.0 if up[place] else -2.0 / 3.0
        rows.append(point)
    return np.array(rows)


def walks(seed, inputs, count):
    generator = np.random.default_rng(seed)
    return np.concatenate([trajectory(generator, inputs) for _ in range(count)])


@given(st.integers(0, 999), st.lists(st.floats(-50, 50), min_size=1, max_size=5))
def test_effects_of_a_linear_outcome_are_its_slopes(seed, slopes):
    unit = walks(seed, len(slopes), 3)
    effects = stats.elementary_effects(unit, unit @ np.array(slopes) + 7.0, 3)
    assert effects == pytest.approx(np.tile(slopes, (3, 1)), abs=1e-10)


def test_an_interaction_shows_as_spread_and_a_change_of_sign_does_not_cancel():
    unit = walks(1, 3, 40)
    outcome = 4.0 * (unit[:, 0] - 0.5) * (unit[:, 1] - 0.5)
    found = stats.morris(stats.elementary_effects(unit, outcome, 40))
    assert found.mu_star[0] > 5.0 * abs(found.mu[0])
    assert found.sigma[0] > 0.5
    assert found.mu_star[2] == found.sigma[2] == 0.0


def test_a_failed_point_takes_the_two_effects_at_its_sides_and_no_other():
    unit = walks(2, 4, 6)
    outcome = unit @ np.array([1.0, 2.0, 3.0, 4.0])
    outcome[5 + 2] = np.nan  # the middle of the second walk
    effects = stats.elementary_effects(unit, outcome, 6)
    assert np.isnan(effects).sum() == 2
    assert np.isnan(effects[1]).sum() == 2
    found = stats.morris(effects)
    assert found.lost.sum() == 2
    assert (found.used + found.lost == 6).all()
    assert found.mu_star == pytest.approx([1.0, 2.0, 3.0, 4.0])


def test_measures_and_intervals_are_those_of_salib():
    salib = pytest.importorskip("SALib.analyze.morris", reason="SALib is not installed")
    from SALib.sample.morris import sample

    problem = {"num_vars": 4, "names": list("abcd"), "bounds": [[0.0, 1.0]] * 4}
    unit = sample(problem, 60, num_levels=4, seed=3)
    outcome = unit[:, 0] ** 2 + 3.0 * unit[:, 1] * unit[:, 2] - unit[:, 1]
    theirs = salib.analyze(problem, unit, outcome, num_levels=4, num_resamples=2000, seed=1)
    ours = stats.morris(stats.elementary_effects(unit, outcome, 60))
    assert ours.mu == pytest.approx(np.asarray(theirs["mu"]), abs=1e-12)
    assert ours.mu_star == pytest.approx(np.asarray(theirs["mu_star"]), abs=1e-12)
    assert ours.sigma == pytest.approx(np.asarray(theirs["sigma"]), abs=1e-12)
    half = (ours.high - ours.low) / 2.0
    assert half == pytest.approx(np.asarray(theirs["mu_star_conf"], float), rel=0.1, abs=1e-12)


def test_without_effects_nothing_is_said():
    found = stats.morris(np.array([[np.nan, 2.0], [np.nan, np.nan]]))
    assert np.isnan(found.mu_star[0])
    assert found.used.tolist() == [0, 1]
    assert np.isnan(found.low[1])
    assert found.mu_star[1] == 2.0


def test_what_is_no_walk_is_refused():
    unit = walks(1, 3, 2)
    with pytest.raises(ValueError, match="each input moves once"):
        stats.elementary_effects(unit[[0, 0, 1, 2, 4, 5, 6, 7]], np.zeros(8), 2)
    with pytest.raises(ValueError, match="trajectories"):
        stats.elementary_effects(unit, np.zeros(8), 3)
