"""Learning by doing: cost falls with experience, and a sale teaches (Wright 1936; Spence 1981)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.kernels.inputs import matrix, number, vector
from sim.kernels.jit import kernel

FloatArray = NDArray[np.float64]

LEAST = 1e-300  # the smallest positive experience


def experience_multiplier(
    experience: FloatArray, base: FloatArray, elasticity: float
) -> FloatArray:
    """Unit cost relative to the base year's, ``(E / E0)^-b``, (F,).

    Raises
    ------
    KernelInputError
        Experience is not positive and finite or the shapes differ; the message names the firm.
    """
    base = vector("experience at the start", base, unit="firm", low=LEAST)
    experience = vector("experience", experience, len(base), unit="firm", low=LEAST)
    number("learning elasticity", elasticity)
    result: FloatArray = (experience / base) ** -elasticity
    return result


def discounts_ahead(discount: FloatArray, horizon: int) -> FloatArray:
    """Factor on money of each of ``horizon`` periods ahead, (F, S).

    Parameters
    ----------
    discount
        (F,) factor a period, survival expected included.

    Raises
    ------
    KernelInputError
        A factor is negative or not finite, or the horizon is negative; names the firm.
    """
    discount = vector("discount factor", discount, unit="firm", low=0.0)
    number("horizon", horizon, low=0.0)
    result: FloatArray = discount[:, None] ** np.arange(1, horizon + 1)
    return result


def learning_values(
    volume: FloatArray,
    experience: FloatArray,
    glider: FloatArray,
    elasticity: float,
    discounts: FloatArray,
    theta: FloatArray,
) -> FloatArray:
    """What one more car of experience today saves each firm later, (F,) money a car.

    ``L_f = sum_{s=1..S} d_f^s b glider_{f,t+s} q_f / E_{f,t+s}`` along volumes held: the
    derivative of discounted future cost to experience.

    Parameters
    ----------
    volume
        (F,) vehicles a period, held.
    experience
        (F,) effective experience today, vehicles.
    glider
        (F,) cost that learning lowers, today, money a car.
    elasticity
        b, cost elasticity of experience.
    discounts
        (F, S) factor on what is saved each period ahead, see ``discounts_ahead``.
    theta
        (F, F) share of firm g's volume that firm f learns from; unit diagonal.

    Raises
    ------
    KernelInputError
        A number is not finite or a shape does not fit; the message names the firm.
    """
    experience = vector("experience", experience, unit="firm", low=LEAST)
    firms = len(experience)
    volume = vector("volume", volume, firms, unit="firm")
    glider = vector("cost that learning lowers", glider, firms, unit="firm")
    number("learning elasticity", elasticity)
    discounts = matrix("discount factor", discounts, (firms, np.shape(discounts)[-1]))
    theta = matrix("theta", theta, (firms, firms))
    flow = theta @ volume
    return _saved_ahead(volume, experience, glider, elasticity, discounts, flow)


@kernel
def _saved_ahead(
    volume: FloatArray,
    experience: FloatArray,
    glider: FloatArray,
    elasticity: float,
    discounts: FloatArray,
    flow: FloatArray,
) -> FloatArray:
    """The sum of ``learning_values``; ``flow`` (F,) is what is learnt from a period, vehicles."""
    firms, horizon = discounts.shape
    result = np.zeros(firms)
    for f in range(firms):
        if volume[f] == 0.0:
            continue
        growth, total = flow[f] / experience[f], 0.0
        for s in range(horizon):
            # ``(E / E0)^-b / E`` of the experience that will have been gathered by then.
            total += discounts[f, s] * (1.0 + (s + 1.0) * growth) ** (-elasticity - 1.0)
        result[f] = total * elasticity * glider[f] * volume[f] / experience[f]
    return result
