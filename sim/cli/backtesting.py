"""Verb that forecasts years that happened: backtest."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from pathlib import Path
from typing import Any

DESCRIPTION = """\
Would the model have known? Each scenario starts after a December; its market is calibrated on
what was known then. Its year is forecast and held against what happened, beside three simple
forecasts: as last year (persistence), growth as last year (trend), the same for all (equal shares).

  run_sim.py backtest                                     # 2022, 2023 and 2024
  run_sim.py backtest scenarios/base/china_nev_2022.yaml --by-firm --replicates 500
  run_sim.py backtest --set demand.acceptance_drift=0.15 --out results/backtest
"""
YEARS = tuple(f"scenarios/base/china_nev_{year}.yaml" for year in (2021, 2022, 2023))


def _count(text: str) -> int:
    value = int(text)
    if value < 2:
        raise argparse.ArgumentTypeError("a whole number of at least 2")
    return value


def add_verbs(subparsers: Any) -> None:
    """Register the verb."""
    verb = subparsers.add_parser(
        "backtest", help="forecasts of years that happened, beside simple ones",
        description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    verb.add_argument(
        "files", metavar="SCENARIO", nargs="*", default=YEARS,
        help="default: the three shipped Decembers",
    )  # fmt: skip
    verb.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="sets")
    verb.add_argument("--replicates", type=_count, help="instead of the scenarios'")
    verb.add_argument("--by-firm", action="store_true", help="every firm's forecast too")
    verb.add_argument("--out", type=Path, metavar="FOLDER", help="write CSV tables there")
    verb.set_defaults(handler=backtest)


def backtest(options: argparse.Namespace) -> int:
    """Print forecasts of past years beside what happened."""
    from sim.scenario import load

    sets = list(options.sets)
    if options.replicates:
        sets.append(f"replicates={options.replicates}")
    scenarios = [load(file, sets) for file in options.files]

    from sim.studies.backtest import backtest as ask
    from sim.studies.backtest_text import firm_table, printed, score_table
    from sim.studies.folder import write_study

    command = ["./run_sim.py", "backtest", *map(str, options.files)]
    command += [part for each in options.sets for part in ("--set", each)]
    if options.replicates:
        command += ["--replicates", str(options.replicates)]
    failed = 0
    for number, scenario in enumerate(scenarios):
        began = time.time()
        found = ask(scenario, scenario.heading.replicates)
        failed += len(found.forecast.failed)
        print(("\n" if number else "") + printed(found, by_firm=options.by_firm), end="")
        if options.out is None:
            continue
        folder = options.out / str(found.year)
        write_study(
            folder, "backtest", scenario, command=shlex.join(command), began=began,
            asked={"year": found.year, "replicates": scenario.heading.replicates},
            found={
                "failed": len(found.forecast.failed),
                "information": {each.table: each.known_last for each in found.information},
            },
            tables={"scores": score_table(found), "firms": firm_table(found)},
        )  # fmt: skip
        print(f"tables in {folder}", file=sys.stderr)
    return 1 if failed else 0
