"""Money has two ends, and rescue asks in the right order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.finance.ledger import ACCOUNTS, FLOWS, Ledger
from sim.finance.rescue import rescue

amounts = st.floats(-1e12, 1e12, allow_nan=False)


@given(st.lists(st.tuples(st.sampled_from(FLOWS), amounts, amounts), max_size=30))
def test_whatever_is_posted_sums_to_zero_over_firms_and_outside_accounts(entries):
    ledger = Ledger(2)
    for flow, one, two in entries:
        ledger.post(flow, np.array([one, two]))
    total = ledger.change().sum() + ledger.outside().sum()
    assert abs(total) <= 1e-9 * max(1.0, np.abs(ledger.flows).sum())


def test_a_stake_between_firms_leaves_no_imbalance_and_one_ended_flow_does():
    ledger = Ledger(2)
    ledger.post_one("stake_from_firm", 0, 5.0)
    assert ledger.imbalance() == 5.0
    ledger.post_one("stake_from_firm", 1, -5.0)
    assert ledger.imbalance() == 0.0
    assert ledger.outside()[ACCOUNTS.index("buyers")] == 0.0


def one(value):
    return np.array([float(value)])


def test_credit_then_owner_then_state_then_exit():
    active = np.array([True])
    found = rescue(one(-10), one(4), one(0), one(50), one(3), one(1), active)
    assert found.insolvent[0]
    found = rescue(one(-10), one(4), one(0), one(50), one(3), one(5), active)
    assert (found.credit[0], found.owner[0], found.state[0]) == (4.0, 3.0, 3.0)
    assert not found.insolvent[0]


def test_nobody_pays_into_a_firm_that_leaves_all_the_same():
    found = rescue(one(-10), one(4), one(0), one(50), one(3), one(1), np.array([True]))
    assert found.insolvent[0]
    assert (found.credit[0], found.owner[0], found.state[0]) == (0.0, 0.0, 0.0)


def test_drawn_credit_is_repaid_from_comfortable_cash_only():
    found = rescue(one(60), one(0), one(7), one(50), one(0), one(0), np.array([True]))
    assert found.credit[0] == -7.0
    found = rescue(one(53), one(0), one(7), one(50), one(0), one(0), np.array([True]))
    assert found.credit[0] == -3.0


@given(amounts, st.floats(0, 1e12), st.floats(0, 1e12), st.floats(0, 1e12))
def test_a_firm_that_stays_has_no_shortfall(cash, credit, owner, state):
    found = rescue(
        one(cash), one(credit), one(0), one(1e13), one(owner), one(state), np.array([True])
    )
    if not found.insolvent[0]:
        left = cash + found.credit[0] + found.owner[0] + found.state[0]
        assert left >= -1.0 - 1e-3
