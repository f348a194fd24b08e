"""Whole studies against the R package antitrust (tests/reference/antitrust/README.md)."""

import json
from pathlib import Path

import numpy as np
import pytest
from static_markets import MERGER, beers, studied

from sim.kernels.concentration import mhhi
from sim.kernels.ownership import owner_weights

FILE = Path(__file__).resolve().parents[1] / "reference" / "antitrust" / "examples.json"
EXAMPLES = json.loads(FILE.read_text(encoding="utf-8"))
STAKE = "deals: {deal: {kind: stake, investor: One, target: Two, share: 0.3}}"
NESTS = ("Reg", "Reg", "Reg", "Light", "Light", "Reg")


def case(name, folder):
    if name == "N1":
        shares = EXAMPLES["N1"]["shares_before"]
        size = f"market_size: {1.0 / sum(shares)!r}"  # one unit is sold
        lines = ("parameters: {alpha: -40, rho: {Reg: 0.5, Light: 0.3}}", size, MERGER)
        return studied(folder, beers(shares=shares, margins=(), nests=NESTS, lines=lines))
    deal = STAKE if name == "L3" else MERGER
    return studied(folder, beers(lines=("outside: 0.2", "market_size: 1250", deal)))


@pytest.mark.parametrize("name", ["L2", "N1"])
def test_calibration_and_the_market_before(name, tmp_path):
    study, expected = case(name, tmp_path), EXAMPLES[name]
    market, side = study.baseline.market, study.baseline.side
    assert -market.demand.alpha[0] == pytest.approx(expected["alpha"], rel=1e-10)
    np.testing.assert_allclose(market.demand.delta, expected["mean_values"], rtol=1e-9)
    np.testing.assert_allclose(market.costs, expected["costs_before"], rtol=1e-10)
    np.testing.assert_allclose(side.prices, expected["prices_before"], rtol=1e-10)
    np.testing.assert_allclose(side.shares, expected["shares_before"], rtol=1e-10)
    np.testing.assert_allclose(study.baseline.elasticities, expected["elasticities"], rtol=1e-10)
    ours, theirs = study.baseline.diversion.copy(), np.array(expected["diversion"])
    np.fill_diagonal(ours, -1.0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    assert side.hhi == pytest.approx(expected["hhi"][0], abs=1e-6)


@pytest.mark.parametrize("name", ["L2", "L3", "N1"])
def test_the_market_after(name, tmp_path):
    study, expected = case(name, tmp_path), EXAMPLES[name]
    (outcome,) = study.deals
    assert study.converged
    np.testing.assert_allclose(outcome.after.prices, expected["prices_after"], rtol=1e-10)
    np.testing.assert_allclose(outcome.after.shares, expected["shares_after"], rtol=1e-10)
    np.testing.assert_allclose(outcome.after.costs, expected["costs_after"], rtol=1e-10)
    parties = np.flatnonzero(outcome.parties)
    np.testing.assert_allclose(
        100.0 * outcome.cmcr[parties], expected["cmcr_percent"], rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(
        outcome.pressure[parties], expected["upp"], rtol=1e-9, atol=1e-12
    )
    assert outcome.buyers_lose == pytest.approx(expected["cv"], rel=1e-9)
    if name != "L3":
        assert outcome.after.hhi == pytest.approx(expected["hhi"][1], abs=1e-6)


def test_their_index_under_partial_ownership_is_an_mhhi_with_control_for_every_owner(tmp_path):
    study = case("L3", tmp_path)
    rights = np.eye(5)
    rights[0, 1], rights[1, 1] = 0.3, 0.7
    kappa = owner_weights(rights, (rights > 0.0).astype(float))
    assert mhhi(study.deals[0].after.firm_shares, kappa) == pytest.approx(
        EXAMPLES["L3"]["hhi"][1], abs=1e-6
    )


def test_a_closed_market_is_calibrated_from_one_margin(tmp_path):
    # c_1 = (1 - .383) p_1, alone in its firm: a = -1 / ((p_1 - c_1) (1 - s_1)); m_1 = 0.
    study = studied(tmp_path, beers(lines=("outside: none", MERGER)))
    market = study.baseline.market
    alpha = 1.0 / (0.383 * 0.0441 * (1.0 - 0.066))
    assert market.demand.alpha[0] == pytest.approx(alpha, rel=1e-12)
    prices, shares = market.prices, market.shares
    expected = np.log(shares / shares[0]) + alpha * (prices - prices[0])
    np.testing.assert_allclose(market.demand.delta, expected, atol=1e-10)
    assert study.converged
    assert study.deals[0].after.shares.sum() == pytest.approx(1.0, rel=1e-13)
    # Buyers of a closed market pay the rise of the index, whatever the level of utility.
    value = np.exp(market.demand.delta - alpha * prices).sum()
    after = np.exp(market.demand.delta - alpha * study.deals[0].after.prices).sum()
    assert study.deals[0].buyers_lose == pytest.approx(np.log(value / after) / alpha, rel=1e-10)
