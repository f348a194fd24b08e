"""Verbs that take one run apart: explain a quarter, draw up statements."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import Fault, InputError

if TYPE_CHECKING:
    from sim.compare import Scope

EXPLAIN = """\
Why did this firm price as it did, and what kept it alive or killed it? The run is made again
from the batch's folder, held against its rows, and one quarter of one firm is taken apart: the
parts of its prices, which add up to them, its income and cash, and what happened to it.

  run_sim.py explain results/my_batch --firm leapmotor --quarter 2027Q3
  run_sim.py explain results/my_batch:17 --firm leapmotor --quarter 2027Q3
  run_sim.py explain results/my_batch --arm merger --replicate 3 --firm faw --quarter 2029Q4
"""
STATEMENTS = """\
Income statement, cash flow and balance sheet of a firm, closed to the last yuan. The run is made
again from the batch's folder and held against its rows. One table, a row a firm, quarter,
statement and line, goes to --out as .csv or .parquet; it holds all firms if none is named.

  run_sim.py statements results/my_batch --firm leapmotor --quarter 2027Q3
  run_sim.py statements results/my_batch:17 --firm leapmotor --csv
  run_sim.py statements results/my_batch --arm merger --out results/books.parquet
"""
SUFFIXES = (".csv", ".parquet")
# Fen: ten figures, as other tables have them, would lose the yuan.
FEN = "%.2f"


def add_verbs(subparsers: Any) -> None:
    """Register the verbs."""
    verb = subparsers.add_parser(
        "explain", help="one quarter of one run taken apart", description=EXPLAIN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    _choose_run(verb)
    verb.add_argument("--firm", required=True, metavar="NAME")
    verb.add_argument("--quarter", required=True, metavar="QUARTER", help="e.g. 2027Q3")
    verb.add_argument("--csv", action="store_true", help="the parts line by line")
    verb.set_defaults(handler=explain, baseline=None)
    verb = subparsers.add_parser(
        "statements", help="income, cash flow and balance sheet of a firm", description=STATEMENTS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    _choose_run(verb)
    verb.add_argument("--firm", metavar="NAME", help="default: all, with --csv or --out")
    verb.add_argument(
        "--quarter", metavar="QUARTER", help="the last one, e.g. 2027Q3 (default: of the run)"
    )
    verb.add_argument("--csv", action="store_true", help="print the table")
    verb.add_argument("--out", type=Path, metavar="FILE", help="write the table, .csv or .parquet")
    verb.set_defaults(handler=statements, baseline=None)


def _choose_run(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("run", metavar="FOLDER[:RUN]", help="a batch, and a number of table runs")
    verb.add_argument("--arm", help="default: the arm of the headline")
    verb.add_argument("--replicate", type=int, metavar="NUMBER", help="default: 0, the first")
    verb.add_argument("--calibration", metavar="LABEL", help="default: middle")
    verb.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", dest="sets",
        help="a value of a swept setting (default: the point of the headline)",
    )  # fmt: skip
    verb.add_argument("--point", type=int, metavar="NUMBER", help="a design point by its number")


def explain(options: argparse.Namespace) -> int:
    """Print where a firm's prices come from in one quarter of one run."""
    from sim.compare.printing import as_csv

    folder, run, scope = _chosen(options)

    from sim.studies.explain import explain as ask
    from sim.studies.explain_text import printed

    found = ask(
        folder, firm=options.firm, quarter=options.quarter, run=run, arm=options.arm,
        replicate=options.replicate or 0, scope=scope,
    )  # fmt: skip
    print(as_csv(found.now.lines) if options.csv else printed(found), end="")
    return 0


def statements(options: argparse.Namespace) -> int:
    """Print or write the statements of one run."""
    faults = []
    if options.out is not None and options.out.suffix not in SUFFIXES:
        expected = f"a file that ends in {' or '.join(SUFFIXES)}"
        faults.append(Fault("command line", 0, "--out", str(options.out), expected))
    if options.firm is None and not options.csv and options.out is None:
        expected = "a firm, or --csv or --out for all of them"
        faults.append(Fault("command line", 0, "--firm", "", expected))
    if faults:
        raise InputError(faults)
    folder, run, scope = _chosen(options)

    from sim.compare.printing import as_csv
    from sim.record import write_text
    from sim.record.parquet import write_parquet
    from sim.record.schema import STATEMENTS as TABLE
    from sim.studies.statements import statements as ask
    from sim.studies.statements_text import printed

    found = ask(
        folder, firm=options.firm, quarter=options.quarter, run=run, arm=options.arm,
        replicate=options.replicate or 0, scope=scope,
    )  # fmt: skip
    table = found.table
    text = as_csv(table, FEN)
    if options.out is None:
        last = str(table["quarter"].iloc[-1])
        print(text if options.csv else printed(found, last), end="")
        return 0
    if options.out.suffix == ".csv":
        write_text(options.out, text)
    else:
        write_parquet(options.out, TABLE, {name: table[name].to_numpy() for name in TABLE.names})
    print(f"{len(table):,} rows; largest residual {found.worst[1]:.1g} yuan: {options.out}")
    return 0


def _chosen(options: argparse.Namespace) -> tuple[Path, int | None, Scope | None]:
    """Folder and run by number, or the design point by which it is found."""
    from sim.cli.reading import scope_of, swept_values
    from sim.compare import Batch

    folder, run = _place(options.run)
    by_choice = ("arm", "replicate", "calibration", "point")
    chosen = [f"--{name}" for name in by_choice if getattr(options, name) is not None]
    chosen += ["--set"] if options.sets else []
    if run is not None and chosen:
        expected = f"a run by its number, or by {', '.join(chosen)}, not both"
        raise InputError([Fault("command line", 0, "run", options.run, expected)])
    if run is not None:
        return folder, run, None
    # There several firms may be named.
    named = argparse.Namespace(**{**vars(options), "firm": [options.firm] if options.firm else []})
    return folder, None, scope_of(Batch(folder), swept_values(options.sets), named)


def _place(text: str) -> tuple[Path, int | None]:
    """The folder of a batch and, behind a colon, the number of a run."""
    path, colon, number = text.rpartition(":")
    if colon and number.isdecimal() and number.isascii() and not Path(text).exists():
        return Path(path), int(number)
    return Path(text), None
