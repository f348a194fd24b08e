"""Verbs that ask the model a question in a loop: sensitivity, map."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli.numbers import count, share, workers
from sim.cli.options import add_hold
from sim.errors import Fault, InputError

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.studies.outcome import Outcome

SIZES = {"morris": 10, "sobol": 64, "futures": 100}
FUTURES = "futures"
# A future that fails is left out as a whole, so a study of futures bears as many as Morris's.
MAX_FAILED_FUTURES = 0.3


def _common(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("file", metavar="SCENARIO")
    verb.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="sets")
    verb.add_argument(
        "--outcome", required=True, metavar="FIRM.MEASURE@QUARTER",
        help="e.g. leapmotor.survives@2030Q4 or market.price_level@2027Q4",
    )  # fmt: skip
    verb.add_argument("--arm", help="default: capital, else the last arm")
    verb.add_argument("--replicates", type=count, default=8, help="draws of luck a point (8)")
    verb.add_argument("--workers", type=workers, default=os.cpu_count() or 1)
    verb.add_argument("--executor", choices=("local", "dask"), default="local")
    verb.add_argument(
        "--scheduler", default="", metavar="ADDRESS",
        help="of a Dask cluster that stands, e.g. tcp://host:8786 (default: one on this machine)",
    )  # fmt: skip
    add_hold(verb)
    verb.add_argument("--out", type=Path, help="folder (default: results/NAME_OF_THE_FILE_VERB)")
    verb.add_argument("--quiet", action="store_true", help="no progress")


def add_verbs(subparsers: Any) -> None:
    """Register the verbs of this group."""
    verb = subparsers.add_parser("sensitivity", help="which assumptions move an outcome")
    _common(verb)
    verb.add_argument(
        "--method", choices=tuple(SIZES), default="morris",
        help="screening, variance shares, or regret and the futures in which the arm fails",
    )  # fmt: skip
    verb.add_argument(
        "--difference", action="store_true", help="of the arm less the baseline, pair by pair"
    )
    verb.add_argument("--trajectories", type=count, help="of Morris (10)")
    verb.add_argument(
        "--samples", type=count, help="base samples of Sobol, a power of two (64); futures (100)"
    )
    verb.add_argument(
        "--vary", action="append", default=[], metavar="PATH[=LOW:HIGH]",
        help="only these settings; * and ? match letters (default: all with a known range)",
    )  # fmt: skip
    verb.add_argument(
        "--max-failed", type=share, metavar="SHARE",
        help="share of design points that may fail (0.3; 0.05 for sobol)",
    )  # fmt: skip
    verb.set_defaults(handler=sensitivity)
    verb = subparsers.add_parser("map", help="an outcome over two settings, fine where it flips")
    _common(verb)
    for axis in ("--x", "--y"):
        verb.add_argument(axis, required=True, metavar="PATH=LOW:HIGH")
    verb.add_argument(
        "--level", action="store_true",
        help="decide by the arm's own value, not by its paired difference to the baseline",
    )  # fmt: skip
    verb.add_argument(
        "--threshold", type=float,
        help="yes above this (5 points of difference, even odds with --level, 0 for amounts)",
    )  # fmt: skip
    verb.add_argument("--coarse", type=count, default=4, help="cells of the first grid (4)")
    verb.add_argument("--depth", type=int, choices=range(7), default=3, help="halvings (3)")
    verb.add_argument("--points", type=count, default=80, help="most points to play (80)")
    verb.set_defaults(handler=survival_map)


def _load(options: argparse.Namespace) -> tuple[Scenario, Outcome, str]:
    """Load the scenario, and hold outcome and arm against it."""
    from sim.scenario import load
    from sim.scenario.checks import nearest
    from sim.studies.outcome import read_outcome
    from sim.studies.ranges import firms_of

    scenario = load(options.file, options.sets)
    if options.hold_calibration:
        scenario = scenario.holding_calibration()
    for notice in scenario.notices:
        print(notice, file=sys.stderr)
    faults: list[Fault] = []
    arm = options.arm or ("capital" if "capital" in scenario.arms else scenario.arms[-1])
    if arm not in scenario.arms:
        expected = "one of " + ", ".join(scenario.arms)
        faults.append(Fault("command line", 0, "--arm", arm, expected, nearest(arm, scenario.arms)))
    try:
        outcome = read_outcome(options.outcome, scenario, firms_of(scenario))
    except InputError as error:
        raise InputError([*faults, *error.faults]) from None
    if faults:
        raise InputError(faults)
    return scenario, outcome, arm


def _folder(options: argparse.Namespace) -> Path:
    given: Path | None = options.out
    return given or Path("results") / f"{Path(options.file).stem}_{options.verb}"


def _labour(options: argparse.Namespace) -> dict[str, Any]:
    """Where and by how many processes the runs of a study are made."""
    return {
        "workers": options.workers,
        "executor": "dask" if options.scheduler else options.executor,
        "scheduler": options.scheduler,
        "quiet": options.quiet,
    }


def _command(options: argparse.Namespace, folder: Path, *more: str) -> str:
    """The line that makes the folder again, on any number of workers."""
    words = ["./run_sim.py", options.verb, options.file]
    for text in options.sets:
        words += ["--set", text]
    words += ["--outcome", options.outcome, *more, "--replicates", str(options.replicates)]
    words += ["--hold-calibration"] if options.hold_calibration else []
    return shlex.join([*words, "--out", str(folder)])


def sensitivity(options: argparse.Namespace) -> int:
    """Print which assumptions matter, and write the study's folder."""
    scenario, outcome, arm = _load(options)

    from sim.studies.ranges import calibrated_again, chosen_ranges
    from sim.studies.sensitivity import MAX_FAILED

    method = options.method
    against = options.difference or method == FUTURES
    if against and arm == scenario.heading.baseline:
        expected = "another arm than the baseline, from which nothing differs"
        raise InputError([Fault("command line", 0, "--arm", arm, expected)])
    ranges = chosen_ranges(scenario, options.vary)
    size = (options.trajectories if method == "morris" else options.samples) or SIZES[method]
    limit = options.max_failed
    if limit is None:
        limit = MAX_FAILED.get(method, MAX_FAILED_FUTURES)
    words = ["--arm", arm, "--method", method]
    words += ["--trajectories" if method == "morris" else "--samples", str(size)]
    words += ["--difference"] if options.difference else []
    for text in options.vary:
        words += ["--vary", text]
    folder = _folder(options)
    rest: dict[str, Any] = {
        **_labour(options),
        "command": _command(options, folder, *words, "--max-failed", f"{limit:g}"),
    }
    if method == FUTURES:
        from sim.studies.futures import printed_regret, study_futures

        told = study_futures(
            scenario, outcome, arm, ranges, size, options.replicates, folder,
            max_failed=limit, **rest,
        )  # fmt: skip
        texts = [f"{told.pays} {told.failures}".rstrip(), "", printed_regret(told, outcome)]
    else:
        from sim.studies.sensitivity_study import Asked, printed, study

        asked = Asked(outcome, arm, options.difference, method, size, options.replicates, limit)
        table, said = study(scenario, asked, ranges, folder, **rest)
        texts = [said, "", printed(table, asked)]
    print("\n".join([*texts, "", calibrated_again(scenario, ranges)]))
    print(f"\ntables  {folder}")
    return 0


