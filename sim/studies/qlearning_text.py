"""The printed study of firms that learn to price, and its table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.errors import printable
from sim.record import write_text
from sim.studies.merger_tables import as_csv
from sim.studies.qlearning import Benchmark, LearningStudy

FloatArray = NDArray[np.float64]


def printed_learning(study: LearningStudy) -> str:
    """Nash, joint, Delta with its interval, and how the sessions ended."""
    game, converged = study.game, study.converged
    lines = [printable(game.name)]
    if game.question:
        lines.append(printable(game.question))
    lines += ["", _verdict(study), "", f"{'':12} {'price':>10} {'profit':>10}"]
    for number, name in enumerate(game.firms):
        lines.append(printable(name))
        for label, point in (("Nash", study.nash), ("joint", study.joint)):
            lines.append(_row(label, point, number))
        if converged.any():
            learnt = Benchmark(
                study.prices[converged].mean(axis=0), study.profits[converged].mean(axis=0)
            )
            lines.append(_row("learnt", learnt, number))
    lines.append("")
    if len(game.firms) == 1:
        lines.append("Delta is not defined: of one firm, Nash and joint prices are the same")
    elif converged.any():
        estimate = study.delta
        lines.append(
            f"Delta {estimate.value:.3f}, 95 % interval {estimate.low:.3f} to "
            f"{estimate.high:.3f}, over {np.count_nonzero(converged)} sessions "
            f"(0 Nash, 1 joint profit)"
        )
        spread = np.std(study.deltas[converged])
        cycles = np.array([one.cycle for one in study.sessions])[converged]
        lines.append(
            f"standard deviation {spread:.3f}; play ends at constant prices in "
            f"{np.mean(cycles == 1):.0%} of sessions, else in cycles of up to {cycles.max()}"
        )
    lines.append(
        f"{study.periods.mean():,.0f} periods a session; {study.speed / 1e6:.1f} million periods "
        f"a second of processor time"
    )
    return "\n".join(lines) + "\n"


def _verdict(study: LearningStudy) -> str:
    count, rest = len(study.sessions), int(np.count_nonzero(study.converged))
    text = f"converged: {rest} of {count} sessions ({rest / count:.1%})"
    if rest < count:
        text += (
            f"; {count - rest} had not after {study.game.stop.most:,} periods and are left out "
            "of the means"
        )
    return text


def _row(label: str, point: Benchmark, firm: int) -> str:
    return f"  {label:10} {point.prices[firm]:10.5f} {point.profits[firm]:10.6f}"


def write_sessions(study: LearningStudy, folder: Path) -> Path:
    """Write ``sessions.csv``: verdict, periods, cycle, Delta, prices and profits a session.

    Raises
    ------
    StoreError
        The file cannot be written.
    """
    firms = list(study.game.firms)
    headings = ["session", "converged", "periods", "cycle", "delta"]
    headings += [f"{what} {firm}" for what in ("price", "profit") for firm in firms]
    rows = [
        [number, one.converged, one.periods, one.cycle, float(delta), *price, *profit]
        for number, (one, delta, price, profit) in enumerate(
            zip(
                study.sessions,
                study.deltas,
                study.prices.tolist(),
                study.profits.tolist(),
                strict=True,
            )
        )
    ]
    path = folder / "sessions.csv"
    write_text(path, as_csv(headings, rows))
    return path
