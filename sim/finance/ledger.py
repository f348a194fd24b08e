"""The ledger of a quarter: every flow of cash has two ends.

A flow into firm f is a flow out of its counterparty. Summed over firms and outside
accounts, cash neither appears nor vanishes; ``Ledger.imbalance`` says by how much.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.kernels.grouping import group_sums

FloatArray = NDArray[np.float64]

# Flow -> the account at its other end. ``firms`` flows run between the firms modelled.
COUNTERPARTY: dict[str, str] = {
    "sales": "buyers",
    "variable_cost": "suppliers",
    "fixed_cost": "staff",
    "research": "staff",
    "capacity": "suppliers",
    "interest": "banks",
    "credit": "banks",
    "other_business": "owners",
    "alliance_cost": "suppliers",
    "stake_from_owner": "owners",
    "stake_from_firm": "firms",
    "injection": "investors",
    "new_equity": "investors",
    "owner_support": "owners",
    "state_backstop": "state",
    "merged_treasury": "firms",
    "wound_up": "creditors",
    "tariff": "state",
    "plants": "firms",
}
FLOWS: tuple[str, ...] = tuple(COUNTERPARTY)
ACCOUNTS: tuple[str, ...] = tuple(sorted(set(COUNTERPARTY.values())))
_ROW = {flow: row for row, flow in enumerate(FLOWS)}
_ACCOUNT = np.array([ACCOUNTS.index(COUNTERPARTY[flow]) for flow in FLOWS])


class Ledger:
    """Cash flows of one quarter, positive into the firm.

    Attributes
    ----------
    flows
        (flows, F) CNY, in the order of ``FLOWS``.
    """

    def __init__(self, firms: int) -> None:
        self.flows: FloatArray = np.zeros((len(FLOWS), firms))
        self._between: FloatArray = np.zeros(len(ACCOUNTS))

    def post(self, flow: str, amount: FloatArray) -> None:
        """Add a flow for all firms, CNY."""
        self.flows[_ROW[flow]] += amount

    def post_one(self, flow: str, firm: int, amount: float) -> None:
        """Add a flow for one firm, CNY."""
        self.flows[_ROW[flow], firm] += amount

    def pass_on(self, payer: str, payee: str, amount: float) -> None:
        """Move money between two outside accounts, CNY, past all firms."""
        self._between[ACCOUNTS.index(payer)] -= amount
        self._between[ACCOUNTS.index(payee)] += amount

    def of(self, flow: str) -> FloatArray:
        """One flow, (F,) CNY."""
        row: FloatArray = self.flows[_ROW[flow]]
        return row

    def change(self) -> FloatArray:
        """Change of each firm's cash, (F,) CNY."""
        total: FloatArray = np.add.reduce(self.flows)
        return total

    def outside(self) -> FloatArray:
        """Change of each outside account in the order of ``ACCOUNTS``, CNY."""
        by_firms = -group_sums(_ACCOUNT, np.add.reduce(self.flows, axis=1), len(ACCOUNTS))
        return by_firms + self._between

    def imbalance(self) -> float:
        """What flows between firms leave over, CNY; zero when both ends were written."""
        return float(-self.outside()[ACCOUNTS.index("firms")])
