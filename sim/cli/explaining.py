"""Verb that takes one quarter of one run apart: explain."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sim.errors import Fault, InputError

DESCRIPTION = """\
Why did this firm price as it did, and what kept it alive or killed it? The run is made again
from the batch's folder, held against its rows, and one quarter of one firm is taken apart: the
parts of its prices, which add up to them, its income and cash, and what happened to it.

  run_sim.py explain results/my_batch --firm leapmotor --quarter 2027Q3
  run_sim.py explain results/my_batch:17 --firm leapmotor --quarter 2027Q3
  run_sim.py explain results/my_batch --arm merger --replicate 3 --firm faw --quarter 2029Q4
"""


def add_verbs(subparsers: Any) -> None:
    """Register the verb."""
    verb = subparsers.add_parser(
        "explain", help="one quarter of one run taken apart", description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    verb.add_argument("run", metavar="FOLDER[:RUN]", help="a batch, and a number of table runs")
    verb.add_argument("--firm", required=True, metavar="NAME")
    verb.add_argument("--quarter", required=True, metavar="QUARTER", help="e.g. 2027Q3")
    verb.add_argument("--arm", help="default: the arm of the headline")
    verb.add_argument("--replicate", type=int, metavar="NUMBER", help="default: 0, the first")
    verb.add_argument("--calibration", metavar="LABEL", help="default: middle")
    verb.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", dest="sets",
        help="a value of a swept setting (default: the point of the headline)",
    )
    verb.add_argument("--point", type=int, metavar="NUMBER", help="a design point by its number")
    verb.add_argument("--csv", action="store_true", help="the parts line by line")
    verb.set_defaults(handler=explain, baseline=None)


def explain(options: argparse.Namespace) -> int:
    """Print where a firm's prices come from in one quarter of one run."""
    from sim.cli.reading import scope_of, swept_values
    from sim.compare import Batch
    from sim.compare.printing import as_csv

    folder, run = _place(options.run)
    by_choice = ("arm", "replicate", "calibration", "point")
    chosen = [f"--{name}" for name in by_choice if getattr(options, name) is not None]
    chosen += ["--set"] if options.sets else []
    if run is not None and chosen:
        expected = f"a run by its number, or by {', '.join(chosen)}, not both"
        raise InputError([Fault("command line", 0, "run", options.run, expected)])
    scope = None
    if run is None:
        options.firm = [options.firm]
        scope = scope_of(Batch(folder), swept_values(options.sets), options)
        (options.firm,) = options.firm

    from sim.studies.explain import explain as ask
    from sim.studies.explain_text import printed

    found = ask(
        folder, firm=options.firm, quarter=options.quarter, run=run, arm=options.arm,
        replicate=options.replicate or 0, scope=scope,
    )  # fmt: skip
    print(as_csv(found.now.lines) if options.csv else printed(found), end="")
    return 0


def _place(text: str) -> tuple[Path, int | None]:
    """The folder of a batch and, behind a colon, the number of a run."""
    path, colon, number = text.rpartition(":")
    if colon and number.isdecimal() and number.isascii() and not Path(text).exists():
        return Path(path), int(number)
    return Path(text), None
