"""Rows tell the quarter they stand for, not what later quarters made of its arrays."""

import numpy as np
import pytest
from worlds import differing, run_of, walk

from sim.batch.recorder import Recorder
from sim.market.demand import acceptance
from sim.record.schema import ALL_TABLES

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


def recorded(arm, quarters, sets=(), **options):
    run = run_of(arm, sets, replicate=1)
    recorder = Recorder(run, **options)
    walk(run, quarters, recorder.quarter)
    return run.world.industry, recorder.tables()


def test_rows_of_products_add_up_to_those_of_their_firms_and_the_market():
    industry, tables = recorded("merger", 30, products=True)
    products, firms, market = tables["products"], tables["firms"], tables["market"]
    place = {firm: number for number, firm in enumerate(industry.firms)}
    cell = products["t"] * len(place) + np.array([place[firm] for firm in products["firm"]])

    def by_firm(values):
        return np.bincount(cell, values, minlength=len(firms["t"]))

    units = by_firm(products["units"])
    assert np.allclose(units, firms["units"], rtol=1e-12)
    assert np.allclose(by_firm(products["share"]), firms["share"], rtol=1e-12)
    sold = units > 0.0
    # Some firm has left, and its lines with it.
    assert not sold.all()
    for row, column in (("price", "price"), ("cost", "unit_cost")):
        mean = by_firm(products[row] * products["units"])[sold] / units[sold]
        assert np.allclose(mean, firms[column][sold], rtol=1e-12)
    assert np.allclose(np.bincount(products["t"], products["share"]), 1.0)
    paid = np.bincount(products["t"], products["price"] * products["units"])
    assert np.allclose(paid / market["units"], market["price_mean"], rtol=1e-12)
    # In the first quarter all lines are there: their quality is what the firms' is the mean of.
    first = products["t"] == 0
    assert products["line"][first].tolist() == list(industry.lines)
    mean = np.bincount(industry.firm_of, industry.units * products["quality"][first])
    mean /= np.bincount(industry.firm_of, industry.units)
    assert np.allclose(mean, firms["quality"][: len(place)], rtol=1e-12)


def test_rows_of_products_change_no_other_row():
    plain, full = (recorded("capital", 4, products=products)[1] for products in (False, True))
    assert plain.keys() == full.keys() - {"products"}
    assert differing(plain, full) == []


def test_tables_have_the_columns_and_types_of_the_schema():
    europe = ("regions.europe={modelled: true}",)
    _, tables = recorded("merger", 6, europe, products=True, regions=True)
    assert tables.keys() == ALL_TABLES.keys() - {"runs"}
    for name, columns in tables.items():
        wanted = {column.name: column.dtype for column in ALL_TABLES[name].columns}
        del wanted["run"]
        assert columns.keys() == wanted.keys()
        for column, dtype in wanted.items():
            kind = "U" if dtype == "text" else np.dtype(dtype).kind
            assert columns[column].dtype.kind == kind, (name, column)


def test_rows_of_regions_add_up_to_what_firms_export():
    sets = tuple(
        f"regions.{name}.modelled=true" for name in ("europe", "south_east_asia", "rest_of_world")
    )
    industry, tables = recorded("solo", 5, sets, regions=True)
    rows, firms = tables["regions"], tables["firms"]
    assert set(rows["basis"]) == {"illustrative"}
    assert set(rows["region"]) == {"europe", "south_east_asia", "rest_of_world"}
    byd = (rows["firm"] == "byd") & (rows["t"] == 4)
    of_byd = firms["exports"][(firms["firm"] == "byd") & (firms["t"] == 4)]
    left = industry.exports[industry.index("byd")] * (1.0 - 0.12 - 0.2 - 0.5) * 1.3**1.25
    assert abs((rows["units"][byd].sum() + left) / of_byd[0] - 1.0) < 1e-9
    for name in ("europe", "rest_of_world"):
        here = (rows["region"] == name) & (rows["t"] == 4)
        assert abs(rows["share"][here].sum() - 1.0) < 1e-12
    paid = rows["freight"] + rows["partner"] + rows["revenue"]
    makers = rows["firm"] != "local"
    assert np.allclose(paid[makers], rows["value"][makers], rtol=1e-12)
