"""Sections of the page that tell what was found, and the strip of trust."""

from __future__ import annotations

import pandas as pd

from sim.compare import amounts, measures
from sim.compare.batch import Batch
from sim.compare.best import best_sentences
from sim.compare.estimates import effect_of
from sim.compare.measures import MEASURES
from sim.compare.printing import money_spread, place_of, side_by_side, worth_of_pairing
from sim.compare.sentence import chance_findings, end_of, year_to
from sim.compare.summary import label_of, only_what_differs
from sim.report.markup import facts, paragraph, section, table

SIDE_HEADINGS = ("difference", "95 % interval", "p", "above / below / same")


def trust_strip(batch: Batch, comparison: pd.DataFrame) -> str:
    """What the answer stands on, in one line of small facts."""
    counts, trust = batch.manifest["runs"], batch.manifest["trust"]
    first = comparison[
        (comparison["measure"] == measures.SURVIVES.key)
        & (comparison["quarter"] == batch.headline_quarter)
        & (comparison["arm"] == batch.first_arm)
    ]
    pairs, broken = (
        (int(first["pairs"].iloc[0]), int(first["failed_pairs"].iloc[0])) if len(first) else (0, 0)
    )
    couples = ""
    if batch.antithetic and len(first):
        couples = f" in {int(first['observations'].iloc[0])} complete couples of mirrored luck"
    share = counts["failed"] / counts["total"] if counts["total"] else 0.0
    warned = trust.get("solver_warnings")
    return facts(
        [
            ("Pairs behind the answer", f"{pairs}{couples}, and {broken} with a failed run"),
            (
                "Failed runs",
                f"{counts['failed']} of {counts['total']} ({amounts.percent(share, 2)})",
            ),
            (
                "Runs with solver warnings",
                amounts.percent(float(warned), 2)
                if warned is not None
                else "none kept: a quarter whose prices do not converge fails its run",
            ),
            ("Calibrated on", str(trust.get("calibration_date", "not stated"))),
            ("Forecast error", _forecast(trust.get("forecast"))),
            ("Parameters", _covered(batch)),
        ],
        class_="strip",
    )


def _forecast(said: object) -> str:
    if said is None or (isinstance(said, str) and said.startswith("not ")):
        return "not measured in this version"
    if isinstance(said, dict):
        return ", ".join(f"{name}: {value}" for name, value in said.items())
    return str(said)


def _covered(batch: Batch) -> str:
    if batch.manifest["parameters"] == "drawn":
        return "drawn anew in each replicate: intervals cover luck and parameters"
    return "held: intervals cover luck alone, not doubt about the assumptions"


def side_by_side_section(batch: Batch, comparison: pd.DataFrame) -> str:
    """Baseline, first arm and paired difference at the headline's date, firm by firm."""
    if comparison.empty:
        return ""
    rows = comparison[
        (comparison["arm"] == batch.first_arm) & (comparison["quarter"] == batch.headline_quarter)
    ]
    rows, same = only_what_differs(rows)
    cells = side_by_side(batch, rows)
    groups = [batch.name(str(firm)) if firm else "The market" for firm in rows["firm"]]
    shown = []
    for line, firm in zip(cells, rows["firm"], strict=True):
        label = line[0].removeprefix(f"{batch.name(str(firm))}: ") if firm else line[0]
        shown.append([label, *line[2:]])
    headings = ["", batch.baseline, batch.first_arm, *SIDE_HEADINGS]
    strong = [effect_of(row) != 0 for _, row in rows.iterrows()]
    title = f"{batch.baseline} and {batch.first_arm} at {end_of(batch.headline_quarter)}"
    return section(
        title,
        table(headings, shown, groups=groups, strong=strong),
        paragraph(
            f"{place_of(batch, batch.reference)}. Means over pairs of runs with the same luck; "
            "differences of yes/no rows and shares in percentage points; bold where the interval "
            "leaves out zero and p is under 0.05. The last column counts the pairs in which the "
            "arm lies above, below and level. "
            + " ".join(
                filter(None, [batch.luck_told, worth_of_pairing(rows), money_spread(batch, rows)])
            ),
            "note",
        ),
        _same_everywhere(batch, same),
    )


