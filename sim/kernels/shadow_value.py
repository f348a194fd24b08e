"""What one more sale is worth to a firm beyond today's margin (equation 3.5 of MODEL.md)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.kernels.jit import kernel

FloatArray = NDArray[np.float64]


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
