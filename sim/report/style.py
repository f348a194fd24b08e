"""One look for all figures: a colour, a dash and a marker for each arm, in every picture.

Colours are those of Okabe & Ito (2008), which people with the common colour blindnesses tell
apart. Several of them print in nearly the same grey, so each arm also has its own dash and
marker, and lines are named where they end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

INK = "#1f2328"
QUIET = "#5f6670"
GRID = "#e3e6ea"
BASELINE_GREY = "#6e7681"

Dash = str | tuple[float, tuple[float, ...]]


@dataclass(frozen=True)
class ArmStyle:
    """How an arm is drawn wherever it appears."""

    colour: str
    dash: Dash
    marker: str


BASELINE_STYLE = ArmStyle(BASELINE_GREY, "-", "o")
ARM_STYLES = (
    ArmStyle("#56b4e9", (0.0, (1.2, 1.6)), "v"),
    ArmStyle("#e69f00", (0.0, (6.0, 2.0)), "s"),
    ArmStyle("#0072b2", (0.0, (9.0, 1.2)), "D"),
    ArmStyle("#d55e00", (0.0, (6.0, 1.5, 1.2, 1.5)), "^"),
    ArmStyle("#009e73", (0.0, (3.0, 1.5)), "P"),
    ArmStyle("#cc79a7", (0.0, (6.0, 1.5, 1.2, 1.5, 1.2, 1.5)), "X"),
    ArmStyle("#000000", (0.0, (2.0, 4.0)), "*"),
)


def arm_styles(arms: Sequence[str], baseline: str) -> dict[str, ArmStyle]:
    """Style of each arm by its place in the scenario; the baseline is always grey and solid.

    More than seven other arms begin again at the first colour.
    """
    others = [arm for arm in arms if arm != baseline]
    styles = {arm: ARM_STYLES[place % len(ARM_STYLES)] for place, arm in enumerate(others)}
    return {arm: BASELINE_STYLE if arm == baseline else styles[arm] for arm in arms}


def tidy(axes: Axes) -> None:
    """Leave what carries information: two thin spines, a pale grid across, small ticks."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(QUIET)
        axes.spines[side].set_linewidth(0.6)
    axes.tick_params(colors=QUIET, labelcolor=INK, width=0.6, length=3.0, labelsize=8.5)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_fontsize(8.5)
        label.set_color(QUIET)
    axes.grid(axis="y", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)


def headed(figure: Figure, title: str, note: str) -> None:
    """Title at the left, with a line below that says what is drawn.

    Both shrink where a long name would run out of the picture.

    Parameters
    ----------
    figure
        Already laid out; the head takes the top 0.6 inch.
    title
        What is seen, in a sentence.
    note
        Units, bands and numbers of runs.
    """
    height, room = figure.get_figheight(), 72.0 * (figure.get_figwidth() - 0.1)
    for words, size, weight, ink, down in (
        (title, 10.5, "bold", INK, 0.06),
        (note, 8.5, "normal", QUIET, 0.31),
    ):
        font = FontProperties(family="DejaVu Sans", weight=weight, size=size)
        wide = TextPath((0.0, 0.0), words, prop=font).get_extents().width
        figure.text(
            0.0,
            1.0 - down / height,
            words,
            ha="left",
            va="top",
            fontproperties=font,
            size=size * min(1.0, room / wide),
            color=ink,
        )


def spread_labels(heights: Sequence[float], gap: float) -> list[float]:
    """Move labels apart until neighbours are ``gap`` apart, keeping their order and mean.

    Parameters
    ----------
    heights
        Where the labels would like to stand.
    gap
        Least distance between two of them, in the same unit.
    """
    order = sorted(range(len(heights)), key=lambda place: (heights[place], place))
    # Groups of touching labels, each as (members, centre): a new label joins the group below
    # for as long as the two overlap (pool adjacent violators).
    groups: list[tuple[list[int], float]] = []
    for place in order:
        members, centre = [place], heights[place]
        while groups and centre - groups[-1][1] < gap * (len(members) + len(groups[-1][0])) / 2:
            below, _ = groups.pop()
            members = below + members
            centre = sum(heights[member] for member in members) / len(members)
        groups.append((members, centre))
    placed = [0.0] * len(heights)
    for members, centre in groups:
        first = centre - gap * (len(members) - 1) / 2
        for step, member in enumerate(members):
            placed[member] = first + gap * step
    return placed