def _same_everywhere(batch: Batch, same: pd.DataFrame) -> str:
    if same.empty:
        return ""
    names = ", ".join(label_of(batch, row) for _, row in same.iterrows())
    return paragraph(f"The same in every pair: {names}.", "note")


def every_arm_section(batch: Batch, comparison: pd.DataFrame) -> str:
    """Survival of each firm in focus by arm and date, with the paired difference."""
    if comparison.empty or not batch.focus:
        return ""
    made = []
    for firm in batch.focus:
        rows = comparison[
            (comparison["firm"] == firm)
            & comparison["measure"].isin([m.key for m in measures.SURVIVAL])
        ]
        cells, groups = [], []
        for measure in measures.SURVIVAL:
            of_measure = rows[rows["measure"] == measure.key]
            for arm in dict.fromkeys(of_measure["arm"]):
                of_arm = of_measure[of_measure["arm"] == arm].set_index("quarter")
                cells.append([arm, *(_level_and_difference(of_arm.loc[q]) for q in batch.horizons)])
                groups.append(f"{measure.label} ({batch.baseline}: {_of_baseline(of_measure)})")
        made.append(
            table(
                ["arm", *(end_of(quarter).removeprefix("the ") for quarter in batch.horizons)],
                cells,
                caption=batch.name(firm),
                groups=groups,
            )
        )
    return section(
        "Every arm",
        *made,
        paragraph(
            f"Share of runs, and in brackets points to {batch.baseline} with the 95 % interval. "
            "A merged brand can be alive while control of it has passed.",
            "note",
        ),
    )


def _level_and_difference(row: pd.Series[float]) -> str:
    survival = measures.SURVIVES
    low, high = (survival.show_difference(row[f"difference_{end}"]) for end in ("low", "high"))
    return (
        f"{amounts.percent(row['value'], 0)} "
        f"({survival.show_difference(row['difference'])} [{low}, {high}])"
    )


def _of_baseline(rows: pd.DataFrame) -> str:
    first = rows.drop_duplicates("quarter").set_index("quarter")["baseline_value"]
    return ", ".join(
        f"{str(quarter).removesuffix('Q4')} {amounts.percent(value, 0)}"
        for quarter, value in first.items()
    )


def best_section(batch: Batch, best: pd.DataFrame) -> str:
    """Which arm is the best by survival and by cash, or that the runs do not decide it."""
    if best.empty:
        return ""
    rows, groups, strong = [], [], []
    for _, row in best.iterrows():
        measure = MEASURES[str(row["measure"])]
        behind = measure.show_difference(row["behind_at_most"])
        rows.append(
            [
                str(row["arm"]),
                measure.show(row["value"]),
                "yes" if row["may_be_best"] else "no",
                behind if row["behind_at_most"] else "–",
            ]
        )
        groups.append(label_of(batch, row))
        strong.append(bool(row["may_be_best"]))
    return section(
        "Which arm is best",
        *(paragraph(each) for each in best_sentences(batch, best)),
        table(
            ["arm", "mean", "may be the best", "behind the best of the others by at most"],
            rows,
            groups=groups,
            strong=strong,
        ),
        paragraph(
            "All arms at once, over replicates that ended in every arm. An arm is out where "
            "another lies clearly above it; the best stays in with 95 % (multiple comparisons with "
            "the best, Hsu 1984, by paired differences with Bonferroni's inequality; exact McNemar "
            "for odds). How many replicates more: Kim & Nelson 2001.",
            "note",
        ),
    )