def survival_map(options: argparse.Namespace) -> int:
    """Play a map of two settings and print how much of it is decided which way."""
    scenario, outcome, arm = _load(options)

    from sim.studies.ranges import calibrated_again, read_range
    from sim.studies.refinement import Lattice
    from sim.studies.survival_map import Question, default_threshold, draw_map

    faults: list[Fault] = []
    x, y = (
        read_range(option, text, scenario, faults)
        for option, text in (("--x", options.x), ("--y", options.y))
    )
    if x is not None and y is not None and x.path == y.path:
        faults.append(Fault("command line", 0, "--y", y.path, "another setting than that of --x"))
    if arm == scenario.heading.baseline and not options.level:
        expected = "another arm than the baseline, or --level"
        faults.append(Fault("command line", 0, "--arm", arm, expected))
    if faults or x is None or y is None:
        raise InputError(faults)
    threshold = options.threshold
    if threshold is None:
        threshold = default_threshold(outcome, level=options.level)
    folder = _folder(options)
    words = ["--arm", arm, "--x", options.x, "--y", options.y, "--threshold", f"{threshold:g}"]
    words += ["--level"] if options.level else []
    for option in ("coarse", "depth", "points"):
        words += [f"--{option}", str(getattr(options, option))]
    table, said = draw_map(
        scenario,
        Question(
            outcome, arm, x, y, options.level, threshold, options.replicates,
            Lattice(options.coarse, options.depth), options.points,
        ),
        folder,
        command=_command(options, folder, *words),
        **_labour(options),
    )  # fmt: skip
    print(said)
    print(calibrated_again(scenario, (x, y)))
    failed = table[table["error"] != ""]
    for text, times in failed["error"].value_counts().head(5).items():
        print(f"  {times} points with a failed run: {text}", file=sys.stderr)
    print(f"\ntables and figure  {folder}")
    return 0
