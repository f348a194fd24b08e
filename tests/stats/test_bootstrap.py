import math

import numpy as np
import pytest
from scipy.stats import bootstrap

from sim import stats


def medians(rows):
    return np.median(rows, axis=1)


def test_interval_matches_scipys_bca():
    values = np.random.default_rng(4).exponential(2.0, 60)
    reference = bootstrap(
        (values,), np.mean, n_resamples=20_000, rng=np.random.default_rng(1), method="BCa"
    ).confidence_interval
    estimate = stats.bootstrap_interval(values, resamples=20_000)
    width = reference.high - reference.low
    assert estimate.value == pytest.approx(values.mean())
    assert estimate[1:] == pytest.approx(tuple(reference), abs=0.03 * width)


def test_same_sample_gives_the_same_interval_and_another_seed_nearly_so():
    values = np.random.default_rng(4).normal(1.0, 2.0, 50)
    first = stats.bootstrap_interval(values, medians)
    assert stats.bootstrap_interval(values, medians) == first
    other = stats.bootstrap_interval(values, medians, seed=7)
    assert other != first
    assert other.low == pytest.approx(first.low, abs=0.3)


def test_memory_blocks_do_not_change_the_number_of_resamples(monkeypatch):
    sizes = []

    def counted(rows):
        sizes.append(len(rows))
        return rows.mean(axis=1)

    monkeypatch.setattr("sim.stats.bootstrap._BLOCK", 300)
    stats.bootstrap_interval(np.arange(10.0), counted, resamples=100)
    assert [size for size in sizes if size > 1] == [30, 30, 30, 10]


@pytest.mark.parametrize("values", [[5.0], [5.0] * 30])
def test_sample_without_spread_bounds_nothing(values):
    estimate = stats.bootstrap_interval(values)
    assert estimate.value == 5.0
    assert not estimate.bounded
    assert math.isnan(stats.bootstrap_interval([]).value)
