"""How firms stand at the end of a quarter; ``sim/quarter/standing.py`` has the words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.kernels.jit import as_written

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@as_written
def judged(
    active: BoolArray,
    waiting: BoolArray,
    owner: IntArray,
    control: FloatArray,
    holdings: FloatArray,
    outside_stake: FloatArray,
    units: FloatArray,
    state_money: FloatArray,
    first_units: FloatArray,
    usual_units: FloatArray,
    quarters_run: int,
    zombie_share: float,
    allied_stake: float,
) -> BoolArray:
    """What holds of each firm, (8, F).

    Rows: held in part by somebody, far under its usual volume, given state money, control passed,
    merged, not on sale, waiting to sell, and above its first volume.

    Parameters
    ----------
    control, holdings
        (F, F) of firm g by firm f.
    units, state_money
        (K, F) rings of a trailing year, the first ``quarters_run`` rows of this run.
    first_units, usual_units
        (F,) of its first quarter in this run, and what a zombie sells a small share of.
    """
    past, firms = units.shape
    rows = min(quarters_run, past)
    holds = np.zeros((8, firms), dtype=np.bool_)
    given = np.zeros(firms)
    for f in range(firms):
        for k in range(past):
            given[f] += state_money[k, f]
    for f in range(firms):
        year, recent, largest = 0.0, 0.0, outside_stake[f]
        for k in range(past):
            year += units[k, f]
        for k in range(rows):
            recent += units[k, f]
        for g in range(firms):
            largest = max(largest, holdings[g, f])
        holds[0, f] = largest >= allied_stake
        holds[1, f] = year / past < zombie_share * usual_units[f]
        holds[2, f] = given[owner[f]] > 0.0
        holds[3, f] = owner[f] != f or control[f, f] < 0.5
        holds[4, f] = owner[f] != f
        holds[5, f] = not active[f]
        holds[6, f] = waiting[f] or (active[f] and first_units[f] == 0.0)
        holds[7, f] = recent / rows >= zombie_share * first_units[f]
    return holds
