"""Verb that looks for facts of past years in model worlds: facts."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from sim.cli.numbers import count, workers

DESCRIPTION = """\
Do facts of past years come out of the model, and for the reason given for them? Plays the
scenario's baseline and, on the same luck, one placebo world a fact, without the mechanism that is
said to cause it. A fact holds in at least the stated share of replicates and in clearly fewer in
its placebo world (paired, 95 %). docs/facts.md defines each.

  run_sim.py facts --replicates 200 --workers 2
  run_sim.py facts --set facts.plants_half_empty.utilisation=0.5 --out results/emptier

Exit status: 0 done, whatever was found; 1 some runs failed; 2 bad input, nothing written.
"""
SHIPPED = "scenarios/facts_2022_2024.yaml"


def add_verbs(subparsers: Any) -> None:
    """Register the verb."""
    verb = subparsers.add_parser(
        "facts", help="facts of past years in the model and in placebo worlds",
        description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    verb.add_argument("file", metavar="SCENARIO", nargs="?", default=SHIPPED)
    verb.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="sets")
    verb.add_argument("--replicates", type=count, help="instead of the scenario's")
    verb.add_argument("--workers", type=workers, default=os.cpu_count() or 1)
    verb.add_argument("--executor", choices=("local", "dask"), default="local")
    verb.add_argument("--scheduler", default="", metavar="ADDRESS", help="of a Dask cluster")
    verb.add_argument("--out", type=Path, help="folder (default: results/NAME_OF_THE_FILE)")
    verb.add_argument("--quiet", action="store_true", help="no progress")
    verb.set_defaults(handler=facts)


def facts(options: argparse.Namespace) -> int:
    """Look for the facts of a scenario; print and write what was found."""
    from sim.scenario import load

    began = time.time()
    sets = list(options.sets)
    if options.replicates:
        sets.append(f"replicates={options.replicates}")
    scenario = load(options.file, sets)
    for notice in scenario.notices:
        print(notice, file=sys.stderr)
    folder = options.out or Path("results") / Path(options.file).stem

    from sim.studies.facts import study_facts
    from sim.studies.facts_text import (
        condition_table,
        fact_table,
        printed,
        replicate_table,
        told,
    )
    from sim.studies.folder import write_study

    words = ["./run_sim.py", "facts", options.file]
    words += [part for each in options.sets for part in ("--set", each)]
    words += ["--replicates", str(scenario.heading.replicates)]
    found = study_facts(
        scenario, folder, workers=options.workers, quiet=options.quiet,
        executor="dask" if options.scheduler else options.executor, scheduler=options.scheduler,
    )  # fmt: skip
    write_study(
        folder, "facts", scenario, command=shlex.join(words), began=began,
        asked={
            "replicates": scenario.heading.replicates, "baseline": scenario.heading.baseline,
            "facts": scenario.tree.get(("facts",)),
        },
        found={
            "answer": told(found), "runs": found.runs, "failed": found.failed,
            "verdicts": {each.name: each.verdict for each in found.facts},
        },
        tables={
            "facts": fact_table(found), "conditions": condition_table(found),
            "replicates": replicate_table(found),
        },
    )  # fmt: skip
    print(printed(found), end="")
    for failure in found.failures:
        print(f"  run {failure.number} ({failure.name}): {failure.error}", file=sys.stderr)
    if found.failed:
        print(f"{found.failed} of {found.runs} runs failed", file=sys.stderr)
    print(f"\ntables  {folder}")
    return 1 if found.failed else 0
