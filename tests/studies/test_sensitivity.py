"""Indices against functions whose indices are known in closed form; failures are never silent."""

import math

import numpy as np
import pytest

pytest.importorskip("SALib", reason="SALib is not installed: make setup")

from sim.errors import SimError
from sim.studies.points import Answers
from sim.studies.ranges import Range
from sim.studies.sensitivity import (
    LUCK,
    LUCK_BLOCKS,
    MORRIS,
    SOBOL,
    analyse,
    check_failures,
    make_design,
    outcome_of,
)


def ranges(count, low=-math.pi, high=math.pi):
    return tuple(
        Range(f"x.{place}", 0.0, low, high, "counterfactual", "a test") for place in range(count)
    )


def inputs(design):
    return np.array([[value for _, value in point.values] for point in design.points()])


def ishigami(x):
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_indices():
    """First-order and total indices (Ishigami & Homma 1990) for a = 7, b = 0.1."""
    a, b = 7.0, 0.1
    one = 0.5 * (1.0 + b * math.pi**4 / 5.0) ** 2
    two = a * a / 8.0
    joint = b * b * math.pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    whole = one + two + joint
    first = np.array([one, two, 0.0]) / whole
    return first, first + np.array([joint, 0.0, joint]) / whole


def by_path(table):
    return table.set_index("path")


@pytest.mark.slow
def test_sobol_indices_of_ishigami_lie_within_two_hundredths():
    design = make_design(SOBOL, ranges(3), 8192, seed=5)
    table = by_path(analyse(design, ishigami(inputs(design))))
    first, total = ishigami_indices()
    for place in range(3):
        row = table.loc[f"x.{place}"]
        assert abs(row["first"] - first[place]) < 0.02
        assert abs(row["effect"] - total[place]) < 0.02
        assert row["low"] <= total[place] <= row["high"]
    assert table.loc[LUCK, "effect"] == 0.0


def test_sobol_ranks_ishigami_and_its_intervals_hold_the_truth():
    design = make_design(SOBOL, ranges(3), 512, seed=1)
    table = analyse(design, ishigami(inputs(design)))
    assert table["path"].tolist() == ["x.0", "x.1", "x.2", LUCK]
    first, total = ishigami_indices()
    for place in range(3):
        row = by_path(table).loc[f"x.{place}"]
        assert row["low"] <= total[place] <= row["high"]
        assert row["first_low"] <= first[place] <= row["first_high"]


def test_morris_effects_of_a_linear_outcome_are_its_moves_over_the_ranges():
    design = make_design(MORRIS, ranges(3, 0.0, 10.0), 8, seed=2)
    table = by_path(analyse(design, inputs(design) @ np.array([3.0, -1.0, 0.0])))
    assert table["effect"].to_dict() == pytest.approx(
        {"x.0": 30.0, "x.1": 10.0, "x.2": 0.0, LUCK: 0.0}, abs=1e-9
    )
    assert table.loc["x.1", "signed"] == pytest.approx(-10.0)
    assert table.loc["x.0", "spread"] == pytest.approx(0.0, abs=1e-9)


def noisy(design, size):
    """A slope in the first input, and luck that depends on its block alone."""
    draws = np.random.default_rng(4).normal(0.0, 1.0, LUCK_BLOCKS)
    blocks = np.array([point.luck for point in design.points()])
    return size * inputs(design)[:, 0] + draws[blocks]


@pytest.mark.parametrize("method", [MORRIS, SOBOL])
def test_the_dummy_measures_what_another_draw_does(method):
    design = make_design(method, ranges(3, 0.0, 1.0), 64, seed=3)
    assert {point.luck for point in design.points()} == set(range(LUCK_BLOCKS))
    strong = by_path(analyse(design, noisy(design, 30.0)))
    weak = by_path(analyse(design, noisy(design, 0.01)))
    assert strong.loc["x.0", "beyond_luck"]
    assert not weak["beyond_luck"].any()
    assert weak.loc[LUCK, "effect"] > 10.0 * weak.loc["x.0", "effect"]
    assert strong.loc[LUCK, "rank"] == 0
    assert strong.loc["x.0", "rank"] == 1


def test_steps_of_a_setting_share_their_luck():
    design = make_design(MORRIS, ranges(4, 0.0, 1.0), 6, seed=8)
    luck = np.array([point.luck for point in design.points()])
    changes = np.diff(luck.reshape(6, 6), axis=1) != 0
    assert (changes.sum(axis=1) == 1).all()


def test_failed_points_are_counted_and_never_enter_an_index():
    design = make_design(MORRIS, ranges(3, 0.0, 1.0), 20, seed=2)
    outcome = inputs(design) @ np.array([3.0, -1.0, 0.0])
    outcome[[7, 30]] = np.nan
    table = analyse(design, outcome)
    assert table["lost"].sum() in (2, 3, 4)
    assert (table["used"] + table["lost"] == 20).all()
    assert by_path(table).loc["x.0", "effect"] == pytest.approx(3.0)
    design = make_design(SOBOL, ranges(3), 512, seed=1)
    outcome = ishigami(inputs(design))
    outcome[[7, 30, 31]] = np.nan
    table = by_path(analyse(design, outcome))
    # Six points a base sample: 7 is of the second, 30 and 31 of the sixth.
    assert (table["lost"] == 2).all()
    assert abs(table.loc["x.0", "effect"] - ishigami_indices()[1][0]) < 0.1


def test_too_many_failures_are_refused_with_their_reasons():
    answers = Answers(
        np.full((10, 1, 2), np.nan),
        {(p, 0, r): "market elasticity -0.9 is outside" for p in range(3) for r in range(2)},
        20,
    )
    answers.values[3:] = 1.0
    outcome = outcome_of(answers, difference=False)
    assert np.isnan(outcome).sum() == 3
    check_failures(answers, outcome, 0.3)
    with pytest.raises(SimError, match=r"3 of 10 design points failed(.|\n)*3 points: market el"):
        check_failures(answers, outcome, 0.29)


def test_a_difference_is_that_of_pairs_and_a_failed_run_of_either_arm_breaks_it():
    values = np.array([[[1.0, 2.0], [4.0, 8.0]], [[np.nan, 2.0], [4.0, 8.0]]])
    answers = Answers(values, {(1, 0, 0): "why"}, 8)
    assert outcome_of(answers, difference=True)[0] == pytest.approx(4.5)
    assert np.isnan(outcome_of(answers, difference=True)[1])
    assert outcome_of(answers, difference=False) == pytest.approx([6.0, 6.0])


def test_an_outcome_that_nothing_moves_has_no_index_to_share():
    design = make_design(SOBOL, ranges(2), 8, seed=1)
    table = analyse(design, np.ones(len(design.unit)))
    assert (table["effect"] == 0.0).all()
    assert not table["beyond_luck"].any()


@pytest.mark.parametrize(("method", "size"), [(MORRIS, 1), (SOBOL, 12), (SOBOL, 1)])
def test_designs_that_cannot_be_drawn_are_refused(method, size):
    with pytest.raises(SimError, match="size of the design"):
        make_design(method, ranges(2), size, seed=1)


def test_the_same_seed_gives_the_same_design():
    for method in (MORRIS, SOBOL):
        one, two = (make_design(method, ranges(3), 8, seed=20250303) for _ in range(2))
        assert np.array_equal(one.unit, two.unit)
        assert not np.array_equal(one.unit, make_design(method, ranges(3), 8, seed=1).unit)
