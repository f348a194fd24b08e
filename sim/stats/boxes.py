"""Scenario discovery: the box of inputs in which cases of interest are dense (PRIM).

Patient Rule Induction Method of Friedman & Fisher (1999, Statistics and Computing 9, 123-143), as
Bryant & Lempert (2010, Technological Forecasting & Social Change 77, 34-49) use it: slices are
peeled off the box one at a time, each the one that leaves the densest rest; the chosen box is
pasted back where that costs no density; what it does not need is let go.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

PEEL = 0.05
# A box is searched for down to this share of all points, and never below this many.
LEAST_SHARE = 0.05
LEAST_POINTS = 10
# What a restriction must add to the density of the box to be worth a clause of the sentence.
WORTH = 0.02


class Box(NamedTuple):
    """A box of inputs; an end that does not bind is infinite.

    Attributes
    ----------
    low, high
        (D,) ends.
    """

    low: FloatArray
    high: FloatArray

    def holds(self, inputs: ArrayLike) -> BoolArray:
        """(N,) which points (N, D) lie inside."""
        points = np.asarray(inputs, dtype=np.float64)
        inside = ((points >= self.low) & (points <= self.high)).all(axis=1)
        return np.asarray(inside, dtype=np.bool_)

    @property
    def bound(self) -> tuple[int, ...]:
        """Inputs that the box restricts."""
        return tuple(int(k) for k in np.flatnonzero(np.isfinite(self.low) | np.isfinite(self.high)))


class Fit(NamedTuple):
    """How well a box tells cases apart.

    Attributes
    ----------
    coverage
        Share of all cases of interest that lie in the box; NaN without any.
    density
        Share of the points in the box that are of interest; NaN if it is empty.
    mass
        Share of all points that lie in the box.
    """

    coverage: float
    density: float
    mass: float


def fit(box: Box, inputs: ArrayLike, interest: ArrayLike) -> Fit:
    """Coverage, density and mass of a box.

    Parameters
    ----------
    box
        The box.
    inputs
        (N, D) points.
    interest
        (N,) how much each point is of interest, 0 to 1: a yes/no case, or the share of its
        replicates.
    """
    weight = _interest(interest)
    inside = box.holds(inputs)
    caught, cases = float(weight[inside].sum()), float(weight.sum())
    count = int(inside.sum())
    return Fit(
        caught / cases if cases > 0.0 else np.nan,
        caught / count if count else np.nan,
        count / len(weight) if len(weight) else np.nan,
    )


def find_box(
    inputs: ArrayLike, interest: ArrayLike, *, peel: float = PEEL, worth: float = WORTH
) -> Box:
    """Find the box whose coverage and density are best together.

    Of the boxes along the peeling path the one with the highest product of coverage and gain in
    density over the whole is taken; then it is pasted and its idle restrictions are dropped.

    Parameters
    ----------
    inputs
        (N, D) points.
    interest
        (N,) how much each point is of interest, 0 to 1.
    peel
        Share of the points of a box that one slice takes.
    worth
        Least density that a restriction must add to stay.

    Returns
    -------
    Box
        Unbounded where no slice makes the rest denser.

    Raises
    ------
    ValueError
        The shapes do not fit, or a value is not finite or outside 0 to 1.
    """
    points = np.asarray(inputs, dtype=np.float64)
    weight = _interest(interest)
    if points.ndim != 2 or len(points) != len(weight) or not np.isfinite(points).all():
        raise ValueError(f"points (N, D), all finite, with N cases: {points.shape}, {weight.shape}")
    path = _peeled(points, weight, peel)
    overall = float(weight.mean()) if len(weight) else 0.0

    def merit(box: Box) -> float:
        found = fit(box, points, weight)
        if not found.density > overall:
            return 0.0
        return found.coverage * (found.density - overall)

    best = max(path, key=merit)
    return _freed(_pasted(best, points, weight, peel), points, weight, worth)


def _peeled(points: FloatArray, weight: FloatArray, peel: float) -> list[Box]:
    """Boxes from the whole down to the smallest, each one slice smaller."""
    inputs = points.shape[1]
    box = Box(np.full(inputs, -np.inf), np.full(inputs, np.inf))
    path = [box]
    least = max(LEAST_POINTS, int(np.ceil(LEAST_SHARE * len(points))))
    while True:
        inside = box.holds(points)
        count = int(inside.sum())
        found: tuple[float, Box] | None = None
        for place in range(inputs):
            held = points[inside, place]
            for side in ("low", "high") if count else ():
                cut = _cut(held, peel, side)
                if cut is None:
                    continue
                smaller = _with(box, place, side, cut)
                rest = smaller.holds(points)
                left = int(rest.sum())
                if not least <= left < count:
                    continue
                # Density gained per point given up: a coarse input cannot win by a large slice.
                density = float(weight[rest].mean())
                gain = (density - float(weight[inside].mean())) / (count - left)
                if found is None or gain > found[0]:
                    found = gain, smaller
        if found is None:
            return path
        box = found[1]
        path.append(box)


def _pasted(box: Box, points: FloatArray, weight: FloatArray, peel: float) -> Box:
    """Move ends outwards while the box grows no less dense."""
    while True:
        inside = box.holds(points)
        density, count = float(weight[inside].mean()), int(inside.sum())
        found: tuple[float, Box] | None = None
        for place in box.bound:
            others = _with(_with(box, place, "low", -np.inf), place, "high", np.inf).holds(points)
            for side in ("low", "high"):
                end = (box.low if side == "low" else box.high)[place]
                if not np.isfinite(end):
                    continue
                beyond = others & ((points[:, place] < end) if side == "low"
                                   else (points[:, place] > end))  # fmt: skip
                values = np.sort(points[beyond, place])
                if len(values) == 0:
                    continue
                step = min(len(values), max(1, int(peel * count)))
                moved = values[-step] if side == "low" else values[step - 1]
                larger = _with(box, place, side, float(moved))
                denser = float(weight[larger.holds(points)].mean())
                if denser >= density and (found is None or denser > found[0]):
                    found = denser, larger
        if found is None:
            return box
        box = found[1]


def _freed(box: Box, points: FloatArray, weight: FloatArray, worth: float) -> Box:
    """Drop ends that add less than ``worth`` to the density, the least useful first."""
    while True:
        density = float(weight[box.holds(points)].mean())
        found: tuple[float, Box] | None = None
        for place in box.bound:
            for side, open_end in (("low", -np.inf), ("high", np.inf)):
                end = (box.low if side == "low" else box.high)[place]
                if not np.isfinite(end):
                    continue
                larger = _with(box, place, side, open_end)
                loss = density - float(weight[larger.holds(points)].mean())
                if loss < worth and (found is None or loss < found[0]):
                    found = loss, larger
        if found is None:
            return box
        box = found[1]


def _cut(values: FloatArray, peel: float, side: str) -> float | None:
    """New end of a slice that takes at least one and about ``peel`` of the values."""
    ordered = np.unique(values)
    if len(ordered) < 2:
        return None
    if side == "low":
        above = ordered[ordered > np.quantile(values, peel)]
        return float(above[0]) if len(above) else None
    below = ordered[ordered < np.quantile(values, 1.0 - peel)]
    return float(below[-1]) if len(below) else None


def _with(box: Box, place: int, side: str, end: float) -> Box:
    low, high = box.low.copy(), box.high.copy()
    (low if side == "low" else high)[place] = end
    return Box(low, high)


def _interest(interest: ArrayLike) -> FloatArray:
    weight = np.asarray(interest, dtype=np.float64)
    if weight.ndim != 1 or not ((weight >= 0.0) & (weight <= 1.0)).all():
        raise ValueError("interest is a vector of numbers from 0 to 1")
    return weight
