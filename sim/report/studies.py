"""Figures of studies, from the rows of their tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import StrMethodFormatter
from numpy.typing import NDArray

from sim.record.writer import write_bytes
from sim.report.distributions import MORE
from sim.report.drawing import drawing, png, svg
from sim.report.style import ARM_STYLES, BASELINE_GREY, GRID, INK, QUIET, headed, tidy

BAR_INCHES = 0.24
# From a loss over paper to a gain, of unequal darkness so that a greyscale print keeps the sign.
EITHER = LinearSegmentedColormap.from_list(
    "either", ["#a63c06", "#e9a27c", "#f4f6f8", "#7fb0d8", "#08406f"]
)
# No colour of a scale, so that what is not known is never taken for a value.
UNKNOWN = "#c9c9c9"

FloatArray = NDArray[np.float64]


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
    figure = Figure(figsize=(7.6, 1.5 + BAR_INCHES * max(len(bars), 1)))
    height = figure.get_figheight()
    axes = figure.add_axes((0.36, 0.72 / height, 0.62, (height - 1.4) / height))
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
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.6g}"))
    tidy(axes)
    axes.grid(visible=False)
    axes.grid(axis="x", color=GRID, linewidth=0.7)
    axes.set_yticks(range(len(bars)), list(bars["path"])[::-1])
    axes.tick_params(axis="y", length=0.0, labelsize=7.5)
    figure.text(
        0.995, 0.05 / height,
        "hatched: the market is calibrated again; grey: not told apart from luck",
        ha="right", va="bottom", size=7.0, color=QUIET,
    )  # fmt: skip
    headed(figure, title, note)
    return figure


def decision_map(
    points: pd.DataFrame,
    cells: pd.DataFrame,
    *,
    x: str,
    y: str,
    column: str,
    signed: bool,
    as_share: bool,
    title: str,
    note: str,
) -> Figure:
    """Two settings across and up, an outcome as colour, the points that were played as marks.

    Parameters
    ----------
    points
        A row a point: the columns named by ``x`` and ``y``, ``effect``, ``decision`` (missing
        where the point failed).
    cells
        A row a cell: ``x_low, x_high, y_low, y_high, value, flips, unknown``. A cell with a corner
        that is unknown is hatched, and grey where no corner is known.
    x, y
        Paths of the two settings.
    column
        What the colour shows, for the name of its scale.
    signed
        The value may lie on either side of zero, as a difference does.
    as_share
        Show the value as per cent or percentage points.
    title, note
        What is seen and how to read it.
    """
    figure = Figure(figsize=(7.6, 5.6))
    axes = figure.add_axes((0.1, 0.11, 0.74, 0.74))
    scale = 100.0 if as_share else 1.0
    values = scale * cells["value"].to_numpy(np.float64)
    shade = _shade(values, signed=signed, top=100.0 if as_share and not signed else None)
    colours = EITHER if signed else MORE
    ends = cells[["x_low", "x_high", "y_low", "y_high"]].to_numpy(np.float64)
    edge = cells["flips"].to_numpy(np.bool_)
    unknown = cells["unknown"].to_numpy(np.int64) > 0
    for (left, right, low, high), value, on_edge, gap in zip(
        ends, values, edge, unknown, strict=True
    ):
        axes.add_patch(
            Rectangle(
                (left, low),
                right - left,
                high - low,
                facecolor=colours(shade(value)) if np.isfinite(value) else UNKNOWN,
                edgecolor=INK if on_edge else "white",
                linewidth=1.3 if on_edge else 0.4,
                zorder=2.0 if on_edge else 1.0,
            )
        )
        if gap:
            axes.add_patch(
                Rectangle(
                    (left, low), right - left, high - low, fill=False, hatch="xxx",
                    edgecolor=QUIET, linewidth=0.0, zorder=1.5,
                )
            )  # fmt: skip
    _marks(axes, points, x, y)
    axes.set_xlim(cells["x_low"].min(), cells["x_high"].max())
    axes.set_ylim(cells["y_low"].min(), cells["y_high"].max())
    axes.margins(0.02)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    tidy(axes)
    axes.grid(visible=False)
    bar = figure.add_axes((0.88, 0.11, 0.025, 0.74))
    legend = figure.colorbar(ScalarMappable(shade, colours), cax=bar)
    unit = ("points" if signed else "%") if as_share else ""
    legend.set_label(f"{column}, {unit}" if unit else column, size=8.5, color=QUIET)
    legend.ax.tick_params(labelsize=8.0, colors=QUIET)
    if unknown.any():
        figure.text(
            0.995, 0.012, f"hatched: a corner of the cell is not known ({int(unknown.sum())} of "
            f"{len(cells)} cells)", ha="right", va="bottom", size=7.5, color=QUIET,
        )  # fmt: skip
    headed(figure, title, note)
    return figure


def _shade(values: FloatArray, *, signed: bool, top: float | None) -> Normalize:
    """Colour scale: about zero where the sign tells, else from the lowest or zero to the top."""
    seen = values[np.isfinite(values)]
    reach = float(np.abs(seen).max(initial=0.0)) or 1.0
    if signed:
        return Normalize(-reach, reach)
    return Normalize(min(0.0, float(seen.min(initial=0.0))), top or reach)


def _marks(axes: Axes, points: pd.DataFrame, x: str, y: str) -> None:
    failed = points["decision"].isna()
    clear = (points["effect"] != 0) & ~failed
    for chosen, fill in ((clear, INK), (~clear & ~failed, "white")):
        kept = points[chosen]
        axes.scatter(
            kept[x], kept[y], s=16.0, marker="o", color=fill, edgecolors=INK, linewidths=0.8,
            zorder=4, clip_on=False,
        )  # fmt: skip
    lost = points[failed]
    axes.scatter(lost[x], lost[y], s=16.0, marker="x", color=INK, zorder=4, clip_on=False)
