"""Inversion of market shares (Berry 1994; Berry, Levinsohn & Pakes 1995)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels.demand import Demand, choices, require_prices, utility_slopes

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Above this error in log shares Newton may overshoot; the contraction is safe.
CONTRACTION_ABOVE = 1.0


@dataclass(frozen=True)
class Inversion:
    """Mean utilities at which observed shares come back, with a verdict.

    Attributes
    ----------
    delta
        (J,) utils; that of ``demand`` for a product not on sale. In a closed market the first
        product on sale has 0.
    converged
        Whether ``residual`` is under the tolerance.
    residual
        Largest error in log shares.
    iterations
        Steps taken.
    worst
        Product with the largest error.
    """

    delta: FloatArray
    converged: bool
    residual: float
    iterations: int
    worst: int


def invert_shares(
    shares: FloatArray,
    demand: Demand,
    prices: FloatArray,
    *,
    tolerance: float = 1e-13,
    max_iterations: int = 500,
) -> Inversion:
    """Find delta with ``shares(delta) = shares``: contraction far away, Newton near.

    With nests the contraction is damped by 1 - rho (Brenkers & Verboven 2006).

    Parameters
    ----------
    shares
        (J,) positive where on sale, sum under the sum of weights (equal to it in a closed
        market).
    demand
        The market; its ``delta`` is not read.
    prices
        (J,) money.

    Raises
    ------
    KernelInputError
        A share is not positive, or they leave nothing to the outside option.
    """
    array = require_prices(demand, prices)
    observed = _check(shares, demand)
    chosen = demand.on_sale
    total = float(demand.weights.sum())
    closed = bool(demand.closed.all())
    known, model = observed[chosen], np.zeros(len(chosen))
    damping = np.ones(len(chosen))
    if demand.nest_of is not None and demand.rho is not None:
        damping = 1.0 - demand.rho[demand.nest_of[chosen]]
    rest = 1.0 if closed else total - known.sum()
    delta = demand.delta.copy()
    delta[chosen] = damping * np.log(known / rest) + float(np.median(demand.alpha)) * array[chosen]
    if closed:
        delta[chosen] -= delta[chosen[0]]
    best: tuple[float, FloatArray, int] = (np.inf, delta, int(chosen[0]))
    steps, newton_from = 0, CONTRACTION_ABOVE
    for steps in range(max_iterations + 1):
        choice = choices(replace(demand, delta=delta), array)
        model = (demand.weights @ choice.probabilities)[chosen]
        error = np.log(known) - np.log(np.maximum(model, 1e-300))
        residual = float(np.max(np.abs(error)))
        if not residual < np.inf:
            break
        if residual < best[0]:
            best = (residual, delta, int(chosen[np.argmax(np.abs(error))]))
        elif residual > 2.0 * best[0] and best[0] < newton_from:
            # Newton overshot: go back and let the contraction come nearer first.
            newton_from = 0.1 * newton_from
        if residual < tolerance or steps == max_iterations:
            break
        move = damping * error
        if residual <= newton_from:
            slopes = utility_slopes(demand, choice, demand.weights)[np.ix_(chosen, chosen)]
            move = _newton(slopes, model * error, move, closed)
        delta = delta.copy()
        delta[chosen] += move - (move[0] if closed else 0.0)
    return Inversion(best[1], best[0] < tolerance, best[0], steps, best[2])


def _newton(
    slopes: FloatArray, error: FloatArray, contraction: FloatArray, closed: bool
) -> FloatArray:
    """Newton's move; the contraction's where the slopes are singular."""
    move = np.zeros(len(error))
    free = slice(1, None) if closed else slice(None)
    try:
        move[free] = np.linalg.solve(slopes[free, free], error[free])
    except np.linalg.LinAlgError:
        return contraction
    return move if np.isfinite(move).all() else contraction


def _check(shares: FloatArray, demand: Demand) -> FloatArray:
    observed = np.asarray(shares, dtype=np.float64)
    if observed.shape != demand.delta.shape:
        raise KernelInputError(f"shares have shape {observed.shape}, not {demand.delta.shape}")
    wrong = ~((observed > 0.0) & np.isfinite(observed))
    if demand.available is not None:
        wrong &= demand.available
    if wrong.any():
        worst = int(np.argmax(wrong))
        raise KernelInputError(f"share of product {worst} is {observed[worst]}, not positive")
    chosen = demand.on_sale
    if len(chosen) == 0:
        raise KernelInputError("no product is on sale")
    total, inside = float(demand.weights.sum()), float(observed[chosen].sum())
    largest = int(chosen[np.argmax(observed[chosen])])
    if demand.closed.all():
        if abs(inside - total) > 1e-9 * total:
            raise KernelInputError(
                f"shares of a closed market sum to {inside:.6g}, not {total:.6g}; the largest "
                f"is that of product {largest}"
            )
    elif inside >= total:
        raise KernelInputError(
            f"shares sum to {inside:.6g}, not under {total:.6g}; the largest is that of "
            f"product {largest}"
        )
    return observed
