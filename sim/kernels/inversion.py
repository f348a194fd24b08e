"""Inversion of market shares (Berry 1994; Berry, Levinsohn & Pakes 1995)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels.demand import choice_probabilities

FloatArray = NDArray[np.float64]

# Above this error in log shares Newton may overshoot; the contraction is safe.
CONTRACTION_ABOVE = 1.0


@dataclass(frozen=True)
class Inversion:
    """Mean utilities at which observed shares come back, with a verdict.

    Attributes
    ----------
    delta
        (J,) utils.
    converged
        Whether ``residual`` is under the tolerance.
    residual
        Largest error in log shares.
    iterations
        Steps taken.
    """

    delta: FloatArray
    converged: bool
    residual: float
    iterations: int


def invert_shares(
    shares: FloatArray,
    mu: FloatArray,
    alpha: FloatArray,
    weights: FloatArray,
    prices: FloatArray,
    outside: FloatArray,
    *,
    tolerance: float = 1e-13,
    max_iterations: int = 500,
) -> Inversion:
    """Find delta with ``shares(delta) = shares``: contraction far away, Newton near.

    Parameters
    ----------
    shares
        (J,) positive, sum under the sum of weights.
    mu, alpha, weights, prices, outside
        As in ``choice_probabilities``.

    Raises
    ------
    KernelInputError
        A share is not positive, or they leave nothing to the outside option.
    """
    if not np.all(np.isfinite(shares)) or np.any(shares <= 0.0):
        worst = int(np.argmin(np.where(np.isfinite(shares), shares, -np.inf)))
        raise KernelInputError(f"share of product {worst} is {shares[worst]}, not positive")
    total = float(weights.sum())
    if shares.sum() >= total:
        raise KernelInputError(f"shares sum to {shares.sum():.4f}, not under {total:.4f}")
    delta = np.log(shares / (total - shares.sum())) + float(np.median(alpha)) * prices
    residual = np.inf
    for step in range(max_iterations):  # noqa: B007
        probabilities = choice_probabilities(delta, mu, alpha, prices, outside)
        model = weights @ probabilities
        error = np.log(shares) - np.log(model)
        residual = float(np.max(np.abs(error)))
        if not np.isfinite(residual) or residual < tolerance:
            break
        if residual > CONTRACTION_ABOVE:
            delta = delta + error
        else:
            jacobian = np.diag(model) - (probabilities * weights[:, None]).T @ probabilities
            delta = delta + np.linalg.solve(jacobian, model * error)
    return Inversion(delta, residual < tolerance, residual, step)
