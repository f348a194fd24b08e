"""Innermost loops of an evaluation: exponentials of a few products over a block of types."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.kernels.jit import exact_part
from sim.kernels.powers import grow, power, power_single

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]


@exact_part
def raise_four(
    j: int,
    base: FloatArray,
    paid: FloatArray,
    profit: FloatArray,
    t0: FloatArray,
    t1: FloatArray,
    t2: FloatArray,
    t3: FloatArray,
    alpha: FloatArray,
    level: FloatArray,
    r0: FloatArray,
    r1: FloatArray,
    r2: FloatArray,
    r3: FloatArray,
    earned: FloatArray,
    sold: FloatArray,
) -> None:
    """Exponentials of four products of one row, and their part of its sums."""
    c0, c1, c2, c3 = base[j], base[j + 1], base[j + 2], base[j + 3]
    p0, p1, p2, p3 = paid[j], paid[j + 1], paid[j + 2], paid[j + 3]
    m0, m1, m2, m3 = profit[j], profit[j + 1], profit[j + 2], profit[j + 3]
    for b in range(len(alpha)):
        a, down = alpha[b], level[b]
        e0 = power(t0[b] + (c0 - a * p0) - down)
        r0[b] = e0
        e1 = power(t1[b] + (c1 - a * p1) - down)
        r1[b] = e1
        e2 = power(t2[b] + (c2 - a * p2) - down)
        r2[b] = e2
        e3 = power(t3[b] + (c3 - a * p3) - down)
        r3[b] = e3
        sold[b] += (e0 + e1) + (e2 + e3)
        earned[b] += (m0 * e0 + m1 * e1) + (m2 * e2 + m3 * e3)


@exact_part
def raise_one(
    taste: FloatArray,
    base: float,
    paid: float,
    profit: float,
    alpha: FloatArray,
    level: FloatArray,
    room: FloatArray,
    earned: FloatArray,
    sold: FloatArray,
) -> None:
    """The same of one product."""
    for b in range(len(alpha)):
        e = power(taste[b] + (base - alpha[b] * paid) - level[b])
        room[b] = e
        sold[b] += e
        earned[b] += profit * e


@exact_part
def move_four(
    j: int,
    paid: FloatArray,
    profit: FloatArray,
    alpha: FloatArray,
    r0: FloatArray,
    r1: FloatArray,
    r2: FloatArray,
    r3: FloatArray,
    earned: FloatArray,
    sold: FloatArray,
) -> None:
    """The same after small moves ``-paid`` of what is paid, from the exponentials there are."""
    p0, p1, p2, p3 = paid[j], paid[j + 1], paid[j + 2], paid[j + 3]
    m0, m1, m2, m3 = profit[j], profit[j + 1], profit[j + 2], profit[j + 3]
    for b in range(len(alpha)):
        a = alpha[b]
        e0 = grow(r0[b], a * p0)
        r0[b] = e0
        e1 = grow(r1[b], a * p1)
        r1[b] = e1
        e2 = grow(r2[b], a * p2)
        r2[b] = e2
        e3 = grow(r3[b], a * p3)
        r3[b] = e3
        sold[b] += (e0 + e1) + (e2 + e3)
        earned[b] += (m0 * e0 + m1 * e1) + (m2 * e2 + m3 * e3)


@exact_part
def move_one(
    paid: float,
    profit: float,
    alpha: FloatArray,
    room: FloatArray,
    earned: FloatArray,
    sold: FloatArray,
) -> None:
    """The same of one product."""
    for b in range(len(alpha)):
        e = grow(room[b], alpha[b] * paid)
        room[b] = e
        sold[b] += e
        earned[b] += profit * e


@exact_part
def raise_single(
    paid: np.float32,
    profit: np.float32,
    alpha: SingleArray,
    start: SingleArray,
    room: SingleArray,
    earned: SingleArray,
    sold: SingleArray,
) -> None:
    """The same of one product in single precision, moved from powers ``start``."""
    for b in range(len(alpha)):
        e = power_single(start[b] - alpha[b] * paid)
        room[b] = e
        sold[b] += e
        earned[b] += profit * e
