"""Anderson's acceleration of a fixed point, compiled."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.kernels.jit import part

FloatArray = NDArray[np.float64]

# A lost column of the least squares: what is left of it is rounding.
DEPENDENT = 1e-7


@part
def dot(one: FloatArray, other: FloatArray) -> float:
    """Inner product."""
    total = 0.0
    for j in range(len(one)):
        total += one[j] * other[j]
    return total


@part
def accelerate(
    moves: FloatArray,
    changes: FloatArray,
    held: int,
    newest: int,
    step: FloatArray,
    scale: FloatArray,
    basis: FloatArray,
    rest: FloatArray,
    target: FloatArray,
) -> None:
    """Anderson's (1965) next point, added to ``target``, in relative prices.

    Least squares of the step on past changes of steps, newest first, by Gram and Schmidt;
    columns that depend on newer ones are left out.
    """
    products, past = len(step), len(moves)
    weights, goal = np.zeros((held, held)), np.zeros(held)
    for j in range(products):
        rest[j] = step[j] * scale[j]
        target[j] += step[j]
    for k in range(held):
        column, change = basis[k], changes[(newest - k) % past]
        for j in range(products):
            column[j] = change[j] * scale[j]
        before = math.sqrt(dot(column, column))
        for n in range(k):
            weight, other = dot(basis[n], column), basis[n]
            weights[n, k] = weight
            for j in range(products):
                column[j] -= weight * other[j]
        after = math.sqrt(dot(column, column))
        if not after > DEPENDENT * before:
            column[:] = 0.0
            continue
        weights[k, k] = after
        for j in range(products):
            column[j] /= after
        goal[k] = dot(column, rest)
        for j in range(products):
            rest[j] -= goal[k] * column[j]
    for k in range(held - 1, -1, -1):
        if weights[k, k] == 0.0:
            continue
        for n in range(k + 1, held):
            goal[k] -= weights[k, n] * goal[n]
        goal[k] /= weights[k, k]
        past_move, change = moves[(newest - k) % past], changes[(newest - k) % past]
        for j in range(products):
            target[j] -= goal[k] * (past_move[j] + change[j])
