"""Figures of how pairs differ, of the map war intensity x arm, and of who is alive when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from sim.compare.amounts import points
from sim.compare.estimates import effect_of
from sim.report.style import BASELINE_GREY, GRID, INK, QUIET, ArmStyle, headed, tidy

FloatArray = NDArray[np.float64]

# One hue from paper to blue, darker for more: order survives a greyscale printer.
MORE = LinearSegmentedColormap.from_list(
    "more", ["#f4f6f8", "#c6d9ec", "#7fb0d8", "#2f7ab8", "#08406f"]
)
DARK_CELL = 0.55
ROW_INCHES = 0.78
BINS = 90
MARK_STEP = 0.075


def paired_differences(
    differences: pd.DataFrame,
    styles: Mapping[str, ArmStyle],
    *,
    title: str,
    note: str,
    label: str,
    scale: float,
) -> Figure:
    """One mark a pair: how far the arm lies from the baseline under the same luck.

    Nearly equal pairs stand above and below each other, so the outline is that of a
    distribution; two humps stay two humps.

    Parameters
    ----------
    differences
        Rows of :func:`sim.compare.pair_differences`: ``arm, replicate, difference``.
    styles
        Style of each arm to draw, from top to bottom.
    title, note, label
        What is seen; how to read it; the name of the level axis with its unit.
    scale
        Factor from the unit of the rows to the unit drawn.
    """
    arms = [arm for arm in styles if (differences["arm"] == arm).any()]
    rows = max(len(arms), 1)
    figure = Figure(figsize=(7.6, 1.1 + ROW_INCHES * rows))
    height = figure.get_figheight()
    axes = figure.add_axes((0.09, 0.45 / height, 0.905, ROW_INCHES * rows / height))
    drawn = scale * differences["difference"].to_numpy(np.float64)
    edges = _edges(drawn)
    for row, arm in enumerate(arms):
        values = np.sort(drawn[(differences["arm"] == arm).to_numpy()])
        middle = len(arms) - 0.62 - row
        axes.axhline(len(arms) - 1.0 - row, color=GRID, linewidth=0.8)
        across, up = _swarm(values, edges)
        axes.scatter(
            across,
            middle + up,
            s=15.0,
            marker=styles[arm].marker,
            color=styles[arm].colour,
            edgecolors="white",
            linewidths=0.3,
            zorder=3,
        )
        mean = float(values.mean())
        axes.vlines(mean, middle - 0.33, middle + 0.33, color=INK, linewidth=1.8, zorder=4)
        above, below = int((values > 0.0).sum()), int((values < 0.0).sum())
        axes.text(
            0.998,
            len(arms) - row - 0.07,
            f"{len(values)} pairs: higher in {above}, lower in {below}, "
            f"equal in {len(values) - above - below}",
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="top",
            size=8.0,
            color=QUIET,
        )
    axes.axvline(0.0, color=BASELINE_GREY, linewidth=1.2, zorder=1)
    axes.set_ylim(0.0, rows)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_xlabel(label)
    tidy(axes)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([len(arms) - 0.62 - row for row in range(len(arms))], arms)
    axes.tick_params(axis="y", length=0.0)
    headed(figure, title, note)
    return figure


def _edges(values: FloatArray) -> FloatArray:
    """(B+1,) edges of bins of equal width, zero in the middle of one of them."""
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    reach = (high - low) or 1.0
    width = reach * 1.1 / BINS
    first = np.floor((low - 0.05 * reach) / width)
    last = np.ceil((high + 0.05 * reach) / width)
    return np.asarray((np.arange(first, last + 2.0) - 0.5) * width, dtype=np.float64)


def _swarm(values: FloatArray, edges: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Place sorted values at their own level, those of one bin spread about the row's middle.

    Returns
    -------
    tuple of ndarray
        (N,) levels and (N,) heights in rows; a crowded bin closes up and stays in its row.
    """
    place = np.searchsorted(edges, values, side="right")
    first = np.searchsorted(place, place, side="left")
    total = np.searchsorted(place, place, side="right") - first
    step = np.minimum(MARK_STEP, 0.56 / np.maximum(total - 1, 1))
    return values, (np.arange(len(values)) - first - (total - 1) / 2.0) * step


