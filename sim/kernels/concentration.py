"""Concentration (Herfindahl-Hirschman; O'Brien & Salop 2000), 0 to 10,000."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def hhi(shares: FloatArray) -> float:
    """Sum of squared shares times 10,000; shares (F,) sum to one."""
    return float(1e4 * (shares**2).sum())


def mhhi(shares: FloatArray, kappa: FloatArray) -> float:
    """``sum_f sum_g kappa_fg s_f s_g`` times 10,000."""
    return float(1e4 * shares @ kappa @ shares)
