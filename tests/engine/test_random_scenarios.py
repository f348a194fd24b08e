"""Scenarios drawn from the published schema: they run, or end in a named verdict.

``RANDOM_SCENARIOS=1000`` draws as many; a seed of their own by ``RANDOM_SEED``.
"""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest
from random_scenarios import Drawer, valid_scenario

from sim.batch.run_one import Runner, RunSpec
from sim.errors import CalibrationError, SolverError
from sim.record.schema import ALL_TABLES
from sim.scenario.catalogue import json_schema

COUNT = int(os.environ.get("RANDOM_SCENARIOS", "120"))
SEED = int(os.environ.get("RANDOM_SEED", "2025"))
# Missing where nothing is sold, or without end: what their descriptions say.
MAY_BE_MISSING = {"price", "unit_cost", "runway"}
UNITS_NEVER_NEGATIVE = {"vehicles", "share", "0..10000", "CNY/kWh", "firms"}
NEVER_NEGATIVE = {
    "price", "price_mean", "cost", "unit_cost", "fixed_cost", "rd", "debt", "state_money",
    "owner_money", "equity_raised", "residual",
}  # fmt: skip


def faults_of(tables):
    """Values of a run that no table may hold."""
    for name, columns in tables.items():
        described = {column.name: column for column in ALL_TABLES[name].columns}
        for column, values in columns.items():
            if values.dtype.kind != "f":
                continue
            known = values[~np.isnan(values)]
            if len(known) < len(values) and column not in MAY_BE_MISSING:
                yield f"{name}.{column}: NaN"
            if not np.isfinite(known).all():
                yield f"{name}.{column}: infinite"
            counted = described[column].unit in UNITS_NEVER_NEGATIVE
            if (counted or column in NEVER_NEGATIVE) and (known < 0).any():
                yield f"{name}.{column}: {known.min()}"


@pytest.mark.slow
def test_a_drawn_scenario_runs_or_says_why_not(tmp_path):
    drawer = Drawer(json_schema(), SEED)
    calibrations, ends, wrong = {}, Counter(), []
    for number in range(COUNT):
        # One in eight may change what the market is calibrated to, which takes longer.
        scenario, _ = valid_scenario(drawer, tmp_path, structural=number % 8 == 0)
        runner = Runner(scenario)
        runner._calibrations = calibrations
        try:
            record = runner.record(RunSpec(0, 0, 0, "solo", "base", ()))
        except (CalibrationError, SolverError) as verdict:
            ends[type(verdict).__name__] += bool(str(verdict))
            continue
        except Exception as error:
            error.add_note((tmp_path / "drawn.yaml").read_text())
            raise
        ends["ran"] += 1
        found = list(faults_of(record.tables))
        if found:
            wrong.append((found, (tmp_path / "drawn.yaml").read_text()))
    assert not wrong, wrong[:3]
    # Else they are drawn so wildly that nothing is learnt.
    assert ends["ran"] > 0.8 * COUNT, ends


@pytest.mark.parametrize(
    ("column", "value"), [("price_mean", np.nan), ("price_mean", -1.0), ("units", np.inf)]
)
def test_a_planted_fault_is_seen(column, value):
    columns = {name: np.ones(2) for name in ("price_mean", "units", "hhi")}
    assert not list(faults_of({"market": columns}))
    columns[column][1] = value
    assert list(faults_of({"market": columns}))
