"""Antithetic luck: couples are mirror images, each half is luck as any other."""

import numpy as np
import pytest
from scipy.stats import kstest, norm

from sim.luck import LuckBook
from sim.stats import mirror_ratio

FIRMS = ["faw", "leapmotor", "byd"]


def halves(kind: str, couple: int = 3, quarters: int = 40) -> tuple[np.ndarray, np.ndarray]:
    one, other = (
        getattr(LuckBook(7, 2 * couple + half, antithetic=True), kind)("firm", FIRMS, quarters)
        for half in (0, 1)
    )
    return one, other


def test_the_halves_of_a_couple_are_mirror_images() -> None:
    one, other = halves("normal")
    np.testing.assert_array_equal(one, -other)
    one, other = halves("uniform")
    np.testing.assert_array_equal(one + other, np.full(one.shape, 1.0 - 2.0**-53))
    assert other.min() >= 0.0
    assert other.max() < 1.0


def test_the_first_half_is_plain_luck_and_other_couples_are_other_luck() -> None:
    plain = LuckBook(7, 6).normal("firm", FIRMS, 40)
    np.testing.assert_array_equal(halves("normal")[0], plain)
    assert not np.isin(np.abs(plain), np.abs(halves("normal", couple=4))).any()
    # Without the option no replicate mirrors another.
    assert not np.isin(np.abs(plain), np.abs(LuckBook(7, 7).normal("firm", FIRMS, 40))).any()


@pytest.mark.parametrize(("kind", "law"), [("normal", norm.cdf), ("uniform", "uniform")])
def test_each_replicate_alone_has_the_distribution_it_is_named_after(kind: str, law) -> None:
    names = [f"firm_{number}" for number in range(50)]
    for half in (0, 1):
        books = [LuckBook(1, 2 * couple + half, antithetic=True) for couple in range(20)]
        drawn = np.concatenate([getattr(book, kind)("firm", names, 40).ravel() for book in books])
        assert kstest(drawn, law).pvalue > 1e-3


def test_an_event_of_any_odds_falls_as_often_in_either_half() -> None:
    names = [f"firm_{number}" for number in range(100)]
    for odds in (0.03, 0.5, 0.97):
        struck = np.mean([
            LuckBook(2, replicate, antithetic=True).uniform("exit", names, 100) < odds
            for replicate in range(20)
        ], axis=(1, 2))
        tolerance = 5.0 * np.sqrt(odds * (1.0 - odds) / 1e5)
        assert abs(struck[::2].mean() - odds) < tolerance
        assert abs(struck[1::2].mean() - odds) < tolerance


def outcome_ratio(outcome, *, antithetic: bool) -> float:
    values = [
        outcome(LuckBook(5, replicate, antithetic).normal("firm", FIRMS, 8))
        for replicate in range(400)
    ]
    return mirror_ratio(values)


def test_couples_cancel_what_is_linear_in_luck_and_lessen_what_is_monotone() -> None:
    assert outcome_ratio(lambda z: 3.0 + z.sum(), antithetic=True) < 1e-20
    assert outcome_ratio(lambda z: np.exp(0.2 * z.sum()), antithetic=True) < 0.6
    # exp(-a) and exp(a) with a standard deviation of 0.2 sqrt(24): the closed form.
    spread = 0.04 * 24
    closed = 1.0 + (np.exp(-spread) - 1.0) / (np.exp(spread) - 1.0)
    assert outcome_ratio(lambda z: np.exp(0.2 * z.sum()), antithetic=True) == pytest.approx(
        closed, abs=0.2
    )
    assert outcome_ratio(lambda z: z.sum(), antithetic=False) == pytest.approx(1.0, abs=0.2)


def test_couples_hurt_where_both_halves_do_the_same() -> None:
    assert outcome_ratio(lambda z: z.sum() ** 2, antithetic=True) == pytest.approx(2.0, rel=0.01)
