"""Comparisons as aligned plain text, the sentence first."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from sim.compare import amounts
from sim.compare.abroad import CAVEAT, HEADINGS, abroad, abroad_cells, abroad_title
from sim.compare.batch import Batch, Scope
from sim.compare.best import best_arms, best_sentences
from sim.compare.measures import BRAND, MEASURES, MONEY
from sim.compare.rivals import losers
from sim.compare.sentence import answer, chance_findings
from sim.compare.summary import compare_arms, label_of, only_what_differs

WIDTH = 100
# Pairs are expected to bring the spread of money under this part of that of unpaired runs.
NARROW = 0.25


def aligned(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of text: the first one to the left, the others to the right.

    Parameters
    ----------
    headings
        A name a column.
    rows
        Cells, as many in each row as there are headings.
    """
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = []
    for row in [list(headings), ["-" * width for width in widths], *rows]:
        first, *others = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def place_of(batch: Batch, scope: Scope) -> str:
    """Say where in the batch a comparison is made."""
    parts = [f"calibration {scope.calibration}"]
    parts += [f"{path} = {value:g}" for path, value in scope.point.items()]
    return ", ".join(parts)


def side_by_side(batch: Batch, table: pd.DataFrame) -> list[list[str]]:
    """Cells of a comparison: date, label, baseline, arm, difference, interval, p, pairs.

    Parameters
    ----------
    batch
        For the names.
    table
        Rows of :func:`compare_arms`.
    """
    cells = []
    for _, row in table.iterrows():
        measure = MEASURES[str(row["measure"])]
        low, high = (measure.show_difference(row[f"difference_{end}"]) for end in ("low", "high"))
        cells.append(
            [
                label_of(batch, row),
                str(row["quarter"]),
                measure.show(row["baseline_value"]),
                measure.show(row["value"]),
                measure.show_difference(row["difference"]),
                f"[{low}, {high}]",
                amounts.probability(row["p"]),
                f"{row['higher']:.0f}/{row['lower']:.0f}/{row['same']:.0f}",
            ]
        )
    return cells


def worth_of_pairing(table: pd.DataFrame) -> str:
    """Say how many unpaired runs one pair is worth, over the rows in which pairs differ."""
    ratios = table["variance_ratio"].to_numpy(np.float64)
    known = ratios[np.isfinite(ratios)]
    if not len(known):
        return "Pairing: nothing to say, no measure differs between pairs."
    middle = float(np.median(known))
    worth = f" (worth {1.0 / middle:.1f} times as many runs)" if 0.0 < middle < 1.0 else ""
    verdict = "helped" if middle < 1.0 else "did not help"
    said = (
        f"Pairing {verdict}: variance of the difference over that of unpaired runs, "
        f"median {middle:.2f}{worth}, from {known.min():.2f} to {known.max():.2f}."
    )
    return " ".join(filter(None, [said, _worth_of_mirrors(table)]))


def money_spread(batch: Batch, table: pd.DataFrame) -> str:
    """Say how much narrower pairs make the spread of firms' money, and why where not by much.

    Parameters
    ----------
    batch
        For the names.
    table
        Rows of :func:`compare_arms` of one arm and date.
    """
    money = table[(table["unit"] == MONEY) & (table["firm"] != "") & (table["variance_ratio"] > 0)]
    if money.empty:
        return ""
    spread = np.sqrt(money["variance_ratio"].to_numpy(np.float64))
    told = ", ".join(
        f"{label_of(batch, row)} {each:.2f}"
        for each, (_, row) in zip(spread, money.iterrows(), strict=True)
    )
    said = f"Spread (standard deviation) of money, pairs over unpaired runs: {told}."
    wide = money[spread > NARROW]
    if wide.empty:
        return said
    brand = table[(table["measure"] == BRAND.key) & table["firm"].isin(wide["firm"])]
    apart = [
        f"in {row['higher'] + row['lower']:.0f} of {row['pairs']:.0f} pairs the brand "
        f"{batch.name(str(row['firm']))} is on sale in one arm only"
        for _, row in brand.iterrows()
        if row["higher"] + row["lower"] > 0
    ]
    why = "; ".join(apart) or "the same luck meets another treasury or another rescue there"
    return f"{said} Above {NARROW:g} the arm changes what luck does: {why}."


def _worth_of_mirrors(table: pd.DataFrame) -> str:
    """Say what antithetic luck adds to that; empty without it."""
    ratios = table["mirror_ratio"].to_numpy(np.float64)
    known = ratios[np.isfinite(ratios)]
    if not len(known):
        return ""
    middle = float(np.median(known))
    verdict = "helped" if middle < 1.0 else "did not help"
    return (
        f"Of that, mirrored luck {verdict}: variance of a couple's mean over that of two "
        f"independent pairs, median {middle:.2f}, from {known.min():.2f} to {known.max():.2f}."
    )


