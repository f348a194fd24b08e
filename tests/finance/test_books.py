"""Books against arithmetic done by hand."""

import numpy as np
import pytest

from sim.finance.books import (
    Income,
    follow_revenue,
    outstanding,
    runway,
    shadow_cost_of_cash,
    stake_price,
    working_capital,
)


def test_result_is_contribution_less_costs_plus_other_business():
    income = Income(
        revenue=np.array([100.0]),
        variable_cost=np.array([80.0]),
        fixed_cost=np.array([9.0]),
        rd=np.array([5.0]),
        interest=np.array([1.0]),
        other_business=np.array([3.0]),
        alliance_cost=np.array([0.5]),
    )
    assert income.contribution[0] == 20.0
    assert income.result[0] == 7.5


def test_fixed_cost_doubles_by_root_two_when_revenue_doubles_at_elasticity_half():
    cost = follow_revenue(np.array([10.0, 10.0, 10.0]), np.array([1.0, 2.0, 0.0]), 0.5)
    np.testing.assert_allclose(cost, [10.0, 10.0 * 2**0.5, 0.0])


@pytest.mark.parametrize(
    ("stress", "payable_days"), [(0.0, 180.0), (0.5, 120.0), (1.0, 60.0)]
)
def test_suppliers_shorten_payables_as_the_runway_shrinks(stress, payable_days):
    stocks = working_capital(
        np.full((4, 1), 900.0), np.full((4, 1), 450.0), np.array([30.0]), np.array([45.0]),
        np.array([180.0]), np.array([stress]), 60.0,
    )
    assert stocks.receivable[0] == pytest.approx(300.0)
    assert stocks.inventory[0] == pytest.approx(225.0)
    assert stocks.payable[0] == pytest.approx(450.0 * payable_days / 90.0)


def test_distress_never_lengthens_payables():
    stocks = working_capital(
        np.full((4, 1), 900.0), np.full((4, 1), 450.0), np.array([30.0]), np.array([45.0]),
        np.array([40.0]), np.array([1.0]), 60.0,
    )
    assert stocks.payable[0] == pytest.approx(450.0 * 40.0 / 90.0)


def test_shadow_cost_of_cash_by_hand():
    quarters = np.array([8.0, 4.0, 0.0, 4.0, np.inf])
    comfort = np.array([8.0, 8.0, 8.0, 8.0, 8.0])
    exempt = np.array([False, False, False, True, False])
    mu = shadow_cost_of_cash(quarters, comfort, 4.0, exempt)
    np.testing.assert_allclose(mu, [0.0, 2.0, 4.0, 0.0, 0.0])


def test_runway_counts_cash_and_credit_and_is_endless_without_spending():
    result = runway(np.array([6.0, -2.0, 1.0]), np.array([2.0, 4.0, 0.0]), np.array([4.0, 2.0, 0]))
    np.testing.assert_allclose(result, [2.0, 2.0, np.inf])


def test_ten_percent_of_a_firm_worth_90_before_costs_10():
    # Post-money 100, of which the new investor owns 10.
    assert stake_price(0.10, 90.0) == pytest.approx(10.0)


def test_what_is_owed_is_what_was_bought_in_the_last_days():
    # The latest quarter first; 180 days hold two quarters, 120 days one and a third.
    bought = np.array([[60.0, 60.0, 60.0], [90.0, 90.0, 90.0], [900.0, 900.0, 900.0], [0.0] * 3])
    stock = outstanding(bought, np.array([45.0, 120.0, 180.0]))
    np.testing.assert_allclose(stock, [30.0, 60.0 + 30.0, 150.0])


def test_suppliers_paid_in_full_when_sales_stop_are_paid_once():
    """Cash that leaves while payables of 180 days run down is the stock, no more and no less."""
    days = np.array([180.0])
    flows = np.full((4, 1), 100.0)
    paid = 0.0
    stock = outstanding(flows, days)[0]
    for _ in range(3):
        flows = np.vstack([np.zeros((1, 1)), flows[:-1]])
        left = outstanding(flows, days)[0]
        paid, stock = paid + stock - left, left
    assert stock == 0.0
    assert paid == 200.0
