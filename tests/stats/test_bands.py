import math

import numpy as np
import pytest

from sim import stats


def test_survival_band_is_the_share_interval_of_each_quarter():
    alive = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]], dtype=bool)
    band = stats.survival_band(alive)
    assert band.value == pytest.approx([1.0, 2 / 3, 1 / 3, 0.0])
    for quarter, yes in enumerate((3, 2, 1, 0)):
        assert (band.low[quarter], band.high[quarter]) == stats.share_interval(yes, 3)
    assert (band.high > band.low).all()
    assert band.n.tolist() == [3, 3, 3, 3]


def test_no_replicates_no_curve():
    band = stats.survival_band(np.empty((0, 5)))
    assert np.isnan(band.value).all()
    assert (band.low == 0.0).all()
    assert (band.high == 1.0).all()


def test_mean_band_leaves_out_missing_values_and_counts_them():
    values = np.random.default_rng(0).normal(1e5, 1e4, (30, 3))
    values[:10, 1] = np.nan
    values[:, 2] = np.nan
    band = stats.mean_band(values)
    assert band.n.tolist() == [30, 20, 0]
    assert (band.value[1], band.low[1], band.high[1]) == stats.mean_interval(values[10:, 1])
    assert math.isnan(band.value[2])
    assert math.isinf(band.high[2])


def test_quantile_band_is_the_interval_of_each_quarter():
    values = np.random.default_rng(0).normal(0.0, 1.0, (50, 4))
    band = stats.quantile_band(values, 0.9)
    for quarter in range(4):
        expected = stats.quantile_interval(values[:, quarter], 0.9)
        assert (band.value[quarter], band.low[quarter], band.high[quarter]) == expected


def test_what_is_no_table_of_replicates_is_refused():
    with pytest.raises(ValueError, match="shape"):
        stats.mean_band([1.0, 2.0])
    with pytest.raises(ValueError, match="1 and 0"):
        stats.survival_band([[0.5, 1.0]])
    with pytest.raises(ValueError, match="finite"):
        stats.mean_band([[1.0], [math.inf]])
