"""Review by a competition authority, where ownership or control changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.kernels.concentration import mhhi

FloatArray = NDArray[np.float64]


def concentration_change(
    shares: FloatArray, kappa_before: FloatArray, kappa_after: FloatArray
) -> tuple[float, float]:
    """MHHI after the deal and its change, 0 to 10,000 (O'Brien & Salop 2000).

    Parameters
    ----------
    shares
        (F,) shares of electric-car sales, summing to one.
    kappa_before, kappa_after
        (F, F) profit weights.
    """
    before = mhhi(shares, kappa_before)
    after = mhhi(shares, kappa_after)
    return after, after - before


def cleared(after: float, change: float, hhi_threshold: float, delta_threshold: float) -> bool:
    """Whether the deal passes: not both concentrated and concentrating."""
    return not (after > hhi_threshold and change > delta_threshold)
