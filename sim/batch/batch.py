"""Run a batch: plan it, make what is missing, store each run, write tables and manifest."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sim.batch.executor import OnDone, Outcome, run_tasks
from sim.batch.plan import MODEL_PACKAGES, Plan, make_plan, variant_values
from sim.batch.progress import Progress
from sim.batch.run_one import Runner, RunSpec
from sim.calibration.table import HEADINGS, rows
from sim.errors import CalibrationError, SimError, StoreError
from sim.record.describe import tables_for_manifest
from sim.record.manifest import read_manifest, says_otherwise, write_manifest
from sim.record.provenance import library_versions, source_digest
from sim.record.schema import OPTIONAL_TABLES, PRODUCTS, REGIONS
from sim.record.store import Store
from sim.record.writer import write_text
from sim.scenario.market_tables import FirmRow, market_digest, read_market
from sim.scenario.priors import sensitivity_set
from sim.scenario.scenario import Scenario

FACTORY = "sim.batch.run_one:Runner"
LOCAL, DASK = "local", "dask"
EXECUTORS = (LOCAL, DASK)
RESOLVED = "scenario.resolved.yaml"


@dataclass(frozen=True)
class Failure:
    """A run that failed: its number, what it was, and why it failed."""

    number: int
    name: str
    error: str


@dataclass(frozen=True)
class Finished:
    """How a batch ended.

    Attributes
    ----------
    folder
        Where it lies.
    total, different, made, failed
        Runs of the plan, those that differ from each other, those made now, and those failed
        (now or earlier).
    failures
        The first few failures. The same call makes failed runs again, and no others.
    seconds
        Time taken.
    replaced
        The folder's tables were those of other settings; their runs are still kept.
    """

    folder: Path
    total: int
    different: int
    made: int
    failed: int
    failures: tuple[Failure, ...]
    seconds: float
    replaced: bool = False


class Stopping(Protocol):
    """A rule by which replicates are added."""

    @property
    def first(self) -> int:
        """Replicates before the first look."""

    def more(self, store: Store, plan: Plan, replicates: int) -> int:
        """Replicates to add after a look at the runs of ``replicates``; 0 to stop."""

    def told(self) -> dict[str, Any]:
        """What the manifest says: the wish, the looks, and why it stopped."""


def run_batch(
    scenario: Scenario,
    folder: Path,
    *,
    workers: int = 1,
    executor: str = LOCAL,
    scheduler: str = "",
    full: bool = False,
    arms: tuple[str, ...] | None = None,
    commands: dict[str, str] | None = None,
    quiet: bool = False,
    stopping: Stopping | None = None,
) -> Finished:
    """Run a scenario into a folder; runs made earlier under the same key are not made again.

    Parameters
    ----------
    workers
        Processes; the tables are the same for any number.
    executor, scheduler
        ``local``, or ``dask`` with the address of a scheduler or a cluster of its own; the
        tables are the same.
    full
        All calibrations of the scenario.
    arms
        Only these arms.
    commands
        Lines that reproduce (``rerun``) or extend (``full``) the batch; without them it is
        reproduced from its resolved scenario.
    quiet
        No progress on stderr.
    stopping
        Says how many replicates to make and to add; the scenario's own number if not given.

    Raises
    ------
    StoreError
        The folder cannot be written, or another process writes it.
    ValueError
        The scenario has a stopping rule, and nobody to apply it; or it is held to one
        calibration, and ``full`` asks for several.
    """
    if stopping is None and scenario.heading.until is not None:
        raise ValueError("a scenario with a stopping rule is run by sim.studies.until")
    began = time.time()
    if full and scenario.held:
        raise ValueError("the calibrations of a scenario differ in what a held one does not read")
    commands = {"rerun": _rerun(full, arms, scenario.held), **(commands or {})}
    runner = Runner(scenario)
    replicates = stopping.first if stopping is not None else scenario.heading.replicates
    plan = make_plan(scenario, full=full, arms=arms, replicates=replicates)
    tried: set[str] = set()
    running, add = 0.0, replicates
    with Store(folder) as store:
        while add:
            plan = plan.of(replicates)
            # What failed in this call would fail again.
            missing = [k for k in plan.missing(store.done_keys()) if plan.keys[k] not in tried]
            started = time.time()
            with Progress(len(missing), stream=io.StringIO() if quiet else None) as progress:
                maker(executor, scheduler, runner.compile_kernels)(
                    FACTORY,
                    scenario,
                    [plan.specs[k] for k in missing],
                    workers,
                    _keeper(store, plan, missing, progress),
                )
            running += time.time() - started
            tried |= {plan.keys[k] for k in missing}
            add = stopping.more(store, plan, replicates) if stopping is not None else 0
            replicates += add
        store.compact(
            [_runs_row(scenario, plan, k) for k in range(len(plan.keys))], _optional(scenario)
        )
        failures = _failures(store, plan)
    seconds = time.time() - began
    resolved = scenario.resolved_yaml()
    replaced = says_otherwise(folder / RESOLVED, resolved)
    write_text(folder / RESOLVED, resolved)
    write_text(folder / "sources.txt", scenario.sources())
    measured = {"runs": len(tried), "seconds": round(running, 1), "workers": workers}
    manifest = _manifest(scenario, runner, plan, failures, commands, began, seconds, arms)
    manifest["replicates"] = replicates
    if stopping is not None:
        manifest["until"] = stopping.told()
        manifest["full"]["replicates"] = replicates
    write_manifest(folder, {**manifest, "made": measured if tried else _made_before(folder)})
    write_text(folder / "reproduce.txt", commands["rerun"] + "\n")
    return Finished(
        folder,
        len(plan.keys),
        plan.different,
        len(tried),
        len(failures),
        tuple(failures[:5]),
        seconds,
        replaced,
    )


def _rerun(full: bool, arms: tuple[str, ...] | None, held: bool) -> str:
    """The command that makes a batch again from what lies in its folder."""
    words = ["./run_sim.py", "run", f"FOLDER/{RESOLVED}"]
    words += [f"--only arm={arm}" for arm in arms or ()]
    return " ".join(words + ["--full"] * full + ["--hold-calibration"] * held)


def _made_before(folder: Path) -> dict[str, Any]:
    """What an earlier call measured, kept where this one had nothing to make."""
    try:
        found = read_manifest(folder).get("made", {})
    except StoreError:
        return {}
    return found if isinstance(found, dict) else {}


def maker(
    executor: str, scheduler: str, prepare: Callable[[], None]
) -> Callable[[str, object, list[Any], int, OnDone], None]:
    """What makes runs: the processes of this machine or a Dask cluster.

    Parameters
    ----------
    executor, scheduler
        As for :func:`run_batch`.
    prepare
        Called once before workers build their runners.

    Raises
    ------
    SimError
        The executor needs a package that is not installed.
    """
    if executor == LOCAL:
        return partial(run_tasks, prepare=prepare)
    try:
        from sim.batch.cluster import run_on_cluster
    except ImportError as error:
        raise SimError(
            f"the Dask executor needs the package {error.name}: pip install 'ev-price-war[cluster]'"
        ) from None
    return partial(run_on_cluster, scheduler=scheduler, prepare=prepare)


def _keeper(
    store: Store, plan: Plan, missing: list[int], progress: Progress
) -> Callable[[int, Outcome], None]:
    def keep(index: int, outcome: Outcome) -> None:
        store.put(plan.keys[missing[index]], outcome.payload, outcome.status, outcome.error)
        progress.advance(failed=outcome.status != "ok")

    return keep


def _runs_row(
    scenario: Scenario, plan: Plan, number: int
) -> tuple[str, dict[str, int | float | str]]:
    spec = plan.specs[number]
    swept = {path for path, _ in scenario.sweep}
    row: dict[str, int | float | str] = {
        "replicate": spec.replicate,
        "point": spec.point,
        "arm": spec.arm,
        "calibration": spec.variant,
        **{path: value for path, value in spec.values if path in swept},
        "seed": scenario.heading.seed,
    }
    return plan.keys[number], row


def _optional(scenario: Scenario) -> tuple[str, ...]:
    """Tables that a batch has beside those that all have."""
    wanted = {
        PRODUCTS.name: scenario.heading.record == "full",
        REGIONS.name: bool(scenario.regions),
    }
    return tuple(name for name in OPTIONAL_TABLES if wanted[name])


def _failures(store: Store, plan: Plan) -> list[Failure]:
    """The runs that failed; compaction has seen that all others are there."""
    errors = store.not_ok()
    return [
        Failure(number, _name(plan.specs[number]), errors[key])
        for number, key in enumerate(plan.keys)
        if key in errors
    ]


def _name(spec: RunSpec) -> str:
    """What a run is: arm, replicate, calibration and settings."""
    settings = [f"{path}={value:g}" for path, value in spec.values]
    return ", ".join([spec.arm, f"replicate {spec.replicate}", spec.variant, *settings])


def _firm_names(
    scenario: Scenario, arms: Sequence[str], rows: Sequence[FirmRow]
) -> dict[str, str]:
    """Names of the market's firms, and of those that events bring in."""
    names, values = {row.firm_id: row.label for row in rows}, scenario.reference_point().values
    for arm in arms:
        for event in scenario.settings(arm, dict(values)).events.values():
            if event.firm is not None:
                names.setdefault(event.firm, event.firm.replace("_", " ").capitalize())
    return names


