"""The best arm is kept as often as is said; an arm alone is called the best no more often."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_rel

from sim import stats

TRIALS = 500


def floor(level: float) -> float:
    """The level less three standard errors of the trials."""
    return level - 3.0 * math.sqrt(level * (1.0 - level) / TRIALS)


def paired(generator, means, replicates, spreads=1.0, shared=0.8):
    luck = generator.normal(size=(replicates, 1))
    own = generator.normal(size=(replicates, len(means)))
    mixed = math.sqrt(shared) * luck + math.sqrt(1.0 - shared) * own
    return np.asarray(means) + np.asarray(spreads) * mixed


def kept(values, **how) -> np.ndarray:
    return stats.find_best(values, **how).may_be_best


@pytest.mark.parametrize("arms", [2, 5])
@pytest.mark.parametrize("spreads", ["equal", "unequal"])
def test_the_best_arm_stays_in_when_all_others_are_as_good(arms, spreads):
    """Ties are the hardest case: each of the others may beat the last arm by luck."""
    generator = np.random.default_rng(arms)
    wide = np.linspace(1.0, 3.0, arms) if spreads == "unequal" else 1.0
    stays = [
        kept(paired(generator, np.zeros(arms), 20, wide), yes_no=False)[-1] for _ in range(TRIALS)
    ]
    assert floor(0.95) <= np.mean(stays) < 1.0


def test_without_bonferroni_it_would_not():
    """The check above can fail: five arms compared at one level lose the best too often."""
    generator = np.random.default_rng(4)
    stays = []
    for _ in range(TRIALS):
        values = paired(generator, np.zeros(5), 20, shared=0.0)
        p = [ttest_rel(values[:, j], values[:, 4], alternative="greater").pvalue for j in range(4)]
        stays.append(min(p) > 0.05)
    assert np.mean(stays) < floor(0.95)


def test_the_distance_behind_the_best_is_bounded_for_all_arms_at_once():
    generator = np.random.default_rng(11)
    means = np.array([0.0, 0.2, 0.2, 0.5])
    truth = np.array([0.5, 0.3, 0.3, 0.0])
    held = [
        (stats.find_best(paired(generator, means, 25), yes_no=False).behind_at_most >= truth).all()
        for _ in range(TRIALS)
    ]
    assert floor(0.95) <= np.mean(held)


@pytest.mark.parametrize(("odds", "couples"), [(0.05, False), (0.5, False), (0.5, True)])
def test_yes_no_arms_of_the_same_odds_are_called_best_as_seldom_as_said(odds, couples):
    generator = np.random.default_rng(int(100 * odds))
    wrong = 0
    for _ in range(TRIALS):
        values = (generator.random((40, 5)) < odds).astype(float)
        wrong += not kept(values, yes_no=True, couples=couples)[0]
    assert wrong / TRIALS <= 1.0 - floor(0.95)


def test_an_arm_clearly_above_is_left_alone_and_names_do_not_matter():
    values = paired(np.random.default_rng(2), [0.0, 2.0, 0.5], 30)
    found = stats.find_best(values, yes_no=False)
    assert found.may_be_best.tolist() == [False, True, False]
    assert found.behind_at_most[1] == 0.0
    turned = stats.find_best(1e9 * values[:, [1, 2, 0]] - 5e9, yes_no=False)
    assert turned.may_be_best.tolist() == [True, False, False]
    assert turned.behind_at_most == pytest.approx(1e9 * found.behind_at_most[[1, 2, 0]])


def test_two_arms_are_one_sided_tests_of_other_programs():
    generator = np.random.default_rng(8)
    for size in np.linspace(0.0, 0.5, 30):
        # Differences that lie as far above their mean as below it have no skewness.
        half = generator.normal(size=12)
        change = size + np.concatenate([half, -half])
        values = np.stack([np.zeros(24), change], axis=1)
        p = ttest_rel(values[:, 1], values[:, 0], alternative="greater").pvalue
        assert kept(values, yes_no=False)[0] == (p > 0.05)
    for gained in range(4, 16):
        values = np.zeros((20, 2))
        values[:gained, 1] = 1.0
        values[gained : gained + 2, 0] = 1.0
        p = binomtest(gained, gained + 2, alternative="greater").pvalue
        assert kept(values, yes_no=True)[0] == (p > 0.05)


def test_arms_that_never_differ_cannot_be_told_apart():
    same = np.tile(np.arange(10.0)[:, None] % 2, (1, 3))
    for yes_no in (True, False):
        found = stats.find_best(same, yes_no=yes_no)
        assert found.may_be_best.all()
        assert (found.behind_at_most > 0.0).all()


@pytest.mark.parametrize(
    "values", [np.zeros((9, 1)), np.zeros(4), np.full((9, 2), np.nan)]
)
def test_what_cannot_be_compared_is_refused(values):
    with pytest.raises(ValueError, match=r"arms|finite"):
        stats.find_best(values, yes_no=False)
