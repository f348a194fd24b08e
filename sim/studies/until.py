"""Run a scenario; with a stopping rule, until what it asks is known as well as it wishes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import stats
from sim.batch.batch import Finished, run_batch
from sim.batch.plan import MIDDLE, Plan
from sim.compare.pairs import complete_couples
from sim.errors import Fault, InputError
from sim.record.run_record import RunRecord
from sim.record.store import Store
from sim.scenario.market_tables import read_market
from sim.scenario.scenario import Scenario
from sim.scenario.world import Until
from sim.stats.stopping import LEAST
from sim.studies.outcome import Outcome, measured, quarters_of, read_outcome, value_of

FloatArray = NDArray[np.float64]


def run_scenario(scenario: Scenario, folder: Path, **options: Any) -> Finished:
    """Run a batch; with ``until`` in the scenario, as many replicates as that takes.

    The tables are those of a batch with that many replicates asked for at once.

    Parameters
    ----------
    scenario, folder, options
        As for :func:`sim.batch.batch.run_batch`.

    Raises
    ------
    InputError
        The stopping rule names what a batch does not have.
    StoreError
        The folder cannot be written, or another process writes it.
    """
    stopping = stopping_rule(scenario, options.get("arms"))
    return run_batch(scenario, folder, **options, stopping=stopping)


def stopping_rule(scenario: Scenario, arms: tuple[str, ...] | None = None) -> Rule | None:
    """The stopping rule of a scenario, None if it has none.

    Parameters
    ----------
    arms
        Only these arms are run.

    Raises
    ------
    InputError
        Its metric is none, or its arm is not run.
    """
    until = scenario.heading.until
    if until is None:
        return None
    faults: list[Fault] = []
    if arms is not None and until.arm not in arms:
        expected = f"arm={until.arm} too: the stopping rule looks at it"
        faults.append(Fault("command line", 0, "--only", ", ".join(arms), expected))
    firms = [row.firm_id for row in read_market(scenario.heading.market).firms]
    try:
        outcome = read_outcome(until.metric, scenario, firms)
    except InputError as error:
        file, line = scenario.tree.place(("until", "metric")) or (scenario.file, 0)
        faults += [
            replace(fault, file=file, line=line, path="until.metric") for fault in error.faults
        ]
        raise InputError(faults) from None
    if faults:
        raise InputError(faults)
    return Rule(scenario, until, outcome)


@dataclass
class Rule:
    """A stopping rule at work; looks at the reference point under the middle calibration.

    Attributes
    ----------
    scenario, until, outcome
        What is asked of which scenario.
    looks
        Replicates and half-width at each look so far.
    """

    scenario: Scenario
    until: Until
    outcome: Outcome
    looks: list[tuple[int, float]] = field(default_factory=list)
    _met: bool = False
    _known: dict[str, float] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """Replicates before the first look: blocks until a spread can be told."""
        least = 2 * LEAST if self.scenario.antithetic else LEAST
        block = self.until.block
        return min(-(-least // block) * block, self.until.most)

    def more(self, store: Store, plan: Plan, replicates: int) -> int:
        """Replicates to add after a look at the first ``replicates``; 0 to stop."""
        before, after = (
            np.array(
                [self._value(store, f"{key}-{replicate:07d}") for replicate in range(replicates)]
            )
            for key in self._cells(plan)
        )
        said = self._look(before, after)
        self.looks.append((replicates, said.half_width))
        self._met = said.met
        # Pairs that a failure broke count for nothing there, but were made.
        return min(said.replicates, self.until.most - replicates)

    def _look(self, before: FloatArray, after: FloatArray) -> stats.More:
        """What the values (N,) of both arms say; NaN where a run failed."""
        until, yes_no = self.until, self.outcome.measure.is_yes_no
        whole = np.isfinite(before) & np.isfinite(after)
        if self.scenario.antithetic:
            whole[whole] = complete_couples(np.flatnonzero(whole))
        before, after = before[whole], after[whole]
        size = {"block": until.block, "most": until.most}
        if self.scenario.antithetic:
            return stats.more_for_couples(after - before, until.half_width, yes_no=yes_no, **size)
        if yes_no:
            counts = stats.count_pairs(before, after)
            return stats.more_for_paired_shares(counts, until.half_width, **size)
        return stats.more_for_mean(after - before, until.half_width, **size)

    def _cells(self, plan: Plan) -> tuple[str, str]:
        """Keys of the baseline and the arm at the reference point."""
        label = MIDDLE if MIDDLE in plan.variants else plan.variants[0]
        point = self.scenario.reference_point().index
        baseline, arm = (
            next(
                cell.key
                for cell in plan.cells
                if (cell.variant, cell.point, cell.arm) == (label, point, name)
            )
            for name in (self.scenario.heading.baseline, self.until.arm)
        )
        return baseline, arm

    def _value(self, store: Store, key: str) -> float:
        if key not in self._known:
            kept = store.get(key)
            if kept is None or kept.status != "ok":
                return float("nan")
            end = quarters_of(self.scenario).index(self.outcome.quarter)
            columns = measured(RunRecord.decode(kept.payload).tables, end)
            self._known[key] = value_of(self.outcome, columns)
        return self._known[key]

    def told(self) -> dict[str, Any]:
        """The wish, the looks, and why no replicate was added after the last one."""
        replicates, half_width = self.looks[-1]
        known = np.isfinite(half_width)
        measure, count = self.outcome.measure, len(self.looks)
        wish, found = (
            measure.show_difference(width).lstrip("+")
            for width in (self.until.half_width, half_width)
        )
        what = f"{self.outcome}, {self.until.arm} less {self.scenario.heading.baseline}"
        after = f"{replicates} replicates and {count} look{'s' * (count != 1)}"
        if self._met:
            why = f"{what} is known to ±{found} (asked: ±{wish}) after {after}"
        else:
            why = (
                f"the most replicates are made: {what} is known to ±{found} (asked: ±{wish}) "
                f"after {after}"
            )
        return {
            **self.until.model_dump(),
            "reached": bool(self._met),
            "looks": [
                {"replicates": made, "half_width": width if np.isfinite(width) else None}
                for made, width in self.looks
            ],
            "half_width_reached": half_width if known else None,
            "why": why,
        }
