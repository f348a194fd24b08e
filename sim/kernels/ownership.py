"""Ownership algebra: claims and profit weights (O'Brien & Salop 2000)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def claims_matrix(holdings: FloatArray) -> FloatArray:
    """Ultimate claims ``B = (I - D)^-1``, (F, F); D_fg is the share of g held by f.

    Raises
    ------
    KernelInputError
        A share is negative, a firm holds itself, or the holdings in a firm exceed the whole.
    """
    if np.any(holdings < 0.0) or np.any(np.diag(holdings) != 0.0):
        raise KernelInputError("holdings are shares of other firms, not negative")
    if np.any(holdings.sum(axis=0) > 1.0 + 1e-12):
        worst = int(np.argmax(holdings.sum(axis=0)))
        raise KernelInputError(f"holdings in firm {worst} add to over 1")
    try:
        result: FloatArray = np.linalg.inv(np.eye(len(holdings)) - holdings).astype(np.float64)
    except np.linalg.LinAlgError:
        raise KernelInputError("circular holdings leave nothing to outside owners") from None
    return result


def control_weights(holdings: FloatArray, control: FloatArray) -> FloatArray:
    """Profit weights kappa, (F, F), of cash-flow and control rights.

    ``kappa_fg = sum_s gamma_fs beta_sg / sum_s gamma_fs beta_sf``, where owner s is the
    outside owners of firm s, beta_sg their claim on g through all holdings, and gamma_fs
    their weight in firm f. Silent stakes (control the identity) give ``B_fg / B_ff``.

    Parameters
    ----------
    holdings
        (F, F) share of g held by f.
    control
        (F, F) gamma: entry (f, s).
    """
    outside = 1.0 - holdings.sum(axis=0)
    # A firm held whole has no outside owners; its weight then comes from its controllers.
    claims = np.maximum(outside, 1e-12)[:, None] * claims_matrix(holdings)
    weight = control @ claims
    result: FloatArray = weight / np.diag(weight)[:, None]
    return result


def merge_kappa(kappa: FloatArray, owner: IntArray) -> FloatArray:
    """Weights after mergers: 1 among the brands of one owner, the owner's weights elsewhere.

    Parameters
    ----------
    owner
        (F,) position of the firm that owns each; itself unless merged.
    """
    if np.array_equal(owner, np.arange(len(owner))):
        return kappa
    result: FloatArray = kappa[np.ix_(owner, owner)]
    return np.where(owner[:, None] == owner[None, :], 1.0, result)
