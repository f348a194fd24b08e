"""The loop gain of learning: against a monopoly's closed form and the loop walked by hand."""

from dataclasses import replace

import numpy as np
import pytest
from worlds import runner, scenario

from sim.calibration.loop import loop_gain

SETTINGS = scenario().calibration_settings("solo", {})


@pytest.fixture(scope="module")
def calibration():
    return runner().calibration("solo", {})


def monopoly(calibration, alpha):
    """One firm, one line, one type: its price is ``c - L + 1 / (alpha (1 - s))``."""
    industry = calibration.industry
    firm, line = 0, int(np.flatnonzero(industry.firm_of == 0)[0])
    share, net = calibration.shares[line], industry.net_share[line]
    price = industry.price[line]
    types = replace(
        calibration.types,
        weights=np.ones(1), price_shape=np.ones(1), taste=np.zeros((1, 1)), income=np.ones(1),
    )  # fmt: skip
    cost = calibration.cost[line : line + 1]
    markup = net / (alpha * (1.0 - share))
    revealed = markup - (price * net - cost[0])
    return replace(
        calibration,
        industry=replace(
            industry,
            firms=industry.firms[:1], lines=industry.lines[line : line + 1],
            firm_of=np.zeros(1, dtype=np.int64), units=industry.units[line : line + 1],
            market_size=float(industry.units[line] / share), price=industry.price[line : line + 1],
            net_share=industry.net_share[line : line + 1], exports=industry.exports[:1],
            experience=industry.experience[:1], discount=industry.discount[:1],
        ),
        types=types,
        alpha=np.array([alpha]),
        quality=np.array([np.log(share / (1.0 - share)) + alpha * price]),
        shares=np.array([share]),
        cost=cost,
        glider=calibration.glider[line : line + 1],
        kappa=np.ones((1, 1)),
        learning=calibration.learning[:1],
        taught=calibration.learning[:1],
        revealed=np.array([revealed]),
        unit_cost=calibration.unit_cost[firm : firm + 1],
    )  # fmt: skip


@pytest.mark.parametrize("alpha", [2e-5, 5e-5])
def test_a_monopolys_gain_is_the_closed_form(calibration, alpha):
    alone = monopoly(calibration, alpha)
    industry, share, net = alone.industry, alone.shares[0], alone.industry.net_share[0]
    # n = c - L + net / (alpha (1 - s)) and ds/dp = -alpha s (1 - s): dp/dL = -(1 - s) / net.
    units_per_yuan = alpha * share * (1.0 - share) ** 2 / net * industry.market_size
    elasticity = -np.log2(1.0 - SETTINGS.calibration.vehicle_learning)
    ahead = np.arange(1, 41)
    volume, experience = industry.units[0] + industry.exports[0], industry.experience[0]
    path = experience + ahead * volume
    saved = industry.discount[0] ** ahead * elasticity * alone.glider[0]
    # Term by term: q (E + s q)^(-b-1) E^b, derived by q.
    slope = path ** (-elasticity - 1.0) - volume * (elasticity + 1.0) * ahead * path ** (
        -elasticity - 2.0
    )
    expected = units_per_yuan * (saved * slope).sum() * experience**elasticity
    gain = loop_gain(alone, SETTINGS)
    assert gain.total == pytest.approx(abs(expected), rel=1e-5)
    assert 0.0 < expected < 1.0


def test_the_shipped_calibrations_do_not_run_away(calibration):
    for values in scenario().variants().values():
        settings = scenario().calibration_settings("solo", values)
        gain = loop_gain(runner().calibration("solo", values), settings)
        assert gain.total < 1.0
        print(f"{values}: loop gain {gain.total:.3f}")


def test_without_learning_nothing_comes_back():
    values = {"calibration.vehicle_learning": 0.0}
    found = runner().calibration("solo", values)
    assert not found.learning.any()
    gain = loop_gain(found, scenario().calibration_settings("solo", values))
    assert gain.total == 0.0