def _manifest(
    scenario: Scenario,
    runner: Runner,
    plan: Plan,
    failures: list[Failure],
    commands: dict[str, str],
    began: float,
    seconds: float,
    arms: tuple[str, ...] | None,
) -> dict[str, Any]:
    heading = scenario.heading
    chosen = [arm for arm in scenario.arms if arms is None or arm in arms]
    members = {arm: list(scenario.members(arm)) for arm in chosen}
    tables = read_market(heading.market)
    focus = list(dict.fromkeys(name for arm in chosen for name in scenario.concerned(arm)))
    try:
        table = rows(runner.calibration(heading.baseline, {}))
    except CalibrationError:
        table = []
    return {
        "name": heading.name,
        "question": heading.question,
        "scenario_file": Path(scenario.file).name,
        "baseline": heading.baseline,
        "arms": chosen,
        "focus": focus or [row.firm_id for row in tables.firms[:2]],
        "firm_names": _firm_names(scenario, chosen, tables.firms),
        "state_owned": [row.firm_id for row in tables.firms if row.kind == "state_owned"],
        "members": members,
        "merged": {arm: scenario.merges(arm) for arm in chosen},
        "sweep": {path: list(values) for path, values in scenario.sweep},
        "designs": [
            {"kind": design.kind, "settings": list(design.paths), "told": design.told()}
            for design in scenario.designs
        ],
        "reference_point": dict(scenario.reference_point().values),
        "replicates": heading.replicates,
        "seed": heading.seed,
        "start": str(heading.horizon.start),
        "quarters": heading.horizon.quarters,
        "record": heading.record,
        "tables": tables_for_manifest(_optional(scenario), [path for path, _ in scenario.sweep]),
        "calibrations": list(plan.variants),
        "hold_calibration": scenario.held,
        "full": {
            "calibrations": list(variant_values(scenario, full=not scenario.held)),
            "replicates": scenario.written_replicates,
        },
        "calibration_table": {"headings": list(HEADINGS), "rows": [list(row) for row in table]},
        "runs": {
            "total": len(plan.keys),
            "ok": len(plan.keys) - len(failures),
            "failed": len(failures),
        },
        "failures": [{"run": each.number, "error": each.error} for each in failures[:50]],
        "parameters": "held",
        "antithetic": scenario.antithetic,
        "assumptions": [
            {
                "path": prior.path,
                "value": prior.value,
                "low": prior.low,
                "high": prior.high,
                "basis": prior.basis,
            }
            for prior in sensitivity_set(scenario, tables, focus)
        ],
        "trust": {
            "calibration_date": f"the market {heading.market}",
            "forecast": "of 2022 to 2024, beside 'same as last year': ./run_sim.py backtest",
        },
        "warnings": list(scenario.notices),
        "commands": commands,
        "versions": library_versions(),
        "digests": {
            "model": source_digest(MODEL_PACKAGES),
            "market": market_digest(heading.market),
        },
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began)),
        "seconds": round(seconds, 1),
    }
