import numpy as np
import pytest

from sim.luck import LuckBook

FIRMS = ["faw", "leapmotor", "byd"]


@pytest.mark.parametrize("kind", ["normal", "uniform"])
def test_names_can_be_added_and_reordered_without_moving_a_draw(kind):
    draw = getattr(LuckBook(7, 3), kind)
    first = draw("firm", FIRMS, 40)
    again = draw("firm", ["newcomer", *reversed(FIRMS)], 40)
    assert first.shape == (40, 3)
    np.testing.assert_array_equal(first, again[:, :0:-1])


def test_longer_horizon_keeps_the_first_quarters():
    book = LuckBook(7, 3)
    np.testing.assert_array_equal(
        book.normal("firm", FIRMS, 12), book.normal("firm", FIRMS, 40)[:12]
    )


def test_seed_replicate_purpose_and_name_each_give_another_stream():
    reference = LuckBook(1, 2).uniform("firm", ["faw"], 8)
    others = [
        LuckBook(2, 2).uniform("firm", ["faw"], 8),
        LuckBook(1, 3).uniform("firm", ["faw"], 8),
        LuckBook(1, 2).uniform("line", ["faw"], 8),
        LuckBook(1, 2).uniform("firm", ["fawx"], 8),
        # Joined without separators these would be the same text as (1, 2, "firm", "faw").
        LuckBook(12, 0).uniform("firm", ["faw"], 8),
        LuckBook(1, 2).uniform("fir", ["mfaw"], 8),
    ]
    for other in others:
        assert not np.any(other == reference)


def test_numpy_integers_name_the_same_stream():
    np.testing.assert_array_equal(
        LuckBook(np.int64(5), np.int64(1)).normal("firm", ["faw"], 4),
        LuckBook(5, 1).normal("firm", ["faw"], 4),
    )


def test_draws_have_the_distributions_they_are_named_after():
    names = [f"firm_{number}" for number in range(400)]
    normal = LuckBook(1, 0).normal("firm", names, 100)
    uniform = LuckBook(1, 0).uniform("firm", names, 100)
    assert abs(normal.mean()) < 0.02
    assert abs(normal.std() - 1.0) < 0.02
    assert abs(uniform.mean() - 0.5) < 0.01
    assert uniform.min() >= 0.0
    assert uniform.max() < 1.0
    between = np.corrcoef(normal[:, :50].T)
    assert np.abs(between - np.eye(50)).max() < 0.5
