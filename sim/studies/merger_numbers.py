"""Amounts of a static market as people read them, whatever the size of its unit of money."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.compare.amounts import MISSING, number, percent, signed

FloatArray = NDArray[np.float64]


def money(values: FloatArray) -> list[str]:
    """Amounts of one column with as many decimals as the smallest needs for four figures."""
    known = np.abs(values[np.isfinite(values) & (values != 0.0)])
    digits = 2
    if len(known):
        digits = int(np.clip(3 - math.floor(math.log10(float(np.median(known)))), 0, 12))
    return [number(float(value), digits) for value in values]


def amount(value: float, unit: str = "") -> str:
    """One amount of money with four figures."""
    text = money(np.array([value]))[0]
    return f"{text} {unit}".rstrip()


def change(before: float, after: float) -> str:
    """Relative change in percent, signed; nothing has none."""
    if before == 0.0:
        return MISSING
    ratio = after / before - 1.0
    return signed(percent(ratio, 2), ratio)


def signed_amount(value: float, unit: str) -> str:
    """One amount of money with its sign."""
    return signed(amount(value, unit), value)
