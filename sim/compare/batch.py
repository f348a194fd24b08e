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

from sim.errors import Fault, InputError, StoreError
from sim.record import open_batch

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
    def focus(self) -> tuple[str, ...]:
        """Firms that the question is about."""
        return tuple(self.manifest["focus"])

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
    def calibrations(self) -> tuple[str, ...]:
        """Labels of the calibrations that the batch has."""
        return tuple(self.manifest["calibrations"])

    @property
    def sweep(self) -> Mapping[str, Sequence[float]]:
        """Values of each swept setting by its path."""
        return dict(self.manifest["sweep"])

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
        for path, value in scope.point.items():
            chosen &= np.isclose(self.runs[path].to_numpy(np.float64), value)
        if arms is not None:
            chosen &= self.runs["arm"].isin(list(arms))
        return self.runs.loc[chosen].reset_index(drop=True)

    def at(self, values: Mapping[str, float], calibration: str | None = None) -> Scope:
        """Reference scope with some swept values or the calibration changed."""
        reference = self.reference
        return Scope(calibration or reference.calibration, {**reference.point, **values})

    def check_arm(self, arm: str, option: str = "--arm") -> str:
        """Return ``arm`` or raise InputError with the nearest name."""
        return self._check(option, arm, self.arms)

    def check_firm(self, firm: str) -> str:
        """Return ``firm`` or raise InputError with the nearest name."""
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
                swept = ", ".join(f"{each:g}" for each in self.sweep[path])
                faults.append(Fault("command line", 0, path, f"{value:g}", f"one of {swept}"))
        return faults


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
