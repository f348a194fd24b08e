"""What the contracts in force do this quarter, as arrays.

No gain is typed in: a term moves learning (theta), the price of batteries (pooled kWh),
the cost of gliders or the cost of development; money, prices and survival follow from
those. Equation numbers refer to ``sim/MODEL.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.alliances.contracts import Contract

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Effects:
    """Effects of all contracts on each firm in one quarter.

    Attributes
    ----------
    theta
        (F, F) share of a partner's new experience that counts as one's own; unit diagonal.
    glider, battery, development
        (F,) factors on glider cost, battery price, and R&D and launch cost.
    running_cost
        (F,) CNY a quarter.
    teaches
        Whether any firm may learn from another.
    """

    theta: FloatArray
    glider: FloatArray
    battery: FloatArray
    development: FloatArray
    running_cost: FloatArray
    teaches: bool = True

    @staticmethod
    def without_contracts(firms: int, spillover: float) -> Effects:
        """Effects where nothing but the industry's theta ``spillover`` acts."""
        theta, ones = np.full((firms, firms), min(spillover, 1.0)), np.ones(firms)
        theta.ravel()[:: firms + 1] = 1.0
        return Effects(theta, ones, ones, ones, np.zeros(firms), teaches=spillover != 0.0)


def ramp(contract: Contract, signed_at: int, now: int) -> float:
    """Share of a term in force (equation 6.1): 0 before the lag, then a straight line to 1."""
    elapsed = now - signed_at - contract.lag + 1
    if elapsed <= 0:
        return 0.0
    return 1.0 if contract.ramp <= 0 else min(1.0, elapsed / contract.ramp)


def procurement_discount(own: float, pooled: float, elasticity: float, cap: float) -> float:
    """Discount on batteries from buying together (equation 6.3), a share of the price.

    ``elasticity`` is the discount a doubling of volume brings.
    """
    if own <= 0.0 or pooled <= own:
        return 0.0
    return float(min(cap, elasticity * np.log2(pooled / own)))


def combine(
    contracts: Sequence[Contract],
    signed_at: Sequence[int],
    now: int,
    energy: FloatArray,
    active: BoolArray,
    spillover: float,
    procurement_elasticity: float,
    procurement_cap: float,
) -> Effects:
    """Effects of the contracts in force.

    Parameters
    ----------
    signed_at
        Quarter in which each contract took effect, or -1 where it is not in force.
    energy
        (F,) kWh that each firm bought last quarter.
    spillover
        The industry's theta between any two firms (vartheta).
    """
    size = len(energy)
    theta = np.full((size, size), spillover)
    glider, battery, development = np.ones(size), np.ones(size), np.ones(size)
    running = np.zeros(size)
    for contract, signed in zip(contracts, signed_at, strict=True):
        if signed < 0:
            continue
        members = [member for member in contract.members if active[member]]
        share = ramp(contract, signed, now)
        bought = energy[members]
        total = float(bought.sum())
        for member, own in zip(members, bought.tolist(), strict=True):
            for other in members:
                theta[member, other] += share * contract.theta
            discount = procurement_discount(
                own,
                own + contract.pooled * (total - own),
                procurement_elasticity,
                procurement_cap,
            )
            glider[member] *= 1.0 - share * contract.glider_saving
            battery[member] *= 1.0 - share * discount
            development[member] *= 1.0 - share * contract.development_saving
            running[member] += contract.running_cost / len(contract.members)
    np.minimum(theta, 1.0, out=theta)
    theta.ravel()[:: size + 1] = 1.0
    return Effects(theta, glider, battery, development, running)


def failure_probability(hazard: float) -> float:
    """Chance in a quarter of a hazard stated per year."""
    return float(1.0 - (1.0 - hazard) ** 0.25)
