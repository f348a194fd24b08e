"""Powers of two, and the factor that a small move multiplies them with: several at once.

Unlike the library's exponential the compiler can evaluate these for a whole vector.
Reassociation must stay off, it would undo the rounding.
"""

from __future__ import annotations

import numpy as np

from sim.kernels.jit import exact, power_of_two, power_of_two_single

# Adding 1.5 * 2**52 (of single numbers 1.5 * 2**23) rounds to a whole number, which then stands
# in the low bits.
ROUNDER = 6755399441055744.0
ROUNDER_SINGLE = np.float32(12582912.0)
# A single number keeps 2**-80 with room for the weight of a type and for sums of many.
LOW_SINGLE, HIGH_SINGLE = np.float32(-80.0), np.float32(100.0)
# Taylor's terms of 2**x.
S1, S2, S3 = np.float32(0.69314718056), np.float32(0.24022650696), np.float32(0.05550410866)
S4, S5, S6 = np.float32(0.00961812911), np.float32(0.00133335581), np.float32(0.00015403530)
ONE_SINGLE = np.float32(1.0)
# Moves of a utility up to which ``grow`` is exact to rounding: SMALL**11 / 11! is 7e-17.
SMALL = 1.0 / 6.0


@exact
def power(x: float) -> float:
    """``2 ** x`` to 4e-16, of arguments cut to -860 .. 1000; NaN stays NaN.

    A polynomial on -1/2 .. 1/2 (interpolation at the Chebyshev nodes, error 4e-18) in Estrin's
    order.
    """
    x = -860.0 if x < -860.0 else x
    x = 1000.0 if x > 1000.0 else x
    moved = x + ROUNDER
    r = x - (moved - ROUNDER)
    r2 = r * r
    r4 = r2 * r2
    low = (1.0 + r * 0.693147180559945309254) + r2 * (
        0.240226506959101595672 + r * 0.0555041086648216270395
    )
    middle = (0.00961812910758725666806 + r * 0.00133335581464064706971) + r2 * (
        0.000154035304637243542086 + r * 0.0000152527338415567725893
    )
    high = (0.00000132154325359123761665 + r * 1.01780570877339411046e-7) + r2 * (
        7.07419429728852100556e-9 + r * 4.45581790833606449298e-10
    )
    return float((low + r4 * (middle + r4 * high)) * power_of_two(moved))


@exact
def power_single(x: np.float32) -> np.float32:
    """``2 ** x`` of a single number to 2e-7, cut to -80 .. 100; NaN stays NaN."""
    x = LOW_SINGLE if x < LOW_SINGLE else x
    x = HIGH_SINGLE if x > HIGH_SINGLE else x
    moved = x + ROUNDER_SINGLE
    r = x - (moved - ROUNDER_SINGLE)
    r2 = r * r
    low = (ONE_SINGLE + r * S1) + r2 * (S2 + r * S3)
    high = (S4 + r * S5) + r2 * S6
    return (low + (r2 * r2) * high) * power_of_two_single(moved)


@exact
def grow(e: float, y: float) -> float:
    """``e exp(y)`` to rounding for ``|y| <= SMALL``: Taylor's sum."""
    y2 = y * y
    y4 = y2 * y2
    low = (1.0 + y * (1.0 / 2.0)) + y2 * (1.0 / 6.0 + y * (1.0 / 24.0))
    middle = (1.0 / 120.0 + y * (1.0 / 720.0)) + y2 * (1.0 / 5040.0 + y * (1.0 / 40320.0))
    high = 1.0 / 362880.0 + y * (1.0 / 3628800.0)
    return e + e * (y * (low + y4 * (middle + y4 * high)))
