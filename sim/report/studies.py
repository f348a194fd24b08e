"""Figures of studies, from the rows of their tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sim.record.writer import write_bytes
from sim.report.drawing import drawing, png, svg
from sim.report.style import ARM_STYLES, BASELINE_GREY, GRID, INK, QUIET, headed, tidy

BAR_INCHES = 0.24
# A claim for the arm, none, and one against it, told apart in grey print too.
DECISIONS = {1: ("#2f7ab8", "o"), 0: ("#e3e6ea", "."), -1: ("#d55e00", "X")}


def write_figure(folder: Path, name: str, figure: Figure) -> list[Path]:
    """Write a figure as SVG and PNG into ``figures`` of a folder.

    Raises
    ------
    StoreError
        The folder cannot be written.
    """
    written = []
    with drawing():
        for ending, content in (("svg", svg(figure).encode()), ("png", png(figure))):
            path = folder / "figures" / f"{name}.{ending}"
            write_bytes(path, content)
            written.append(path)
    return written


def tornado(rows: pd.DataFrame, *, title: str, note: str, label: str) -> Figure:
    """How much each setting matters, the most important on top, against another draw of luck.

    Parameters
    ----------
    rows
        ``path, setting, effect, low, high, beyond_luck``, in order; the row ``dummy`` is drawn as
        a line and not as a bar.
    title, note, label
        What is seen; how to read it; the name of the level axis with its unit.
    """
    dummy = rows["setting"] == "dummy"
    bars = rows[~dummy].reset_index(drop=True)
    figure = Figure(figsize=(7.6, 1.2 + BAR_INCHES * max(len(bars), 1)))
    height = figure.get_figheight()
    axes = figure.add_axes((0.36, 0.5 / height, 0.62, (height - 1.15) / height))
    for place, row in bars.iterrows():
        level = len(bars) - 1 - int(str(place))
        colour = ARM_STYLES[2].colour if row["beyond_luck"] else BASELINE_GREY
        hatch = "//" if row["setting"] == "structural" else None
        axes.barh(
            level, row["effect"], height=0.66, color=colour, hatch=hatch, edgecolor="white",
            linewidth=0.0,
        )  # fmt: skip
        if np.isfinite(row["low"]) and np.isfinite(row["high"]):
            axes.hlines(level, max(row["low"], 0.0), row["high"], color=INK, linewidth=1.1)
    if dummy.any():
        luck = float(rows.loc[dummy, "effect"].iloc[0])
        axes.axvline(luck, color=INK, linewidth=1.0, dashes=(4, 2))
    axes.set_ylim(-0.6, len(bars) - 0.4)
    axes.set_xlim(left=0.0)
    axes.set_xlabel(label)
    tidy(axes)
    axes.grid(visible=False)
    axes.grid(axis="x", color=GRID, linewidth=0.7)
    axes.set_yticks(range(len(bars)), list(bars["path"])[::-1])
    axes.tick_params(axis="y", length=0.0, labelsize=7.5)
    figure.text(
        0.995, 0.012, "hatched: the market is calibrated again; grey: not told apart from luck",
        ha="right", va="bottom", size=7.0, color=QUIET,
    )  # fmt: skip
    headed(figure, title, note)
    return figure
