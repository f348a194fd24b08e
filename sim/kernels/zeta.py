"""The zeta map of Morrow & Skerlos (2011), compiled: its steps, and their iteration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.kernels.anderson import accelerate, dot
from sim.kernels.compiled import Market, make_room, shift_to_outside, shift_types
from sim.kernels.evaluation import evaluate, start_single
from sim.kernels.jit import kernel, part

FloatArray = NDArray[np.float64]

# Verdicts of ``search``.
CONVERGED, UNFINISHED, BROKEN = 0, 1, 2
# Under this relative step rounding decides, and ratios of steps say nothing.
ROUNDING = 2e-15
# Nor does the ratio to a step under this, half of which may be rounding.
NOISE = 1e-14
# A slower map than this is not seen in steps near rounding.
MOST_AMPLIFIED = 1e3
# Prices this near to nothing are measured against the largest.
SMALLEST_PRICE = 1e-6
# The radius is seen in another norm than the error is stated in.
CAUTION = 2.0
# Newton's moves that shrink faster than this need no acceleration.
FAST = 0.02
# An accelerated step further than this, relative to the price, is not believed.
FAR = 4.0
# Relative step at which single precision has done its part, and evaluations it may take.
ROUGH, MOST_ROUGH = 1e-5, 8


@part
def largest_step(step: FloatArray, scale: FloatArray) -> tuple[float, int]:
    """Largest relative step and its product; NaN and infinity win over every number."""
    largest, worst = 0.0, 0
    for j in range(len(step)):
        size = abs(step[j]) * scale[j]
        if not size < np.inf:
            return np.nan, j
        if size > largest:
            largest, worst = size, j
    return largest, worst


@part
def _measure(prices: FloatArray, scale: FloatArray) -> None:
    """One over the size of each price; prices near nothing count as part of the largest."""
    highest = 0.0
    for j in range(len(prices)):
        highest = max(highest, abs(prices[j]))
    floor = SMALLEST_PRICE * highest if highest > 0.0 else 1.0
    for j in range(len(prices)):
        scale[j] = 1.0 / max(abs(prices[j]), floor)


@part
def _improve(inverse: FloatArray, step: FloatArray, move: FloatArray) -> None:
    """Zeta step to Newton's move, where an inverse of ``-d step / dp`` is known."""
    for j in range(len(step)):
        move[j] = step[j] if len(inverse) == 0 else dot(inverse[j], step)


@kernel
def search(
    market: Market,
    start: FloatArray,
    inverse: FloatArray,
    memory: int,
    tolerance: float,
    most: int,
) -> tuple[int, int, float, float, int, FloatArray, FloatArray]:
    """Accelerated steps until they are small, then plain ones that measure the radius.

    The first steps are taken in single precision where all types have an outside option; what
    is accepted never is.

    Parameters
    ----------
    market
        As ``compile_game`` leaves it.
    start
        (J,) prices to start from.
    inverse
        (J, J) inverse of ``-d step / dp`` near the solution, for Newton's moves; (0, 0) for
        zeta's own.
    memory
        Past steps that Anderson's acceleration looks at; 0 for plain steps only.
    most
        Evaluations allowed.

    Returns
    -------
    tuple
        Verdict, evaluations, residual, estimated error, worst product, prices, shares.
    """
    cost, net, free, steepness = market.cost, market.net, market.free, market.steepness
    products = len(start)
    prices, step, sums = start.copy(), np.zeros(products), np.empty((3, products))
    move, last_move, target = np.empty(products), np.empty(products), np.empty(products)
    past = max(memory, 1)
    moves, changes = np.empty((past, products)), np.empty((past, products))
    basis, rest, scale = np.empty((past, products)), np.empty(products), np.empty(products)
    count, held, newest, radius, previous = 0, 0, -1, 0.0, np.inf
    plain, status, residual, error, worst = False, UNFINISHED, np.inf, np.inf, 0
    # Newton's moves are for markets near a known one: few, and fine ones.
    outer = len(market.rho) == 0 and market.outside.min() > -np.inf
    single = outer and memory > 0 and len(inverse) == 0
    shift, work = make_room(market, single)
    if single:
        shift_to_outside(market, shift)
        start_single(market, shift, work, prices)
    ending, shifting = False, not single
    while True:
        if shifting:
            if outer and count == 0:
                shift_to_outside(market, shift)
            else:
                shift_types(market, shift, prices)
            work.moves[0] = 0
            shifting = False
        # Only after a plain step can a point be accepted and its shares be wanted.
        in_range = evaluate(market, shift, work, prices, sums, plain or ending, single)
        if ending and (status == BROKEN or not in_range):
            break
        for j in range(products):
            if free[j]:
                markup = sums[1, j] / (sums[0, j] * steepness[j])
                step[j] = (cost[j] + markup) / net[j] - prices[j]
        if ending:
            # The step that is told of a search cut short is never one in single precision.
            residual, worst = largest_step(step, scale)
            break
        count += 1
        _improve(inverse, step, move)
        if held > 0:
            for j in range(products):
                changes[newest, j] = move[j] - last_move[j]
        _measure(prices, scale)
        residual, worst = largest_step(step, scale)
        rough = single
        if single and not (in_range and residual < np.inf):
            # Single precision is too narrow for this market: begin anew without it.
            single, plain, held, newest, previous = False, False, 0, -1, np.inf
            prices[:] = start
            continue
        if not in_range and count < most:
            plain, held, newest, previous, shifting = False, 0, -1, np.inf, True
            continue
        if not residual < np.inf:
            status, ending = BROKEN, True
            continue
        single = single and residual > ROUGH and count < MOST_ROUGH
        size, _ = largest_step(move, scale)
        if plain and previous < np.inf:
            # Under ROUNDING the ratio of two steps says nothing; the last one stands.
            radius = size / previous if size > ROUNDING and previous > NOISE else radius
        error = CAUTION * size / (1.0 - radius) if radius < 1.0 else np.inf
        if plain and error < tolerance and size > ROUNDING and held > 0 and len(inverse) == 0:
            # A slow mode may hide in the ratio of two steps; past steps have seen it.
            target[:] = 0.0
            accelerate(moves, changes, held, newest, move, scale, basis, rest, target)
            hidden, _ = largest_step(target, scale)
            error = max(error, CAUTION * min(hidden, MOST_AMPLIFIED * size))
        fine = error < tolerance or (size <= ROUNDING and radius < 1.0)
        small = residual < tolerance and fine and not rough
        if small and plain:
            status = CONVERGED
            break
        if count >= most:
            single, ending = False, True
            continue
        plain = small or held == 0 or memory == 0 or (len(inverse) > 0 and radius < FAST)
        target[:] = prices
        if not plain:
            accelerate(moves, changes, held, newest, move, scale, basis, rest, target)
            for j in range(products):
                if not abs(target[j] - prices[j]) * scale[j] < FAR:
                    plain = True
                    break
        if plain:
            for j in range(products):
                target[j] = prices[j] + move[j]
        newest = (newest + 1) % past
        held = min(held + 1, memory)
        for j in range(products):
            moves[newest, j] = target[j] - prices[j]
            last_move[j] = move[j]
            prices[j] = target[j]
        previous = size
    return status, count, residual, error, worst, prices, sums[2].copy()
