"""Selection of the best arm errs no more often than it says, on arms whose means are known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from sim import stats

TRIALS = 400


def floor(level, trials=TRIALS):
    """The level less three standard errors of the trials."""
    return level - 3.0 * math.sqrt(level * (1.0 - level) / trials)


def paired(generator, means, replicates, shared=0.8):
    """Outcomes (N, K) with unit variance and correlation ``shared`` along a row."""
    luck = generator.normal(size=(replicates, 1))
    own = generator.normal(size=(replicates, len(means)))
    return np.asarray(means) + math.sqrt(shared) * luck + math.sqrt(1.0 - shared) * own


# Slippage: every other arm just as far below the best as is worth detecting; the hardest case.
@pytest.mark.parametrize("arms", [2, 5])
def test_kim_nelson_selects_the_best_as_often_as_it_says(arms):
    generator = np.random.default_rng(arms)
    means = [0.0] * (arms - 1) + [0.5]
    used = {}
    for shared in (0.0, 0.8):
        found = [
            stats.kim_nelson(paired(generator, means, 2500, shared), 0.5) for _ in range(TRIALS)
        ]
        assert all(each.decided for each in found)
        assert np.mean([each.best == arms - 1 for each in found]) >= floor(0.95)
        used[shared] = np.mean([each.used for each in found])
    # With luck in common a fifth of the variance of a difference is left.
    assert used[0.8] < 0.75 * used[0.0]


def test_kim_nelson_is_no_formality():
    """Taking the best mean of the first ten replicates errs more often than one in twenty."""
    generator = np.random.default_rng(3)
    means = [0.0] * 4 + [0.5]
    naive = [paired(generator, means, 10, 0.0).mean(axis=0).argmax() == 4 for _ in range(TRIALS)]
    assert np.mean(naive) < 0.80


def test_more_replicates_do_not_change_what_was_decided():
    values = paired(np.random.default_rng(5), [0.0, 0.1, 0.2], 2000)
    whole = stats.kim_nelson(values, 0.1)
    assert 10 < whole.used < whole.most
    part = stats.kim_nelson(values[: whole.used], 0.1)
    assert part.decided
    assert part.used == whole.used
    assert part.best == whole.best
    assert not stats.kim_nelson(values[: whole.used - 1], 0.1).decided


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.permutations(range(4)),
    st.floats(0.01, 1000.0),
    st.floats(-1e3, 1e3),
)
def test_kim_nelson_knows_neither_names_units_nor_origin(seed, order, scale, shift):
    values = paired(np.random.default_rng(seed), [0.0, 0.2, 0.4, 0.9], 60)
    found = stats.kim_nelson(values, 0.4)
    again = stats.kim_nelson(scale * values[:, list(order)] + shift, scale * 0.4)
    assert order[again.best] == found.best
    assert again.used == found.used
    assert list(again.left_at) == [found.left_at[arm] for arm in order]


def test_equal_arms_end_in_a_tie_that_is_said_to_be_decided_at_the_latest_date():
    values = np.tile(np.arange(12.0)[:, None], (1, 3))
    found = stats.kim_nelson(values, 1.0)
    assert found.decided
    assert found.most == found.used == 10


def test_rinott_constant_is_that_of_cauchy_variates_at_two_replicates():
    # With one degree of freedom the sum of two t variates is twice a Cauchy variate.
    for level in (0.75, 0.9, 0.95):
        exact = 2.0 * math.tan(math.pi * (level - 0.5))
        assert stats.rinott_constant(2, 2, level) == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("arms", [2, 5])
def test_rinott_constant_is_that_of_normal_variates_when_variances_are_known(arms):
    exact = math.sqrt(2.0) * ndtri(0.95 ** (1.0 / (arms - 1)))
    assert stats.rinott_constant(arms, 20_000) == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("arms", [2, 5])
def test_rinott_constant_meets_its_definition_by_simulation(arms):
    generator = np.random.default_rng(9)
    others, best = generator.chisquare(9, (arms - 1, 300_000)), generator.chisquare(9, 300_000)
    h = stats.rinott_constant(arms, 10)
    odds = ndtr(h / np.sqrt(9.0 * (1.0 / others + 1.0 / best))).prod(axis=0)
    assert odds.mean() == pytest.approx(0.95, abs=8e-4)


def test_rinott_selects_the_best_as_often_as_it_says_with_unequal_variances():
    generator = np.random.default_rng(17)
    means, spreads = np.array([0.0, 0.0, 0.0, 0.5]), np.array([0.5, 1.0, 2.0, 1.0])
    right = 0
    for _ in range(TRIALS):
        first = means + spreads * generator.normal(size=(12, 4))
        sizes = stats.rinott_sizes(first, 0.5)
        assert (sizes >= 12).all()
        more = (sizes - 12) / sizes
        rest = means + spreads / np.sqrt(np.maximum(sizes - 12, 1)) * generator.normal(size=4)
        right += ((1.0 - more) * first.mean(axis=0) + more * rest).argmax() == 3
    assert right / TRIALS >= floor(0.95)
    assert sizes[2] > sizes[1] > sizes[0]


def test_ranges_of_ranks_hold_all_at_once():
    generator = np.random.default_rng(23)
    means = np.array([0.0, 0.3, 0.3, 1.0])
    # Tied arms share a rank: one plus the number of arms above.
    truth = np.array([4, 2, 2, 1])
    held = 0
    for _ in range(TRIALS):
        ranges = stats.rank_ranges(paired(generator, means, 40))
        held += ((ranges[:, 0] <= truth) & (truth <= ranges[:, 1])).all()
    assert held / TRIALS >= floor(0.95)
    assert ranges[3].tolist() == [1, 1]
    assert ranges[1, 1] > ranges[1, 0]


@pytest.mark.parametrize(
    "call",
    [
        lambda: stats.kim_nelson(np.zeros((20, 1)), 1.0),
        lambda: stats.kim_nelson(np.zeros((5, 2)), 1.0),
        lambda: stats.kim_nelson(np.zeros((20, 2)), 0.0),
        lambda: stats.kim_nelson(np.full((20, 2), np.nan), 1.0),
        lambda: stats.rinott_sizes(np.zeros((1, 2)), 1.0),
        lambda: stats.rinott_constant(4, 10, 0.2),
        lambda: stats.rank_ranges(np.zeros(4)),
    ],
)
def test_what_cannot_be_ranked_is_refused(call):
    with pytest.raises(ValueError, match=r"arms|replicates|detecting|finite|shape"):
        call()
