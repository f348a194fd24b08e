"""Many futures at once: regret of each arm, and the futures in which one does not pay."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import qmc

from sim.batch.batch import LOCAL
from sim.compare.printing import aligned
from sim.errors import SimError
from sim.record.store import Store
from sim.scenario.scenario import Scenario
from sim.studies.discovery import discover, sentence
from sim.studies.folder import write_study
from sim.studies.outcome import Outcome
from sim.studies.points import Answers, Point, ask
from sim.studies.ranges import Range, at, calibrated_again
from sim.studies.regret import regret_table


@dataclass(frozen=True)
class Told:
    """What a study of futures found.

    Attributes
    ----------
    regret
        Table of :func:`sim.studies.regret.regret_table`.
    pays
        When the arm pays, in a sentence.
    failures
        What failed, in a sentence; empty if nothing did.
    """

    regret: pd.DataFrame
    pays: str
    failures: str


def draw_futures(ranges: Sequence[Range], count: int, seed: int) -> list[Point]:
    """Futures by a Latin hypercube over the ranges, all under the same luck."""
    design = qmc.LatinHypercube(len(ranges), rng=np.random.default_rng(seed))
    return [Point(values) for values in at(ranges, np.asarray(design.random(count)))]


def study_futures(
    scenario: Scenario,
    outcome: Outcome,
    arm: str,
    ranges: Sequence[Range],
    count: int,
    replicates: int,
    folder: Path,
    *,
    max_failed: float,
    workers: int = 1,
    executor: str = LOCAL,
    scheduler: str = "",
    command: str = "",
    quiet: bool = True,
) -> Told:
    """Play futures in every arm and write their folder.

    Parameters
    ----------
    scenario
        The scenario; all its arms are played.
    outcome
        What is asked; more is better.
    arm
        The arm of the sentence, against the baseline.
    ranges
        Settings that differ between futures.
    count
        Futures.
    replicates
        Draws of luck, the same in all futures; at least 2.
    folder
        Folder of the study; an interrupted one goes on there.
    max_failed
        Share of futures that may fail.
    workers, command, quiet
        As :func:`sim.studies.sensitivity_study.study`.

    Raises
    ------
    SimError
        Too many futures failed, fewer than two replicates, or nothing is varied.
    """
    if not ranges or replicates < 2:
        raise SimError("futures need at least one setting to vary and two replicates")
    began = time.time()
    baseline = scenario.heading.baseline
    arms = [baseline, *(name for name in scenario.arms if name != baseline)]
    points = draw_futures(ranges, count, scenario.heading.seed)
    with Store(folder) as store:
        answers = ask(
            scenario, outcome, points, arms, replicates, store,
            workers=workers, executor=executor, scheduler=scheduler, quiet=quiet,
        )  # fmt: skip
    failed = len(answers.failed_points)
    values = np.array([[value for _, value in point.values] for point in points])
    table = pd.DataFrame(values, columns=[each.path for each in ranges])
    for place, name in enumerate(arms):
        table[f"outcome.{name}"] = answers.means()[:, place]
    tables = {
        "futures": table,
        "failures": pd.DataFrame(answers.reasons(), columns=["reason", "points"]),
    }
    refused = failed > max_failed * count
    failures = _failures(answers, failed, count)
    told = Told(pd.DataFrame(), "", failures)
    if not refused:
        differences = answers.values[:, arms.index(arm)] - answers.values[:, 0]
        found = discover(values, differences)
        told = Told(
            regret_table(answers.values, arms),
            sentence(f"{arm} ({outcome}, against {baseline})", ranges, found),
            failures,
        )
        tables["regret"] = told.regret
    write_study(
        folder,
        "futures",
        scenario,
        command=command,
        began=began,
        asked={
            "outcome": str(outcome),
            "arm": arm,
            "baseline": baseline,
            "settings": [each.path for each in ranges],
            "futures": count,
            "replicates": replicates,
            "design_seed": scenario.heading.seed,
            "max_failed": max_failed,
            "hold_calibration": scenario.held,
        },
        found={
            "failed_futures": failed,
            "runs_made": answers.made,
            "answer": told.pays,
            "calibration": calibrated_again(scenario, ranges),
        },
        tables=tables,
    )
    if refused:
        raise SimError(
            f"more than the {100 * max_failed:g} % of futures at which an answer is still told: "
            f"{failures}\nnarrow the ranges (--vary PATH=LOW:HIGH) or allow more (--max-failed)"
        )
    return told


def printed_regret(told: Told, outcome: Outcome) -> str:
    """The table of regret as text."""
    show = outcome.measure.show
    headings = ["arm", "worst regret", "mean", "95 % interval", "held-out mean", "best in"]
    rows = [
        [
            str(row["arm"]),
            show(row["worst"]),
            show(row["mean"]),
            f"{show(row['low'])} .. {show(row['high'])}",
            show(row["held_out"]),
            f"{100.0 * row['best_in']:.0f} %",
        ]
        for _, row in told.regret.iterrows()
    ]
    return aligned(headings, rows)


def _failures(answers: Answers, failed: int, count: int) -> str:
    if not failed:
        return ""
    reason, struck = answers.reasons()[0]
    return f"{failed} of {count} futures failed and are left out ({struck}: {reason})."
