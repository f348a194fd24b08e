"""The answer in a sentence, hedged by rule and never by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.compare import amounts, measures
from sim.compare.batch import FIRST_ARM, MONEY_ALONE, Batch, Scope
from sim.compare.estimates import effect_of, share_of
from sim.compare.outcomes import outcomes, values_of
from sim.compare.paid import paid_in, received, spent
from sim.compare.summary import compare_arms

# Two amounts of cash that differ by less than this share are the same.
SAME_CASH = 0.01
# Above this share of failed pairs the sentence says how far they could move it.
FAILED_SHARE_TOLD = 0.01


@dataclass(frozen=True)
class Sentence:
    """What is claimed, the numbers in support of it, and what failed runs could change.

    ``str()`` joins them.
    """

    claim: str
    evidence: str = ""
    caveat: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.claim, self.evidence, self.caveat) if part)


def end_of(quarter: str) -> str:
    """Name a date in a sentence: 2030Q4 -> the end of 2030."""
    return f"the end of {quarter[:4]}" if quarter.endswith("Q4") else f"the end of {quarter}"


def year_to(quarter: str) -> str:
    """Name the year that ends with a quarter: 2030Q4 -> 2030, 2030Q2 -> the year to 2030Q2."""
    return quarter[:4] if quarter.endswith("Q4") else f"the year to {quarter}"


def name_arm(batch: Batch, arm: str) -> str:
    """Name an arm in a sentence: The alliance (capital)."""
    if batch.is_merger(arm):
        return f"The merger ({arm})"
    if batch.members(arm):
        return f"The alliance ({arm})"
    if arm == MONEY_ALONE:
        return f"The same money without an ally ({arm})"
    return f"The arm {arm}"


def survival_sentence(
    batch: Batch, row: pd.Series[float], *, subject: str | None = None, odds: str | None = None
) -> Sentence:
    """Say what an arm does to a firm's survival.

    Parameters
    ----------
    batch
        For the names.
    row
        One yes/no row of :func:`compare_arms`.
    subject
        What acts; the arm's name if not given.
    odds
        Whose odds of what, and when; the firm's of being alive if not given.

    Returns
    -------
    Sentence
        "raises" or "lowers" only where :func:`effect_of` finds an effect; else "no clear
        effect".
    """
    quarter, firm, baseline = str(row["quarter"]), str(row["firm"]), str(row["baseline"])
    subject = subject or name_arm(batch, str(row["arm"]))
    odds = odds or f"{batch.name(firm)}'s odds of being alive at {end_of(quarter)}"
    if row["pairs"] == 0:
        return Sentence(f"Nothing can be said about {odds}: no pair of runs finished.")
    before, after = amounts.percent(row["baseline_value"]), amounts.percent(row["value"])
    low, high = amounts.points(row["difference_low"]), amounts.points(row["difference_high"])
    evidence = (
        f"(paired difference {amounts.points(row['difference'])} points, "
        f"95 % interval [{low}, {high}], exact p {amounts.probability(row['p'])}; "
        f"it wins in {row['higher']:.0f} "
        f"and loses in {row['lower']:.0f} of {row['pairs']:.0f} pairs)."
    )
    effect = effect_of(row)
    if effect == 0:
        claim = f"{subject} has no clear effect on {odds}: {before} in {baseline}, {after} with it"
    else:
        verb = "raises" if effect > 0 else "lowers"
        claim = f"{subject} {verb} {odds} from {before} to {after}"
    return Sentence(claim, evidence, _caveat(row))


def _caveat(row: pd.Series[float]) -> str:
    planned = row["pairs"] + row["failed_pairs"]
    if row["failed_pairs"] <= FAILED_SHARE_TOLD * planned:
        return ""
    least, most = amounts.points(row["range_low"]), amounts.points(row["range_high"])
    return (
        f"A run failed in {row['failed_pairs']:.0f} of {planned:.0f} pairs; had all failed runs "
        f"gone one way or the other, the difference would lie between {least} and {most} points."
    )


def answer(
    batch: Batch,
    *,
    arm: str | None = None,
    baseline: str | None = None,
    firms: Sequence[str] | None = None,
    scope: Scope | None = None,
) -> list[Sentence]:
    """Say the answer: a sentence a firm, and for `capital` what the money alone does.

    Parameters
    ----------
    batch
        An opened batch.
    arm, baseline
        The batch's first arm and its baseline if not given.
    firms
        The firms in focus if not given; the first one comes first.
    scope
        The batch's reference if not given.

    Returns
    -------
    list of Sentence
        The headline sentence first.
    """
    arm = batch.check_arm(arm or batch.first_arm)
    baseline = batch.check_arm(baseline or batch.baseline)
    scope = scope or batch.reference
    if not batch.has_firms:
        return [
            Sentence(
                "Nothing can be said about the survival of firms: this batch keeps no rows of "
                "them (record: none)."
            )
        ]
    if arm == baseline:
        nothing = Sentence(f"There is nothing to compare: {arm} is the baseline itself.")
        return [nothing, *(_alone(batch, arm, firm, scope) for firm in firms or batch.focus)]
    said: list[Sentence] = []
    for firm in firms or batch.focus:
        table = _headline_rows(batch, arm, baseline, firm, scope)
        survival = _row(table, measures.SURVIVES.key)
        support = _row(table, measures.STATE_MONEY.key)
        if firm in batch.state_backed or support["baseline_value"] > 0.0:
            said += _backed_firm(batch, firm, survival, support)
            said += _owner_pays(batch, arm, firm, _row(table, measures.OWNER_MONEY.key), scope)
        else:
            said.append(survival_sentence(batch, survival))
            said += _money_alone(batch, arm, baseline, firm, scope)
    return said


def _alone(batch: Batch, arm: str, firm: str, scope: Scope) -> Sentence:
    """Say how often a firm is alive in one arm, with nothing beside it."""
    quarter = batch.headline_quarter
    runs = batch.runs_at(scope, [arm])
    alive = values_of(
        outcomes(batch, runs, [firm], [quarter]), measures.SURVIVES.key, quarter, firm
    ).dropna()
    replicates = runs.set_index("run")["replicate"].reindex(alive.index)
    share = share_of(
        np.asarray(alive, dtype=np.float64),
        replicates.to_numpy(np.int64),
        antithetic=batch.antithetic,
    )
    when = f"at {end_of(quarter)}"
    if share["n"] == 0:
        return Sentence(f"Nothing can be said about {batch.name(firm)} {when}: no run finished.")
    low, high = amounts.percent(share["low"]), amounts.percent(share["high"])
    return Sentence(
        f"In {arm} {batch.name(firm)} is alive {when} in {amounts.percent(share['value'])} of "
        f"{share['n']:.0f} runs",
        f"(95 % interval {low} to {high}).",
    )


def _headline_rows(batch: Batch, arm: str, baseline: str, firm: str, scope: Scope) -> pd.DataFrame:
    return compare_arms(
        batch,
        arms=[arm],
        baseline=baseline,
        firms=[firm],
        scope=scope,
        measures=(measures.SURVIVES, measures.OWNER_MONEY, measures.STATE_MONEY),
        quarters=[batch.headline_quarter],
    )


def _row(table: pd.DataFrame, measure: str) -> pd.Series[float]:
    return table[table["measure"] == measure].iloc[0]


def _backed_firm(
    batch: Batch, firm: str, survival: pd.Series[float], support: pd.Series[float]
) -> list[Sentence]:
    """Sentences for a firm that the state stands behind: its electric arm, and the money."""
    name, quarter = batch.name(firm), str(survival["quarter"])
    said = [
        survival_sentence(
            batch,
            survival,
            odds=(
                f"the odds that {name}'s electric-car arm goes on without state money "
                f"at {end_of(quarter)}"
            ),
        )
    ]
    if support["pairs"] == 0:
        return said
    # What stands behind the firm is not modelled, and is taken to stand.
    group = f"{name}'s group is taken to survive; " if firm in batch.state_backed else ""
    change, low, high = (
        amounts.signed(amounts.money(support[key]), support[key])
        for key in ("difference", "difference_low", "difference_high")
    )
    claim = (
        f"{group}state money to it by {end_of(quarter)} comes to "
        f"{amounts.money(support['baseline_value'])} a run in {support['baseline']} and "
        f"{amounts.money(support['value'])} in {support['arm']}"
    )
    evidence = f"(paired difference {change}, 95 % interval [{low}, {high}])."
    return [*said, Sentence(claim[0].upper() + claim[1:], evidence)]


def _owner_pays(
    batch: Batch, arm: str, firm: str, support: pd.Series[float], scope: Scope
) -> list[Sentence]:
    """Say what a firm's owner pays: support, and what the deal costs him on top."""
    if support["pairs"] == 0 or not support["baseline_value"] + support["value"] > 0.0:
        return []
    change, low, high = (
        amounts.signed(amounts.money(support[key]), support[key])
        for key in ("difference", "difference_low", "difference_high")
    )
    stake = spent(paid_in(batch, scope=scope), arm, firm)
    top = f"; its stake costs {amounts.money(stake)} a run on top" if stake > 0.0 else ""
    return [
        Sentence(
            f"Its owner's support comes to {amounts.money(support['baseline_value'])} a run in "
            f"{support['baseline']} and {amounts.money(support['value'])} in {arm}",
            f"(paired difference {change}, 95 % interval [{low}, {high}]){top}.",
        )
    ]


