"""Intervals and tests over couples: exact coverage, and what they are where couples are alike."""

from collections.abc import Iterator
from itertools import combinations, pairwise
from math import exp, lgamma, log

import numpy as np
import pytest

from sim import stats

HALVES = {-2: (-1, -1), -1: (-1, 0), 0: (0, 0), 1: (1, 0), 2: (1, 1)}


def multinomials(total: int, odds: list[float]) -> Iterator[tuple[list[int], float]]:
    """Every way to spread ``total`` over categories, with its probability."""
    kinds = len(odds)
    for bars in combinations(range(total + kinds - 1), kinds - 1):
        ends = (-1, *bars, total + kinds - 1)
        counts = [after - before - 1 for before, after in pairwise(ends)]
        if any(count and not odd for count, odd in zip(counts, odds, strict=True)):
            continue
        logs = [count * log(odd) - lgamma(count + 1)
                for count, odd in zip(counts, odds, strict=True) if count]
        yield counts, exp(lgamma(total + 1) + sum(logs))


def share_coverage(couples: int, share: float, both: float) -> float:
    """Exact coverage where both halves say yes with the odds ``both``."""
    odds = [1.0 - 2.0 * share + both, 2.0 * (share - both), both]
    covered = 0.0
    for counts, weight in multinomials(couples, odds):
        values = np.repeat([[0, 0], [0, 1], [1, 1]], counts, axis=0).ravel()
        found = stats.couple_share(values)
        covered += weight * (found.low <= share <= found.high)
    return covered


@pytest.mark.parametrize("couples", [5, 10, 50])
@pytest.mark.parametrize("share", [0.02, 0.05, 0.2, 0.5])
def test_the_interval_of_a_share_covers_however_the_halves_hang_together(
    couples: int, share: float
) -> None:
    for both in (max(0.0, 2.0 * share - 1.0), share**2, share):
        assert share_coverage(couples, share, both) >= 0.95


def joint(gain: float, loss: float, how: str) -> list[float]:
    """Odds of -2, -1, 0, 1, 2 as sums of the two halves' differences."""
    none = 1.0 - gain - loss
    if how == "alike":
        return [loss, 0.0, none, 0.0, gain]
    if how == "apart":
        return [0.0, 2.0 * loss, none - gain - loss, 2.0 * gain, 0.0]
    return [loss**2, 2 * loss * none, none**2 + 2 * gain * loss, 2 * gain * none, gain**2]


def difference_coverage(couples: int, gain: float, loss: float, how: str) -> float:
    covered = 0.0
    for counts, weight in multinomials(couples, joint(gain, loss, how)):
        if weight < 1e-7:
            continue
        values = np.repeat(list(HALVES.values()), counts, axis=0).ravel()
        found = stats.couple_paired_shares(values)
        covered += weight * (found.low <= gain - loss <= found.high)
    return covered


@pytest.mark.parametrize("how", ["independent", "alike", "apart"])
@pytest.mark.parametrize(("gain", "loss"), [(0.05, 0.0), (0.1, 0.1), (0.3, 0.1), (0.3, 0.0)])
def test_the_interval_of_a_difference_covers_however_the_halves_hang_together(
    gain: float, loss: float, how: str
) -> None:
    assert difference_coverage(7, gain, loss, how) >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("how", ["independent", "alike", "apart"])
@pytest.mark.parametrize(("gain", "loss"), [(0.05, 0.0), (0.1, 0.1), (0.2, 0.1)])
def test_the_same_with_more_couples(gain: float, loss: float, how: str) -> None:
    assert difference_coverage(16, gain, loss, how) >= 0.95


def test_couples_that_are_alike_are_as_many_pairs() -> None:
    pairs = np.array([1, 1, 0, -1, 0, 0, 1, 0, 0, 0])
    found = stats.couple_paired_shares(np.repeat(pairs, 2))
    assert found == pytest.approx(stats.paired_shares(5, 1, 3, 1))
    assert stats.couple_sign_test(np.repeat(pairs, 2)) == stats.mcnemar_exact(1, 3)
    ones = np.array([1, 0, 0, 1, 1, 1])
    assert stats.couple_share(np.repeat(ones, 2))[1:] == pytest.approx(stats.share_interval(4, 6))


def test_an_interval_never_closes_and_never_counts_more_than_the_runs() -> None:
    nothing = stats.couple_paired_shares(np.zeros(40))
    assert nothing == pytest.approx(stats.paired_shares(0, 0, 0, 20))
    split = stats.couple_share(np.tile([0, 1], 50))
    whole = stats.share_interval(50, 100)
    assert split.low <= whole.low
    assert split.high >= whole.high
    gains = stats.couple_paired_shares(np.tile([0, 1, 0, 0], 25))
    alone = stats.paired_shares(0, 0, 25, 75)
    assert gains.high - gains.low >= alone.high - alone.low


def test_halves_that_cancel_say_more_than_pairs() -> None:
    cancelling = np.concatenate([np.tile([1, -1], 20), np.zeros(60)])
    couples = stats.couple_paired_shares(cancelling)
    assert couples == pytest.approx(stats.paired_shares(0, 0, 0, 50), abs=1e-12)
    pairs = stats.paired_shares(0, 20, 20, 60)
    assert couples.high - couples.low < 0.6 * (pairs.high - pairs.low)


def test_ratios_tell_what_pairing_and_mirrors_save() -> None:
    luck = np.random.default_rng(3)
    z = luck.standard_normal((4000, 2))
    mirrored = np.column_stack([z[:, 0], -z[:, 0]])
    first = z.ravel()
    independent = z.ravel() + 0.5 * luck.standard_normal(8000)
    assert stats.couple_variance_ratio(first, independent) == pytest.approx(
        stats.variance_ratio(first, independent), rel=0.1
    )
    assert stats.mirror_ratio(independent - first) == pytest.approx(1.0, abs=0.1)
    assert stats.mirror_ratio(mirrored.ravel() * 1e200) == pytest.approx(0.0, abs=1e-12)
    assert stats.mirror_ratio(np.repeat(z[:, 0], 2)) == pytest.approx(2.0, abs=1e-3)
    assert stats.couple_variance_ratio(first, first + 2.0 * mirrored.ravel()) < 1e-12
    for wrong in ([1.0, 2.0, 3.0], [1.0, np.nan]):
        with pytest.raises(ValueError, match=r"couples|finite"):
            stats.couple_means(wrong)


def test_too_little_says_nothing() -> None:
    assert np.isnan(stats.mirror_ratio([1.0, 2.0]))
    assert np.isnan(stats.couple_variance_ratio(np.zeros(8), np.zeros(8)))
    assert stats.couple_share([])[1:] == (0.0, 1.0)
    assert stats.couple_paired_shares([])[1:] == (-1.0, 1.0)
