"""Rows tell the quarter they stand for, not what later quarters made of its arrays."""

import numpy as np
import pytest
from worlds import run_of, walk

from sim.batch.recorder import Recorder
from sim.market.demand import acceptance
from sim.record.schema import TABLES

STOCKS = ("cash", "debt", "equity_raised", "state_money", "owner_money")


@pytest.mark.parametrize("arm", ["stranger", "capital", "merger"])
def test_stocks_in_the_rows_are_those_at_the_end_of_their_quarter(arm):
    run = run_of(arm, replicate=1)
    recorder, seen = Recorder(run), {name: [] for name in STOCKS}

    def after(state, work):
        recorder.quarter(state, work)
        for name in STOCKS:
            seen[name].append(getattr(state, name).copy())

    walk(run, 12, after)
    rows = recorder.tables()["firms"]
    for name in STOCKS:
        assert np.array_equal(rows[name], np.concatenate(seen[name])), name
    assert rows["equity_raised"].max() > 0.0 or arm == "merger"


def test_the_quality_of_a_quarter_is_the_one_at_which_its_cars_were_sold():
    run = run_of(replicate=1)
    recorder, seen = Recorder(run), []
    industry = run.world.industry

    def after(state, work):
        recorder.quarter(state, work)
        inverted = work.problem.demand.delta
        seen.append(np.bincount(industry.firm_of, industry.units * inverted))

    walk(run, 5, after)
    rows = recorder.tables()["firms"]
    units = np.bincount(industry.firm_of, industry.units)
    assert np.allclose(rows["quality"], (np.array(seen) / units).ravel(), rtol=1e-13)
    first = np.bincount(industry.firm_of, industry.units * run.world.calibration.quality) / units
    drift = acceptance(run.world.settings, 0)
    assert np.allclose(rows["quality"][: len(units)], first + drift, rtol=1e-13)


def test_tables_have_the_columns_and_types_of_the_schema():
    run = run_of("merger", replicate=1)
    recorder = Recorder(run)
    walk(run, 6, recorder.quarter)
    for name, columns in recorder.tables().items():
        wanted = {column.name: column.dtype for column in TABLES[name].columns}
        del wanted["run"]
        assert columns.keys() == wanted.keys()
        for column, dtype in wanted.items():
            kind = "U" if dtype == "text" else np.dtype(dtype).kind
            assert columns[column].dtype.kind == kind, (name, column)
