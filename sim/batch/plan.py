"""Which runs a batch is made of, in their canonical order, and what identifies each."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from sim.batch.run_one import RunSpec
from sim.record.provenance import library_versions, source_digest
from sim.scenario.market_tables import market_digest
from sim.scenario.scenario import Scenario, plain

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
    """

    specs: tuple[RunSpec, ...]
    keys: tuple[str, ...]
    variants: tuple[str, ...]


def variant_values(scenario: Scenario, full: bool) -> dict[str, dict[str, float]]:
    """Settings of each calibration by label.

    The middle one alone, or with ``full`` all of the scenario's, and the middle one in a
    world where cash has no shadow cost. A file without variants has one, called middle.
    """
    known = scenario.variants()
    if not full:
        # The file's own values are the middle calibration; a --set must not be overridden.
        return {MIDDLE: {}}
    values = {name: dict(known[name]) for name in known}
    values.setdefault(MIDDLE, {})
    values[NO_COST_OF_CASH] = {**values[MIDDLE], "conduct.mu_max": 0.0}
    return values


def make_plan(
    scenario: Scenario,
    *,
    full: bool = False,
    arms: tuple[str, ...] | None = None,
) -> Plan:
    """List the runs of a batch.

    Parameters
    ----------
    full
        Run every calibration of the scenario, not only the middle one.
    arms
        Only these arms.
    """
    variants = variant_values(scenario, full)
    chosen = [arm for arm in scenario.arms if arms is None or arm in arms]
    identity = _common_identity(scenario)
    points = scenario.points()
    cells = []
    for label, changes in variants.items():
        for point in points:
            for arm in chosen:
                values = {**changes, **dict(point.values)}
                cells.append((label, point.index, arm, tuple(values.items())))
    cell_keys = [_cell_identity(scenario, identity, arm, dict(v)) for _, _, arm, v in cells]
    specs: list[RunSpec] = []
    keys: list[str] = []
    for replicate in range(scenario.heading.replicates):
        for (label, point_index, arm, settings), key in zip(cells, cell_keys, strict=True):
            specs.append(RunSpec(len(specs), replicate, point_index, arm, label, settings))
            keys.append(f"{key}-{replicate:07d}")
    return Plan(tuple(specs), tuple(keys), tuple(variants))


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
