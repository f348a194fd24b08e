"""Histories of a market in which a fact is planted, and batches of them, without a model."""

import numpy as np

from sim.record import TABLES, RunRecord, Store, open_batch, write_manifest
from sim.record.schema import PRODUCTS
from sim.studies.fact_measures import History

T, FIRMS = 12, ("tesla", "byd", "nio", "faw", "faw_vw", "hozon", "other")
KINDS = ("foreign_owned", "private", "start_up", "state_owned", "joint_venture", "start_up",
         "composite")  # fmt: skip


def history(**changes):
    """Twelve quarters in which nothing moves: two lines a firm, costs four fifths of prices."""
    firm, line = np.ones((T, len(FIRMS))), np.ones((T, 2 * len(FIRMS)))
    rest = {
        "start": 2022 * 4, "firms": FIRMS, "kinds": KINDS, "units": 20e3 * firm,
        "exports": 0.0 * firm, "capacity": 40e3 * firm, "revenue": 1e9 * firm,
        "contribution": 2e8 * firm, "own_result": 1e7 * firm, "on_sale": firm > 0.0,
        "firm_of": np.repeat(np.arange(len(FIRMS)), 2), "line_units": 10e3 * line,
        "price": 100e3 * line, "cost": 80e3 * line,
    }  # fmt: skip
    return History(**{**rest, **changes})


def cuts(*, at, cut=0.05, costs_too=False):
    """Leader Tesla cuts in quarter 4; each of the others by ``at`` quarters later."""
    run = history()
    for place, wait in enumerate((0, *at)):
        if wait is not None:
            run.price[4 + wait :, 2 * place : 2 * place + 2] *= 1.0 - cut
            if costs_too:
                run.cost[4 + wait :, 2 * place : 2 * place + 2] *= 1.0 - cut
    return run


def record(run):
    """A history as the record of a run; what no fact reads is zero."""
    size = T * len(FIRMS)
    firms = {
        "t": np.repeat(np.arange(T, dtype=np.int32), len(FIRMS)),
        "firm": np.tile(np.array(FIRMS), T),
        "result": run.own_result.ravel() + 3e9,
        "other_income": np.full(size, 3e9),
        "brand": run.on_sale.ravel(),
        **{
            name: getattr(run, name).ravel()
            for name in ("units", "exports", "capacity", "revenue", "contribution")
        },
    }
    t, line = np.nonzero(np.isfinite(run.price))
    products = {
        "t": t.astype(np.int32),
        "line": np.array([f"line_{n:02d}" for n in range(len(run.firm_of))])[line],
        "firm": np.array(FIRMS)[run.firm_of[line]],
        "price": run.price[t, line],
        "cost": run.cost[t, line],
        "units": run.line_units[t, line],
    }
    market = {"t": np.arange(T, dtype=np.int32), "quarter": np.full(T, "2022Q1")}
    tables = {"firms": firms, "products": products, "market": market, "events": {}}
    schemas = {**TABLES, "products": PRODUCTS}
    kinds = {"text": np.str_, "bool": np.bool_}
    for name, columns in tables.items():
        rows = len(columns.get("t", ()))
        for column in schemas[name].columns:
            if column.name not in columns and column.name != "run":
                dtype = kinds.get(column.dtype, column.dtype)
                columns[column.name] = np.zeros(rows, dtype=dtype)
    return tables


def batch_of(folder, worlds):
    """A finished batch of histories by arm, replicate after replicate; None is a failed run."""
    order = []
    with Store(folder) as store:
        for replicate, runs in enumerate(zip(*worlds.values(), strict=True)):
            for arm, run in zip(worlds, runs, strict=True):
                key = f"{len(order):04d}"
                if run is None:
                    store.put(key, b"", "failed", "prices did not converge")
                else:
                    store.put(key, RunRecord(len(order), tables=record(run)).encode())
                row = {"replicate": replicate, "point": 0, "arm": arm, "calibration": "middle",
                       "seed": 1}  # fmt: skip
                order.append((key, row))
        store.compact(order, ("products",))
    write_manifest(folder, {"format": 1})
    return open_batch(folder)
