"""What is owed, how long cash lasts and who covers a shortfall, firm by firm.

``sim/finance`` says what these mean; here are their loops.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.kernels.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@kernel
def following(base: FloatArray, ratio: FloatArray, elasticity: float) -> FloatArray:
    """``base ratio^elasticity``, (F,) money; nothing where ``ratio`` is not positive."""
    result = np.zeros(len(base))
    for f in range(len(base)):
        if ratio[f] > 0.0:
            result[f] = base[f] * ratio[f] ** elasticity
    return result


@kernel
def recent_flow(flows: FloatArray, quarters: FloatArray) -> FloatArray:
    """Part of past flows that fell in the last ``quarters`` of each, (N, F) money.

    Parameters
    ----------
    flows
        (N, K, F) money a quarter, the latest first.
    quarters
        (N, F) how far back to look.
    """
    kinds, past, firms = flows.shape
    result = np.zeros((kinds, firms))
    for n in range(kinds):
        for k in range(past):
            for f in range(firms):
                part = min(max(quarters[n, f] - k, 0.0), 1.0)
                result[n, f] += part * flows[n, k, f]
    return result


@kernel
def quarters_left(cash: FloatArray, unused_credit: FloatArray, burn: FloatArray) -> FloatArray:
    """Quarters of ``burn`` that cash and unused credit pay for, (F,)."""
    result = np.full(len(cash), np.inf)
    for f in range(len(cash)):
        if burn[f] > 0.0:
            result[f] = (max(cash[f], 0.0) + max(unused_credit[f], 0.0)) / burn[f]
    return result


@kernel
def cost_of_cash(
    quarters: FloatArray, comfort: FloatArray, most: float, exempt: BoolArray
) -> FloatArray:
    """``most max(0, 1 - quarters / comfort)``, (F,); 0 where exempt or nothing is comfortable."""
    result = np.zeros(len(quarters))
    for f in range(len(quarters)):
        if comfort[f] > 0.0 and not exempt[f]:
            result[f] = most * max(1.0 - quarters[f] / comfort[f], 0.0)
    return result


@kernel
def cover(
    cash: FloatArray,
    unused_credit: FloatArray,
    drawn: FloatArray,
    comfortable: FloatArray,
    owner_limit: FloatArray,
    state_limit: FloatArray,
    active: BoolArray,
    smallest: float,
    exits: bool,
) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
    """Credit drawn less repaid, owner's and state's money, (F,), and who still cannot pay.

    Parameters
    ----------
    smallest
        Shortfall that is rounding, money.
    """
    firms = len(cash)
    credit, owner, state = np.zeros(firms), np.zeros(firms), np.zeros(firms)
    insolvent = np.zeros(firms, dtype=np.bool_)
    for f in range(firms):
        if not active[f]:
            continue
        short = max(-cash[f], 0.0)
        draw = min(short, max(unused_credit[f], 0.0))
        short -= draw
        from_owner = min(short, owner_limit[f])
        short -= from_owner
        from_state = min(short, state_limit[f])
        short -= from_state
        if exits and short > smallest:
            # Nobody pays into a firm that is lost.
            insolvent[f] = True
            continue
        if not exits:
            draw += short
        credit[f] = draw - min(max(drawn[f], 0.0), max(cash[f] - comfortable[f], 0.0))
        owner[f], state[f] = from_owner, from_state
    return credit, owner, state, insolvent


@kernel
def affordable(
    due: BoolArray,
    sold: FloatArray,
    order: IntArray,
    ends: IntArray,
    means: FloatArray,
    price: FloatArray,
    kept: FloatArray,
) -> BoolArray:
    """Due projects that each firm's means pay for, (J,), the one that sells most first.

    Parameters
    ----------
    due, sold
        (J,) projects that may be made, and units sold.
    order, ends
        (J,) projects one firm after the other, and (F + 1,) where each firm's begin.
    means, price, kept
        (F,) money at hand, cost of one project, and what must be left after paying.
    """
    paid, left = np.zeros(len(due), dtype=np.bool_), due.copy()
    for f in range(len(means)):
        money = means[f]
        for _ in range(ends[f], ends[f + 1]):
            best = -1
            for j in order[ends[f] : ends[f + 1]]:
                if left[j] and (best < 0 or sold[j] > sold[best]):
                    best = j
            if best < 0:
                break
            left[best] = False
            if not money - price[f] < kept[f]:
                money -= price[f]
                paid[best] = True
    return paid
