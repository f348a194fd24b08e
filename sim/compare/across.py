"""One arm in two batches side by side: what differs between them, and what that changes."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd

from sim.compare.batch import Batch, Scope
from sim.compare.measures import MEASURES
from sim.compare.printing import WIDTH, aligned, as_csv, place_of
from sim.compare.summary import compare_arms, label_of

# What a manifest says of where numbers come from; settings stand in the resolved scenario.
ORIGINS = ("name", "replicates", "seed", "start", "quarters", "calibrations", "sweep", "digests",
           "versions")
_ROW = ["arm", "baseline", "firm", "quarter", "measure", "unit"]


def compare_batches(
    first: Batch,
    second: Batch,
    *,
    arm: str | None = None,
    baseline: str | None = None,
    firms: Sequence[str] | None = None,
    scopes: tuple[Scope, Scope] | None = None,
) -> pd.DataFrame:
    """One arm against its baseline in two batches.

    Parameters
    ----------
    first, second
        Opened batches; what is not given is taken from the first.
    arm, baseline, firms
        As for :func:`sim.compare.compare_arms`; both batches must have them.
    scopes
        Where in each batch; each one's reference if not given.

    Returns
    -------
    DataFrame
        One row a firm, quarter and measure that both batches have: the columns of
        :func:`sim.compare.compare_arms` twice, ending in ``_first`` and ``_second``. Each
        interval is of its own batch; the batches are not paired with each other.

    Raises
    ------
    InputError
        A name or value that one of the batches does not have.
    """
    arm = first.check_arm(arm or first.first_arm)
    baseline = first.check_arm(baseline or first.baseline)
    firms = list(firms or first.focus)
    places = scopes or (first.reference, second.reference)
    tables = [
        compare_arms(
            batch, arms=[batch.check_arm(arm)], baseline=baseline, firms=firms, scope=place
        )
        for batch, place in zip((first, second), places, strict=True)
    ]
    left, right = (table if len(table) else pd.DataFrame(columns=_ROW) for table in tables)
    return left.merge(right, on=_ROW, how="inner", suffixes=("_first", "_second"))


def differing_origins(first: Batch, second: Batch) -> list[tuple[str, str, str]]:
    """Name and both values of what two manifests say differently of their origin."""

    def text(value: Any) -> str:
        written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=True)
        return written if len(written) <= 60 else written[:57] + "..."

    rows = []
    for name in ORIGINS:
        one, other = first.manifest.get(name), second.manifest.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
            rows += [(f"{name}: {key}", text(one.get(key)), text(other.get(key))) for key in keys]
        elif one != other:
            rows.append((name, text(one), text(other)))
    return rows


def printed_two(
    first: Batch,
    second: Batch,
    *,
    arm: str | None = None,
    baseline: str | None = None,
    firms: Sequence[str] | None = None,
    scopes: tuple[Scope, Scope] | None = None,
) -> str:
    """Everything that ``compare`` prints for two batches: A is the first, B the second."""
    arm, baseline = arm or first.first_arm, baseline or first.baseline
    places = scopes or (first.reference, second.reference)
    table = compare_batches(
        first, second, arm=arm, baseline=baseline, firms=firms, scopes=places
    )
    parts = [
        f"A  {first.folder}: {place_of(first, places[0])}\n"
        f"B  {second.folder}: {place_of(second, places[1])}"
    ]
    origins = differing_origins(first, second)
    if origins:
        parts.append(aligned(["where they differ", "A", "B"], origins))
    parts.append(
        f"{arm} against {baseline}; means over the pairs of each batch, each with its own 95 % "
        "interval"
    )
    differs, same = [], []
    for _, row in table.iterrows():
        if row["quarter"] != first.headline_quarter and row["measure"] != "survives":
            continue
        equal = all(
            row[f"{column}_first"] == row[f"{column}_second"]
            for column in ("baseline_value", "value")
        )
        if equal:
            same.append(f"{label_of(first, row)} ({row['quarter']})")
        else:
            differs.append(_cells(first, row))
    headings = [
        "", "end of", f"{baseline} A", f"{baseline} B", f"{arm} A", f"{arm} B",
        "difference A", "difference B",
    ]
    if differs:
        parts.append(aligned(headings, differs))
    elif len(table):
        parts.append("No measure differs between the two batches.")
    else:
        parts.append("The two batches have no date in common.")
    if same and differs:
        parts.append(textwrap.fill(f"The same in both: {', '.join(same)}.", WIDTH))
    return "\n\n".join(parts) + "\n"


def csv_of_two(
    first: Batch,
    second: Batch,
    *,
    arm: str | None = None,
    baseline: str | None = None,
    firms: Sequence[str] | None = None,
    scopes: tuple[Scope, Scope] | None = None,
) -> str:
    """Every row of :func:`compare_batches` as comma-separated values."""
    return as_csv(
        compare_batches(first, second, arm=arm, baseline=baseline, firms=firms, scopes=scopes)
    )


def _cells(batch: Batch, row: pd.Series[float]) -> list[str]:
    measure = MEASURES[str(row["measure"])]
    levels = [
        measure.show(row[f"{column}_{side}"])
        for column in ("baseline_value", "value")
        for side in ("first", "second")
    ]
    differences = []
    for side in ("first", "second"):
        middle, low, high = (
            measure.show_difference(row[f"{column}_{side}"])
            for column in ("difference", "difference_low", "difference_high")
        )
        differences.append(f"{middle} [{low}, {high}]")
    return [label_of(batch, row), str(row["quarter"]), *levels, *differences]
