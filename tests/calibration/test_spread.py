"""The size of luck is measured in runs as it is in the panel."""

import numpy as np
import pytest
from worlds import SHIPPED, scenario

from sim.batch.spread import compare_spread
from sim.calibration.spread import log_share_changes, spread_of
from sim.cli import main


def test_changes_by_hand():
    units = np.array([[100.0, 200.0, 5.0], [200.0, 100.0, 5.0], [0.0, 300.0, 5.0]])
    one = log_share_changes(units, 1, 50.0)
    # Shares' common denominator cancels with the mean: log 2 and -log 2, then one firm alone.
    assert np.allclose(one, [np.log(2.0), -np.log(2.0), 0.0])
    assert len(log_share_changes(units, 2, 50.0)) == 1
    assert len(log_share_changes(units, 3, 50.0)) == 0


def test_a_random_walk_has_the_root_of_its_horizon():
    rng = np.random.default_rng(5)
    firms, step = 40, 0.25
    runs = []
    for _ in range(60):
        path = np.cumsum(rng.normal(0.0, step, (13, firms)), axis=0)
        runs.append(1e6 * np.exp(path))
    for horizon in (1, 4, 8):
        found = spread_of(runs, horizon, 1.0)
        # The mean of the date takes one of F degrees of freedom.
        wanted = step * np.sqrt(horizon * (1.0 - 1.0 / firms))
        assert abs(found.value - wanted) < 4.0 * found.standard_error
        assert found.standard_error < 0.02 * wanted
        assert found.count == 60 * firms * (13 - horizon)


def test_the_floor_counts_at_the_start_only():
    rng = np.random.default_rng(6)
    units = np.exp(rng.normal(0.0, 1.0, (10, 8)))
    kept = sum((units[start] >= 1.0).sum() for start in range(8))
    assert len(log_share_changes(units, 2, 1.0)) == kept


@pytest.mark.slow
def test_luck_is_as_large_as_in_the_panel():
    rows = compare_spread(scenario(), 40)
    assert [row.simulated.horizon for row in rows] == [1, 4, 8]
    assert all(abs(row.distance) < 2.0 for row in rows)


@pytest.mark.slow
def test_half_the_luck_is_too_little():
    rows = compare_spread(scenario(("luck.scale=0.5",)), 20)
    assert max(abs(row.distance) for row in rows) > 2.0


def test_the_verb_prints_both_side_by_side(capsys):
    assert main(["calibrate", SHIPPED, "--spread", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.split()[0].isdigit()] == ["1", "4", "8"]
    assert "0.363" in lines[3]
