"""A study of facts as text and as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sim.compare.printing import aligned
from sim.studies.facts import FAILS, HOLDS, NOT_BECAUSE, UNCLEAR, VERDICTS, FactStudy, Found

TAIL = 0.05


def printed(study: FactStudy) -> str:
    """The facts, the count first."""
    heading = study.scenario.heading
    rows = [
        [
            each.name,
            _share(each.row, "baseline_value", "baseline_low", "baseline_high"),
            each.fact.placebo,
            _share(each.row, "value", "value_low", "value_high"),
            _share(each.row, "difference", "difference_low", "difference_high", "+"),
            each.verdict,
        ]
        for each in study.facts
    ]
    lines = [
        told(study),
        "",
        f"Share of {heading.replicates} replicates of {heading.baseline} and of the placebo "
        "world, %; difference paired; 95 % intervals",
        aligned(["fact", heading.baseline, "placebo", "there", "difference", "verdict"], rows),
        "",
        aligned(
            ["condition", "asked", heading.baseline, "placebo", "met", "there"],
            [
                [
                    f"{each.name}: {row['condition']}",
                    _asked(row["low"], row["high"]),
                    f"{row['median']:.3g}",
                    f"{row['placebo_median']:.3g}",
                    f"{100.0 * row['met']:.0f} %",
                    f"{100.0 * row['placebo_met']:.0f} %",
                ]
                for each in study.facts
                for row in condition_rows(study, each)
            ],
        ),
        "",
    ]
    for each in study.facts:
        lines += [f"{each.name}: {reason(study, each)}", f"  threshold: {each.fact.basis}"]
    return "\n".join(lines) + "\n"


def told(study: FactStudy) -> str:
    """How many facts come out, and which for another reason."""
    by = {
        verdict: [each.name for each in study.facts if each.verdict == verdict]
        for verdict in VERDICTS
    }
    counts = [f"{len(by[HOLDS])} of {len(study.facts)} facts hold, and clearly less often without "
              "what is said to cause them"]  # fmt: skip
    words = {
        NOT_BECAUSE: "without it as well", UNCLEAR: "with no clear cause", FAILS: "not at all",
    }  # fmt: skip
    counts += [
        f"{len(by[verdict])} {said} ({', '.join(by[verdict])})"
        for verdict, said in words.items()
        if by[verdict]
    ]
    return "; ".join(counts)


def reason(study: FactStudy, found: Found) -> str:
    """The verdict and the number that it hangs on, in a sentence."""
    rows = condition_rows(study, found)
    if found.verdict == FAILS:
        worst = min(rows, key=lambda row: row["met"])
        return (
            f"fails: {worst['condition']} has a median of {worst['median']:.3g} where "
            f"{_asked(worst['low'], worst['high'])} is asked, met in {100.0 * worst['met']:.0f} % "
            "of replicates"
        )
    turned = max(rows, key=lambda row: row["met"] - row["placebo_met"])
    moved = (
        f"{turned['condition']} has a median of {turned['median']:.3g}, and of "
        f"{turned['placebo_median']:.3g} in {found.fact.placebo}"
    )
    if found.verdict != HOLDS or found.row["value"] >= study.holds_in:
        there = f"{100.0 * found.row['value']:.0f} % of replicates of {found.fact.placebo}"
        return f"{found.verdict}; in {there} it holds too: {moved}"
    return f"{found.verdict}: {moved}"


def condition_rows(study: FactStudy, found: Found) -> list[dict[str, Any]]:
    """One row a condition: its band, and median, tails and share met in both worlds."""
    rows = []
    for name, part in found.conditions.groupby("condition", sort=False):
        row: dict[str, Any] = {
            "fact": found.name, "condition": name,
            "low": float(part["low"].iloc[0]), "high": float(part["high"].iloc[0]),
        }  # fmt: skip
        worlds = (("", study.scenario.heading.baseline), ("placebo_", found.fact.placebo))
        for prefix, arm in worlds:
            of_arm = part[part["arm"] == arm]
            known = of_arm["value"].dropna().to_numpy(dtype=np.float64)
            ends = np.quantile(known, [0.5, TAIL, 1.0 - TAIL]) if len(known) else [np.nan] * 3
            row |= {
                f"{prefix}median": float(ends[0]),
                f"{prefix}p05": float(ends[1]),
                f"{prefix}p95": float(ends[2]),
                f"{prefix}unknown": int(of_arm["value"].isna().sum()),
                f"{prefix}met": float(of_arm["met"].mean()),
            }
        rows.append(row)
    return rows


def fact_table(study: FactStudy) -> pd.DataFrame:
    """One row a fact: thresholds' source, shares, paired difference, verdict and reason."""
    return pd.DataFrame(
        [
            {
                "fact": each.name, "placebo": each.fact.placebo, "verdict": each.verdict,
                "share": each.row["baseline_value"], "share_low": each.row["baseline_low"],
                "share_high": each.row["baseline_high"], "placebo_share": each.row["value"],
                "placebo_low": each.row["value_low"], "placebo_high": each.row["value_high"],
                "difference": each.row["difference"],
                "difference_low": each.row["difference_low"],
                "difference_high": each.row["difference_high"], "p": each.row["p"],
                "pairs": each.row["pairs"], "failed_pairs": each.row["failed_pairs"],
                "reason": reason(study, each), "basis": each.fact.basis,
            }
            for each in study.facts
        ]
    )  # fmt: skip


def condition_table(study: FactStudy) -> pd.DataFrame:
    """One row a condition."""
    return pd.DataFrame([row for each in study.facts for row in condition_rows(study, each)])


def replicate_table(study: FactStudy) -> pd.DataFrame:
    """One row a condition and run."""
    return pd.concat(
        [each.conditions.assign(fact=each.name) for each in study.facts], ignore_index=True
    )[["fact", "arm", "replicate", "condition", "value", "met"]]


def _asked(low: float, high: float) -> str:
    if np.isfinite(low) and np.isfinite(high):
        return f"{low:.3g} to {high:.3g}"
    return f"at least {low:.3g}" if np.isfinite(low) else f"at most {high:.3g}"


def _share(row: Mapping[str, float], value: str, low: str, high: str, sign: str = "") -> str:
    numbers = [100.0 * row[key] for key in (value, low, high)]
    if sign:
        return f"{numbers[0]:+.0f} [{numbers[1]:+.0f}, {numbers[2]:+.0f}]"
    return f"{numbers[0]:.0f} [{numbers[1]:.0f}, {numbers[2]:.0f}]"
