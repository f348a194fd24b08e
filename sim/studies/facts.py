"""Facts of past years, looked for in a model world and in worlds without what causes them.

Each fact has a statistic (:mod:`sim.studies.fact_measures`) and a placebo arm on the same luck.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.batch.batch import Failure, run_batch
from sim.compare.estimates import effect_of, estimate
from sim.compare.pairs import make_pairs
from sim.errors import Fault, InputError, SimError
from sim.record.batch import Batch, open_batch
from sim.scenario.facts import CutsAnswered, Fact, Facts
from sim.scenario.market_tables import read_market
from sim.scenario.panel import Moment, read_panel_moments
from sim.scenario.scenario import Scenario
from sim.studies.fact_measures import SPREAD, Condition, History, conditions, leaders_cuts

HOLDS, FAILS = "holds", "fails"
NOT_BECAUSE = "holds, but not because of the mechanism"
UNCLEAR = "holds, its cause is not clear"
VERDICTS = (HOLDS, NOT_BECAUSE, UNCLEAR, FAILS)
BATCH = "batch"
# Runs read at a time: a run of three years has about a thousand rows.
AT_ONCE = 100
_OF_FIRMS = (
    "units", "exports", "capacity", "revenue", "contribution", "result", "other_income", "brand",
)  # fmt: skip
_OF_LINES = ("units", "price", "cost")


@dataclass(frozen=True)
class Found:
    """One fact after the look.

    Attributes
    ----------
    name
        Of the fact.
    fact
        Its thresholds.
    verdict
        One of ``VERDICTS``.
    row
        Shares of replicates, paired difference (placebo less true world), p and counts:
        :func:`sim.compare.estimates.estimate`.
    conditions
        Of both worlds, replicate by replicate: ``run, replicate, arm, condition, value, low,
        high, met``.
    """

    name: str
    fact: Fact
    verdict: str
    row: Mapping[str, float]
    conditions: pd.DataFrame


@dataclass(frozen=True)
class FactStudy:
    """All facts of a scenario, and the runs that failed."""

    scenario: Scenario
    facts: tuple[Found, ...]
    runs: int
    failed: int
    failures: tuple[Failure, ...]

    @property
    def holds_in(self) -> float:
        """Least share of replicates in which a fact must hold."""
        facts = self.scenario.heading.facts
        assert facts is not None
        return facts.holds_in


def stated_facts(scenario: Scenario) -> Facts:
    """The facts that a scenario asks for.

    Raises
    ------
    InputError
        It asks for none, it sweeps a setting, its replicates are not independent or their number
        is left to a stopping rule, or a panel lacks a horizon.
    """
    scenario = scenario.independent("a study of facts")
    heading, faults = scenario.heading, []

    def add(path: tuple[str, ...], value: object, expected: str) -> None:
        place = scenario.tree.place(path) or (scenario.file, 0)
        faults.append(Fault(*place, ".".join(path), str(value), expected))

    if heading.facts is None:
        add(("facts",), "", "facts to look for, as in scenarios/facts_2022_2024.yaml")
    elif heading.facts.shares_move is not None:
        asked = heading.facts.shares_move
        known = panel_spread(asked.panel)
        for horizon in asked.horizons:
            if horizon not in known:
                expected = f"one of {', '.join(map(str, known))}: horizons of {asked.panel}"
                add(("facts", "shares_move", "horizons"), horizon, expected)
    if scenario.sweep:
        add(("sweep",), ", ".join(path for path, _ in scenario.sweep), "no sweep: one world")
    if heading.until is not None:
        add(("until",), "", "a number of replicates; facts have no stopping rule")
    if faults or heading.facts is None:
        raise InputError(faults)
    return heading.facts


def panel_spread(market: str) -> dict[int, Moment]:
    """Spread of log-share changes by horizon in a market's panel."""
    return {each.horizon: each for each in read_panel_moments(market) if each.name == SPREAD}


def study_facts(scenario: Scenario, folder: Path, **labour: Any) -> FactStudy:
    """Play the true world and the placebo worlds, and look for the facts in both.

    Parameters
    ----------
    folder
        The batch is kept in ``batch`` below it; runs made before are not made again.
    labour
        ``workers``, ``executor``, ``scheduler``, ``quiet``, ``commands``: as for
        :func:`sim.batch.batch.run_batch`.

    Raises
    ------
    InputError
        The scenario cannot be looked into (:func:`stated_facts`).
    SimError
        A fact has not one pair of runs.
    """
    facts = stated_facts(scenario)
    arms = scenario.with_baseline([fact.placebo for fact in facts.stated.values()])
    finished = run_batch(scenario, folder / BATCH, arms=arms, **labour)
    looked = look(scenario, facts, open_batch(finished.folder))
    return FactStudy(scenario, looked, finished.total, finished.failed, finished.failures)


