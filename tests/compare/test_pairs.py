"""Pairs counted by hand, with runs that failed on either side and on both."""

import numpy as np
import pandas as pd
import pytest

from sim.compare.estimates import estimate
from sim.compare.pairs import Pairs, make_pairs

# replicate: 0     1     2     3     4     5
SOLO = [1.0, 0.0, 1.0, np.nan, 1.0, np.nan]
ALLY = [1.0, 1.0, np.nan, 1.0, 0.0, np.nan]


@pytest.fixture
def pairs() -> Pairs:
    runs = pd.DataFrame(
        {
            "run": np.arange(12),
            "replicate": np.repeat(np.arange(6), 2),
            "arm": ["solo", "capital"] * 6,
        }
    )
    values = pd.Series(np.array([SOLO, ALLY]).T.ravel(), index=np.arange(12))
    runs["status"] = np.where(np.isfinite(values), "ok", "failed")
    return make_pairs(runs, values.dropna(), "capital", "solo")


def test_counts(pairs: Pairs) -> None:
    assert (pairs.count, pairs.failed, pairs.planned) == (3, 3, 6)
    assert pairs.replicates.tolist() == [0, 1, 4]
    assert pairs.differences.tolist() == [0.0, 1.0, -1.0]


def test_a_known_run_of_a_broken_pair_is_kept(pairs: Pairs) -> None:
    # Complete pairs: 0 + 1 - 1. Replicate 2: solo lives, so -1 or 0. Replicate 3: the ally lives,
    # so 0 or 1. Replicate 5: -1 or 1.
    assert pairs.range_if_failed() == pytest.approx((-2.0 / 6.0, 2.0 / 6.0))


def test_a_firm_that_an_arm_has_not_got_makes_no_pair_and_no_failed_one() -> None:
    runs = pd.DataFrame(
        {
            "run": np.arange(6),
            "replicate": np.repeat(np.arange(3), 2),
            "arm": ["solo", "newcomer"] * 3,
            "status": ["ok", "ok", "ok", "ok", "failed", "failed"],
        }
    )
    found = make_pairs(runs, pd.Series({1: 1.0, 3: 0.0}), "newcomer", "solo")
    assert (found.count, found.failed, found.both_failed) == (0, 1, 1)


def test_the_row_counts_the_same_pairs(pairs: Pairs) -> None:
    row = estimate(pairs, yes_no=True)
    assert (row["pairs"], row["failed_pairs"]) == (3, 3)
    assert (row["higher"], row["lower"], row["same"]) == (1, 1, 1)
    assert row["value"] - row["baseline_value"] == pytest.approx(row["difference"])


def _agreeing(yes: int, total: int) -> Pairs:
    values = np.array([1.0] * yes + [0.0] * (total - yes))
    return Pairs(np.arange(total), values, values.copy(), np.array([]), np.array([]), 0)


@pytest.mark.parametrize("yes", [0, 20, 40])
def test_yes_no_intervals_never_have_zero_width(yes: int) -> None:
    row = estimate(_agreeing(yes, 40), yes_no=True)
    for name in ("value", "baseline_value", "difference"):
        low, high = (
            (row[f"{name}_low"], row[f"{name}_high"])
            if name != "baseline_value"
            else (row["baseline_low"], row["baseline_high"])
        )
        assert low < high
        assert low <= row[name] <= high
    assert row["p"] == 1.0


def test_without_any_pair_nothing_is_claimed() -> None:
    nothing = Pairs(np.array([], dtype=np.int64), *(np.array([]) for _ in range(4)), 5)
    for yes_no in (True, False):
        row = estimate(nothing, yes_no=yes_no)
        assert row["pairs"] == 0
        assert row["failed_pairs"] == 5
        assert np.isnan(row["difference"])


def test_pairing_helps_where_luck_is_shared() -> None:
    luck = np.random.default_rng(1).normal(0.0, 1.0, 400)
    noise = np.random.default_rng(2).normal(0.0, 0.1, 400)
    shared = Pairs(np.arange(400), luck, luck + 0.5 + noise, np.array([]), np.array([]), 0)
    alone = Pairs(np.arange(400), luck, luck[::-1] + 0.5, np.array([]), np.array([]), 0)
    arm = luck + 0.5 + noise
    ratio = noise.var() / (luck.var() + arm.var())
    assert estimate(shared, yes_no=False)["variance_ratio"] == pytest.approx(ratio, rel=1e-9)
    assert ratio < 0.01
    assert estimate(alone, yes_no=False)["variance_ratio"] == pytest.approx(1.0, rel=0.2)
