"""Make the runs of a study's design points, keep each as it ends, and hand back one number each.

What is kept of a run are its measures at the study's quarter, not its rows: a study makes tens of
thousands of runs, and any outcome at that quarter can be asked of them again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.batch.batch import LOCAL, maker
from sim.batch.executor import OnDone
from sim.batch.executor import Outcome as Ended
from sim.batch.plan import MODEL_PACKAGES
from sim.batch.progress import Progress
from sim.batch.recorder import Recorder
from sim.batch.run_one import Runner
from sim.errors import InputError
from sim.record.provenance import files_digest, library_versions, source_digest
from sim.record.run_record import RunRecord
from sim.record.store import Store
from sim.scenario.market_tables import market_digest
from sim.scenario.scenario import Scenario, plain
from sim.studies.outcome import Outcome, measured, quarters_of, value_of

FloatArray = NDArray[np.float64]
Values = Mapping[str, float]
Maker = Callable[[str, object, list[Any], int, OnDone], None]

FACTORY = "sim.studies.points:PointRunner"
# Calibrations kept by a worker, 0.2 MB each; points come in order, so old ones are done with.
_CALIBRATIONS_KEPT = 200
# What is kept of a run depends on these beside the model.
_MEASURED_BY = ("compare/measures.py", "studies/outcome.py", "studies/points.py")
# Worlds that belong to some arms only: their settings leave the others as they are.
_OF_AN_ARM = ("alliances", "holdings", "injections")


@dataclass(frozen=True)
class Point:
    """One future: settings by path, and which block of luck it is played with."""

    values: tuple[tuple[str, float], ...]
    luck: int = 0


@dataclass(frozen=True)
class PointRun:
    """One run of a study."""

    values: tuple[tuple[str, float], ...]
    arm: str
    replicate: int


@dataclass(frozen=True)
class Answers:
    """What the runs of a study said.

    Attributes
    ----------
    values
        (P, A, R) outcome by point, arm and replicate; NaN where the run failed.
    errors
        Why each failed run failed, by point, arm and replicate.
    made
        Runs made now; all others were kept from before or stand at several places.
    """

    values: FloatArray
    errors: Mapping[tuple[int, int, int], str]
    made: int

    @property
    def failed_points(self) -> tuple[int, ...]:
        """Places of the points of which a run failed, ascending."""
        return tuple(sorted({point for point, _, _ in self.errors}))

    def means(self) -> FloatArray:
        """(P, A) mean over replicates; NaN where a run of the point failed in that arm."""
        return np.asarray(self.values.mean(axis=2), dtype=np.float64)

    def reasons(self) -> list[tuple[str, int]]:
        """Each distinct reason with the number of points it struck, the most frequent first."""
        struck: dict[str, set[int]] = {}
        for (point, _, _), error in self.errors.items():
            struck.setdefault(error, set()).add(point)
        return sorted(((text, len(at)) for text, at in struck.items()), key=lambda p: (-p[1], p[0]))


class PointRunner:
    """Makes runs of one scenario up to one quarter and keeps their measures there.

    Parameters
    ----------
    shared
        The scenario, and the place of the quarter from 0.
    """

    def __init__(self, shared: tuple[Scenario, int]) -> None:
        self._scenario, self._end = shared
        self._runner = Runner(self._scenario)
        self._met: set[tuple[tuple[str, float], ...]] = set()

    def run(self, spec: PointRun) -> bytes:
        """Make one run; what happens after the study's quarter is not played."""
        from sim.engine.model import PriceWar

        if len(self._met) >= _CALIBRATIONS_KEPT:
            self._runner = Runner(self._scenario)
            self._met.clear()
        self._met.add(spec.values)
        run = self._runner.run_of(spec.arm, dict(spec.values), spec.replicate)
        model, recorder = PriceWar(run), Recorder(run)
        model.walk(self._end + 1, recorder.quarter)
        model.remove_all_agents()
        columns = measured(recorder.tables(), self._end)
        return RunRecord(number=0, tables={"measures": columns}).encode()


