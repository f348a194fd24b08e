"""What must not matter to a study: order, units, how ownership is written, the negligible."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from static_markets import BEERS, MERGER, SHARES, beers, studied

from sim.kernels.concentration import hhi
from sim.kernels.equilibrium import solve_prices
from sim.kernels.game import PriceGame
from sim.studies.merger import by_owner_shares, position

LINES = ("outside: 0.2", MERGER)
SHARED = [HealthCheck.function_scoped_fixture]


def outcome(folder, **changes):
    study = studied(folder, beers(**{"lines": LINES, **changes}))
    assert study.converged
    return study, study.deals[0]


@settings(deadline=None, max_examples=15, suppress_health_check=SHARED)
@given(order=st.permutations(range(6)))
def test_the_order_of_products_and_firms_does_not_matter(tmp_path, order):
    _, one = outcome(tmp_path)
    study, other = outcome(tmp_path, order=order)
    assert study.baseline.market.read.products == tuple(BEERS[j] for j in order)
    for name in ("upp", "guppi", "cmcr"):
        np.testing.assert_allclose(
            getattr(other, name), getattr(one, name)[list(order)], rtol=1e-9, atol=1e-15
        )
    np.testing.assert_allclose(other.after.prices, one.after.prices[list(order)], rtol=1e-9)
    assert other.buyers_lose == pytest.approx(one.buyers_lose, rel=1e-9)
    assert other.after.hhi == pytest.approx(one.after.hhi, rel=1e-9)


@settings(deadline=None, max_examples=15, suppress_health_check=SHARED)
@given(scale=st.floats(1e-3, 1e5))
def test_the_unit_of_money_does_not_matter(tmp_path, scale):
    _, one = outcome(tmp_path)
    text = beers(lines=LINES)
    for price in (0.0441, 0.0328, 0.0409, 0.0396, 0.0387, 0.0497):
        text = text.replace(f"price: {price!r}", f"price: {price * scale!r}")
    other = studied(tmp_path, text).deals[0]
    np.testing.assert_allclose(other.after.prices, one.after.prices * scale, rtol=1e-9)
    np.testing.assert_allclose(other.guppi, one.guppi, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(other.upp, one.upp * scale, rtol=1e-9, atol=1e-15 * scale)
    assert other.buyers_lose == pytest.approx(one.buyers_lose * scale, rel=1e-8)


def test_full_weights_are_one_owner(tmp_path):
    study, merged = outcome(tmp_path)
    allied = "deals: {deal: {kind: alliance, members: [One, Two], weight: 1}}"
    _, minded = outcome(tmp_path, lines=("outside: 0.2", allied))
    np.testing.assert_allclose(minded.after.prices, merged.after.prices, rtol=1e-12)
    market = study.baseline.market
    owner = np.where(market.firm_of == 1, 0, market.firm_of)
    one_owner = solve_prices(PriceGame(market.demand, market.costs, owner), tolerance=1e-12)
    np.testing.assert_allclose(one_owner.prices, merged.after.prices, rtol=1e-10)
    sales = np.bincount(owner, weights=one_owner.shares)
    assert merged.after.hhi == pytest.approx(hhi(sales / sales.sum()), rel=1e-9)


def test_a_stake_that_is_taken_weighs_as_one_that_stands(tmp_path):
    stake = "{kind: stake, investor: One, target: Two, share: 0.3}"
    _, taken = outcome(tmp_path, lines=("outside: 0.2", f"deals: {{deal: {stake}}}"))
    standing = "holdings: {old: {holder: One, target: Two, share: 0.3}}"
    none = "deals: {deal: {kind: alliance, members: [One, Two]}}"
    study, _ = outcome(tmp_path, lines=("outside: 0.2", standing, none))
    np.testing.assert_allclose(study.baseline.market.kappa, taken.weights_after, atol=1e-12)


@pytest.mark.parametrize("share", [1e-9, 1e-12])
def test_a_product_of_negligible_share_does_not_matter(tmp_path, share):
    _, one = outcome(tmp_path)
    text = beers(lines=LINES) + f"  Tiny: {{firm: Six, price: 0.05, share: {share}}}\n"
    study = studied(tmp_path, text)
    assert study.converged
    other = study.deals[0]
    np.testing.assert_allclose(other.after.prices[:6], one.after.prices, rtol=1e-7)
    assert other.after.hhi == pytest.approx(one.after.hhi, rel=1e-6)
    assert other.buyers_lose == pytest.approx(one.buyers_lose, rel=1e-6)


def test_reference_prices_are_those_of_all_firms_apart_and_together(tmp_path):
    everyone = (
        "deals: {deal: {kind: alliance, members: [One, Two, Three, Four, Five], weight: 1}}"
    )
    study, together = outcome(tmp_path, lines=("outside: 0.2", everyone))
    joint = study.baseline.joint
    np.testing.assert_allclose(together.after.prices, joint.equilibrium.prices, rtol=1e-9)
    assert together.after.profits.sum() == pytest.approx(joint.profit, rel=1e-12)
    nash = study.baseline.nash
    assert position(joint.profit, nash.profit, joint.profit) == 1.0
    assert position(nash.profit, nash.profit, joint.profit) == 0.0
    assert np.isnan(position(1.0, 2.0, 2.0))


def test_buyers_lose_what_their_utility_falls_by(tmp_path):
    # Compensating variation by hand: paid back to each buyer, expected utility is as before.
    study, deal = outcome(tmp_path, nests=("A", "A", "B", "B", "A", "B"), lines=(
        "outside: 0.2", "parameters: {rho: 0.4}", MERGER,
    ))
    demand = study.baseline.market.demand

    def best(prices, income):
        value = (demand.delta - demand.alpha[0] * prices) / 0.6
        sums = [np.exp(value[demand.nest_of == nest]).sum() ** 0.6 for nest in (0, 1)]
        return np.log(1.0 + sum(sums)) + demand.alpha[0] * income

    before = best(study.baseline.side.prices, 0.0)
    after = best(deal.after.prices, deal.buyers_lose)
    assert after == pytest.approx(before, rel=1e-12)


def test_firms_that_price_as_one_count_as_one():
    kappa = np.eye(4)
    kappa[0, 2] = kappa[2, 0] = 1.0
    kappa[3, 1] = 1.0  # one way only: firm 1 does not mind firm 3
    np.testing.assert_allclose(
        sorted(by_owner_shares(np.array([0.1, 0.2, 0.3, 0.4]), kappa)), [0.0, 0.2, 0.4, 0.4]
    )


def test_each_member_of_an_alliance_may_weigh_the_others_by_its_own(tmp_path):
    deal = "deals: {deal: {kind: alliance, members: [One, Two], weight: {One: 0.4, Two: 0.1}}}"
    _, allied = outcome(tmp_path, lines=("outside: 0.2", deal))
    expected = np.eye(5)
    expected[0, 1], expected[1, 0] = 0.4, 0.1
    np.testing.assert_allclose(allied.weights_after, expected, atol=1e-15)


def test_an_alliance_does_not_undo_a_stake_that_stands(tmp_path):
    standing = "holdings: {old: {holder: One, target: Two, share: 0.3}}"
    deal = "deals: {deal: {kind: alliance, members: [One, Two], weight: 0.1}}"
    _, allied = outcome(tmp_path, lines=("outside: 0.2", standing, deal))
    assert allied.weights_after[0, 1] == pytest.approx(0.3, rel=1e-12)
    assert allied.weights_after[1, 0] == pytest.approx(0.1, rel=1e-12)


def test_a_common_owner_softens_prices_until_a_merger_buys_it_out(tmp_path):
    fund = "owners: {fund: {stakes: {One: 0.2, Two: 0.1, Five: 0.3}}}"
    none = "deals: {deal: {kind: alliance, members: [One, Two]}}"
    study, _ = outcome(tmp_path, lines=("outside: 0.2", fund, none))
    kappa = study.baseline.market.kappa
    assert kappa[0, 1] == pytest.approx(0.02 / (0.04 + 0.64), rel=1e-9)
    assert kappa[4, 0] == pytest.approx(0.06 / (0.09 + 0.49), rel=1e-9)
    assert kappa[0, 2] == 0.0
    assert study.baseline.side.mhhi > study.baseline.side.hhi
    assert study.baseline.nash.mean_price < study.baseline.side.prices @ SHARES
    _, merged = outcome(tmp_path, lines=("outside: 0.2", fund, MERGER))
    # What the fund held of Two went to One, of which it holds a fifth.
    assert merged.weights_after[4, 1] == pytest.approx(merged.weights_after[4, 0], rel=1e-9)
