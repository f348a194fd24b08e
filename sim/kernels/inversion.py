"""Inversion of market shares (Berry 1994; Berry, Levinsohn & Pakes 1995)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import KernelInputError
from sim.kernels import inputs
from sim.kernels.demand import Choice, Demand, choices, require_prices, utility_slopes

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Above this error in log shares Newton may overshoot; the contraction is safe.
CONTRACTION_ABOVE = 1.0
# Newton's last step is nearly free and ends well under the tolerance.
TARGET = 0.1


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
    inputs.number("tolerance", tolerance, 0.0, 1.0)
    array = require_prices(demand, prices)
    observed = _check(shares, demand)
    chosen = demand.on_sale
    total = float(demand.weights.sum())
    closed = bool(demand.closed.all())
    known = observed[chosen]
    damping = np.ones(len(chosen))
    if demand.nest_of is not None and demand.rho is not None:
        damping = 1.0 - demand.rho[demand.nest_of[chosen]]
    rest = 1.0 if closed else total - known.sum()
    delta = demand.delta.copy()
    delta[chosen] = damping * np.log(known / rest) + float(np.median(demand.alpha)) * array[chosen]
    # The level of a closed market is free; the largest share bears its rounding best.
    held = int(np.argmax(known)) if closed else -1

    def errors(delta: FloatArray) -> tuple[Choice, FloatArray, FloatArray]:
        choice = choices(replace(demand, delta=delta), array)
        model = (demand.weights @ choice.probabilities)[chosen]
        return choice, model, np.log(known) - np.log(np.maximum(model, 1e-300))

    best: tuple[float, FloatArray] = (np.inf, delta)
    steps, newton_under = 0, CONTRACTION_ABOVE
    for steps in range(max_iterations + 1):
        choice, model, error = errors(delta)
        residual = float(np.max(np.abs(error)))
        if not residual < np.inf:
            break
        if residual < best[0]:
            best = (residual, delta)
        elif residual > 2.0 * best[0] and best[0] < newton_under:
            # Newton overshot: let the contraction come nearer before it tries again.
            newton_under = 0.1 * newton_under
        if residual < TARGET * tolerance or steps == max_iterations:
            break
        if residual < tolerance and residual >= best[0]:
            break
        move = damping * error
        if residual <= newton_under:
            slopes = utility_slopes(demand, choice, demand.weights)[np.ix_(chosen, chosen)]
            move = _newton(slopes, model * error, move, held)
        delta = delta.copy()
        delta[chosen] += move
    delta = best[1]
    if closed:
        delta = delta.copy()
        delta[chosen] -= delta[chosen[0]]
    error = np.abs(errors(delta)[2])
    residual = float(np.max(error))
    worst = int(chosen[np.argmax(np.where(np.isfinite(error), error, np.inf))])
    return Inversion(delta, residual < tolerance, residual, steps, worst)


def _newton(
    slopes: FloatArray, error: FloatArray, contraction: FloatArray, held: int
) -> FloatArray:
    """Newton's move, product ``held`` at rest; the contraction's where slopes are singular."""
    move = np.zeros(len(error))
    free = np.flatnonzero(np.arange(len(error)) != held)
    try:
        move[free] = np.linalg.solve(slopes[np.ix_(free, free)], error[free])
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
