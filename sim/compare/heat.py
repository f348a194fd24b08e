"""The map: a swept setting against the arms."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.compare import measures
from sim.compare.batch import Batch, Scope
from sim.compare.estimates import estimate, share_of
from sim.compare.pairs import make_pairs

_OF_PAIRS = ("difference", "difference_low", "difference_high", "p", "pairs", "failed_pairs")
WAR = "conduct.war_intensity"


def swept_path(batch: Batch) -> str | None:
    """Path of the setting that the map is drawn over: war intensity if swept, else the first.

    Only a grid has a map: elsewhere no two points differ in one setting alone.
    """
    if WAR in batch.grids:
        return WAR
    return next(iter(batch.grids), None)


def heat(
    batch: Batch,
    firm: str,
    *,
    path: str | None = None,
    quarter: str | None = None,
    calibration: str | None = None,
    measure: str = measures.SURVIVES.key,
) -> pd.DataFrame:
    """Survival of a firm at each swept value and arm, with the paired difference there.

    Other swept settings stay at the reference point.

    Parameters
    ----------
    batch
        An opened batch.
    firm
        Which firm.
    path
        The swept setting; :func:`swept_path` if not given.
    quarter
        The date; the batch's headline if not given.
    calibration
        One label; all of the batch if not given.
    measure
        ``survives``, ``brand`` or ``independent``.

    Returns
    -------
    DataFrame
        ``calibration, path, setting, arm``, survival ``value, low, high, n`` over finished
        runs, and over pairs ``difference, difference_low, difference_high, p, pairs,
        failed_pairs``. Empty where nothing is swept in a grid.
    """
    path = path or swept_path(batch)
    if path is None or path not in batch.grids:
        return pd.DataFrame(columns=["calibration", "path", "setting", "arm", "value"])
    end = batch.quarter_number(quarter or batch.headline_quarter)
    reference = batch.reference.point
    scopes = [
        Scope(label, {**reference, path: float(setting)})
        for label in ([calibration] if calibration else batch.calibrations)
        for setting in batch.sweep[path]
    ]
    finished = batch.runs.loc[batch.runs["status"] == "ok", "run"].tolist()
    found = batch.firms(finished, [measure], firms=[firm], times=[end])
    values = found.set_index("run")[measure].astype(np.float64)
    rows = []
    for scope in scopes:
        runs = batch.runs_at(scope)
        for arm in batch.arms:
            of_arm = runs[(runs["arm"] == arm) & runs["run"].isin(values.index)]
            alive = np.asarray(values.reindex(of_arm["run"]), dtype=np.float64)
            pairs = estimate(
                make_pairs(runs, values, arm, batch.baseline, antithetic=batch.antithetic),
                yes_no=True,
            )
            rows.append(
                {
                    "calibration": scope.calibration,
                    "path": path,
                    "setting": scope.point[path],
                    "arm": arm,
                    **share_of(
                        alive,
                        of_arm["replicate"].to_numpy(np.int64),
                        antithetic=batch.antithetic,
                    ),
                    **{key: np.nan if arm == batch.baseline else pairs[key] for key in _OF_PAIRS},
                }
            )
    return pd.DataFrame(rows)
