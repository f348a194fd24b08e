"""Verbs that run the model: run, plan, calibrate."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli.numbers import count, workers
from sim.cli.options import add_hold
from sim.errors import Fault, InputError

if TYPE_CHECKING:
    from sim.batch.batch import Finished
    from sim.scenario import Scenario


# Settings of more cells than these are not held against each other before a batch runs.
CELLS_TOLD_APART = 2000


def _scenario_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("file", metavar="FILE")
    verb.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="sets")


def _batch_options(verb: argparse.ArgumentParser) -> None:
    _scenario_options(verb)
    verb.add_argument("--replicates", type=count, help="instead of the scenario's")
    verb.add_argument("--workers", type=workers, default=os.cpu_count() or 1)
    verb.add_argument("--executor", choices=("local", "dask"), default="local")
    verb.add_argument(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="of a Dask cluster that stands, e.g. tcp://host:8786 (default: one on this machine)",
    )
    verb.add_argument("--out", type=Path, help="folder (default: results/NAME_OF_THE_FILE)")
    verb.add_argument("--full", action="store_true", help="all calibrations, and mu_max 0")
    add_hold(verb)
    verb.add_argument(
        "--only", action="append", default=[], metavar="arm=NAME",
        help="this arm and the baseline; may be given more than once",
    )


def add_verbs(subparsers: Any) -> None:
    """Register the verbs of this group."""
    verb = subparsers.add_parser("run", help="run a batch: tables, figures, report")
    _batch_options(verb)
    verb.add_argument("--quiet", action="store_true", help="no progress")
    verb.set_defaults(handler=run)
    verb = subparsers.add_parser("plan", help="runs, time and size of a batch, before it runs")
    _batch_options(verb)
    verb.set_defaults(handler=plan)
    verb = subparsers.add_parser("calibrate", help="the calibrated market as a table")
    _scenario_options(verb)
    verb.add_argument("--full", action="store_true", help="every calibration of the scenario")
    verb.add_argument(
        "--spread", type=count, metavar="N",
        help="instead: spread of log-share changes in the panel and in N replicates",
    )
    verb.set_defaults(handler=calibrate)


def _load(options: argparse.Namespace) -> Scenario:
    from sim.scenario import load

    sets = list(options.sets)
    if getattr(options, "replicates", None):
        sets.append(f"replicates={options.replicates}")
    scenario = load(options.file, sets)
    if getattr(options, "hold_calibration", False):
        if options.full:
            expected = "without --full: the calibrations differ in what a held one does not read"
            raise InputError([Fault("command line", 0, "--hold-calibration", "", expected)])
        scenario = scenario.holding_calibration()
    for notice in scenario.notices:
        print(notice, file=sys.stderr)
    return scenario


def _only(options: argparse.Namespace, scenario: Scenario) -> tuple[str, ...] | None:
    if not options.only:
        return None
    faults = []
    names = []
    for text in options.only:
        key, _, name = text.partition("=")
        if key == "arm" and name in scenario.arms:
            names.append(name)
            continue
        from sim.scenario.checks import nearest

        expected = "arm=NAME with one of " + ", ".join(scenario.arms)
        near = nearest(name if key == "arm" else text, scenario.arms)
        faults.append(Fault("command line", 0, "--only", text, expected, near and f"arm={near}"))
    if faults:
        raise InputError(faults)
    return scenario.with_baseline(names)


def run(options: argparse.Namespace) -> int:
    """Run a batch and write its tables, figures and report."""
    scenario = _load(options)
    arms = _only(options, scenario)
    folder = _folder(options)

    from sim.report import write_report
    from sim.studies.until import run_scenario

    fixed = None if scenario.heading.until is not None else scenario.heading.replicates
    commands = {
        "rerun": _command(options, fixed, full=options.full),
        "full": _command(options, None, full=not scenario.held),
    }
    finished = run_scenario(
        scenario,
        folder,
        workers=options.workers,
        executor="dask" if options.scheduler else options.executor,
        scheduler=options.scheduler,
        full=options.full,
        arms=arms,
        commands=commands,
        quiet=options.quiet,
    )
    paths = write_report(folder)
    _say(finished, paths, scenario)
    if finished.failures:
        again = f"{commands['rerun']} --out {shlex.quote(str(folder))}"
        print(f"to make failed runs again, and no others:\n  {again}", file=sys.stderr)
    return 1 if finished.failed else 0


def _command(options: argparse.Namespace, replicates: int | None, *, full: bool) -> str:
    words = ["./run_sim.py", "run", options.file]
    for text in options.sets:
        words += ["--set", text]
    if replicates is not None:
        words += ["--replicates", str(replicates)]
    for text in options.only:
        words += ["--only", text]
    words += ["--full"] * full + ["--hold-calibration"] * options.hold_calibration
    return shlex.join(words)


def _say(finished: Finished, paths: list[Path], scenario: Scenario) -> None:
    from sim.compare import Batch, answer

    print()
    for sentence in answer(Batch(finished.folder)):
        print(sentence)
    print()
    reused, joined = finished.different - finished.made, finished.total - finished.different
    old = f", {reused:,} of them made before" if reused else ""
    same = f", {joined:,} the same as another" if joined else ""
    counts = f"{finished.total:,} runs{old}{same}, {finished.failed} failed"
    print(f"{counts}, {finished.seconds:.0f} s")
    if finished.replaced:
        print(
            f"{finished.folder} held tables of other settings or replicates: they are replaced; "
            "runs are kept"
        )
    until = Batch(finished.folder).manifest.get("until")
    if until is not None:
        print(f"stopped: {until['why']}")
    for failure in finished.failures:
        print(f"  run {failure.number} ({failure.name}): {failure.error}", file=sys.stderr)
    print(f"tables   {finished.folder}/*.parquet, {finished.folder}/tables")
    print(f"figures  {finished.folder}/figures")
    report = next((path for path in paths if path.name == "report.html"), finished.folder)
    print(f"report   {report}")


def plan(options: argparse.Namespace) -> int:
    """Print how many runs a batch is, how long it will take and how large it will be."""
    scenario = _load(options)

    from sim.batch.estimate import from_batch, from_probe
    from sim.batch.plan import make_cells, variant_values

    arms = _only(options, scenario) or scenario.arms
    variants, points = variant_values(scenario, options.full), scenario.points()
    cells = make_cells(scenario, full=options.full, arms=arms, most=CELLS_TOLD_APART)
    replicates, quarters = scenario.most_replicates, scenario.heading.horizon.quarters
    total = different = len(variants) * len(points) * len(arms)
    print(f"arms          {', '.join(arm for arm in scenario.arms if arm in arms)}")
    print(f"points        {len(points):,}")
    for design in scenario.designs:
        print(f"              {design.told()}")
    kept = ", held as the file is written" if scenario.held else ""
    print(f"calibrations  {', '.join(variants)}{kept}")
    upto = _print_replicates(scenario, arms)
    print(f"runs          {upto}{total * replicates:,} of {quarters} quarters")
    if len(cells) == total:
        different = len({cell.key for cell in cells})
    if different < total:
        print(
            f"to make       {upto}{different * replicates:,}: points that do not touch an arm "
            "are run once"
        )
    before = from_batch(_folder(options), quarters, scenario.heading.record)
    estimate = before or from_probe(scenario, cells)
    runs = different * replicates
    print(
        f"time          {upto}{_span(estimate.time_for(runs, options.workers))} with "
        f"{options.workers} workers, {1000.0 * estimate.seconds:.0f} ms a run"
    )
    print(f"size          {upto}{_size(estimate.size_for(runs))}")
    print(f"              ({estimate.basis}; nothing was written)")
    return 0


def _print_replicates(scenario: Scenario, arms: tuple[str, ...]) -> str:
    """Print how many replicates; return the words before what they are the most of."""
    until = scenario.heading.until
    if until is None:
        print(f"replicates    {scenario.heading.replicates:,}")
        return ""
    from sim.studies.until import stopping_rule

    rule = stopping_rule(scenario, arms)
    assert rule is not None
    print(f"replicates    {rule.first:,} to {until.most:,}, until {until.metric} of {until.arm}")
    print(f"              less {scenario.heading.baseline} is known to {until.half_width:g}")
    return "at most "


def _folder(options: argparse.Namespace) -> Path:
    chosen: Path | None = options.out
    return chosen or Path("results") / Path(options.file).stem


def _span(seconds: float) -> str:
    for limit, scale, unit in ((90.0, 1.0, "s"), (5400.0, 60.0, "min"), (172800.0, 3600.0, "h")):
        if seconds < limit:
            return f"about {max(1.0, seconds / scale):.0f} {unit}"
    return f"about {seconds / 86400.0:.0f} days"


def _size(size: float) -> str:
    for limit, scale, unit in ((1e6, 1e3, "kB"), (1e9, 1e6, "MB"), (1e12, 1e9, "GB")):
        if size < limit:
            return f"about {max(1.0, size / scale):.0f} {unit}"
    return f"about {size / 1e12:,.0f} TB"


def calibrate(options: argparse.Namespace) -> int:
    """Print the calibrated market."""
    import numpy as np

    scenario = _load(options)
    if options.spread:
        return _spread(scenario, options.spread)

    from sim.batch.plan import variant_values
    from sim.batch.run_one import Runner
    from sim.calibration.loop import loop_gain
    from sim.calibration.table import HEADINGS, UNITS, rows

    runner = Runner(scenario)
    for label, values in variant_values(scenario, options.full).items():
        calibration = runner.calibration(scenario.heading.baseline, values)
        settings = scenario.calibration_settings(scenario.heading.baseline, values)
        gain = loop_gain(calibration, settings)
        largest = int(np.argmax(gain.own))
        print(f"{label}: {UNITS}")
        widths = [max(len(name), 8) + 2 for name in HEADINGS[1:]]
        named = zip(HEADINGS[1:], widths, strict=True)
        print(f"{HEADINGS[0]:<12}" + "".join(f"{name:>{width}}" for name, width in named))
        for row in rows(calibration):
            cells = zip(row[1:], widths, strict=True)
            print(f"{row[0]:<12}" + "".join(f"{value:>{width}.2f}" for value, width in cells))
        print(
            f"median own elasticity {np.median(calibration.own_elasticity):.2f}, electric-car "
            f"market elasticity {calibration.market_elasticity:.2f}, share inversion to "
            f"{calibration.inversion_residual:.0e}\n"
            f"loop gain of learning {gain.total:.2f} a quarter, of one firm alone at most "
            f"{gain.own[largest]:.2f} ({calibration.industry.firms[largest]}): below 1, what a car "
            "teaches does not run away\n"
            "revealed = static markup - observed markup = learning + idle + war - conduct\n"
        )
    return 0


def _spread(scenario: Scenario, replicates: int) -> int:
    """Print the size of luck: the panel's spread beside that of runs."""
    from sim.batch.spread import FLOOR, PANEL_QUARTERS, compare_spread

    compared = compare_spread(scenario, replicates)
    print(
        "standard deviation of log-share changes across firms, their mean at each date taken "
        f"out;\nfirms with {FLOOR:,.0f} units or more in the first quarter; "
        f"{PANEL_QUARTERS} quarters; {replicates} replicates of {scenario.heading.baseline}"
    )
    print(f"{'quarters':>8}{'panel':>9}{'(s.e.)':>9}{'runs':>9}{'(s.e.)':>9}{'distance':>10}")
    for row in compared:
        panel, runs = row.panel, row.simulated
        print(
            f"{runs.horizon:>8}{panel.value:>9.3f}{panel.standard_error:>9.3f}"
            f"{runs.value:>9.3f}{runs.standard_error:>9.3f}{row.distance:>10.2f}"
        )
    print("distance: runs less panel, in standard errors of the difference")
    return 0
