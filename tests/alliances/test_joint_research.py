"""Research done together: closed forms of cost, knowledge and luck, and no gain from nobody."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import run_of

from sim.alliances.knowledge import share_research

PAIR = (
    "alliances.pair={members: [faw, leapmotor], start: 2025Q1, kind: mou, lag_quarters: 0, "
    "ramp_quarters: 0, terms: {tech_sharing: null, joint_rd: {share: 0.4}}}"
)
AMOUNTS = st.lists(st.floats(1.0, 1e10), min_size=3, max_size=3)


@cache
def known():
    return run_of("solo", ("demand.types=32", PAIR)).contracts[0]


def contract(members, joint=0.0, theta=0.0, ramp=0):
    return replace(known(), members=members, joint_research=joint, theta=theta, ramp=ramp)


def shared(contracts, research, signed=None, now=0, active=None):
    spent = np.asarray(research, dtype=np.float64)
    there = np.ones(len(spent), dtype=np.bool_) if active is None else np.array(active)
    return share_research(contracts, signed or [0] * len(contracts), now, spent, there)


def test_two_equal_firms_save_half_of_what_they_do_together_and_know_no_more():
    found = shared([contract((0, 1), joint=0.4)], [5.0, 5.0, 5.0])
    np.testing.assert_allclose(found.cost, [0.8, 0.8, 1.0])
    np.testing.assert_array_equal(found.absorbed, 0.0)
    np.testing.assert_allclose(found.draws[0], [0.8, 0.2, 0.0])


def test_the_smaller_partner_gets_a_programme_as_large_as_the_larger_one_s():
    found = shared([contract((0, 1), joint=0.5)], [3.0, 1.0, 9.0])
    np.testing.assert_allclose(found.cost, [1 - 0.5 / 4, 1 - 0.5 / 4, 1.0])
    np.testing.assert_allclose(found.absorbed, [0.0, 1.0, 0.0])


@given(AMOUNTS, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_members_pay_for_one_programme_and_absorb_at_most_what_they_do(spent, joint, theta):
    found = shared([contract((0, 1, 2), joint=joint, theta=theta)], spent)
    spent = np.array(spent)
    apart = spent.sum()
    paid = spent @ found.cost
    assert paid == pytest.approx((1.0 - joint) * apart + joint * spent.max(), rel=1e-9)
    assert np.all(found.absorbed <= spent)
    assert np.all(found.absorbed >= 0.0)
    np.testing.assert_allclose(found.draws.sum(axis=1), 1.0, rtol=1e-12)
    order = np.array([2, 0, 1])
    again = shared([contract((0, 1, 2), joint=joint, theta=theta)], spent[order])
    np.testing.assert_allclose(again.cost, found.cost[order], rtol=1e-12)
    np.testing.assert_allclose(again.absorbed, found.absorbed[order], atol=1e-12 * apart)


def test_theta_teaches_a_share_of_the_others_up_to_what_a_firm_does_itself():
    found = shared([contract((0, 1), theta=0.1)], [3.0, 40.0, 9.0])
    np.testing.assert_allclose(found.absorbed, [3.0, 0.3, 0.0])
    np.testing.assert_array_equal(found.cost, 1.0)


@pytest.mark.parametrize(
    ("signed", "active", "ramp"),
    [([-1], None, 0), ([0], [True, False, True], 0), ([1], None, 0)],
)
def test_who_is_not_bound_or_has_left_shares_nothing(signed, active, ramp):
    found = shared([contract((0, 1), 0.5, 0.5, ramp)], [3.0, 1.0, 9.0], signed, 0, active)
    np.testing.assert_array_equal(found.cost, 1.0)
    np.testing.assert_array_equal(found.absorbed, 0.0)
    np.testing.assert_array_equal(found.draws, np.eye(3))


def test_a_ramp_of_four_quarters_shares_a_quarter_in_the_first():
    found = shared([contract((0, 1), joint=0.4, ramp=4)], [5.0, 5.0, 5.0])
    np.testing.assert_allclose(found.cost[:2], 1.0 - 0.1 / 2)
