"""Ownership algebra against O'Brien & Salop (2000) and Backus, Conlon & Sinkinson (2021)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import KernelInputError
from sim.kernels.concentration import hhi, mhhi
from sim.kernels.demand import Demand
from sim.kernels.equilibrium import solve_prices
from sim.kernels.game import PriceGame
from sim.kernels.ownership import (
    acquire,
    add_stake,
    claims_matrix,
    control_weights,
    dilute_control,
    merge_kappa,
    owner_weights,
    product_weights,
    silent_weights,
)

SHARES = np.array([0.3, 0.2, 0.5])


def with_stake(share, rights, firms=3):
    holdings, control = np.zeros((firms, firms)), np.eye(firms)
    add_stake(holdings, control, 0, 1, share, rights)
    return control_weights(holdings, control)


@pytest.mark.parametrize("share", [0.05, 0.25, 0.4, 0.75])
@pytest.mark.parametrize(
    ("rights", "factor"),
    [
        ("silent", lambda b: b),
        ("full", lambda b: b + 1 / b),
        ("proportional", lambda b: b + b / (b**2 + (1 - b) ** 2)),
    ],
)
def test_change_of_the_mhhi_has_its_closed_form(share, rights, factor):
    change = mhhi(SHARES, with_stake(share, rights)) - hhi(SHARES)
    assert change == pytest.approx(1e4 * factor(share) * 0.3 * 0.2, rel=1e-12)


def test_a_merger_adds_twice_the_product_of_shares():
    holdings, control = np.zeros((3, 3)), np.eye(3)
    acquire(holdings, control, 0, 1)
    change = mhhi(SHARES, control_weights(holdings, control)) - hhi(SHARES)
    assert change == pytest.approx(1200.0, abs=1e-6)
    assert mhhi(SHARES, with_stake(0.4, "silent")) == pytest.approx(3800.0 + 240.0, abs=1e-9)


@pytest.mark.parametrize("firms", [2, 3, 5])
def test_everybody_holds_a_part_of_everybody(firms):
    part = 0.15
    kappa = silent_weights(part * (1.0 - np.eye(firms)))
    others = kappa[~np.eye(firms, dtype=bool)]
    np.testing.assert_allclose(others, part / (1.0 - (firms - 2) * part), rtol=1e-12)


def test_a_chain_of_stakes_multiplies():
    holdings = np.zeros((3, 3))
    holdings[0, 1], holdings[1, 2] = 0.5, 0.4
    assert silent_weights(holdings)[0, 2] == pytest.approx(0.2, rel=1e-14)
    # A circle adds the claim that goes round: 1 holds 0.4 of 2, which holds 0.5 of 0.
    holdings[2, 0] = 0.5
    claims = claims_matrix(holdings)
    assert claims[0, 0] == pytest.approx(1.0 / (1.0 - 0.5 * 0.4 * 0.5), rel=1e-14)


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000))
def test_proportional_control_is_the_cosine_of_the_owners(seed):
    rng = np.random.default_rng(seed)
    beta = rng.dirichlet(np.ones(5), size=3).T  # (owners, firms), columns sum to one
    kappa = owner_weights(beta, beta)
    size = np.linalg.norm(beta, axis=0)
    cosine = beta.T @ beta / np.outer(size, size)
    np.testing.assert_allclose(kappa, cosine * size[None, :] / size[:, None], rtol=1e-12)


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000))
def test_common_owners_beside_firms_that_hold_none(seed):
    # Owners of all shares, each voting what it holds: the cosine again.
    rng = np.random.default_rng(seed)
    beta = rng.dirichlet(np.ones(4), size=3).T
    found = control_weights(np.zeros((3, 3)), np.eye(3), beta, beta)
    np.testing.assert_allclose(found, owner_weights(beta, beta), rtol=1e-9)


def test_one_fund_and_everybody_else():
    # Kappa by hand: the fund holds .2 of 0 and .1 of 1, the others .8 and .9, all vote.
    stakes = np.array([[0.2, 0.1]])
    found = control_weights(np.zeros((2, 2)), np.eye(2), stakes, stakes)
    assert found[0, 1] == pytest.approx(0.2 * 0.1 / (0.2**2 + 0.8**2), rel=1e-12)
    assert found[1, 0] == pytest.approx(0.2 * 0.1 / (0.1**2 + 0.9**2), rel=1e-12)
    # Without votes it does not move conduct.
    silent = control_weights(np.zeros((2, 2)), np.eye(2), stakes, 0.0 * stakes)
    np.testing.assert_allclose(silent, np.eye(2), atol=1e-12)
    # Held through a holding: firm 0 has .3 of firm 1, and with it the fund a fifth of that.
    holdings = np.array([[0.0, 0.3], [0.0, 0.0]])
    chain = control_weights(holdings, np.eye(2), np.array([[0.2, 0.0]]), np.array([[0.2, 0.0]]))
    np.testing.assert_allclose(chain, [[1.0, 0.3], [0.0, 1.0]], atol=1e-12)
    with pytest.raises(KernelInputError, match="firm 1 add to over 1"):
        control_weights(holdings, np.eye(2), np.array([[0.2, 0.8]]), np.zeros((1, 2)))


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000))
def test_silent_stakes_are_the_claims(seed):
    rng = np.random.default_rng(seed)
    holdings = rng.uniform(0.0, 0.3, (3, 3)) * (1.0 - np.eye(3))
    np.testing.assert_allclose(
        control_weights(holdings, np.eye(3)), silent_weights(holdings), rtol=1e-12
    )


def test_a_merger_hands_on_what_the_target_held_and_controlled():
    holdings, control = np.zeros((3, 3)), np.eye(3)
    add_stake(holdings, control, 1, 2, 0.3, "full")
    acquire(holdings, control, 0, 1)
    kappa = control_weights(holdings, control)
    assert kappa[0, 2] == pytest.approx(0.3, rel=1e-9)
    assert kappa[2, 0] == pytest.approx(1.0 / 0.3, rel=1e-9)
    np.testing.assert_allclose(kappa[0], kappa[1], rtol=1e-9)
    merged = merge_kappa(kappa, np.array([0, 0, 2]))
    assert merged[0, 1] == merged[1, 0] == 1.0


def test_a_merger_buys_the_other_holders_out():
    holdings, control = np.zeros((3, 3)), np.eye(3)
    add_stake(holdings, control, 2, 1, 0.4, "silent")
    acquire(holdings, control, 0, 1)
    kappa = control_weights(holdings, control)
    assert kappa[2, 1] == 0.0
    np.testing.assert_allclose(kappa[:2, :2], 1.0, rtol=1e-9)


def duopoly(kappa):
    """Two firms of Calvano et al. (2020): a = 2, c = 1, mu = 1/4, a0 = 0."""
    demand = Demand(np.full(2, 8.0), None, np.array([4.0]), np.ones(1), np.zeros(1))
    found = solve_prices(PriceGame(demand, np.ones(2), np.arange(2), kappa=kappa))
    assert found.converged
    return found.prices


@pytest.mark.parametrize(
    ("kappa", "prices"),
    [
        (np.eye(2), (1.472927, 1.472927)),
        (np.ones((2, 2)), (1.924981, 1.924981)),
        (np.array([[1.0, 0.5], [0.5, 1.0]]), (1.71057, 1.71057)),
        (with_stake(0.25, "silent", 2), (1.54651, 1.50440)),
    ],
)
def test_prices_of_the_known_duopoly(kappa, prices):
    np.testing.assert_allclose(duopoly(kappa), prices, atol=6e-6)


@pytest.mark.parametrize(
    ("holdings", "words"),
    [
        ([[0.0, -0.1], [0.0, 0.0]], "not negative"),
        ([[0.1, 0.0], [0.0, 0.0]], "other firms"),
        ([[0.0, 1.1], [0.0, 0.0]], "firm 1 add to over 1"),
        ([[0.0, 1.0], [1.0, 0.0]], "nothing to outside owners"),
    ],
)
def test_holdings_that_are_none_are_refused(holdings, words):
    with pytest.raises(KernelInputError, match=words):
        control_weights(np.array(holdings), np.eye(2))


def test_control_without_a_share_in_profit_is_refused():
    cash = np.array([[1.0, 0.0], [0.0, 1.0]])
    with pytest.raises(KernelInputError, match="firm 1 have no share"):
        owner_weights(cash, np.array([[1.0, 1.0], [0.0, 0.0]]))
    with pytest.raises(KernelInputError, match="shape"):
        owner_weights(cash, np.ones((3, 2)))


def test_weights_by_product_follow_the_firms():
    kappa = np.array([[1.0, 0.3], [0.0, 1.0]])
    expected = [[1.0, 0.3, 1.0], [0.0, 1.0, 0.0], [1.0, 0.3, 1.0]]
    np.testing.assert_array_equal(product_weights(kappa, np.array([0, 1, 0])), expected)
    with pytest.raises(KernelInputError, match="product 1 is of firm 2"):
        product_weights(kappa, np.array([0, 2]))
    with pytest.raises(KernelInputError, match="not finite"):
        product_weights(kappa * np.nan, np.array([0, 1]))


@pytest.mark.parametrize("kept", [0.5, 0.8, 1.0])
def test_new_shares_dilute_votes_as_they_dilute_claims(kept):
    control = np.array([[0.4, 0.6, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    dilute_control(control, 0, kept)
    np.testing.assert_allclose(control[0], [1.0 - 0.6 * kept, 0.6 * kept, 0.0])
    assert control.min() >= 0.0
    np.testing.assert_allclose(control.sum(axis=1), 1.0)
    # Who decides alone keeps deciding.
    dilute_control(control, 2, kept)
    np.testing.assert_array_equal(control[2], [0.0, 1.0, 0.0])
