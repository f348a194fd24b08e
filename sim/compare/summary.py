"""Baseline, arm and paired difference side by side, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sim.compare.batch import Batch, Scope
from sim.compare.estimates import estimate
from sim.compare.measures import (
    CASH,
    CASH_TOGETHER,
    MEASURES,
    OF_FIRM,
    OF_MARKET,
    SURVIVES,
    Measure,
)
from sim.compare.outcomes import outcomes, values_of
from sim.compare.pairs import make_pairs

KEYS = ["arm", "baseline", "firm", "quarter", "measure", "unit"]


def compare_arms(
    batch: Batch,
    *,
    arms: Sequence[str] | None = None,
    baseline: str | None = None,
    firms: Sequence[str] | None = None,
    scope: Scope | None = None,
    measures: Sequence[Measure] = (*OF_FIRM, *OF_MARKET),
    quarters: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Compare arms with a baseline over pairs of the same luck.

    Levels and differences of a row are of the same complete pairs, so that they subtract.

    Parameters
    ----------
    batch
        An opened batch.
    arms
        Arms to compare; all but the baseline if not given.
    baseline
        The batch's own if not given.
    firms
        Firms to measure; those in focus if not given.
    scope
        Point and calibration; the batch's reference if not given.
    measures
        What to compare.
    quarters
        Dates; the ends of 2027, 2030 and 2034 that the runs reach if not given.

    Returns
    -------
    DataFrame
        One row an arm, firm, quarter and measure: ``baseline_value``, ``value``,
        ``difference``, each with ``_low`` and ``_high`` (95 %), ``p`` (exact McNemar for
        yes/no, else the paired t-test), ``higher``, ``lower``, ``same`` (pairs in which the
        arm lies above, below, level), ``pairs``, ``failed_pairs``, ``observations``
        (independent of each other: pairs, or couples of antithetic luck), ``range_low`` and
        ``range_high`` (yes/no: the difference had all failed pairs gone one way),
        ``variance_ratio`` (variance of the difference over that of unpaired runs; below 1
        pairing helped), ``mirror_ratio`` (antithetic luck: variance of a couple's mean over
        that of two independent pairs; below 1 it helped).

    Raises
    ------
    InputError
        A name or value that the batch does not have.
    """
    baseline = batch.check_arm(baseline or batch.baseline)
    arms = [batch.check_arm(arm) for arm in (arms or batch.arms) if arm != baseline]
    firms = [batch.check_firm(firm) for firm in (batch.focus if firms is None else firms)]
    quarters = list(quarters or batch.horizons)
    runs = batch.runs_at(scope or batch.reference, [baseline, *arms])
    found = outcomes(batch, runs, firms, quarters)
    # One row for a union, under the first of its members: the sum is the same for all.
    poolers = {
        union: firm for firm in reversed(firms) if (union := batch.merged_with(firm))
    }.values()
    rows: list[dict[str, object]] = []
    for arm in arms:
        for firm in [*firms, ""]:
            for measure in measures:
                if measure.of_firm != bool(firm):
                    continue
                if measure is CASH_TOGETHER and firm not in poolers:
                    continue
                # One treasury: what lies on a brand's own account says nothing there.
                if measure is CASH and batch.is_merger(arm) and firm in batch.members(arm):
                    continue
                for quarter in quarters:
                    values = values_of(found, measure.key, quarter, firm)
                    pairs = make_pairs(
                        runs, values, arm, baseline, antithetic=batch.antithetic
                    )
                    rows.append(
                        {
                            "arm": arm,
                            "baseline": baseline,
                            "firm": firm,
                            "quarter": quarter,
                            "measure": measure.key,
                            "unit": measure.unit,
                            **estimate(pairs, yes_no=measure.is_yes_no),
                        }
                    )
    # Also where there is nothing to compare the columns stand: no reader needs a case of its own.
    no_pairs = make_pairs(runs.head(0), pd.Series(dtype=np.float64), baseline, baseline)
    blank = {**dict.fromkeys(KEYS, ""), **estimate(no_pairs, yes_no=True)}
    return pd.DataFrame(rows or [blank]).head(len(rows))


def only_what_differs(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split a comparison into rows worth a line and rows in which no pair differs.

    Headline survival always stays: that nothing differs there is the answer.
    """
    worth = (table["higher"] + table["lower"] > 0) | (table["pairs"] == 0)
    worth |= table["measure"] == SURVIVES.key
    return table[worth].reset_index(drop=True), table[~worth].reset_index(drop=True)


def label_of(batch: Batch, row: pd.Series[float]) -> str:
    """Name of a row for people, with the firm and, for pooled cash, its members."""
    measure = MEASURES[str(row["measure"])]
    firm = str(row["firm"])
    if measure.key == "cash_together":
        members = " and ".join(batch.name(member) for member in batch.merged_with(firm))
        return f"cash of {members} together"
    return f"{batch.name(firm)}: {measure.label}" if firm else measure.label
