"""Who pays when a firm runs out of cash, in the order in which it asks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.kernels.cash import cover

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

ROUNDING = 1.0  # CNY: a shortfall below is no insolvency


@dataclass(frozen=True)
class Rescue:
    """Money found for each firm, (F,) CNY, and who is left without.

    Attributes
    ----------
    credit
        Drawn from the credit line; negative is repaid.
    owner
        Paid in by the owner, up to its limit.
    state
        Paid in by the state, up to its limit.
    insolvent
        Firms that cannot pay after all of it.
    """

    credit: FloatArray
    owner: FloatArray
    state: FloatArray
    insolvent: BoolArray


def rescue(
    cash: FloatArray,
    unused_credit: FloatArray,
    drawn: FloatArray,
    comfortable_cash: FloatArray,
    owner_limit: FloatArray,
    state_limit: FloatArray,
    active: BoolArray,
    *,
    exits: bool = True,
) -> Rescue:
    """Cover a shortfall of cash by credit, owner and state in turn (section 5 of MODEL.md).

    Credit drawn earlier is repaid from cash above ``comfortable_cash``.

    Parameters
    ----------
    cash
        (F,) after the quarter's flows, CNY; negative is a shortfall.
    unused_credit, drawn
        (F,) CNY of the line still open, and of it drawn so far.
    owner_limit, state_limit
        (F,) CNY that owner and state give in one quarter at most.
    exits
        Whether a firm that still cannot pay leaves; if not, its banks lend beyond the line.
    """
    found = cover(
        cash,
        unused_credit,
        drawn,
        comfortable_cash,
        owner_limit,
        state_limit,
        active,
        ROUNDING,
        exits,
    )
    return Rescue(*found)
