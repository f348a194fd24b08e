"""One run of a batch made again, quarter by quarter, and held against the batch's rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.batch.plan import variant_values
from sim.batch.recorder import Recorder
from sim.batch.run_one import Runner
from sim.compare import Batch, Scope
from sim.engine.model import PriceWar
from sim.errors import Fault, InputError, StoreError
from sim.quarter.context import Run, Work
from sim.scenario import Scenario, load
from sim.world.state import State

RESOLVED = "scenario.resolved.yaml"
# Rows of a run made again, against those in the batch (design: the same numbers to 1e-9).
SAME = 1e-9


def chosen_run(
    batch: Batch,
    *,
    firm: str | None,
    quarter: str | None,
    run: int | None,
    arm: str | None,
    replicate: int,
    scope: Scope | None,
) -> pd.Series:
    """Row of the run asked for in table ``runs``, after every name was held against the batch.

    Raises
    ------
    InputError
        Names and numbers that the batch does not have; all of them at once.
    StoreError
        The run failed.
    """
    faults: list[Fault] = []

    def hold(check: Callable[[str], object], name: str) -> None:
        try:
            check(name)
        except InputError as error:
            faults.extend(error.faults)

    if firm is not None:
        hold(batch.check_firm, firm)
    hold(batch.check_arm, arm or batch.first_arm)
    if quarter is not None and quarter not in batch.quarters:
        expected = f"a quarter of the runs, {batch.quarters[0]} to {batch.quarters[-1]}"
        faults.append(Fault("command line", 0, "--quarter", quarter, expected))
    rows = batch.runs
    last, most = int(rows["run"].max()), int(rows["replicate"].max())
    if run is not None and not 0 <= run <= last:
        expected = f"a run of the batch, 0 to {last}"
        faults.append(Fault("command line", 0, "--run", str(run), expected))
    if not 0 <= replicate <= most:
        expected = f"a replicate of the batch, 0 to {most}"
        faults.append(Fault("command line", 0, "--replicate", str(replicate), expected))
    if faults:
        raise InputError(faults)
    if run is not None:
        row = rows.loc[rows["run"] == run].iloc[0]
    else:
        here = batch.runs_at(scope or batch.reference, [arm or batch.first_arm])
        row = here.loc[here["replicate"] == replicate].iloc[0]
    if row["status"] != "ok":
        raise StoreError(f"run {row['run']} failed and has no quarters: {row['error']}")
    return row


def scenario_of(batch: Batch) -> Scenario:
    """The scenario that a batch was made from, its calibration held where the batch held it.

    Raises
    ------
    InputError
        The resolved scenario in the folder is not valid.
    """
    scenario = load(batch.folder / RESOLVED)
    return scenario.holding_calibration() if batch.manifest.get("hold_calibration") else scenario


def made_again(batch: Batch, scenario: Scenario, runner: Runner, row: pd.Series) -> Run:
    """World, contracts and luck of a row of table ``runs``."""
    changes = variant_values(scenario, len(batch.calibrations) > 1)[str(row["calibration"])]
    values = {**changes, **{path: float(row[path]) for path in batch.sweep}}
    return runner.run_of(str(row["arm"]), values, int(row["replicate"]))


def walk_again(
    batch: Batch,
    row: pd.Series,
    run: Run,
    quarters: int,
    after: Callable[[State, State, Work], None],
) -> None:
    """Walk a run and hold its rows against those of the batch.

    Parameters
    ----------
    after
        Gets each quarter's state at its start and at its end, and its papers.

    Raises
    ------
    StoreError
        The run differs from its rows: another version of the model made them.
    """
    model, recorder = PriceWar(run), Recorder(run)
    # State moves on in place: what a quarter began with is copied before the walk goes on.
    start = [model.state.copy()]

    def each(state: State, work: Work) -> None:
        recorder.quarter(state, work)
        after(start[0], state, work)
        start[0] = state.copy()

    model.walk(quarters, each)
    model.remove_all_agents()
    _hold_against(batch, int(row["run"]), recorder.tables()["market"])


def _hold_against(batch: Batch, number: int, made: Mapping[str, NDArray[np.generic]]) -> None:
    columns = ["units", "price_mean", "hhi"]
    kept = batch.market([number], columns)
    for column in columns:
        ours = np.asarray(made[column], dtype=np.float64)
        theirs = kept[column].to_numpy(np.float64)[: len(ours)]
        if not np.allclose(ours, theirs, rtol=SAME, atol=0.0, equal_nan=True):
            raise StoreError(
                f"{batch.folder}: run {number} made again differs in {column}: the batch is of "
                "another version of the model; make it again, then ask"
            )
