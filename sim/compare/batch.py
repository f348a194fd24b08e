"""A batch as its readers see it: who and what was compared, and the rows of chosen runs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.errors import Fault, InputError, StoreError
from sim.record import open_batch

FloatArray = NDArray[np.float64]

HEADLINE_YEARS = (2027, 2030, 2034)
HEADLINE_YEAR = 2030
# What a reader cannot do without.
MANIFEST_ENTRIES = (
    "arms", "baseline", "calibrations", "firm_names", "focus", "members", "merged", "quarters",
    "reference_point", "start", "sweep",
)
# The calibration that is told first where a batch has several.
FIRST_CALIBRATION = "middle"
# The arm that is told first, and the control that gives the same cash without an ally.
FIRST_ARM = "capital"
MONEY_ALONE = "stranger"
# Values of a setting that are all named where one of them is asked for.
MOST_NAMED = 12


@dataclass(frozen=True)
class Scope:
    """Where in a batch a comparison is made.

    Attributes
    ----------
    calibration
        Label of the calibration.
    point
        Value of each swept setting by its path.
    """

    calibration: str
    point: Mapping[str, float] = field(default_factory=dict)


class Batch:
    """A results folder opened for reading.

    Parameters
    ----------
    folder
        The folder of the batch.

    Raises
    ------
    StoreError
        The folder holds no batch that can be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._store = open_batch(folder)
        self.manifest: Mapping[str, Any] = self._store.manifest
        missing = [name for name in MANIFEST_ENTRIES if name not in self.manifest]
        if missing:
            raise StoreError(f"{folder}: the manifest says nothing of {', '.join(missing)}")

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The run table, in canonical order."""
        return self._store.table("runs")

    def market(self, runs: Sequence[int], columns: Sequence[str]) -> pd.DataFrame:
        """Market rows of some runs: ``run, t`` and the columns named."""
        return self._store.table("market", columns=["run", "t", *columns], runs=runs)

    def firms(
        self,
        runs: Sequence[int],
        columns: Sequence[str],
        *,
        firms: Sequence[str] | None = None,
        times: Sequence[int] | None = None,
    ) -> pd.DataFrame:
        """Firm rows of some runs, firms and quarters: ``run, t, firm`` and the columns named."""
        return self._store.table(
            "firms", columns=["run", "t", "firm", *columns], runs=runs, firms=firms, times=times
        )

    def regions(
        self,
        runs: Sequence[int],
        *,
        firms: Sequence[str] | None = None,
        times: Sequence[int] | None = None,
    ) -> pd.DataFrame:
        """Rows of regions abroad, illustrative; none where the batch models no region."""
        if not self._store.has("regions"):
            return pd.DataFrame()
        return self._store.table("regions", runs=runs, firms=firms, times=times)

    def events(self, runs: Sequence[int]) -> pd.DataFrame:
        """Events of some runs."""
        return self._store.table("events", runs=runs)

    @property
    def baseline(self) -> str:
        """The arm that the others are compared with."""
        return str(self.manifest["baseline"])

    @property
    def arms(self) -> tuple[str, ...]:
        """All arms, in the order of the scenario."""
        return tuple(self.manifest["arms"])

    @property
    def first_arm(self) -> str:
        """The arm whose sentence comes first: `capital`, else the first with members."""
        others = [arm for arm in self.arms if arm != self.baseline]
        if FIRST_ARM in others:
            return FIRST_ARM
        return next((arm for arm in others if self.members(arm)), (others or [self.baseline])[0])

    @property
    def has_firms(self) -> bool:
        """Tell whether rows of firms were kept; ``record: none`` leaves them out."""
        return self.manifest.get("record") != "none"

    @property
    def focus(self) -> tuple[str, ...]:
        """Firms that the question is about; none where no rows of firms were kept."""
        return tuple(self.manifest["focus"]) if self.has_firms else ()

    @property
    def state_backed(self) -> tuple[str, ...]:
        """Firms whose owner is the state, so that the group behind them does not fail."""
        return tuple(self.manifest.get("state_owned", ()))

    @property
    def all_firms(self) -> tuple[str, ...]:
        """Every firm of the batch."""
        return tuple(self.manifest["firm_names"])

    def name(self, firm: str) -> str:
        """Display name of a firm."""
        return str(self.manifest["firm_names"].get(firm, firm))

    def members(self, arm: str) -> tuple[str, ...]:
        """Members of the alliance of an arm; empty without one."""
        return tuple(self.manifest["members"].get(arm, ()))

    def is_merger(self, arm: str) -> bool:
        """Tell whether an arm merges its members."""
        return bool(self.manifest["merged"].get(arm, False))

    def merged_with(self, firm: str) -> tuple[str, ...]:
        """All members of the merger that any arm puts ``firm`` into; empty if none does."""
        for arm in self.arms:
            if self.is_merger(arm) and firm in self.members(arm):
                return self.members(arm)
        return ()

    @property
    def antithetic(self) -> bool:
        """Tell whether replicates 2k and 2k + 1 have mirrored luck."""
        return bool(self.manifest.get("antithetic", False))

    @property
    def luck_told(self) -> str:
        """What a reader must know of the luck, as a sentence; empty where it is plain."""
        if not self.antithetic:
            return ""
        return (
            "Luck is antithetic: replicates come in couples of mirrored luck, a couple is one "
            "observation, and every interval and test is over couples."
        )

    @property
    def calibrations(self) -> tuple[str, ...]:
        """Labels of the calibrations that the batch has."""
        return tuple(self.manifest["calibrations"])

    @property
    def sweep(self) -> Mapping[str, Sequence[float]]:
        """Values of each swept setting by its path."""
        return dict(self.manifest["sweep"])

    @property
    def grids(self) -> tuple[str, ...]:
        """Swept settings of which every value meets every value of the others."""
        designs = self.manifest.get("designs")
        if designs is None:
            return tuple(self.sweep)
        return tuple(each["settings"][0] for each in designs if each["kind"] == "grid")

    @cached_property
    def points(self) -> tuple[tuple[int, ...], FloatArray]:
        """Numbers of the design points, and (P, S) the value of each swept setting there."""
        paths = list(self.sweep)
        known = self.runs.drop_duplicates(paths) if paths else self.runs.head(1)
        numbers = tuple(int(number) for number in known["point"])
        return numbers, known[paths].to_numpy(np.float64)

    @property
    def reference(self) -> Scope:
        """Where the headline is told: the reference point, the middle calibration if present."""
        labels = self.calibrations
        label = FIRST_CALIBRATION if FIRST_CALIBRATION in labels else labels[0]
        return Scope(label, dict(self.manifest["reference_point"]))

    @cached_property
    def quarters(self) -> tuple[str, ...]:
        """Names of all quarters of a run, from its start."""
        start = str(self.manifest["start"])
        first = 4 * int(start[:4]) + int(start[5:]) - 1
        return tuple(
            f"{when // 4}Q{when % 4 + 1}"
            for when in range(first, first + int(self.manifest["quarters"]))
        )

    def quarter_number(self, quarter: str) -> int:
        """Place of a quarter in the run, from 0."""
        return self.quarters.index(quarter)

    def trailing_year(self, quarter: str) -> list[int]:
        """Places of the four quarters that end with this one, fewer at the start of a run."""
        end = self.quarter_number(quarter)
        return list(range(max(0, end - 3), end + 1))

    @property
    def horizons(self) -> tuple[str, ...]:
        """Ends of 2027, 2030 and 2034 that the runs reach; else their last quarter."""
        wanted = [f"{year}Q4" for year in HEADLINE_YEARS]
        return tuple(name for name in wanted if name in self.quarters) or self.quarters[-1:]

    @property
    def headline_quarter(self) -> str:
        """The date of the first sentence: the end of 2030 if the runs reach it."""
        wanted = f"{HEADLINE_YEAR}Q4"
        return wanted if wanted in self.horizons else self.horizons[-1]

    def runs_at(self, scope: Scope, arms: Iterable[str] | None = None) -> pd.DataFrame:
        """Rows of the run table at one point under one calibration.

        Raises
        ------
        InputError
            The batch has no such calibration, swept setting or value.
        """
        self.check_scope(scope)
        chosen = self.runs["calibration"] == scope.calibration
        places = self._points_at(scope.point)
        if len(places) < len(self.points[0]):
            at = self.runs[list(self.sweep)].to_numpy(np.float64)
            near = [(at == self.points[1][place]).all(axis=1) for place in places]
            chosen &= np.any(near, axis=0)
        if arms is not None:
            chosen &= self.runs["arm"].isin(list(arms))
        return self.runs.loc[chosen].reset_index(drop=True)

    def at(self, values: Mapping[str, float], calibration: str | None = None) -> Scope:
        """Reference scope with some swept values or the calibration changed.

        Of the points with these values, the one nearest to the reference: settings that a design
        moves together move together.
        """
        reference = self.reference
        asked = {**reference.point, **values}
        places = self._points_at(values) if all(path in self.sweep for path in values) else []
        if values and places:
            _, table = self.points
            own = np.array([reference.point[path] for path in self.sweep], dtype=np.float64)
            width = np.ptp(table, axis=0)
            away = (np.abs(table - own) / np.where(width > 0.0, width, 1.0)).sum(axis=1)
            asked = self._values_of(min(places, key=lambda place: float(away[place])))
        return Scope(calibration or reference.calibration, asked)

    def point(self, number: int, calibration: str | None = None) -> Scope:
        """Scope of the point of this number.

        Raises
        ------
        InputError
            The batch has no such point.
        """
        numbers, _ = self.points
        if number not in numbers:
            expected = f"a point of the batch, {min(numbers)} to {max(numbers)}"
            raise InputError([Fault("command line", 0, "--point", str(number), expected)])
        label = calibration or self.reference.calibration
        return Scope(label, self._values_of(numbers.index(number)))

    def _values_of(self, place: int) -> dict[str, float]:
        return dict(zip(self.sweep, self.points[1][place].tolist(), strict=True))

    def _points_at(self, values: Mapping[str, float]) -> list[int]:
        """Places in ``points`` with these values; one at most where all values are given."""
        columns = [list(self.sweep).index(path) for path in values]
        table = self.points[1][:, columns]
        wanted = np.array(list(values.values()), dtype=np.float64)
        places = np.flatnonzero(np.isclose(table, wanted).all(axis=1)).tolist()
        if len(places) > 1 and len(values) == len(self.sweep):
            # Two points may lie closer to each other than a person types.
            return [min(places, key=lambda place: float(np.abs(table[place] - wanted).sum()))]
        return places

    def check_arm(self, arm: str, option: str = "--arm") -> str:
        """Return ``arm`` or raise InputError with the nearest name."""
        return self._check(option, arm, self.arms)

    def check_firm(self, firm: str) -> str:
        """Return ``firm`` or raise InputError with the nearest name."""
        if not self.has_firms:
            expected = "no firm: the batch keeps no rows of them (record: none)"
            raise InputError([Fault("command line", 0, "--firm", firm, expected)])
        return self._check("--firm", firm, self.all_firms)

    def check_scope(self, scope: Scope) -> Scope:
        """Return ``scope`` or raise InputError with every fault of it."""
        faults = self._faults(scope)
        if faults:
            raise InputError(faults)
        return scope

    def _check(self, option: str, name: str, known: Sequence[str]) -> str:
        if name not in known:
            raise InputError([_unknown(option, name, known)])
        return name

    def _faults(self, scope: Scope) -> list[Fault]:
        faults = []
        if scope.calibration not in self.calibrations:
            faults.append(_unknown("--calibration", scope.calibration, self.calibrations))
        for path, value in scope.point.items():
            if path not in self.sweep:
                faults.append(_unknown("--set", path, tuple(self.sweep)))
            elif not np.isclose(np.asarray(self.sweep[path], dtype=np.float64), value).any():
                faults.append(_unswept(path, value, self.sweep[path]))
        if not faults and scope.point and not self._points_at(scope.point):
            asked = ", ".join(f"{path}={value:g}" for path, value in scope.point.items())
            expected = "values of one point; these settings are moved together"
            faults.append(Fault("command line", 0, "--set", asked, expected))
        return faults


def _unswept(path: str, value: float, known: Sequence[float]) -> Fault:
    """The fault of a value that a setting does not take."""
    values = sorted(known)
    if len(values) <= MOST_NAMED:
        expected = f"one of {', '.join(f'{each:g}' for each in known)}"
        return Fault("command line", 0, path, f"{value:g}", expected)
    near = min(values, key=lambda each: abs(each - value))
    expected = f"one of {len(values)} values from {values[0]:g} to {values[-1]:g}"
    return Fault("command line", 0, path, f"{value:g}", expected, f"{near:.6g}")


def _unknown(option: str, name: str, known: Sequence[str]) -> Fault:
    near = difflib.get_close_matches(name, known, n=1)
    return Fault(
        "command line",
        0,
        option,
        name,
        f"one of {', '.join(known)}" if known else "nothing: the batch has no sweep",
        near[0] if near else "",
    )
