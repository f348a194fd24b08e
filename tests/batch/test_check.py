"""What validate finds beyond the text."""

from pathlib import Path

import numpy as np
import pytest

from sim.batch import check
from sim.batch.check import check_prices
from sim.kernels.deviations import Audit
from sim.scenario import load

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "faw_leapmotor.yaml"
QUICK = ["sweep=null", "arms.stranger=null", "arms.mou=null", "arms.merger=null", "demand.types=64"]


@pytest.fixture(scope="module")
def scenario():
    return load(FILE, QUICK)


def test_the_shipped_market_is_an_equilibrium_from_which_nobody_moves_away(scenario):
    found = check_prices(scenario)
    assert found.findings == ()
    assert (found.calibrations, found.markets) == (1, 4 * len(scenario.arms))
    assert 0.0 <= found.error < 1e-10
    assert 0.0 < found.move < 1e-8


def test_a_market_that_does_not_calibrate_is_said_once(scenario):
    found = check_prices(load(FILE, [*QUICK, "firms.leapmotor.gross_margin=0.95"]))
    assert len(found.findings) == 1
    assert "does not cover its battery" in found.findings[0]
    assert (found.calibrations, found.markets) == (0, 0)


def test_a_gain_far_away_is_named_with_line_and_size(scenario, monkeypatch):
    def gains(game, prices, *, tolerance):
        gain = np.zeros(len(prices))
        gain[5] = 0.21
        return Audit(gain, np.full(len(prices), 99_000.0), False, 5)

    monkeypatch.setattr(check, "audit_deviations", gains)
    found = check_prices(scenario)
    assert found.gain == 0.21
    assert [text.split(":")[0] for text in found.findings] == list(scenario.arms)
    assert "at 99,000 CNY would gain its firm 21.0%" in found.findings[0]


def test_prices_that_are_no_best_replies_are_named(scenario, monkeypatch):
    monkeypatch.setattr(check, "MOVE", -1.0)
    found = check_prices(scenario)
    assert "own best reply moves a price by" in found.findings[0]
