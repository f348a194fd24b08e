"""Designs of a sweep: which points each is made of, and their product.

A grid moves one setting. The other designs move several settings together: ``zip`` and ``table``
state the points, ``latin_hypercube`` and ``sobol`` draw them. Designs multiply: every point of
one meets every point of the others.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.luck import LuckBook

FloatArray = NDArray[np.float64]
Ranges = Mapping[str, tuple[float, float]]

GRID = "grid"
ZIP, TABLE, LATIN_HYPERCUBE, SOBOL = "zip", "table", "latin_hypercube", "sobol"
# Keys of a sweep that are no path: each moves several settings.
SEVERAL = (ZIP, LATIN_HYPERCUBE, SOBOL, TABLE)
SAMPLED = (LATIN_HYPERCUBE, SOBOL)
# Mappings of a sweep whose keys are paths; a table has its paths in its own header.
PATHS_UNDER = ((), (ZIP,), (LATIN_HYPERCUBE, "settings"), (SOBOL, "settings"))
MOST_TOLD = 12


@dataclass(frozen=True)
class Design:
    """Points over one or several settings.

    Attributes
    ----------
    kind
        ``grid``, ``zip``, ``latin_hypercube``, ``sobol`` or ``table``.
    paths
        Dotted paths of the settings, in the order of the file.
    rows
        A value for each path, point by point.
    ranges
        Low and high of each path where points are drawn; else empty.
    lines
        Line of each point in its table; else empty.
    """

    kind: str
    paths: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    ranges: tuple[tuple[float, float], ...] = ()
    lines: tuple[int, ...] = ()

    def values(self, path: str) -> tuple[float, ...]:
        """Distinct values of a path, in the order of the points."""
        place = self.paths.index(path)
        return tuple(dict.fromkeys(row[place] for row in self.rows))

    def told(self) -> str:
        """The design in words: its values, or how many points over which ranges."""
        if self.kind == GRID and len(self.rows) <= MOST_TOLD:
            return f"{self.paths[0]}: {', '.join(f'{value:g}' for (value,) in self.rows)}"
        ends = []
        for place, path in enumerate(self.paths):
            column = [row[place] for row in self.rows]
            low, high = self.ranges[place] if self.ranges else (min(column), max(column))
            ends.append(f"{path} ({low:g} to {high:g})")
        kind = self.kind.replace("_", " ")
        return f"{kind} of {len(self.rows):,} points over {', '.join(ends)}"


def count_points(designs: Sequence[Design]) -> int:
    """Number of points of a product of designs."""
    return int(np.prod([len(design.rows) for design in designs], dtype=object))


def product(designs: Sequence[Design]) -> tuple[tuple[tuple[str, float], ...], ...]:
    """Path and value of every setting at every point; the last design runs fastest."""
    paths = [path for design in designs for path in design.paths]
    return tuple(
        tuple(zip(paths, itertools.chain.from_iterable(rows), strict=True))
        for rows in itertools.product(*(design.rows for design in designs))
    )


def latin_hypercube(ranges: Ranges, points: int, seed: int) -> Design:
    """Points of which each of ``points`` equal slices of every range holds one.

    Each setting has a random stream of its own (McKay, Beckman & Conover 1979 permute settings
    independently), so a setting more or less leaves the values of the others where they were.

    Parameters
    ----------
    ranges
        Low and high by path.
    points
        How many.
    seed
        Another seed is another hypercube.
    """
    unit = np.empty((points, len(ranges)))
    for column, path in enumerate(ranges):
        # SciPy's own hypercube draws all settings from one stream.
        stream = LuckBook(seed, 0).stream(LATIN_HYPERCUBE, path)
        unit[:, column] = (stream.permutation(points) + stream.random(points)) / points
    return _drawn(LATIN_HYPERCUBE, ranges, unit)


def sobol(ranges: Ranges, points: int, seed: int) -> Design:
    """First points of a scrambled Sobol sequence (Owen 1998; SciPy's), one dimension a path.

    All else as :func:`latin_hypercube`, but that a setting more or less moves every point.
    """
    from scipy.stats import qmc

    sequence = qmc.Sobol(len(ranges), scramble=True, rng=np.random.default_rng(seed))
    # Drawn to the next power of two and cut: the same points, and SciPy has nothing to warn of.
    unit = sequence.random_base2((points - 1).bit_length())[:points]
    return _drawn(SOBOL, ranges, unit)


def balanced(points: int) -> bool:
    """Whether so many points of a Sobol sequence are balanced: a power of two."""
    return points & (points - 1) == 0


def _drawn(kind: str, ranges: Ranges, unit: FloatArray) -> Design:
    low, high = np.array(list(ranges.values())).T
    rows = low + unit * (high - low)
    return Design(
        kind, tuple(ranges), tuple(map(tuple, rows.tolist())), ranges=tuple(ranges.values())
    )