def ask(
    scenario: Scenario,
    outcome: Outcome,
    points: Sequence[Point],
    arms: Sequence[str],
    replicates: int,
    store: Store,
    *,
    workers: int = 1,
    executor: str = LOCAL,
    scheduler: str = "",
    quiet: bool = True,
) -> Answers:
    """Play every point in every arm under every draw of luck.

    Parameters
    ----------
    scenario
        The scenario; its sweep is not used.
    outcome
        What is asked.
    points
        Futures; those of the same luck share its draws.
    arms
        Names of arms.
    replicates
        Draws of luck in a block.
    store
        Where finished runs are kept; those kept under the same key are not made again.
    workers, executor, scheduler
        Processes, and where they are, as for :func:`sim.batch.batch.run_batch`.
    quiet
        No progress on stderr.

    Returns
    -------
    Answers
        A future that cannot be calibrated and a run that ends with a solver's verdict are
        failures by name; so is a run without a value of the outcome.

    Raises
    ------
    InputError
        The scenario's luck is antithetic.
    """
    scenario = scenario.independent("a study")
    end = quarters_of(scenario).index(outcome.quarter)
    keys: dict[tuple[int, int, int], str] = {}
    errors: dict[tuple[int, int, int], str] = {}
    specs: dict[str, PointRun] = {}
    identity = _identity(scenario, outcome.quarter)
    paths = {path for point in points for path, _ in point.values}
    held = {(arm, path): concerns(scenario, arm, path) for arm in arms for path in paths}
    for p, point in enumerate(points):
        for a, arm in enumerate(arms):
            values = tuple(pair for pair in point.values if held[arm, pair[0]])
            try:
                cell = _cell_key(scenario, identity, arm, dict(values))
            except InputError as error:
                reason = str(error).splitlines()[0]
                errors.update({(p, a, r): reason for r in range(replicates)})
                continue
            for r in range(replicates):
                replicate = point.luck * replicates + r
                key = f"{cell}-{replicate:07d}"
                keys[p, a, r] = key
                specs.setdefault(key, PointRun(values, arm, replicate))
    make = maker(executor, scheduler, Runner(scenario).compile_kernels)
    made = _make(make, scenario, end, specs, store, workers, quiet=quiet)
    result = np.full((len(points), len(arms), replicates), np.nan)
    read: dict[str, tuple[float, str]] = {}
    for place, key in keys.items():
        if key not in read:
            read[key] = _read(store, key, outcome)
        result[place], error_text = read[key]
        if error_text:
            errors[place] = error_text
    return Answers(result, errors, made)


def concerns(scenario: Scenario, arm: str, path: str) -> bool:
    """Whether a setting concerns an arm: a term of a contract concerns the arms that have it."""
    *above, _ = path.split(".")
    if not above or above[0] not in _OF_AN_ARM:
        return True
    found: Any = plain(scenario.settings(arm, {}))
    for key in above:
        found = found.get(key) if isinstance(found, dict) else None
    return isinstance(found, dict)


def _make(
    make: Maker,
    scenario: Scenario,
    end: int,
    specs: Mapping[str, PointRun],
    store: Store,
    workers: int,
    *,
    quiet: bool,
) -> int:
    done = store.done_keys()
    missing = [key for key in specs if done.get(key) != "ok"]
    with Progress(len(missing), quiet=quiet) as progress:

        def keep(index: int, ended: Ended) -> None:
            store.put(missing[index], ended.payload, ended.status, ended.error)
            progress.advance(failed=ended.status != "ok")

        make(FACTORY, (scenario, end), [specs[key] for key in missing], workers, keep)
    return len(missing)


def _read(store: Store, key: str, outcome: Outcome) -> tuple[float, str]:
    kept = store.get(key)
    if kept is None or kept.status != "ok":
        return float("nan"), kept.error if kept is not None else "not made"
    value = value_of(outcome, RunRecord.decode(kept.payload).tables["measures"])
    return value, "" if np.isfinite(value) else f"no value of {outcome}"


def _identity(scenario: Scenario, quarter: str) -> dict[str, object]:
    heading = scenario.heading
    return {
        "model": source_digest(MODEL_PACKAGES),
        "measures": files_digest(_MEASURED_BY),
        "market": market_digest(heading.market),
        "libraries": library_versions(),
        "seed": heading.seed,
        "start": str(heading.horizon.start),
        # Luck is drawn for the whole horizon, so its length belongs to the run.
        "quarters": heading.horizon.quarters,
        "quarter": quarter,
    }


def _cell_key(
    scenario: Scenario, identity: Mapping[str, object], arm: str, values: Values
) -> str:
    content = {
        **identity,
        "settings": plain(scenario.settings(arm, values)),
        "calibration": plain(scenario.calibration_settings(arm, values)),
    }
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
