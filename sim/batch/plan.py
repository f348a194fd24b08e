"""Which runs a batch is made of, in their canonical order, and what identifies each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from sim.batch.run_one import RunSpec
from sim.record.provenance import library_versions, source_digest
from sim.scenario.market_tables import market_digest
from sim.scenario.scenario import Scenario, plain
from sim.scenario.tree import leaves

# What a number depends on; documentation, report and studies stand outside.
MODEL_PACKAGES = (
    "alliances",
    "batch",
    "calibration",
    "decisions",
    "engine",
    "finance",
    "kernels",
    "luck",
    "market",
    "quarter",
    "scenario",
    "world",
)
MIDDLE = "middle"
NO_COST_OF_CASH = "no_cost_of_cash"


@dataclass(frozen=True)
class Plan:
    """A batch before it runs.

    Attributes
    ----------
    specs
        Runs, replicate-major, then calibration, design point and arm.
    keys
        Identity of each run: what its numbers depend on and nothing else.
    variants
        Labels of the calibrations.
    cells
        What is repeated for every replicate.
    """

    specs: tuple[RunSpec, ...]
    keys: tuple[str, ...]
    variants: tuple[str, ...]
    cells: tuple[Cell, ...] = ()

    def of(self, replicates: int) -> Plan:
        """The same cells with another number of replicates; fewer are the first of more."""
        specs: list[RunSpec] = []
        keys: list[str] = []
        for replicate in range(replicates):
            for cell in self.cells:
                specs.append(
                    RunSpec(
                        len(specs), replicate, cell.point, cell.arm, cell.variant, cell.values
                    )
                )
                keys.append(f"{cell.key}-{replicate:07d}")
        return Plan(tuple(specs), tuple(keys), self.variants, self.cells)

    def missing(self, done: Mapping[str, str]) -> list[int]:
        """Runs to make, given the status of those kept by key: each key once, in order."""
        first = {key: number for number, key in reversed(list(enumerate(self.keys)))}
        return sorted(number for key, number in first.items() if done.get(key) != "ok")

    @property
    def different(self) -> int:
        """Number of runs that differ from each other."""
        return len(set(self.keys))


def variant_values(scenario: Scenario, full: bool) -> dict[str, dict[str, float]]:
    """Settings of each calibration by label.

    The middle one alone, or with ``full`` all of the scenario's, and the middle one in a
    world where cash has no shadow cost. A file without variants has one, called middle. What the
    command line sets, no calibration changes.
    """
    known = scenario.variants()
    if not full:
        # The file's own values are the middle calibration; a --set must not be overridden.
        return {MIDDLE: {}}
    values = {name: dict(known[name]) for name in known}
    values.setdefault(MIDDLE, {})
    values[NO_COST_OF_CASH] = {**values[MIDDLE], "conduct.mu_max": 0.0}
    told = {".".join(path) for path, _ in leaves(scenario.changes.data)}
    return {
        name: {path: value for path, value in changes.items() if path not in told}
        for name, changes in values.items()
    }


@dataclass(frozen=True)
class Cell:
    """What a batch repeats for every replicate: calibration, design point and arm.

    Attributes
    ----------
    key
        Identity of the settings. A point that does not touch an arm has the key that the arm
        has elsewhere; such cells are run once.
    """

    variant: str
    point: int
    arm: str
    values: tuple[tuple[str, float], ...]
    key: str


def make_cells(
    scenario: Scenario,
    *,
    full: bool = False,
    arms: tuple[str, ...] | None = None,
    most: int | None = None,
) -> tuple[Cell, ...]:
    """List the cells of a batch: calibration, then design point, then arm.

    With ``most`` the list ends with the point that reaches this number.
    """
    identity = _common_identity(scenario)
    chosen = [arm for arm in scenario.arms if arms is None or arm in arms]
    cells: list[Cell] = []
    for label, changes in variant_values(scenario, full).items():
        for point in scenario.points():
            if most is not None and len(cells) >= most:
                return tuple(cells)
            values = {**changes, **dict(point.values)}
            for arm in chosen:
                key = _cell_identity(scenario, identity, arm, values)
                cells.append(Cell(label, point.index, arm, tuple(values.items()), key))
    return tuple(cells)


def make_plan(
    scenario: Scenario,
    *,
    full: bool = False,
    arms: tuple[str, ...] | None = None,
    replicates: int | None = None,
) -> Plan:
    """List the runs of a batch.

    Parameters
    ----------
    full
        Run every calibration of the scenario, not only the middle one.
    arms
        Only these arms.
    replicates
        How many; the scenario's own if not given.
    """
    cells = make_cells(scenario, full=full, arms=arms)
    count = scenario.heading.replicates if replicates is None else replicates
    return Plan((), (), tuple(variant_values(scenario, full)), cells).of(count)


def _common_identity(scenario: Scenario) -> dict[str, object]:
    heading = scenario.heading
    return {
        "model": source_digest(MODEL_PACKAGES),
        "market": market_digest(heading.market),
        "libraries": library_versions(),
        "seed": heading.seed,
        "start": str(heading.horizon.start),
        "quarters": heading.horizon.quarters,
        "record": heading.record,
    }


def _cell_identity(
    scenario: Scenario, common: dict[str, object], arm: str, values: dict[str, float]
) -> str:
    settings = plain(scenario.settings(arm, values))
    # Which other calibrations the file names changes no number of this one.
    settings["calibration"].pop("variants", None)
    calibration = plain(scenario.calibration_settings(arm, values))
    content = {**common, "settings": settings, "calibration": calibration}
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
