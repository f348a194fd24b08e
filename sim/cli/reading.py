"""Verbs that read what a batch left, without the model: compare, report."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import Fault, InputError

if TYPE_CHECKING:
    from sim.compare import Batch, Scope

# The scenario that a batch was made from, in its folder.
RESOLVED = "scenario.resolved.yaml"


def add_verbs(subparsers: Any) -> None:
    """Register the verbs of this group."""
    verb = subparsers.add_parser(
        "compare", help="arms of a batch side by side, or one arm in two batches"
    )
    verb.add_argument("folder", type=Path, metavar="FOLDER")
    verb.add_argument("other", type=Path, nargs="?", metavar="FOLDER2", help="a second batch")
    verb.add_argument("--arm", help="default: the arm of the headline")
    verb.add_argument("--baseline", help="default: the scenario's")
    verb.add_argument("--firm", action="append", metavar="NAME", help="default: those in focus")
    verb.add_argument("--calibration", metavar="LABEL", help="default: middle")
    verb.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", dest="sets",
        help="a value of a swept setting (default: the point of the headline)",
    )
    verb.add_argument(
        "--point", type=int, metavar="NUMBER", help="a design point by its number in table runs"
    )
    verb.add_argument("--csv", action="store_true", help="every row, as comma-separated values")
    verb.set_defaults(handler=compare)
    verb = subparsers.add_parser("report", help="draw a batch's report, figures and tables again")
    verb.add_argument("folder", type=Path, metavar="FOLDER")
    verb.set_defaults(handler=report)


def compare(options: argparse.Namespace) -> int:
    """Print a comparison of arms, or of two batches."""
    from sim.compare import Batch
    from sim.compare.across import csv_of_two, printed_two
    from sim.compare.printing import csv_of_arms, printed_comparison

    point = swept_values(options.sets)
    batches = [Batch(folder) for folder in (options.folder, options.other) if folder is not None]
    scopes = [scope_of(batch, point, options) for batch in batches]
    chosen: dict[str, Any] = {
        "arm": options.arm, "baseline": options.baseline, "firms": options.firm,
    }
    if len(batches) == 1:
        make = csv_of_arms if options.csv else printed_comparison
        print(make(batches[0], **chosen, scope=scopes[0]), end="")
    else:
        make_two = csv_of_two if options.csv else printed_two
        first, second = batches
        if not options.csv:
            print(_settings_that_differ(options.folder, options.other), end="")
        print(make_two(first, second, **chosen, scopes=(scopes[0], scopes[1])), end="")
    return 0


def _settings_that_differ(first: Path, second: Path) -> str:
    """What the resolved scenarios of two batches set differently."""
    from sim.compare import Batch
    from sim.scenario import load
    from sim.scenario.market_values import over_market
    from sim.scenario.present import differences

    try:
        scenarios = [load(folder / RESOLVED) for folder in (first, second)]
        trees = over_market(
            [scenario.settled for scenario in scenarios],
            [scenario.heading.market for scenario in scenarios],
        )
    except InputError as error:
        return f"The settings cannot be compared: {error.faults[0]}\n\n"
    rows = [(row.path, row.one or "-", row.other or "-") for row in differences(*trees)]
    one, other = (
        "held" if Batch(folder).manifest.get("hold_calibration") else "-"
        for folder in (first, second)
    )
    if one != other:
        rows.append(("--hold-calibration", one, other))
    if not rows:
        return "No setting differs between A and B.\n\n"

    from sim.compare.printing import aligned

    return aligned(["settings that differ", "A", "B"], rows) + "\n\n"


def report(options: argparse.Namespace) -> int:
    """Write the report of a batch again from its rows."""
    from sim.report import write_report

    page, *others = write_report(options.folder)
    print(page)
    print(f"{len(others)} figures and tables beside it", file=sys.stderr)
    return 0


def swept_values(texts: list[str]) -> dict[str, float]:
    """Values of swept settings from ``--set PATH=VALUE``; raises InputError with every fault."""
    faults = []
    point = {}
    for text in texts:
        path, _, value = text.partition("=")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if path.strip() and math.isfinite(number):
            point[path.strip()] = number
        else:
            expected = "a swept setting and one of its values, e.g. conduct.war_intensity=1.0"
            faults.append(Fault("command line", 0, "--set", text, expected))
    if faults:
        raise InputError(faults)
    return point


def scope_of(batch: Batch, point: dict[str, float], options: argparse.Namespace) -> Scope:
    """Where to compare, after every name of the command line was held against the batch."""
    faults: list[Fault] = []
    if options.point is not None and point:
        expected = "a point by its number or by its values, not both"
        raise InputError([Fault("command line", 0, "--point", str(options.point), expected)])
    if options.point is not None:
        scope = batch.point(options.point, options.calibration)
    else:
        scope = batch.at(point, options.calibration)

    def hold(check: Callable[..., object], *names: object) -> None:
        try:
            check(*names)
        except InputError as error:
            faults.extend(error.faults)

    if options.arm is not None:
        hold(batch.check_arm, options.arm)
    if options.baseline is not None:
        hold(batch.check_arm, options.baseline, "--baseline")
    for firm in options.firm or ():
        hold(batch.check_firm, firm)
    hold(batch.check_scope, scope)
    if faults:
        raise InputError(faults)
    return scope
