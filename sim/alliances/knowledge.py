"""R&D that partners do together or learn from each other (equation 7.7 of ``sim/MODEL.md``).

No gain is typed in: what a partnership saves and teaches follows from what its members spend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.alliances.contracts import Contract
from sim.alliances.effects import ramp

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class SharedResearch:
    """What contracts do to each firm's R&D in one quarter.

    Attributes
    ----------
    cost
        (F,) factor on the cost of R&D other than launches.
    absorbed
        (F,) CNY of R&D that a firm has the use of beside its own, at most as much as its own.
    draws
        (F, F) whose projects a firm's results come from; rows add up to one.
    """

    cost: FloatArray
    absorbed: FloatArray
    draws: FloatArray


def share_research(
    contracts: Sequence[Contract],
    signed_at: Sequence[int],
    now: int,
    research: FloatArray,
    active: BoolArray,
) -> SharedResearch:
    """Costs shared and knowledge absorbed under the contracts in force.

    Parameters
    ----------
    signed_at
        Quarter in which each contract took effect, or -1 where it is not in force.
    research
        (F,) R&D that each firm would pay for alone this quarter, launches aside, CNY.
    active
        (F,) firms on the market; others neither pay nor teach.
    """
    size = len(research)
    cost, absorbed, draws = np.ones(size), np.zeros(size), np.eye(size)
    for contract, signed in zip(contracts, signed_at, strict=True):
        members = [member for member in contract.members if active[member]]
        spent = research[members]
        total = float(spent.sum())
        if signed < 0 or len(members) < 2 or total <= 0.0:
            continue
        strength = ramp(contract, signed, now)
        joint = strength * contract.joint_research
        taught = strength * contract.theta * (1.0 - joint)
        cost[members] *= 1.0 - joint * (1.0 - float(spent.max()) / total)
        absorbed[members] += joint * (spent.max() - spent) + taught * (total - spent)
        pool = np.zeros(size)
        pool[members] = spent / total
        draws[members] = (1.0 - joint) * draws[members] + joint * pool
    return SharedResearch(cost, np.minimum(absorbed, research), draws)
