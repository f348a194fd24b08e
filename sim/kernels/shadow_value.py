"""What one more sale is worth to a firm beyond today's margin (equation 3.5 of MODEL.md)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.kernels.jit import kernel

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@kernel
def shadow_row(
    kappa: FloatArray,
    learning: FloatArray,
    theta: FloatArray,
    idle: FloatArray,
    war: FloatArray,
    conduct: FloatArray,
    cash: float,
    own: int,
) -> tuple[FloatArray, float]:
    """One firm's row of Lambda, ``(sum_h kappa_h L_h theta_hg + idle_g + war_g) cash - conduct_g``.

    Parameters
    ----------
    kappa
        (F,) the firm's weight on each firm's profit.
    learning
        (F,) what one more car teaches each firm, money.
    theta
        (F, F) share of firm g's experience that firm h learns from, ``theta[h, g]``.
    idle, war, conduct
        (F,) the firm's private stakes in a car of each firm, money.
    cash
        Worth of money tomorrow in money today, ``1 / (1 + mu)``.
    own
        Position of the firm.

    Returns
    -------
    tuple
        (F,) the row, money a car; and the part of the own entry that is learning.
    """
    row = np.zeros(len(kappa))
    for h in range(len(kappa)):
        taught = kappa[h] * learning[h]
        if taught != 0.0:
            for g in range(len(row)):
                row[g] += taught * theta[h, g]
    learnt = row[own] * cash
    for g in range(len(row)):
        row[g] = (row[g] + idle[g] + war[g]) * cash - conduct[g]
    return row, learnt


@kernel
def shadow_rows(
    kappa: FloatArray,
    learning: FloatArray,
    theta: FloatArray,
    idle: FloatArray,
    war: FloatArray,
    conduct: FloatArray,
    group: BoolArray,
    mu: FloatArray,
    asked: BoolArray,
) -> tuple[FloatArray, FloatArray]:
    """Rows of Lambda as ``shadow_row`` has them, of all firms asked.

    Parameters
    ----------
    kappa, theta, group
        (F, F) a row a firm; ``group`` says whose private stakes are its own too.
    learning, idle, war, conduct
        (F,) of every firm, money.
    mu
        (F,) shadow cost of cash.
    asked
        (F,) whose rows are wanted; those of all others are zero.

    Returns
    -------
    tuple
        (F, F) rows, money a car; and (F, 4) learning, idle, war and conduct in the own entry.
    """
    firms = len(mu)
    rows, parts = np.zeros((firms, firms)), np.zeros((firms, 4))
    none = np.zeros(firms)
    for f in range(firms):
        if not asked[f]:
            continue
        cash = 1.0 / (1.0 + mu[f])
        its_idle, its_war, its_conduct = none.copy(), none.copy(), none.copy()
        for g in range(firms):
            if group[f, g]:
                its_idle[g], its_war[g], its_conduct[g] = idle[g], war[g], conduct[g]
        rows[f], learnt = shadow_row(
            kappa[f], learning, theta, its_idle, its_war, its_conduct, cash, f
        )
        parts[f, 0], parts[f, 3] = learnt, its_conduct[f]
        parts[f, 1], parts[f, 2] = its_idle[f] * cash, its_war[f] * cash
    return rows, parts
