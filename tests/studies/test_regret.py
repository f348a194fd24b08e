"""Regret on tables that can be worked out by hand, and what luck does to it."""

import numpy as np
import pytest

from sim.studies.regret import held_out_regret, regret, regret_table

VALUES = np.array([[1.0, 3.0, 2.0], [5.0, 0.0, 4.0], [2.0, 2.0, 2.0]])


def test_a_table_worked_out_by_hand():
    assert regret(VALUES).tolist() == [[2.0, 0.0, 1.0], [0.0, 5.0, 1.0], [0.0, 0.0, 0.0]]
    table = regret_table(np.repeat(VALUES[:, :, None], 4, axis=2), ["a", "b", "c"])
    # Best in one of three futures but for a tie, and yet the choice that never goes far wrong.
    assert table["arm"].tolist() == ["c", "a", "b"]
    assert table["worst"].tolist() == [1.0, 2.0, 5.0]
    assert table["mean"].tolist() == pytest.approx([2 / 3, 2 / 3, 5 / 3])
    assert table["best_in"].tolist() == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    assert table["held_out"].tolist() == pytest.approx(table["mean"].tolist())


def test_a_failed_future_is_left_out_whole_and_counted():
    values = np.repeat(VALUES[:, :, None], 2, axis=2)
    values[1, 2, 0] = np.nan
    table = regret_table(values, ["a", "b", "c"])
    assert (table["failed"] == 1).all()
    assert (table["futures"] == 2).all()
    assert table.set_index("arm")["worst"].to_dict() == {"a": 2.0, "b": 0.0, "c": 1.0}
    with pytest.raises(ValueError, match="all finite"):
        regret([[np.nan, 1.0]])


def test_equal_arms_have_regret_by_luck_alone_and_none_on_other_luck():
    generator = np.random.default_rng(3)
    values = generator.normal(size=(2000, 3, 8))
    plain = regret(values.mean(axis=2)).mean()
    fresh = held_out_regret(values).mean()
    assert plain > 0.2
    assert abs(fresh) < 0.04


def test_held_out_regret_of_arms_that_differ_is_theirs():
    generator = np.random.default_rng(4)
    values = generator.normal(0.0, 0.1, (500, 2, 8)) + np.array([0.0, 1.0])[None, :, None]
    assert held_out_regret(values).mean(axis=0) == pytest.approx([1.0, 0.0], abs=0.02)


def test_one_replicate_has_no_other_luck_and_no_future_no_regret():
    assert regret_table(VALUES[:, :, None], ["a", "b", "c"])["held_out"].isna().all()
    assert regret_table(np.full((2, 2, 2), np.nan), ["a", "b"])["worst"].isna().all()
