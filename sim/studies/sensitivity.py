"""Which assumptions move an outcome: Morris's screening and Sobol's indices.

Designs and Sobol's estimators are SALib's. All points share their luck, so an effect is not mixed
with another draw; what another draw alone would do is the effect of a dummy input that moves
nothing but the block of luck. A setting that does not stand out from the dummy is not told apart
from chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim import stats
from sim.errors import SimError
from sim.studies.points import Answers, Point
from sim.studies.ranges import Range, at

FloatArray = NDArray[np.float64]

MORRIS, SOBOL = "morris", "sobol"
LUCK = "luck"
LUCK_BLOCKS = 4
LEVELS = 4
RESAMPLES = 1000
# Share of points that may fail. Morris loses single effects; Sobol's estimators take inputs to be
# independent, which they are no longer where a corner of their ranges cannot be played.
MAX_FAILED = {MORRIS: 0.30, SOBOL: 0.05}


@dataclass(frozen=True)
class Design:
    """Points of a study in the unit cube.

    Attributes
    ----------
    method
        ``morris`` or ``sobol``.
    ranges
        The settings varied, (D,); the dummy stands behind them.
    unit
        (P, D + 1) points in the unit cube.
    size
        Trajectories, or base samples.
    """

    method: str
    ranges: tuple[Range, ...]
    unit: FloatArray
    size: int

    def points(self) -> list[Point]:
        """The futures to play."""
        luck = np.minimum((LUCK_BLOCKS * self.unit[:, -1]).astype(int), LUCK_BLOCKS - 1)
        settings = at(self.ranges, self.unit[:, :-1])
        return [Point(values, int(block)) for values, block in zip(settings, luck, strict=True)]


def make_design(method: str, ranges: Sequence[Range], size: int, seed: int) -> Design:
    """Draw a design.

    Parameters
    ----------
    method
        ``morris``: ``size`` trajectories of D + 2 points on a grid of four levels; ``sobol``:
        ``size`` base samples (a power of two) of D + 3 points (Saltelli 2010).
    ranges
        Settings to vary, D of them.
    size
        Trajectories, or base samples; at least 2.
    seed
        Seed of the design, not of the luck.

    Raises
    ------
    SimError
        SALib is not installed, nothing is varied, or ``size`` is not one that the method takes.
    """
    if not ranges:
        raise SimError("a sensitivity study needs at least one setting to vary")
    problem = _problem(len(ranges) + 1)
    if size < 2 or (method == SOBOL and size & (size - 1)):
        wanted = "a power of two from 2 on" if method == SOBOL else "at least 2"
        raise SimError(f"{method}: the size of the design must be {wanted}, not {size}")
    sample = _salib(f"sample.{method}").sample
    # SALib takes a 32-bit seed.
    options: dict[str, Any] = {"seed": seed % 2**32}
    if method == MORRIS:
        options["num_levels"] = LEVELS
    else:
        options["calc_second_order"] = False
    unit = np.asarray(sample(problem, size, **options), dtype=np.float64)
    return Design(method, tuple(ranges), unit, size)


def outcome_of(answers: Answers, *, difference: bool) -> FloatArray:
    """(P,) outcome of each point: the mean of the last arm, or of its paired difference.

    NaN where any of the runs that it is the mean of failed.

    Parameters
    ----------
    answers
        Of one arm, or of the baseline and an arm.
    difference
        Arm minus baseline.
    """
    values = answers.values[:, -1]
    if difference:
        values = values - answers.values[:, 0]
    return np.asarray(values.mean(axis=1), dtype=np.float64)


def check_failures(answers: Answers, outcome: FloatArray, limit: float) -> None:
    """Refuse a study of which too many points failed.

    Raises
    ------
    SimError
        Says how many failed and why.
    """
    failed, total = int((~np.isfinite(outcome)).sum()), len(outcome)
    if failed > limit * total:
        reasons = "\n".join(f"  {count} points: {text}" for text, count in answers.reasons()[:5])
        raise SimError(
            f"{failed} of {total} design points failed, more than the {100 * limit:g} % at which "
            f"indices are still told:\n{reasons}\n"
            "narrow the ranges (--vary PATH=LOW:HIGH) or allow more (--max-failed SHARE)"
        )


def analyse(design: Design, outcome: FloatArray) -> pd.DataFrame:
    """Importance of each setting and of luck, the most important first.

    Parameters
    ----------
    design
        The points.
    outcome
        (P,) outcome of each; NaN where it failed.

    Returns
    -------
    DataFrame
        ``rank, path, setting, value, range_low, range_high, source``; ``effect, low, high`` with
        its 95 % bootstrap interval: for Morris ``mu*`` in the unit of the outcome, the mean size
        of the move over the full range, for Sobol the total index; ``signed`` and ``spread``
        (Morris: ``mu``, ``sigma``) or ``first, first_low, first_high`` (Sobol); ``used`` and
        ``lost`` effects (Morris) or base samples (Sobol); ``beyond_luck``: the interval lies above
        the dummy's. The dummy has no rank.
    """
    numbers = _morris(design, outcome) if design.method == MORRIS else _sobol(design, outcome)
    luck = float(numbers["high"].iloc[-1])
    described = [
        (each.path, each.setting, each.value, each.low, each.high, each.source)
        for each in design.ranges
    ]
    described.append((LUCK, "dummy", math.nan, math.nan, math.nan, "another draw of luck"))
    names = ["path", "setting", "value", "range_low", "range_high", "source"]
    table = pd.concat([pd.DataFrame(described, columns=names), numbers], axis=1)
    table["beyond_luck"] = (table["low"] > luck) & (table["path"] != LUCK)
    table = table.sort_values(
        ["effect", "path"], ascending=[False, True], na_position="last", ignore_index=True
    )
    dummy = table["path"] == LUCK
    table.insert(0, "rank", (~dummy).cumsum().where(~dummy, 0))
    return table


def _morris(design: Design, outcome: FloatArray) -> pd.DataFrame:
    effects = stats.elementary_effects(design.unit, outcome, design.size)
    found = stats.morris(effects)
    return pd.DataFrame(
        {
            "effect": found.mu_star,
            "low": found.low,
            "high": found.high,
            "signed": found.mu,
            "spread": found.sigma,
            "used": found.used,
            "lost": found.lost,
        }
    )


def _sobol(design: Design, outcome: FloatArray) -> pd.DataFrame:
    inputs = design.unit.shape[1]
    groups = outcome.reshape(design.size, inputs + 2)
    # SALib knows no missing value: one that is lost takes its whole base sample along.
    whole = groups[np.isfinite(groups).all(axis=1)]
    lost = design.size - len(whole)
    columns = ("effect", "low", "high", "first", "first_low", "first_high")
    if len(whole) < 2:
        raise SimError(f"{lost} of {design.size} base samples have a failed point; none is left")
    if np.ptp(whole) == 0.0:
        # Nothing moved at all: there is no variance to share out.
        table = pd.DataFrame(np.zeros((inputs, len(columns))), columns=list(columns))
    else:
        found = _salib("analyze.sobol").analyze(
            _problem(inputs),
            whole.ravel(),
            calc_second_order=False,
            num_resamples=RESAMPLES,
            conf_level=stats.LEVEL,
            seed=stats.SEED,
        )
        total, first = found["ST"], found["S1"]
        ends = (
            total, total - found["ST_conf"], total + found["ST_conf"],
            first, first - found["S1_conf"], first + found["S1_conf"],
        )
        table = pd.DataFrame(dict(zip(columns, ends, strict=True)))
    return table.assign(used=len(whole), lost=lost)


def _problem(inputs: int) -> dict[str, Any]:
    return {
        "num_vars": inputs,
        "names": [f"x{place}" for place in range(inputs)],
        "bounds": [[0.0, 1.0]] * inputs,
    }


def _salib(module: str) -> Any:
    try:
        return import_module(f"SALib.{module}")
    except ImportError as error:
        raise SimError(
            "sensitivity studies need SALib, which is not installed here: "
            "make setup, or pip install 'SALib>=1.5'"
        ) from error
