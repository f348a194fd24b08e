"""Figures over time: survival by arm, and levels of an arm beside its paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report.style import GRID, INK, ArmStyle, headed, spread_labels, tidy

MARK_EVERY = 4
LABEL_GAP = 11.0
LINE_WIDTH = 1.7
# Wide enough to show on both sides of an arm that lies on it.
BASELINE_WIDTH = 3.2


def survival_by_arm(
    paths: pd.DataFrame,
    styles: Mapping[str, ArmStyle],
    *,
    baseline: str,
    banded: Sequence[str],
    marked: Sequence[str],
    title: str,
    note: str,
) -> Figure:
    """Share of runs in which the firm is alive, quarter by quarter, a line an arm.

    Five bands on each other are mud: the arms named in ``banded`` carry theirs at every
    quarter, all others theirs as whiskers at the quarters named in ``marked``.

    Parameters
    ----------
    paths
        Rows of :func:`sim.compare.survival_paths`.
    styles
        Style of each arm; arms are drawn in this order.
    baseline
        Name of the arm drawn in grey.
    banded
        Arms whose interval is drawn as a band.
    marked
        Quarters at which the tables read the lines, drawn as thin uprights.
    title, note
        What is seen, and what the lines and bands are.
    """
    figure = Figure(figsize=(7.6, 4.3))
    axes = figure.add_axes((0.07, 0.075, 0.80, 0.765))
    arms = [arm for arm in styles if (paths["arm"] == arm).any()]
    others = [arm for arm in arms if arm not in banded]
    ends = []
    for arm in arms:
        path, style = paths[paths["arm"] == arm], styles[arm]
        if arm in banded:
            _band(axes, path, "low", "high", style, 100.0)
        else:
            step = 0.55 * (others.index(arm) - (len(others) - 1) / 2.0)
            _whiskers(axes, path[path["quarter"].isin(marked)], style, step)
        _line(axes, path, "value", style, 100.0, is_baseline=arm == baseline)
        ends.append((arm, 100.0 * float(path["value"].iloc[-1])))
    axes.set_ylim(0.0, 101.5)
    axes.set_ylabel("share of runs, %")
    _quarters_below(axes, paths)
    for quarter in marked:
        place = int(paths.loc[paths["quarter"] == quarter, "t"].iloc[0])
        axes.axvline(place, color=GRID, linewidth=1.0, zorder=0)
    _name_ends(axes, ends, styles)
    headed(figure, title, note)
    return figure


def level_and_difference(
    paths: pd.DataFrame,
    styles: Mapping[str, ArmStyle],
    *,
    baseline: str,
    title: str,
    note: str,
    level_label: str,
    difference_label: str,
    scale: float,
) -> Figure:
    """Levels by arm at the left, paired differences to the baseline at the right.

    The grey band at the left is the spread of the baseline's runs; the bands at the right are
    intervals of the mean difference. Levels of two arms may lie on top of each other while
    their pairs differ in one direction: the right panel shows that. A baseline alone has no right
    panel.

    Parameters
    ----------
    paths
        Rows of :func:`sim.compare.level_paths`.
    styles
        Style of each arm, in drawing order.
    baseline
        Name of the arm drawn in grey.
    title, note
        What is seen, and what lines and bands are.
    level_label, difference_label
        Names of the two upright axes with their units.
    scale
        Factor from the unit of the rows to the unit drawn.
    """
    arms = [arm for arm in styles if (paths["arm"] == arm).any()]
    others = [arm for arm in arms if arm != baseline]
    figure = Figure(figsize=(7.6, 3.7))
    levels = figure.add_axes((0.06, 0.085, 0.365 if others else 0.805, 0.68))
    for arm in arms:
        path, style = paths[paths["arm"] == arm], styles[arm]
        if arm == baseline:
            _band(levels, path, "lower_runs", "upper_runs", style, scale)
        _line(levels, path, "value", style, scale, is_baseline=arm == baseline)
    _quarters_below(levels, paths, every=2)
    levels.set_title(level_label, loc="left", size=8.5, color=INK, pad=7.0)
    if others:
        differences = figure.add_axes((0.49, 0.085, 0.375, 0.68))
        ends = _draw_differences(differences, paths, others, styles, scale)
        differences.axhline(
            0.0, color=styles[baseline].colour, linewidth=BASELINE_WIDTH, zorder=1.5
        )
        ends.append((baseline, 0.0))
        _quarters_below(differences, paths, every=2)
        differences.set_title(difference_label, loc="left", size=8.5, color=INK, pad=7.0)
        _name_ends(differences, ends, styles)
    else:
        last = paths.loc[paths["arm"] == baseline, "value"].iloc[-1]
        _name_ends(levels, [(baseline, scale * float(last))], styles)
    headed(figure, title, note)
    return figure


def _draw_differences(
    axes: Axes,
    paths: pd.DataFrame,
    arms: Sequence[str],
    styles: Mapping[str, ArmStyle],
    scale: float,
) -> list[tuple[str, float]]:
    """Draw the paired differences of some arms; return where each line ends, if it has one."""
    ends = []
    for arm in arms:
        path = paths[paths["arm"] == arm]
        _band(axes, path, "difference_low", "difference_high", styles[arm], scale)
        _line(axes, path, "difference", styles[arm], scale)
        end = scale * float(path["difference"].iloc[-1])
        if np.isfinite(end):
            ends.append((arm, end))
    return ends


def _line(
    axes: Axes,
    path: pd.DataFrame,
    value: str,
    style: ArmStyle,
    scale: float,
    *,
    is_baseline: bool = False,
) -> None:
    axes.plot(
        path["t"].to_numpy(),
        scale * path[value].to_numpy(np.float64),
        color=style.colour,
        linestyle=style.dash,
        linewidth=BASELINE_WIDTH if is_baseline else LINE_WIDTH,
        marker=style.marker,
        markevery=(MARK_EVERY - 1, MARK_EVERY),
        markersize=4.8,
        markeredgecolor="white",
        markeredgewidth=0.5,
    )


def _band(
    axes: Axes, path: pd.DataFrame, low: str, high: str, style: ArmStyle, scale: float
) -> None:
    axes.fill_between(
        path["t"].to_numpy(),
        scale * path[low].to_numpy(np.float64),
        scale * path[high].to_numpy(np.float64),
        color=style.colour,
        alpha=0.15,
        linewidth=0.0,
    )


def _whiskers(axes: Axes, path: pd.DataFrame, style: ArmStyle, step: float) -> None:
    axes.vlines(
        path["t"].to_numpy() + step,
        100.0 * path["low"].to_numpy(np.float64),
        100.0 * path["high"].to_numpy(np.float64),
        color=style.colour,
        linewidth=1.1,
        alpha=0.75,
    )


def _quarters_below(axes: Axes, paths: pd.DataFrame, every: int = 1) -> None:
    """Years as labels at their first quarter; the last quarter ends the axis."""
    quarters = paths[["t", "quarter"]].drop_duplicates().sort_values("t")
    firsts = quarters[quarters["quarter"].str.endswith("Q1")].iloc[::every]
    axes.set_xticks(firsts["t"].to_numpy(), [name[:4] for name in firsts["quarter"]])
    axes.set_xlim(float(quarters["t"].min()) - 0.5, float(quarters["t"].max()) + 0.9)
    tidy(axes)


def _name_ends(
    axes: Axes, ends: Sequence[tuple[str, float]], styles: Mapping[str, ArmStyle]
) -> None:
    """Write each arm's name where its line ends, moved apart where they would overlap."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    box, (width, height) = axes.get_position(), 72.0 * figure.get_size_inches()
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    across = (right - left) / (box.width * width)
    up = (high - low) / (box.height * height)
    heights = spread_labels([float(np.clip(end, low, high)) for _, end in ends], LABEL_GAP * up)
    for (arm, end), place in zip(ends, heights, strict=True):
        style = styles[arm]
        axes.plot(
            [right, right + 9.0 * across],
            [end, place],
            color=style.colour,
            linewidth=0.8,
            clip_on=False,
        )
        axes.plot(
            [right + 9.0 * across],
            [place],
            color=style.colour,
            marker=style.marker,
            markersize=4.4,
            clip_on=False,
        )
        axes.text(right + 14.0 * across, place, arm, color=INK, size=8.5, va="center")
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)
