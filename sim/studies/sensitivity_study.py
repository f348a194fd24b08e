"""A sensitivity study from beginning to end: design, runs, indices, folder, words."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.batch.batch import LOCAL
from sim.compare.amounts import number
from sim.compare.printing import aligned
from sim.errors import SimError
from sim.record.store import Store
from sim.report.studies import tornado, write_figure
from sim.scenario.scenario import Scenario
from sim.studies import sensitivity
from sim.studies.folder import write_study
from sim.studies.outcome import Outcome
from sim.studies.points import Answers, ask
from sim.studies.ranges import Range, calibrated_again
from sim.studies.sensitivity import LUCK, MORRIS, Design, analyse, check_failures, outcome_of

FloatArray = NDArray[np.float64]

# Rows printed and drawn; the table in the folder has them all.
SHOWN = 20


@dataclass(frozen=True)
class Asked:
    """What a sensitivity study is asked.

    Attributes
    ----------
    outcome
        The outcome.
    arm
        In which arm.
    difference
        Of the arm less the baseline, pair by pair, instead of the arm alone.
    method, size
        ``morris`` with trajectories or ``sobol`` with base samples.
    replicates
        Draws of luck in a block; every point plays one block.
    max_failed
        Share of points that may fail.
    """

    outcome: Outcome
    arm: str
    difference: bool
    method: str
    size: int
    replicates: int
    max_failed: float

    def words(self, scenario: Scenario) -> str:
        """The outcome in words."""
        if self.difference:
            return f"{self.outcome} ({self.arm} less {scenario.heading.baseline})"
        return f"{self.outcome} ({self.arm})"


def study(
    scenario: Scenario,
    asked: Asked,
    ranges: Sequence[Range],
    folder: Path,
    *,
    workers: int = 1,
    executor: str = LOCAL,
    scheduler: str = "",
    command: str = "",
    quiet: bool = True,
) -> tuple[pd.DataFrame, str]:
    """Make a sensitivity study and write its folder.

    Parameters
    ----------
    scenario, asked, ranges
        Of whom, what, and over which settings.
    folder
        Folder of the study; an interrupted one goes on there.
    workers, executor, scheduler
        Processes, and where they are; the result is the same for any number and anywhere.
    command
        The line that makes the folder again.
    quiet
        No progress on stderr.

    Returns
    -------
    tuple
        The table of :func:`sim.studies.sensitivity.analyse`, and the answer in words.

    Raises
    ------
    SimError
        Too many points failed (the folder then holds the design and the reasons), or SALib is
        missing.
    StoreError
        The folder cannot be written, or another process writes it.
    """
    began = time.time()
    design = sensitivity.make_design(asked.method, ranges, asked.size, scenario.heading.seed)
    baseline = scenario.heading.baseline
    arms = [baseline, asked.arm] if asked.difference else [asked.arm]
    with Store(folder) as store:
        answers = ask(
            scenario, asked.outcome, design.points(), arms, asked.replicates, store,
            workers=workers, executor=executor, scheduler=scheduler, quiet=quiet,
        )  # fmt: skip
    outcome = outcome_of(answers, difference=asked.difference)
    tables = {
        "design": _design_table(design, outcome),
        "failures": pd.DataFrame(answers.reasons(), columns=["reason", "points"]),
    }
    refusal: SimError | None = None
    try:
        check_failures(answers, outcome, asked.max_failed)
        tables["indices"] = analyse(design, outcome)
        said = sentence(asked, scenario, tables["indices"], answers, len(outcome))
    except SimError as error:
        # The folder keeps the design and the reasons also where no index can be told.
        refusal, said = error, str(error)
    write_study(
        folder,
        "sensitivity",
        scenario,
        command=command,
        began=began,
        asked={
            "outcome": str(asked.outcome),
            "arm": asked.arm,
            "baseline": baseline if asked.difference else "",
            "method": asked.method,
            "size": asked.size,
            "replicates": asked.replicates,
            "settings": len(ranges),
            "hold_calibration": scenario.held,
            "design_seed": scenario.heading.seed,
            "max_failed": asked.max_failed,
        },
        found={
            "points": len(outcome),
            "failed_points": len(answers.failed_points),
            "runs_made": answers.made,
            "answer": said,
            "calibration": calibrated_again(scenario, ranges),
        },
        tables=tables,
    )
    if refusal is not None:
        raise refusal
    table = tables["indices"]
    figure = tornado(
        table.head(SHOWN + 1),
        title=f"What moves {asked.words(scenario)}",
        note=_note(asked),
        label=_unit(asked),
    )
    write_figure(folder, "sensitivity", figure)
    return table, said


def sentence(
    asked: Asked, scenario: Scenario, table: pd.DataFrame, answers: Answers, points: int
) -> str:
    """Say what matters, against luck, and what was lost."""
    beyond = table[table["beyond_luck"]]
    settings = len(table) - 1
    what = asked.words(scenario)
    if not (table["effect"] > 0.0).any():
        claim = f"{what} is the same at every point: neither a setting nor luck moves it."
    elif beyond.empty:
        claim = f"None of {settings} settings moves {what} more than another draw of luck does."
    else:
        names = ", ".join(beyond["path"].head(3))
        claim = (
            f"{len(beyond)} of {settings} settings move{'s' if len(beyond) == 1 else ''} {what} "
            f"more than another draw of luck does, {names} most."
        )
    failed = len(answers.failed_points)
    if not failed:
        return claim
    reason, count = answers.reasons()[0]
    return (
        f"{claim} {failed} of {points} design points failed and enter no index "
        f"({count}: {reason}): the answer holds where the others lie."
    )


def printed(table: pd.DataFrame, asked: Asked) -> str:
    """The table as text, the most important settings first."""
    screening = asked.method == MORRIS
    more = ("signed", "spread") if screening else ("first",)
    headings = [
        "setting", "mu*" if screening else "total", "95 % interval",
        *(("mu", "sigma") if screening else ("first order",)), "range", "kind", "source",
    ]  # fmt: skip
    rows = []
    for _, row in table.head(SHOWN).iterrows():
        dummy = row["path"] == LUCK
        rows.append(
            [
                f"{' - ' if dummy else format(row['rank'], '2d') + ' '}{row['path']}"
                f"{' *' if row['beyond_luck'] else ''}",
                _number(row["effect"]),
                f"{_number(row['low'])} .. {_number(row['high'])}",
                *(_number(row[name]) for name in more),
                "" if dummy else f"{row['range_low']:g} .. {row['range_high']:g}",
                str(row["setting"]),
                _short(str(row["source"])),
            ]
        )
    text = aligned(headings, rows)
    if len(table) > SHOWN:
        text += f"\n... and {len(table) - SHOWN} below; all are in indices.csv"
    return text + "\n* beyond what another draw of luck does"


def _short(text: str) -> str:
    return text if len(text) <= 44 else text[:43] + "…"


def _number(value: float) -> str:
    size = abs(value)
    return number(value) if size >= 1e3 else number(value, 3)


def _design_table(design: Design, outcome: FloatArray) -> pd.DataFrame:
    points = design.points()
    rows = [{**dict(point.values), "luck_block": point.luck} for point in points]
    return pd.DataFrame(rows).assign(outcome=outcome)


def _unit(asked: Asked) -> str:
    if asked.method == MORRIS:
        return f"mean size of the move over a setting's range ({asked.outcome.measure.unit})"
    return "share of variance, interactions counted (total Sobol index)"


def _note(asked: Asked) -> str:
    how = "trajectories" if asked.method == MORRIS else "base samples"
    return (
        f"{asked.method.title()}, {asked.size} {how}, {asked.replicates} draws of luck a point; "
        "whiskers 95 %; line: another draw of luck."
    )
