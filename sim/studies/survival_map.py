"""The survival map: any two settings, any outcome, refined where the decision flips."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.batch.batch import LOCAL
from sim.compare.amounts import percent
from sim.compare.estimates import effect_of, estimate
from sim.compare.pairs import Pairs
from sim.errors import SimError
from sim.record.store import Store
from sim.report.studies import decision_map, write_figure
from sim.scenario.scenario import Scenario
from sim.studies.folder import write_study
from sim.studies.outcome import Outcome
from sim.studies.points import Answers, Point, ask
from sim.studies.ranges import Range, calibrated_again, whole
from sim.studies.refinement import Lattice, Node, flips, leaves, next_nodes

FloatArray = NDArray[np.float64]

# By default an alliance decides where it moves survival by this much, and a firm lives where its
# odds are above even.
POINTS = 0.05
EVEN = 0.5


@dataclass(frozen=True)
class Question:
    """What a map shows.

    Attributes
    ----------
    outcome, arm
        Of which arm.
    x, y
        The two settings and their ranges.
    level
        Decide by the arm's own value instead of by the paired difference to the baseline.
    threshold
        The decision is yes where the value decided by lies above this.
    replicates
        Draws of luck, the same at every point.
    lattice
        Cells of the coarse grid along a side, and how often they may be halved.
    most
        Most points to play.
    """

    outcome: Outcome
    arm: str
    x: Range
    y: Range
    level: bool
    threshold: float
    replicates: int
    lattice: Lattice
    most: int

    @property
    def decided_by(self) -> str:
        """Column that the decision is taken by."""
        return "value" if self.level else "difference"

    def place(self, node: Node) -> tuple[float, float]:
        """Values of the two settings at a node."""
        across, up = self.lattice.unit(node)
        return (
            whole(self.x.path, self.x.low + (self.x.high - self.x.low) * across),
            whole(self.y.path, self.y.low + (self.y.high - self.y.low) * up),
        )

    def points(self, nodes: Sequence[Node]) -> list[Point]:
        """Design points of some nodes."""
        paths = self.x.path, self.y.path
        return [Point(tuple(zip(paths, self.place(node), strict=True))) for node in nodes]

    def arms(self, scenario: Scenario) -> list[str]:
        """The baseline and the arm."""
        return [scenario.heading.baseline, self.arm]


def default_threshold(outcome: Outcome, *, level: bool) -> float:
    """Threshold of a decision that was not given one: 5 points, even odds, or zero."""
    if not outcome.measure.is_yes_no:
        return 0.0
    return EVEN if level else POINTS


def draw_map(
    scenario: Scenario,
    question: Question,
    folder: Path,
    *,
    workers: int = 1,
    executor: str = LOCAL,
    scheduler: str = "",
    command: str = "",
    quiet: bool = True,
) -> tuple[pd.DataFrame, str]:
    """Play a map round by round and write its folder.

    Parameters
    ----------
    scenario, question
        Of whom, and what is shown.
    folder
        Folder of the study; an interrupted one goes on there.
    workers, executor, scheduler, command, quiet
        As :func:`sim.studies.sensitivity_study.study`.

    Returns
    -------
    tuple
        A row a point (``round, x, y`` named by their paths, the numbers of
        :func:`sim.compare.estimates.estimate`, ``decision``, ``effect``, ``error``), and the
        answer in words.

    Raises
    ------
    SimError
        The budget does not reach for the coarse grid, or every point failed.
    """
    began = time.time()
    lattice = question.lattice
    batch = lattice.coarse_nodes()
    if len(batch) > question.most:
        raise SimError(
            f"a grid of {lattice.coarse} by {lattice.coarse} cells has {len(batch)} points, more "
            f"than the {question.most} allowed"
        )
    rows: dict[Node, dict[str, Any]] = {}
    made = turn = 0
    with Store(folder) as store:
        while batch:
            answers = ask(
                scenario, question.outcome, question.points(batch), question.arms(scenario),
                question.replicates, store,
                workers=workers, executor=executor, scheduler=scheduler, quiet=quiet,
            )  # fmt: skip
            made += answers.made
            for place, node in enumerate(batch):
                rows[node] = {"round": turn, **_row(question, node, answers, place)}
            decided = {node: row["decision"] for node, row in rows.items()}
            batch = next_nodes(lattice, decided, question.most - len(rows))
            turn += 1
    table = pd.DataFrame(list(rows.values()))
    cells = _cells(question, rows)
    said = sentence(question, scenario, table, cells)
    write_study(
        folder,
        "map",
        scenario,
        command=command,
        began=began,
        asked={
            "outcome": str(question.outcome),
            "arm": question.arm,
            "baseline": scenario.heading.baseline,
            "x": [question.x.path, question.x.low, question.x.high],
            "y": [question.y.path, question.y.low, question.y.high],
            "decided_by": question.decided_by,
            "threshold": question.threshold,
            "replicates": question.replicates,
            "hold_calibration": scenario.held,
            "coarse": lattice.coarse,
            "depth": lattice.depth,
            "most": question.most,
        },
        found={
            "points": len(table),
            "failed_points": int(table["decision"].isna().sum()),
            "rounds": turn,
            "runs_made": made,
            "answer": said,
            "calibration": calibrated_again(scenario, (question.x, question.y)),
        },
        tables={"map": table, "cells": cells},
    )
    if table["decision"].isna().all():
        raise SimError(f"every point of the map failed: {table['error'].iloc[0]}")
    figure = decision_map(
        table,
        cells,
        x=question.x.path,
        y=question.y.path,
        column=question.decided_by,
        signed=not question.level,
        as_share=question.outcome.measure.is_yes_no,
        title=_title(question, scenario),
        note=f"{len(table)} points, {question.replicates} draws of luck each; framed: the "
        f"edge at {_shown(question)}; filled: a clear effect; cross: failed.",
    )
    write_figure(folder, "map", figure)
    return table, said


def sentence(
    question: Question, scenario: Scenario, table: pd.DataFrame, cells: pd.DataFrame
) -> str:
    """Say how much of the map is decided which way, and how much was left open."""
    area = cells["area"]
    yes = float(area[cells["decision"] == 1].sum())
    no = float(area[cells["decision"] == 0].sum())
    failed = int(table["decision"].isna().sum())
    clear = int((table["effect"] != 0).sum())
    end = "" if question.level else f" A clear effect at {clear} of {len(table)} points."
    end += f" {failed} of {len(table)} points failed." if failed else ""
    return (
        f"{_title(question, scenario)}: above {_shown(question)} in {percent(yes, 0)} of the map, "
        f"not in {percent(no, 0)}; in {percent(max(0.0, 1.0 - yes - no), 0)} the edge lies or "
        f"nothing is known ({len(table)} points).{end}"
    )


def _title(question: Question, scenario: Scenario) -> str:
    less = "" if question.level else f" less {scenario.heading.baseline}"
    return f"{question.outcome} ({question.arm}{less})"


def _shown(question: Question) -> str:
    measure = question.outcome.measure
    if question.level:
        return measure.show(question.threshold)
    text = measure.show_difference(question.threshold)
    return f"{text} points" if measure.is_yes_no else text


def _row(question: Question, node: Node, answers: Answers, place: int) -> dict[str, Any]:
    across, up = question.place(node)
    first, second = answers.values[place]
    seen = np.isfinite(first), np.isfinite(second)
    both = seen[0] & seen[1]
    pairs = Pairs(
        replicates=np.flatnonzero(both),
        baseline=first[both],
        arm=second[both],
        baseline_alone=first[seen[0] & ~seen[1]],
        arm_alone=second[seen[1] & ~seen[0]],
        both_failed=int((~seen[0] & ~seen[1]).sum()),
    )
    numbers = estimate(pairs, yes_no=question.outcome.measure.is_yes_no)
    by = numbers[question.decided_by]
    errors = [text for (point, _, _), text in answers.errors.items() if point == place]
    return {
        question.x.path: across,
        question.y.path: up,
        **numbers,
        "decision": int(by > question.threshold) if np.isfinite(by) else None,
        "effect": effect_of(numbers),
        "error": errors[0] if errors else "",
    }


def _cells(question: Question, rows: Mapping[Node, Mapping[str, Any]]) -> pd.DataFrame:
    """The cells of the map: ends, mean of the corners, area, and a decision if all agree."""
    decided = {node: row["decision"] for node, row in rows.items()}
    made = []
    for cell in leaves(question.lattice, decided):
        corners = [rows[node] for node in cell.corners]
        known = [row[question.decided_by] for row in corners if row["decision"] is not None]
        agreed = {row["decision"] for row in corners}
        low, high = question.place(cell.corners[0]), question.place(cell.corners[3])
        made.append(
            {
                "x_low": low[0],
                "x_high": high[0],
                "y_low": low[1],
                "y_high": high[1],
                "area": (cell.side / question.lattice.steps) ** 2,
                "value": float(np.mean(known)) if known else np.nan,
                "flips": flips(cell, decided),
                "unknown": len(corners) - len(known),
                "decision": agreed.pop() if len(agreed) == 1 else None,
            }
        )
    return pd.DataFrame(made)