def look(scenario: Scenario, facts: Facts, batch: Batch) -> tuple[Found, ...]:
    """Look for the facts in the rows of a finished batch.

    Raises
    ------
    SimError
        A fact has not one pair of runs.
    """
    runs = batch.table("runs", columns=["run", "replicate", "arm", "status"])
    baseline, moves = scenario.heading.baseline, facts.shares_move
    panel = {} if moves is None else panel_spread(moves.panel)
    kinds = {row.firm_id: row.kind for row in read_market(scenario.heading.market).firms}
    told: dict[str, list[dict[str, object]]] = {name: [] for name in facts.stated}
    led: dict[int, NDArray[np.bool_]] = {}
    # The true world first: a placebo may be asked about its dates.
    order = runs.sort_values("arm", key=lambda arm: arm != baseline, kind="stable")
    for run, arm, replicate, history in _histories(scenario, batch, order, kinds):
        if arm == baseline and facts.cuts_answered is not None:
            led[replicate] = leaders_cuts(history, facts.cuts_answered)
        for name, fact in facts.stated.items():
            # A placebo without its true run is no pair.
            known = not isinstance(fact, CutsAnswered) or replicate in led
            if arm in (baseline, fact.placebo) and known:
                told[name] += [
                    {"run": run, "replicate": replicate, "arm": arm, **_cell(each)}
                    for each in conditions(history, fact, panel, led.get(replicate))
                ]
    return tuple(
        judged(name, fact, facts.holds_in, pd.DataFrame(told[name]), runs, baseline)
        for name, fact in facts.stated.items()
    )


def _cell(condition: Condition) -> dict[str, object]:
    name, value, low, high = condition
    return {"condition": name, "value": value, "low": low, "high": high, "met": condition.met}


def judged(
    name: str, fact: Fact, holds_in: float, told: pd.DataFrame, runs: pd.DataFrame, baseline: str
) -> Found:
    """Give the verdict on one fact.

    Parameters
    ----------
    holds_in
        Least share of replicates.
    told
        Conditions by run, replicate and arm, as in :class:`Found`.
    runs
        ``run, replicate, arm`` of all runs, those that failed too.

    Raises
    ------
    SimError
        There is not one pair of runs.
    """
    met = told.groupby("run")["met"].all().astype(np.float64) if len(told) else pd.Series()
    pairs = make_pairs(runs, met, fact.placebo, baseline)
    if not pairs.count:
        raise SimError(f"{name}: no replicate has a run of both {baseline} and {fact.placebo}")
    row = estimate(pairs, yes_no=True)
    verdict = FAILS
    if row["baseline_value"] >= holds_in:
        without = NOT_BECAUSE if row["value"] >= holds_in else UNCLEAR
        verdict = HOLDS if effect_of(row) < 0 else without
    return Found(name, fact, verdict, row, told)


def _histories(
    scenario: Scenario, batch: Batch, runs: pd.DataFrame, kinds: Mapping[str, str]
) -> Iterator[tuple[int, str, int, History]]:
    """Each run that did not fail: number, arm, replicate, rows."""
    start, quarters = scenario.heading.horizon.start.index, scenario.heading.horizon.quarters
    good = runs[runs["status"] == "ok"]
    for first in range(0, len(good), AT_ONCE):
        piece = good.iloc[first : first + AT_ONCE]
        numbers = piece["run"].tolist()
        firm_rows = batch.table("firms", columns=["run", "t", "firm", *_OF_FIRMS], runs=numbers)
        line_rows = batch.table(
            "products", columns=["run", "t", "line", "firm", *_OF_LINES], runs=numbers
        )
        firms = tuple(dict.fromkeys(firm_rows["firm"]))
        owners = dict(zip(line_rows["line"], line_rows["firm"], strict=True))
        lines = tuple(sorted(owners))
        of_firms = _cube(firm_rows, numbers, quarters, "firm", firms, _OF_FIRMS, 0.0)
        of_lines = _cube(line_rows, numbers, quarters, "line", lines, _OF_LINES, np.nan)
        for place, (number, arm, replicate) in enumerate(
            zip(numbers, piece["arm"], piece["replicate"], strict=True)
        ):
            firm = {name: values[place] for name, values in of_firms.items()}
            line = {name: values[place] for name, values in of_lines.items()}
            yield int(number), str(arm), int(replicate), History(
                start=start,
                firms=firms,
                kinds=tuple(kinds[each] for each in firms),
                units=firm["units"],
                exports=firm["exports"],
                capacity=firm["capacity"],
                revenue=firm["revenue"],
                contribution=firm["contribution"],
                own_result=firm["result"] - firm["other_income"],
                on_sale=firm["brand"] > 0.0,
                firm_of=np.array([firms.index(owners[each]) for each in lines], dtype=np.int64),
                line_units=np.nan_to_num(line["units"]),
                price=line["price"],
                cost=line["cost"],
            )  # fmt: skip


def _cube(
    rows: pd.DataFrame,
    runs: list[int],
    quarters: int,
    key: str,
    names: tuple[str, ...],
    columns: tuple[str, ...],
    missing: float,
) -> dict[str, NDArray[np.float64]]:
    """Columns as arrays (runs, T, names)."""
    where = (
        pd.Index(runs).get_indexer(pd.Index(rows["run"])),
        rows["t"].to_numpy(),
        pd.Index(names).get_indexer(pd.Index(rows[key])),
    )
    found = {}
    for column in columns:
        cube = np.full((len(runs), quarters, len(names)), missing)
        cube[where] = rows[column].to_numpy(dtype=np.float64)
        found[column] = cube
    return found