def _money_alone(batch: Batch, arm: str, baseline: str, firm: str, scope: Scope) -> list[Sentence]:
    """For an arm that brings cash: what the same cash from a stranger does, and what is left."""
    if arm != FIRST_ARM or baseline == MONEY_ALONE or MONEY_ALONE not in batch.arms:
        return []
    money, beyond = (
        _row(_headline_rows(batch, one, other, firm, scope), measures.SURVIVES.key)
        for one, other in ((MONEY_ALONE, baseline), (arm, MONEY_ALONE))
    )
    if money["pairs"] == 0 or beyond["pairs"] == 0:
        return []
    paid = paid_in(batch, scope=scope)
    theirs, ours = received(paid, MONEY_ALONE, firm), received(paid, arm, firm)
    alone, rest = "the same cash without an ally", f"{arm} against {MONEY_ALONE}"
    if abs(theirs - ours) > SAME_CASH * max(theirs, ours):
        more = amounts.signed(amounts.money(ours - theirs), ours - theirs)
        alone = f"{amounts.money(theirs)} without an ally, where {arm} brings {amounts.money(ours)}"
        rest += f", and {more} of cash"
    return [
        Sentence(
            f"Of which money alone ({MONEY_ALONE}: {alone}) {_points_with_interval(money)}; the "
            f"alliance beyond that money ({rest}) {_points_with_interval(beyond)}",
            f"(95 % intervals; it wins in {beyond['higher']:.0f} and loses in "
            f"{beyond['lower']:.0f} of {beyond['pairs']:.0f} pairs against {MONEY_ALONE}).",
            _caveat(beyond),
        )
    ]


def _points_with_interval(row: pd.Series[float]) -> str:
    difference, low, high = (
        amounts.points(row[key]) for key in ("difference", "difference_low", "difference_high")
    )
    hedge = "" if effect_of(row) else ", no clear effect"
    return f"{difference} points [{low}, {high}]{hedge}"


def chance_findings(table: pd.DataFrame) -> str:
    """Say how many intervals leave out zero, and how many would by chance alone.

    Parameters
    ----------
    table
        Rows with ``difference_low`` and ``difference_high``.
    """
    low = table["difference_low"].to_numpy(np.float64)
    high = table["difference_high"].to_numpy(np.float64)
    known = np.isfinite(low) & np.isfinite(high)
    found = int(((low > 0.0) | (high < 0.0))[known].sum())
    return (
        f"{found} of {int(known.sum())} intervals leave out zero; "
        f"by chance alone {0.05 * known.sum():.1f} would."
    )
