"""The shipped market under any settings, and runs of it with everything a test may compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np

from sim.batch.recorder import Recorder
from sim.batch.run_one import Runner
from sim.engine.model import PriceWar
from sim.quarter.context import Run
from sim.scenario import load
from sim.scenario.scenario import Scenario

SHIPPED = "scenarios/faw_leapmotor.yaml"
# Nothing moves but what a test sets: neither luck, time, measures, learning nor ageing.
STILL = (
    "costs.learning=frozen",
    "conduct.mu_max=0",
    "finance.exits=false",
    "demand.acceptance_drift=0",
    "demand.market_growth=0",
    "measures.purchase_tax=frozen",
    "luck.on=false",
    "quality.renewal=false",
    "quality.ageing=false",
    "costs.battery_decline=0",
)
_CALIBRATIONS: dict[str, Any] = {}


@cache
def scenario(sets: tuple[str, ...] = (), file: str = SHIPPED) -> Scenario:
    """The scenario with settings laid over it, as the command line does."""
    return load(file, list(sets))


def runner(sets: tuple[str, ...] = ()) -> Runner:
    """A new runner; markets calibrated by an earlier one are not calibrated again."""
    made = Runner(scenario(sets))
    made._calibrations = _CALIBRATIONS
    return made


def run_of(
    arm: str = "solo",
    sets: tuple[str, ...] = (),
    replicate: int = 0,
    values: dict[str, float] | None = None,
) -> Run:
    return runner(sets).run_of(arm, values or {}, replicate)


def walk(
    run: Run, quarters: int, after: Callable[..., None] | None = None, **options: Any
) -> PriceWar:
    """Walk a run and hand back the model; ``after`` sees state and papers of each quarter."""
    model = PriceWar(run, **options)
    model.walk(quarters, after or (lambda state, work: None))
    model.remove_all_agents()
    return model


def tables(run: Run, quarters: int = 40, **options: Any) -> dict[str, dict[str, np.ndarray]]:
    """The rows that a batch would store of this run."""
    recorder = Recorder(run)
    walk(run, quarters, recorder.quarter, **options)
    return recorder.tables()


def with_contracts(run: Run, *contracts: Any) -> Run:
    """The run with other agreements; their failure draws come from streams of their own."""
    luck = [run.world.luck.contract(contract.stream) for contract in contracts]
    drawn = np.column_stack(luck) if luck else np.zeros((run.world.quarters, 0))
    return replace(run, contracts=tuple(contracts), contract_luck=drawn)


def differing(
    one: dict[str, dict[str, np.ndarray]],
    other: dict[str, dict[str, np.ndarray]],
    names: tuple[str, ...] = ("market", "firms", "events"),
) -> list[str]:
    """Columns that are not the same bytes."""
    found = []
    for table in names:
        assert one[table].keys() == other[table].keys()
        found += [
            f"{table}.{column}"
            for column, values in one[table].items()
            if not _same(values, other[table][column])
        ]
    return found


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    if one.dtype.kind == "U" and other.dtype.kind == "U":
        return one.tolist() == other.tolist()  # an array is as wide as its longest text
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


def without_events(rows: dict[str, np.ndarray], *kinds: str) -> dict[str, np.ndarray]:
    """The table of events less some kinds."""
    keep = ~np.isin(rows["kind"], kinds)
    return {name: values[keep] for name, values in rows.items()}


def changed_fields(before: Any, after: Any) -> set[str]:
    """Fields of a state whose values differ."""

    def parts(value: Any) -> tuple[np.ndarray, ...]:
        return tuple(map(np.asarray, value if isinstance(value, tuple) else (value,)))

    return {
        field.name
        for field in fields(before)
        if not all(
            map(
                np.array_equal,
                parts(getattr(before, field.name)),
                parts(getattr(after, field.name)),
            )
        )
    }
