"""Income statement, cash flow and balance sheet of a quarter, for all firms at once.

Cash and debt at the end are those of the state; everything else is rolled forward from income,
ledger and stocks of working capital. What the two leave over is the residual: zero but for
rounding, or money was made or lost. Equation numbers refer to ``sim/MODEL.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.finance.books import Income, WorkingCapital
from sim.finance.ledger import FLOWS, Ledger

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Statement = dict[str, FloatArray]

INCOME, CASH, BALANCE = "income", "cash_flow", "balance"
# Where each flow of the ledger stands in the cash-flow statement. Those of running the business
# stand there as the result, what of it was not paid, and what the owner keeps.
OPERATING = frozenset(
    {
        "sales", "variable_cost", "tariff", "fixed_cost", "research", "interest",
        "other_business", "alliance_cost",
    }
)  # fmt: skip
LINE_OF: Mapping[str, str] = {
    "capacity": "plants_built",
    "plants": "plants_traded",
    "stake_from_firm": "stakes",
    "stake_from_owner": "shares_issued",
    "injection": "shares_issued",
    "new_equity": "shares_issued",
    "owner_support": "owner_money",
    "state_backstop": "state_money",
    "credit": "debt_drawn",
    "merged_treasury": "common_treasury",
    "wound_up": "wound_up",
}


@dataclass(frozen=True)
class Position:
    """What firms have and owe at the end of a quarter, (F,) CNY unless said otherwise.

    Attributes
    ----------
    cash, receivable, inventory, plants
        Assets; plants at what they cost.
    stakes
        (F, F) what firm f paid for shares of firm g, at cost.
    payable, debt
        Debts to suppliers and banks.
    equity
        Rolled forward from the opening balance, not the difference of the others.
    """

    cash: FloatArray
    receivable: FloatArray
    inventory: FloatArray
    plants: FloatArray
    stakes: FloatArray
    payable: FloatArray
    debt: FloatArray
    equity: FloatArray

    @property
    def assets(self) -> FloatArray:
        """Sum of the assets, (F,) CNY."""
        stakes: FloatArray = self.stakes.sum(axis=1)
        return self.cash + self.receivable + self.inventory + self.plants + stakes

    @property
    def residual(self) -> FloatArray:
        """Assets less debts less equity, (F,) CNY: zero but for rounding."""
        return self.assets - self.payable - self.debt - self.equity


@dataclass(frozen=True)
class Changes:
    """What a quarter did to ownership and to who is there.

    Attributes
    ----------
    cash, debt
        (F,) CNY of the state at the end of the quarter.
    stakes_bought
        (F, F) CNY that firm f paid for new shares of firm g.
    debt_assumed
        (F,) CNY of debt that came from merged brands; negative where it went.
    left
        (F,) firms that were wound up.
    entered
        (F,) firms that got their first money.
    paid_in
        (F,) CNY, the first money of those that entered.
    plants_brought
        (F,) CNY, their plants.
    """

    cash: FloatArray
    debt: FloatArray
    stakes_bought: FloatArray
    debt_assumed: FloatArray
    left: BoolArray
    entered: BoolArray
    paid_in: FloatArray
    plants_brought: FloatArray


def opening_position(
    cash: FloatArray,
    stocks: WorkingCapital,
    plants: FloatArray,
    debt: FloatArray,
    there: BoolArray,
) -> Position:
    """Balance sheet before the first quarter (equation 5.7).

    Equity is what remains; firms that are not there yet have nothing.
    """
    size = len(cash)
    on = there.astype(np.float64)
    empty = np.zeros(size)
    position = Position(
        cash=cash * on,
        receivable=stocks.receivable * on,
        inventory=stocks.inventory * on,
        plants=plants * on,
        stakes=np.zeros((size, size)),
        payable=stocks.payable * on,
        debt=debt * on,
        equity=empty,
    )
    return replace(position, equity=position.assets - position.payable - position.debt)


def close_quarter(
    before: Position,
    income: Income,
    other_cash_share: FloatArray,
    stocks: WorkingCapital,
    ledger: Ledger,
    changes: Changes,
) -> tuple[Position, dict[str, Statement]]:
    """Statements of a quarter and the balance sheet at its end (equations 5.7 to 5.9).

    Parameters
    ----------
    before
        Balance sheet at the end of the quarter before.
    other_cash_share
        (F,) part of other business that reaches the firm's own cash.
    stocks
        Working capital when the books were closed; of firms without books zero.
    ledger
        The quarter's flows.
    changes
        What the state says of the end of the quarter.

    Returns
    -------
    Position
        At the end of the quarter.
    dict
        Statement -> line -> (F,) CNY. Costs and outflows are negative, so that a column adds up;
        the last line of each is what the others leave over against cash and assets in the state.
    """
    unpaid = {
        "receivables": before.receivable - stocks.receivable,
        "inventory": before.inventory - stocks.inventory,
        "payables": stocks.payable - before.payable,
    }
    kept = -income.other_business * (1.0 - other_cash_share)
    flows = {line: np.zeros(len(before.cash)) for line in LINE_OF.values()}
    for flow in FLOWS:
        if flow not in OPERATING:
            flows[LINE_OF[flow]] = flows[LINE_OF[flow]] + ledger.of(flow)
    bought = -np.minimum(flows.pop("stakes"), 0.0)
    issued = flows.pop("shares_issued") + np.maximum(ledger.of("stake_from_firm"), 0.0)
    financed = {
        "shares_issued": issued + changes.paid_in,
        "owner_money": flows["owner_money"],
        "state_money": flows["state_money"],
        "debt_drawn": flows["debt_drawn"],
        "common_treasury": flows["common_treasury"],
        "wound_up": flows["wound_up"],
    }
    operating = income.result + sum(unpaid.values()) + kept
    built, traded = flows["plants_built"], flows["plants_traded"]
    investing = built + traded - bought
    change = operating + investing + sum(financed.values())
    cash = {
        "result": income.result,
        **unpaid,
        "kept_by_owner": kept,
        "operating": operating,
        "plants_built": built,
        "plants_traded": traded,
        "stakes_bought": -bought,
        "investing": investing,
        **financed,
        "financing": np.asarray(sum(financed.values())),
        "change": change,
        "cash_start": before.cash,
        "cash_end": changes.cash,
        "residual": before.cash + change - changes.cash,
    }
    after, moved = _roll_forward(before, income, stocks, changes, built + traded, kept, financed)
    return after, {
        INCOME: _income(income),
        CASH: cash,
        BALANCE: _balance(before, after, moved),
    }


def _income(income: Income) -> Statement:
    gross = income.contribution
    return {
        "revenue": income.revenue,
        "cost_of_goods": -income.variable_cost,
        "gross_profit": gross,
        "fixed_cost": -income.fixed_cost,
        "research": -income.rd,
        "alliance_cost": -income.alliance_cost,
        "operating_result": gross - income.fixed_cost - income.rd - income.alliance_cost,
        "interest": -income.interest,
        "other_business": income.other_business,
        "result": income.result,
        "residual": gross
        - income.fixed_cost
        - income.rd
        - income.alliance_cost
        - income.interest
        + income.other_business
        - income.result,
    }


def _roll_forward(
    before: Position,
    income: Income,
    stocks: WorkingCapital,
    changes: Changes,
    paid: FloatArray,
    kept: FloatArray,
    financed: Mapping[str, FloatArray],
) -> tuple[Position, Statement]:
    """Stocks at the end, and what moved equity besides the result."""
    left = changes.left
    # Used plants stand at what the buyer paid; what the seller did not get is lost with it.
    plants = before.plants - paid + changes.plants_brought
    stakes = before.stakes + changes.stakes_bought
    # Who is wound up hands what there is to its creditors; shares in it are worth nothing.
    gone = left[:, None] | left[None, :]
    lost = np.where(gone & ~left[:, None], stakes, 0.0).sum(axis=1)
    debt = before.debt + changes.debt_assumed + financed["debt_drawn"]
    debt = np.where(changes.entered, changes.debt, debt)
    held = stocks.receivable + stocks.inventory + plants + stakes.sum(axis=1)
    moved = {
        "result": income.result,
        "paid_in": financed["shares_issued"] + financed["owner_money"] + financed["state_money"],
        "kept_by_owner": kept,
        "common_treasury": financed["common_treasury"] - changes.debt_assumed,
        "brought": np.where(changes.entered, changes.plants_brought - changes.debt, 0.0),
        "stakes_lost": -lost,
        "wound_up": financed["wound_up"] + np.where(left, stocks.payable + debt - held, 0.0),
    }
    position = Position(
        cash=changes.cash,
        receivable=np.where(left, 0.0, stocks.receivable),
        inventory=np.where(left, 0.0, stocks.inventory),
        plants=np.where(left, 0.0, plants),
        stakes=np.where(gone, 0.0, stakes),
        payable=np.where(left, 0.0, stocks.payable),
        debt=changes.debt,
        equity=before.equity + sum(moved.values()),
    )
    return position, moved


def _balance(before: Position, after: Position, moved: Mapping[str, FloatArray]) -> Statement:
    return {
        "cash": after.cash,
        "receivables": after.receivable,
        "inventory": after.inventory,
        "plants": after.plants,
        "stakes": after.stakes.sum(axis=1),
        "assets": after.assets,
        "payables": after.payable,
        "debt": after.debt,
        "equity_start": before.equity,
        **moved,
        "equity": after.equity,
        "payables_debt_and_equity": after.payable + after.debt + after.equity,
        "residual": after.residual,
    }
