"""Runs with the columns of the schema, filled by a seed."""

import numpy as np

from sim.record import TABLES, RunRecord

FIRMS = ("faw", "leapmotor", "byd")
KINDS = ("exit", "equity", "signed")


def column(dtype, size, rng):
    if dtype == "text":
        return np.array(KINDS)[rng.integers(0, len(KINDS), size)]
    if dtype == "bool":
        return rng.random(size) < 0.5
    if dtype == "float64":
        return np.where(rng.random(size) < 0.1, np.nan, rng.normal(size=size))
    return rng.integers(0, 100, size).astype(dtype)


def record(number, quarters=6):
    rng = np.random.default_rng(number)
    t = np.arange(quarters, dtype=np.int32)
    sizes = {"market": quarters, "firms": quarters * len(FIRMS), "events": number % 3}
    tables = {
        name: {
            each.name: column(each.dtype, size, rng)
            for each in TABLES[name].columns
            if each.name != "run"
        }
        for name, size in sizes.items()
    }
    tables["market"]["t"] = t
    tables["firms"]["t"] = np.repeat(t, len(FIRMS))
    tables["firms"]["firm"] = np.tile(np.array(FIRMS), quarters)
    return RunRecord(number, "ok", "", tables)


def run_columns(number):
    return {
        "replicate": number // 2,
        "point": 0,
        "arm": ("solo", "capital")[number % 2],
        "calibration": "middle",
        "conduct.war_intensity": 1.0 + number,
        "seed": 7,
    }


def order(size):
    return [(f"run {number}", run_columns(number)) for number in range(size)]
