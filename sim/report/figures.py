"""Which figures a report has, and the words on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sim.compare import amounts, measures
from sim.compare.batch import Batch
from sim.compare.heat import heat
from sim.compare.paths import (
    alive_strip,
    level_paths,
    pair_differences,
    survival_paths,
)
from sim.compare.sentence import end_of, year_to
from sim.report import distributions, over_time
from sim.report.style import arm_styles


@dataclass(frozen=True)
class Drawing:
    """A figure with its file name and its words.

    Attributes
    ----------
    name
        File name without ending.
    description
        Title and note as drawn, for those who do not see them.
    remark
        What to know beyond them; may be empty.
    figure
        The drawing.
    """

    name: str
    description: str
    remark: str
    figure: Figure


def drawings(batch: Batch) -> list[Drawing]:
    """Draw every figure that the batch has rows for, in the order of the page.

    Parameters
    ----------
    batch
        An opened batch.
    """
    if not (batch.runs_at(batch.reference)["status"] == "ok").any():
        return []
    if not batch.focus:
        return [_prices(batch)]
    firm = batch.focus[0]
    made = [_survival(batch, firm), *_differences(batch, firm), *_heat(batch, firm)]
    made += [_survival(batch, other) for other in batch.focus[1:]]
    return [*made, _prices(batch), _share(batch, firm), _strip(batch)]


def _told_arm(batch: Batch) -> str:
    """The arm whose levels are told: the baseline, or where none of its runs ended the next."""
    runs = batch.runs_at(batch.reference)
    ended = set(runs.loc[runs["status"] == "ok", "arm"])
    return next(arm for arm in (batch.baseline, *batch.arms) if arm in ended)


def _runs_each(paths: pd.DataFrame) -> str:
    counts = sorted({int(count) for count in paths["n"]})
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _survival(batch: Batch, firm: str) -> Drawing:
    paths = survival_paths(batch, firm)
    quarter = batch.headline_quarter
    last = paths[paths["quarter"] == quarter].set_index("arm")["value"]
    said = [
        f"{100.0 * last[arm]:.0f} % in {arm}"
        for arm in dict.fromkeys((batch.baseline, batch.first_arm))
        if arm in last.index
    ]
    name = batch.name(firm)
    who = f"{name}'s electric arm" if firm in batch.state_backed else name
    title = f"{who} alive at {end_of(quarter)}: {', '.join(said)}"
    note = f"Share of runs by arm, {_runs_each(paths)} runs each; bands and whiskers 95 %."
    figure = over_time.survival_by_arm(
        paths,
        arm_styles(batch.arms, batch.baseline),
        title=title,
        note=note,
        baseline=batch.baseline,
        banded=(batch.baseline, batch.first_arm),
        marked=batch.horizons,
    )
    remark = (
        "Alive: the brand is on sale with at least a fifth of its first quarter's cars and "
        "without state money in the last four quarters. A band shows what an arm's runs say on "
        "their own; paired differences are sharper than the overlap of two bands."
    )
    return Drawing(f"survival_{firm}", f"{title}. {note}", remark, figure)


def _differences(batch: Batch, firm: str) -> list[Drawing]:
    quarter = batch.headline_quarter
    rows = pair_differences(batch, measures.UNITS_SOLD.key, firm=firm, quarter=quarter)
    if rows.empty:
        return []
    styles = arm_styles(batch.arms, batch.baseline)
    arms = {arm: style for arm, style in styles.items() if arm != batch.baseline}
    name = batch.name(firm)
    title = f"{name}'s cars in {year_to(quarter)}: each pair's difference to {batch.baseline}"
    note = (
        "One mark a pair of runs with the same luck; right of zero the arm sells more; "
        "upright: mean."
    )
    figure = distributions.paired_differences(
        rows,
        arms,
        title=title,
        note=note,
        label=f"cars sold in {year_to(quarter)}, arm less {batch.baseline}, thousand",
        scale=1e-3,
    )
    remark = (
        "Two humps mean that an arm makes all the difference under some luck and hardly any "
        "under other luck; the mean then describes no pair."
    )
    return [Drawing(f"differences_{firm}", f"{title}. {note}", remark, figure)]


def _heat(batch: Batch, firm: str) -> list[Drawing]:
    rows = heat(batch, firm)
    if rows.empty:
        return []
    quarter, path = batch.headline_quarter, str(rows["path"].iloc[0])
    made = []
    for place, label in enumerate(batch.calibrations):
        of_label = rows[rows["calibration"] == label]
        setting = path.rsplit(".", 1)[-1].replace("_", " ")
        title = f"{batch.name(firm)} alive at {end_of(quarter)}, by {setting} and arm"
        note = (
            f"Share of runs; below, points to {batch.baseline} [95 % interval], bold where an "
            f"effect is clear. Calibration: {label}."
        )
        figure = distributions.heat_table(
            of_label, batch.arms, baseline=batch.baseline, title=title, note=note, path=setting
        )
        pairs = of_label["pairs"].dropna()
        least, most = (int(pairs.min()), int(pairs.max())) if len(pairs) else (0, 0)
        counted = f"{least} pairs a cell" if least == most else f"{least} to {most} pairs a cell"
        remark = f"Darker: alive in more runs. {counted}."
        made.append(Drawing(f"map_{firm}_{place + 1}", f"{title}. {note}", remark, figure))
    return made


def _prices(batch: Batch) -> Drawing:
    paths, told = level_paths(batch, "price_mean"), _told_arm(batch)
    own = paths[paths["arm"] == told]
    first, last = float(own["value"].iloc[0]), float(own["value"].iloc[-1])
    before, after = amounts.money(first), amounts.money(last)
    moved = f"{'falls' if last < first else 'rises'} from {before} to {after}"
    title = (
        f"The mean price of an electric car {moved if before != after else f'stays at {before}'} "
        f"in {told}"
    )
    note = _levels_noted(batch, paths, "mean by arm")
    figure = over_time.level_and_difference(
        paths,
        arm_styles(batch.arms, batch.baseline),
        baseline=batch.baseline,
        title=title,
        note=note,
        level_label="price paid, thousand CNY",
        difference_label=f"difference to {batch.baseline}, thousand CNY",
        scale=1e-3,
    )
    return Drawing("prices", f"{title}. {note}", _at_the_end(batch, paths), figure)


def _levels_noted(batch: Batch, paths: pd.DataFrame, levels: str) -> str:
    """How to read levels, and the paired differences where there are any."""
    arms = set(paths["arm"])
    band = f", band 10 to 90 % of {batch.baseline}'s runs" if batch.baseline in arms else ""
    if arms == {batch.baseline}:
        return f"{levels[0].upper()}{levels[1:]}{band}."
    return f"Left: {levels}{band}. Right: mean paired difference, bands 95 %."


def _at_the_end(batch: Batch, paths: pd.DataFrame) -> str:
    last = paths[paths["arm"] == batch.first_arm].tail(1)
    if last.empty or batch.first_arm == batch.baseline or not last["pairs"].iloc[0]:
        return ""
    row = last.iloc[0]
    difference, low, high = (
        amounts.signed(amounts.money(row[key]), row[key])
        for key in ("difference", "difference_low", "difference_high")
    )
    return (
        f"In {row['quarter']} the price in {batch.first_arm} lies {difference} [{low}, {high}] "
        f"from that in {batch.baseline}."
    )


def _share(batch: Batch, firm: str) -> Drawing:
    paths, told = level_paths(batch, "share", firm=firm), _told_arm(batch)
    own = paths[paths["arm"] == told]
    first, last = float(own["value"].iloc[0]), float(own["value"].iloc[-1])
    title = (
        f"{batch.name(firm)}'s share of electric cars: {amounts.percent(first)} at the start, "
        f"{amounts.percent(last)} at the end in {told}"
    )
    note = _levels_noted(batch, paths, "mean by arm (zero after exit)")
    figure = over_time.level_and_difference(
        paths,
        arm_styles(batch.arms, batch.baseline),
        baseline=batch.baseline,
        title=title,
        note=note,
        level_label="share of cars sold, %",
        difference_label=f"difference to {batch.baseline}, percentage points",
        scale=100.0,
    )
    return Drawing(f"share_{firm}", f"{title}. {note}", "", figure)


def _strip(batch: Batch) -> Drawing:
    arm = _told_arm(batch)
    strip = alive_strip(batch, arm=arm)
    last = strip[strip["t"] == strip["t"].max()]
    everywhere = int(np.isclose(last["value"], 1.0).sum())
    title = (
        f"Who is on sale when: {everywhere} of {len(last)} firms last to "
        f"{batch.quarters[-1].removesuffix('Q4')} in every run of {arm}"
    )
    note = "Share of runs in which the brand is on sale; darker: more runs; right: last quarter."
    figure = distributions.alive_strip(
        strip, {firm: batch.name(firm) for firm in batch.all_firms}, title=title, note=note
    )
    return Drawing("who_is_alive", f"{title}. {note}", "", figure)