def heat_table(
    rows: pd.DataFrame, arms: Sequence[str], *, baseline: str, title: str, note: str, path: str
) -> Figure:
    """Survival at each swept value (down) and arm (across), the number printed in each cell.

    Below the share stands the paired difference to the baseline with its interval; it is bold
    where an effect may be claimed (:func:`sim.compare.estimates.effect_of`).

    Parameters
    ----------
    rows
        Rows of :func:`sim.compare.heat` of one calibration.
    arms
        Columns, in order.
    baseline
        The arm that has no difference.
    title, note
        What is seen and how to read a cell.
    path
        The swept setting, named at the side.
    """
    values = sorted(rows["setting"].unique())
    figure = Figure(figsize=(7.6, 0.95 + 0.54 * len(values)))
    height = figure.get_figheight()
    axes = figure.add_axes((0.085, 0.03 / height, 0.915, 0.54 * len(values) / height))
    shade = Normalize(0.0, 1.0)
    indexed = rows.set_index(["setting", "arm"])
    for line, value in enumerate(values):
        for column, arm in enumerate(arms):
            if (value, arm) not in indexed.index:
                continue
            cell = indexed.loc[(value, arm)]
            _cell(axes, column, line, cell, shade, is_baseline=arm == baseline)
    axes.set_xlim(0.0, len(arms))
    axes.set_ylim(len(values), 0.0)
    axes.set_xticks([column + 0.5 for column in range(len(arms))], arms)
    axes.xaxis.tick_top()
    axes.set_yticks([line + 0.5 for line in range(len(values))], [f"{value:g}" for value in values])
    axes.tick_params(length=0.0, labelcolor=INK, labelsize=9.0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_ylabel(path, size=8.5, color=QUIET)
    headed(figure, title, note)
    return figure


def _cell(
    axes: Axes,
    column: int,
    line: int,
    cell: pd.Series[float],
    shade: Normalize,
    *,
    is_baseline: bool,
) -> None:
    survival = float(cell["value"])
    known = bool(np.isfinite(survival))
    # White is a share of nought; what is not known is hatched.
    colour = MORE(shade(survival)) if known else "#ffffff"
    axes.add_patch(
        Rectangle(
            (column + 0.02, line + 0.03), 0.96, 0.94, facecolor=colour, linewidth=0.0,
            hatch=None if known else "xxx", edgecolor=None if known else GRID,
        )
    )  # fmt: skip
    ink = "#ffffff" if known and survival > DARK_CELL else INK
    axes.text(
        column + 0.5,
        line + (0.5 if is_baseline else 0.36),
        f"{100.0 * survival:.0f} %" if known else "not known",
        ha="center",
        va="center",
        size=10.5,
        color=ink,
    )
    if is_baseline or not np.isfinite(cell["difference"]):
        return
    low, high = float(cell["difference_low"]), float(cell["difference_high"])
    text = f"{points(cell['difference'], 0)} [{points(low, 0)}, {points(high, 0)}]"
    axes.text(
        column + 0.5,
        line + 0.73,
        text,
        ha="center",
        va="center",
        size=7.6,
        color=ink,
        weight="bold" if effect_of(cell) else "normal",
    )


def alive_strip(strip: pd.DataFrame, names: Mapping[str, str], *, title: str, note: str) -> Figure:
    """Who is on sale when: a row a firm, a column a quarter, darker for more of the runs.

    Parameters
    ----------
    strip
        Rows of :func:`sim.compare.alive_strip`: ``firm, t, quarter, value``.
    names
        Display name by firm.
    title, note
        What is seen and how to read it.
    """
    table = strip.pivot(index="firm", columns="t", values="value")
    last = table[table.columns[-1]]
    mean = table.mean(axis=1)
    order = sorted(table.index, key=lambda firm: (-last[firm], -mean[firm], names.get(firm, firm)))
    table = table.loc[order]
    figure = Figure(figsize=(7.6, 0.9 + 0.205 * len(order)))
    height = figure.get_figheight()
    axes = figure.add_axes((0.21, 0.26 / height, 0.725, 0.205 * len(order) / height))
    # Rectangles and not an image: text tools, zoom and print keep them sharp.
    axes.pcolormesh(
        np.arange(table.shape[1] + 1) - 0.5,
        np.arange(len(order) + 1),
        table.to_numpy(np.float64),
        cmap=MORE,
        vmin=0.0,
        vmax=1.0,
        edgecolors="white",
        linewidth=0.4,
    )
    axes.set_ylim(len(order), 0.0)
    axes.set_yticks(np.arange(len(order)) + 0.5, [names.get(firm, firm) for firm in order])
    quarters = strip[["t", "quarter"]].drop_duplicates().sort_values("t")
    firsts = quarters[quarters["quarter"].str.endswith("Q1")]
    axes.set_xticks(firsts["t"].to_numpy() - 0.5, [name[:4] for name in firsts["quarter"]])
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("left")
    axes.tick_params(length=0.0, labelcolor=INK, labelsize=8.0)
    for side in axes.spines.values():
        side.set_visible(False)
    right = table.shape[1] - 0.2
    for row, firm in enumerate(order):
        axes.text(right, row + 0.5, f"{100.0 * last[firm]:.0f} %", va="center", size=8.0, color=INK)
    headed(figure, title, note)
    return figure
