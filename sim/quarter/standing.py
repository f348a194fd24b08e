"""How a firm stands at the end of a quarter: its state and the three kinds of survival."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.calibration.industry import Industry
from sim.kernels.survival import judged
from sim.world.state import State

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
    held, zombie, supported, passed, merged, gone, waiting, lasting = judged(
        state.active, state.waiting, state.owner, state.control, state.holdings,
        state.outside_stake, state.trailing_units, state.trailing_state_money,
        state.first_units, state.zombie_units, quarters_run, ZOMBIE_SHARE, ALLIED_STAKE,
    )  # fmt: skip
    label = np.full(len(industry.firms), _INDEPENDENT, dtype=np.int64)
    for code, holds in zip(
        _RISING, (held, zombie, supported, passed, merged, gone, waiting), strict=True
    ):
        label[holds] = code
    brand = ~(gone | waiting)
    return Standing(
        state=label,
        survives=brand & lasting & ~supported,
        brand=brand,
        independent=brand & ~passed,
    )
