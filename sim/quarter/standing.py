"""How a firm stands at the end of a quarter: its state and the three kinds of survival."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.calibration.industry import Industry
from sim.world.state import TRAILING, State, trailing_mean

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

STATES = (
    "exited",
    "merged",
    "controlled",
    "backstopped",
    "zombie",
    "allied",
    "independent",
    "waiting",
)
_INDEPENDENT = STATES.index("independent")
# From what any of the later ones overrules to what none does.
_RISING = tuple(
    STATES.index(name)
    for name in ("allied", "zombie", "backstopped", "controlled", "merged", "exited", "waiting")
)
ZOMBIE_SHARE = 0.20
ALLIED_STAKE = 0.05


@dataclass(frozen=True)
class Standing:
    """State (index into ``STATES``) and survival of each firm, (F,)."""

    state: IntArray
    survives: BoolArray
    brand: BoolArray
    independent: BoolArray


def standing(industry: Industry, state: State, quarters_run: int) -> Standing:
    """Judge every firm after ``quarters_run`` quarters.

    Headline survival: on sale, with at least a fifth of the annualised units of its first
    quarter in this run, and without state money in the last four quarters.
    """
    year = trailing_mean(state.trailing_units)
    recent = year
    if quarters_run < TRAILING:
        recent = np.add.reduce(state.trailing_units[:quarters_run]) / quarters_run
    lasting = recent >= ZOMBIE_SHARE * state.first_units
    size = len(industry.firms)
    merged = state.owner != np.arange(size)
    passed = merged | (state.control.diagonal() < 0.5)
    supported = np.add.reduce(state.trailing_state_money)[state.owner] > 0.0
    # 0 until an entrant's first year is over: it is measured by nothing before.
    zombie = year < ZOMBIE_SHARE * state.zombie_units
    held = np.maximum(np.maximum.reduce(state.holdings), state.outside_stake) >= ALLIED_STAKE
    # A firm that enters next quarter has sold nothing yet.
    waiting = state.waiting | (state.active & (state.first_units == 0.0))
    label = np.full(size, _INDEPENDENT, dtype=np.int64)
    for code, holds in zip(
        _RISING,
        (held, zombie, supported, passed, merged, ~state.active, waiting),
        strict=True,
    ):
        label[holds] = code
    return Standing(
        state=label,
        survives=state.active & lasting & ~supported & ~waiting,
        brand=state.active & ~waiting,
        independent=state.active & ~passed & ~waiting,
    )
