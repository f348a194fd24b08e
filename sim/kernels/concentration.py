"""Concentration (Herfindahl-Hirschman; O'Brien & Salop 2000), 0 to 10,000."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels import inputs

FloatArray = NDArray[np.float64]

ROUNDING = 1e-9  # by which shares may miss a sum of one


def hhi(shares: FloatArray) -> float:
    """Sum of squared shares times 10,000; shares (F,) sum to one.

    Raises
    ------
    KernelInputError
        A share is negative or not finite, or they do not sum to one; names the firm.
    """
    shares = _whole(shares)
    return float(1e4 * (shares**2).sum())


def mhhi(shares: FloatArray, kappa: FloatArray) -> float:
    """``sum_f sum_g kappa_fg s_f s_g`` times 10,000.

    Raises
    ------
    KernelInputError
        A share is negative or not finite, they do not sum to one, or a weight does not fit.
    """
    shares = _whole(shares)
    kappa = inputs.matrix("kappa", kappa, (len(shares), len(shares)))
    return float(1e4 * shares @ kappa @ shares)


def _whole(shares: FloatArray) -> FloatArray:
    array = inputs.vector("share", shares, unit="firm", low=0.0)
    total = float(array.sum())
    if abs(total - 1.0) > ROUNDING:
        largest = int(np.argmax(array))
        raise KernelInputError(f"shares sum to {total:.9g}, not 1; the largest is firm {largest}'s")
    return array