def losers_section(batch: Batch, rivals: pd.DataFrame) -> str:
    """Rivals in the order of the cars that they lose."""
    if rivals.empty:
        return ""
    cars, alive = MEASURES["units"], MEASURES["survives"]
    rows = [
        [
            batch.name(str(row["firm"])),
            cars.show(row["units_baseline"]),
            _change(cars, row, "units"),
            alive.show(row["survives_baseline"]),
            _change(alive, row, "survives"),
        ]
        for _, row in rivals.iterrows()
    ]
    year = year_to(batch.headline_quarter)
    headings = [
        "rival",
        f"cars {year}, {batch.baseline}",
        f"paired difference, {batch.first_arm}",
        f"alive, {batch.baseline}",
        "points",
    ]
    found = chance_findings(
        rivals.rename(columns={"units_low": "difference_low", "units_high": "difference_high"})
    )
    return section(
        "Who loses",
        table(headings, rows),
        paragraph(f"Of the differences in cars, {found}", "note"),
    )


def _change(measure: measures.Measure, row: pd.Series[float], key: str) -> str:
    difference, low, high = (
        measure.show_difference(row[f"{key}_{end}"]) for end in ("difference", "low", "high")
    )
    return f"{difference} [{low}, {high}]"


def buyers_section(batch: Batch, comparison: pd.DataFrame) -> str:
    """Price, consumer surplus and concentration by arm at the last date."""
    if comparison.empty:
        return ""
    last = batch.horizons[-1]
    rows = comparison[(comparison["firm"] == "") & (comparison["quarter"] == last)]
    cells, groups, strong = [], [], []
    for line, (_, row) in zip(side_by_side(batch, rows), rows.iterrows(), strict=True):
        cells.append([str(row["arm"]), *line[2:]])
        groups.append(line[0])
        strong.append(effect_of(row) != 0)
    order = sorted(range(len(groups)), key=lambda place: groups.index(groups[place]))
    return section(
        "Buyers and the market",
        table(
            ["", batch.baseline, "arm", *SIDE_HEADINGS],
            [cells[place] for place in order],
            groups=[groups[place] for place in order],
            strong=[strong[place] for place in order],
        ),
        paragraph(
            f"At {end_of(last)}. Consumer surplus is summed from {batch.quarters[0]}, "
            "without discount; its level is known only up to a constant, so read its differences.",
            "note",
        ),
    )


def deal_section(batch: Batch, deals: pd.DataFrame, paid: pd.DataFrame) -> str:
    """What became of the contract in each arm, and who paid what for new shares."""
    made = [*_contracts(deals), *_new_money(batch, paid)]
    return section("The deal and the authority", *made) if made else ""


def _new_money(batch: Batch, paid: pd.DataFrame) -> list[str]:
    if paid.empty:
        return []
    rows = [
        [
            str(row["arm"]),
            batch.name(str(row["firm"])),
            batch.name(str(row["investor"])),
            amounts.money(float(row["amount"])),
            f"{row['runs']:.0f}",
        ]
        for _, row in paid.iterrows()
    ]
    headings = ["arm", "to", "paid by", "amount", "runs"]
    caption = "New shares: what was paid for them, mean over the runs in which it was"
    told = paragraph(
        "A firm's stake is paid by its owner unless the contract says otherwise: it lowers no "
        "firm's cash here, and is what the deal costs. Equity raised on the market is left out: "
        "the same rule holds in every arm.",
        "note",
    )
    return [table(headings, rows, caption=caption), told]


def _contracts(deals: pd.DataFrame) -> list[str]:
    if deals.empty:
        return []
    rows = [
        [str(row["arm"]), *(f"{row[key]:.0f}" for key in deals.columns[1:])]
        for _, row in deals.iterrows()
    ]
    headings = [
        "arm",
        "runs",
        "signed",
        "cleared by the authority",
        "prohibited",
        "a member had left",
        "ended early",
    ]
    return [table(headings, rows, caption="Number of runs in which it happened")]