def printed_comparison(
    batch: Batch,
    *,
    arm: str | None = None,
    baseline: str | None = None,
    firms: Sequence[str] | None = None,
    scope: Scope | None = None,
) -> str:
    """Everything that ``compare`` prints for one arm.

    Parameters
    ----------
    batch
        An opened batch.
    arm, baseline, firms, scope
        The batch's own headline if not given.
    """
    arm = batch.check_arm(arm or batch.first_arm)
    baseline = batch.check_arm(baseline or batch.baseline)
    scope = scope or batch.reference
    sentences = answer(batch, arm=arm, baseline=baseline, firms=firms, scope=scope)
    parts = ["\n".join(textwrap.fill(str(sentence), WIDTH) for sentence in sentences)]
    if arm == baseline:
        return parts[0] + "\n"
    table = compare_arms(batch, arms=[arm], baseline=baseline, firms=firms, scope=scope)
    shown = table[(table["quarter"] == batch.headline_quarter) | (table["measure"] == "survives")]
    differs, same = only_what_differs(shown)
    parts.append(f"{arm} against {baseline}; {place_of(batch, scope)}; means over pairs")
    headings = ["", "end of", baseline, arm, "difference", "95 % interval", "p", "above/below/same"]
    parts.append(aligned(headings, side_by_side(batch, differs)))
    if len(same):
        names = ", ".join(label_of(batch, row) for _, row in same.iterrows())
        parts.append(textwrap.fill(f"The same in every pair: {names}.", WIDTH))
    broken = int(table["failed_pairs"].max()) if len(table) else 0
    whole = int(table["pairs"].max()) if len(table) else 0
    pairs = f"{whole} complete pairs, {broken} with a failed run."
    headline = differs[differs["quarter"] == batch.headline_quarter]
    worth = [worth_of_pairing(headline), money_spread(batch, headline)]
    said = filter(None, [pairs, batch.luck_told, *worth])
    parts.append(textwrap.fill(" ".join(said), WIDTH))
    best = best_sentences(batch, best_arms(batch, firms=firms, scope=scope))
    parts.append("\n".join(textwrap.fill(each, WIDTH) for each in best))
    parts.append(_printed_losers(batch, arm, baseline, scope))
    there = abroad(batch, arms=[arm], baseline=baseline, firms=firms, scope=scope)
    if len(there):
        cells = aligned(HEADINGS, abroad_cells(batch, there))
        parts.append(f"{abroad_title(batch)}\n{cells}\n{textwrap.fill(CAVEAT, WIDTH)}")
    return "\n\n".join(filter(None, parts)) + "\n"


def csv_of_arms(
    batch: Batch,
    *,
    arm: str | None = None,
    baseline: str | None = None,
    firms: Sequence[str] | None = None,
    scope: Scope | None = None,
) -> str:
    """Every row of :func:`compare_arms` as comma-separated values; all arms if none is given."""
    arms = None if arm is None else [arm]
    return as_csv(compare_arms(batch, arms=arms, baseline=baseline, firms=firms, scope=scope))


def as_csv(table: pd.DataFrame, figures: str = "%.10g") -> str:
    """A table as comma-separated values; ten significant digits unless said otherwise."""
    return str(table.to_csv(index=False, float_format=figures, lineterminator="\n"))


def _printed_losers(batch: Batch, arm: str, baseline: str, scope: Scope) -> str:
    table = losers(batch, arm=arm, baseline=baseline, scope=scope)
    if table.empty:
        return "No firm stands outside the alliance." if batch.has_firms else ""
    alive, cars = MEASURES["survives"], MEASURES["units"]
    rows = [
        [
            batch.name(row["firm"]),
            cars.show(row["units_baseline"]),
            cars.show_difference(row["units_difference"]),
            _interval(cars.show_difference, row, "units"),
            alive.show(row["survives_baseline"]),
            alive.show_difference(row["survives_difference"]),
            _interval(alive.show_difference, row, "survives"),
        ]
        for _, row in table.iterrows()
    ]
    headings = ["rival", "cars", "difference", "95 %", "alive", "points", "95 %"]
    found = chance_findings(
        table.rename(columns={"units_low": "difference_low", "units_high": "difference_high"})
    )
    return (
        f"Who loses, {batch.headline_quarter} (most cars lost first)\n"
        f"{aligned(headings, rows)}\nCars: {found}"
    )


def _interval(show: Callable[[float], str], row: pd.Series[float], key: str) -> str:
    return f"[{show(row[f'{key}_low'])}, {show(row[f'{key}_high'])}]"
