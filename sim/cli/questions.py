"""Verbs that ask the model a question in a loop: sensitivity, map."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import Fault, InputError

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.studies.outcome import Outcome
    from sim.studies.sensitivity_study import Asked

SIZES = {"morris": 10, "sobol": 64}


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("a whole number of at least 1")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < 1.0:
        raise argparse.ArgumentTypeError("a share from 0 to below 1")
    return value


def _common(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("file", metavar="SCENARIO")
    verb.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="sets")
    verb.add_argument(
        "--outcome", required=True, metavar="FIRM.MEASURE@QUARTER",
        help="e.g. leapmotor.survives@2030Q4 or market.price_level@2027Q4",
    )  # fmt: skip
    verb.add_argument("--arm", help="default: capital, else the last arm")
    verb.add_argument("--replicates", type=_count, default=8, help="draws of luck a point (8)")
    verb.add_argument("--workers", type=_count, default=os.cpu_count() or 1)
    verb.add_argument("--out", type=Path, help="folder (default: results/NAME_OF_THE_FILE_VERB)")
    verb.add_argument("--quiet", action="store_true", help="no progress")


def add_verbs(subparsers: Any) -> None:
    """Register the verbs of this group."""
    verb = subparsers.add_parser("sensitivity", help="which assumptions move an outcome")
    _common(verb)
    verb.add_argument("--method", choices=tuple(SIZES), default="morris")
    verb.add_argument(
        "--difference", action="store_true", help="of the arm less the baseline, pair by pair"
    )
    verb.add_argument("--trajectories", type=_count, help="of Morris (10)")
    verb.add_argument("--samples", type=_count, help="base samples of Sobol, a power of two (64)")
    verb.add_argument(
        "--vary", action="append", default=[], metavar="PATH[=LOW:HIGH]",
        help="only these settings; * and ? match letters (default: all with a known range)",
    )  # fmt: skip
    verb.add_argument(
        "--max-failed", type=_share, metavar="SHARE",
        help="share of design points that may fail (0.3 for morris, 0.05 for sobol)",
    )  # fmt: skip
    verb.set_defaults(handler=sensitivity)


def _load(options: argparse.Namespace) -> tuple[Scenario, Outcome, str]:
    """Load the scenario, and hold outcome and arm against it."""
    from sim.scenario import load
    from sim.scenario.checks import nearest
    from sim.studies.outcome import read_outcome
    from sim.studies.ranges import firms_of

    scenario = load(options.file, options.sets)
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


def _command(options: argparse.Namespace, folder: Path, *more: str) -> str:
    """The line that makes the folder again, on any number of workers."""
    words = ["./run_sim.py", options.verb, options.file]
    for text in options.sets:
        words += ["--set", text]
    words += ["--outcome", options.outcome, *more, "--replicates", str(options.replicates)]
    return shlex.join([*words, "--out", str(folder)])


def sensitivity(options: argparse.Namespace) -> int:
    """Print which assumptions matter, and write the study's folder."""
    scenario, outcome, arm = _load(options)

    from sim.studies.ranges import chosen_ranges
    from sim.studies.sensitivity import MAX_FAILED
    from sim.studies.sensitivity_study import Asked, printed, study

    method = options.method
    size = (options.trajectories if method == "morris" else options.samples) or SIZES[method]
    asked = Asked(
        outcome=outcome,
        arm=arm,
        difference=options.difference,
        method=method,
        size=size,
        replicates=options.replicates,
        max_failed=MAX_FAILED[method] if options.max_failed is None else options.max_failed,
    )
    if asked.difference and arm == scenario.heading.baseline:
        expected = "another arm than the baseline, from which nothing differs"
        raise InputError([Fault("command line", 0, "--arm", arm, expected)])
    ranges = chosen_ranges(scenario, options.vary)
    folder = _folder(options)
    table, said = study(
        scenario,
        asked,
        ranges,
        folder,
        workers=options.workers,
        command=_command(options, folder, *_of_sensitivity(options, asked)),
        quiet=options.quiet,
    )
    print(said)
    print()
    print(printed(table, asked))
    print(f"\ntables and figure  {folder}")
    return 0


def _of_sensitivity(options: argparse.Namespace, asked: Asked) -> list[str]:
    sizes = "--trajectories" if asked.method == "morris" else "--samples"
    words = ["--arm", asked.arm, "--method", asked.method, sizes, str(asked.size)]
    words += ["--difference"] if asked.difference else []
    for text in options.vary:
        words += ["--vary", text]
    return [*words, "--max-failed", f"{asked.max_failed:g}"]
