"""Terms act through cost and learning only, and an empty contract does nothing."""

from dataclasses import replace

import numpy as np
import pytest

from sim.alliances.contracts import Contract
from sim.alliances.effects import combine, failure_probability, procurement_discount, ramp
from sim.alliances.review import cleared, concentration_change

EMPTY = Contract(
    name="pact", stream="a+b/mou", members=(0, 1), start=1, lag=0, ramp=0, theta=0.0, pooled=0.0,
    glider_saving=0.0, development_saving=0.0, stake=None, merger=None, setup_cost=0.0,
    running_cost=0.0, hazard=0.0, review=False, hhi_threshold=0.0, delta_threshold=0.0,
    review_delay=0,
)
ENERGY = np.array([100.0, 300.0, 50.0])
ACTIVE = np.ones(3, dtype=bool)


def act(contract, signed=0, now=0):
    return combine([contract], [signed], now, ENERGY, ACTIVE, 0.0, 0.03, 0.06)


def test_an_empty_contract_leaves_every_array_as_it_was_to_the_last_bit():
    with_it, without = act(EMPTY), combine([], [], 0, ENERGY, ACTIVE, 0.0, 0.03, 0.06)
    for name in ("theta", "glider", "battery", "development", "running_cost"):
        assert np.array_equal(getattr(with_it, name), getattr(without, name))


def test_pooled_procurement_by_hand():
    # Firm 0 buys with 300 more kWh behind it: two doublings at 3 % each.
    effects = act(replace(EMPTY, pooled=1.0))
    assert effects.battery[0] == pytest.approx(1 - 0.06)
    assert effects.battery[1] == pytest.approx(1 - 0.03 * np.log2(400 / 300))
    assert effects.battery[2] == 1.0


def test_the_discount_is_capped_and_never_negative():
    assert procurement_discount(1.0, 1e9, 0.03, 0.06) == 0.06
    assert procurement_discount(0.0, 10.0, 0.03, 0.06) == 0.0
    assert procurement_discount(10.0, 10.0, 0.03, 0.06) == 0.0


def test_lag_and_ramp():
    contract = replace(EMPTY, lag=2, ramp=4)
    assert [ramp(contract, 10, now) for now in (10, 11, 12, 13, 15, 99)] == [
        0.0, 0.0, 0.25, 0.5, 1.0, 1.0,
    ]
    assert ramp(EMPTY, 10, 10) == 1.0


def test_theta_is_between_members_only_and_diagonal_stays_one():
    theta = act(replace(EMPTY, theta=0.3)).theta
    np.testing.assert_allclose(theta, [[1, 0.3, 0], [0.3, 1, 0], [0, 0, 1]])


def test_a_contract_not_in_force_does_nothing():
    effects = act(replace(EMPTY, theta=0.3, glider_saving=0.1), signed=-1)
    assert np.array_equal(effects.theta, np.eye(3))
    assert np.array_equal(effects.glider, np.ones(3))


def test_four_quarters_of_hazard_make_a_year():
    assert (1 - failure_probability(0.12)) ** 4 == pytest.approx(0.88)


def test_review_uses_the_merger_delta_of_the_literature():
    # O'Brien & Salop (2000): shares 30/20/50, merger of the first two adds 2 s1 s2 = 1200.
    shares = np.array([0.3, 0.2, 0.5])
    after = np.eye(3)
    after[0, 1] = after[1, 0] = 1.0
    level, change = concentration_change(shares, np.eye(3), after)
    assert change == pytest.approx(1200.0)
    assert level == pytest.approx(5000.0)
    assert not cleared(level, change, 1800.0, 100.0)
    assert cleared(level, change, 1800.0, 1300.0)
