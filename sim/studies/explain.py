"""Why a firm did what it did: one run made again, and one quarter of it taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.batch.run_one import Runner
from sim.compare import Batch, Scope
from sim.errors import Fault, InputError
from sim.finance.ledger import FLOWS
from sim.kernels.price_parts import price_parts
from sim.market.pricing import game_of
from sim.quarter.context import Abroad, Event, Run, Work
from sim.quarter.events import MARKET
from sim.quarter.forces import open_credit
from sim.quarter.standing import STATES, standing
from sim.scenario import Scenario
from sim.studies.remake import chosen_run, made_again, scenario_of, walk_again
from sim.world.state import State, trailing_mean

FloatArray = NDArray[np.float64]

# Parts of a price in the order of a reader's questions: what it costs, why it is cheaper than
# a static markup would have it, what the firm takes, what others take.
PARTS = (
    "glider", "battery", "duty", "learning", "idle", "war", "cash_short", "conduct",
    "own_markup", "own_lines", "others_profit", "others_sales", "taxes", "rest",
)  # fmt: skip


@dataclass(frozen=True)
class Quarterly:
    """One quarter of one firm.

    Attributes
    ----------
    quarter
        Calendar quarter.
    lines
        One row a line: ``line``, ``units``, ``price`` and ``PARTS``, CNY a car; the parts add
        up to the price. Own shadow value enters with its sign: what it takes off is negative.
        Its parts are in full, and ``cash_short`` is what the shadow cost of cash takes off them.
    income, cash, standing
        Income of the quarter; cash at its start, every flow, and cash at its end; stocks and
        ratios. CNY unless the name says otherwise.
    state
        State of the firm at the end of the quarter.
    abroad
        By region that is modelled: ``units``, ``price``, ``duty``, ``reach``, ``partner``,
        ``revenue`` and ``contribution``, illustrative.
    """

    quarter: str
    lines: pd.DataFrame
    income: Mapping[str, float]
    cash: Mapping[str, float]
    standing: Mapping[str, float]
    state: str
    abroad: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Explanation:
    """A quarter of a firm with what stood before it, and beside it in the baseline.

    Attributes
    ----------
    run
        Number of the run in table ``runs``.
    arm, replicate, scope
        Which run it is.
    firm
        Display name.
    now
        The quarter asked for, or the one in which the firm left if that came before.
    before
        The quarter before; None for the first.
    baseline
        The same quarter of the baseline with the same luck; None in the baseline itself, or
        if the firm had left it.
    events
        What happened to the firm up to the quarter: quarter, kind, other side, amount, detail.
    left
        Whether the firm had left by the quarter asked for.
    """

    run: int
    arm: str
    baseline_arm: str
    replicate: int
    scope: Scope
    firm: str
    now: Quarterly
    before: Quarterly | None
    baseline: Quarterly | None
    events: tuple[tuple[str, Event], ...]
    left: bool


@dataclass
class _Taken:
    """What is kept of a run while it walks."""

    run: Run
    firm: int
    names: tuple[str, ...]
    quarters: list[Quarterly] = field(default_factory=list)
    events: list[tuple[str, Event]] = field(default_factory=list)


def explain(
    folder: Path,
    *,
    firm: str,
    quarter: str,
    run: int | None = None,
    arm: str | None = None,
    replicate: int = 0,
    scope: Scope | None = None,
) -> Explanation:
    """Make a run of a batch again and take a firm's quarter apart.

    Parameters
    ----------
    folder
        A finished batch.
    firm
        Id of a brand.
    quarter
        A quarter of the run, e.g. ``2027Q3``.
    run
        Number of the run in table ``runs``; else it is found by the next three.
    arm, replicate, scope
        The headline's arm, the first replicate and the headline's point if not given.

    Raises
    ------
    InputError
        A name or number that the batch does not have; all of them at once.
    StoreError
        The batch cannot be read, the run failed in it, or the run made again differs from its
        rows: another version of the model made them.
    """
    batch = Batch(folder)
    row = chosen_run(
        batch, firm=firm, quarter=quarter, run=run, arm=arm, replicate=replicate, scope=scope
    )
    scenario = scenario_of(batch)
    place = batch.quarters.index(quarter)
    runner = Runner(scenario)
    found = _walk(batch, scenario, runner, row, firm, place)
    active = [each for each in found.quarters if each.lines.size]
    if not active:
        expected = "a quarter in which the firm is on sale; it has not entered yet"
        raise InputError([Fault("command line", 0, "--quarter", quarter, expected)])
    now = active[-1]
    same_luck = _baseline_of(batch, row)
    baseline = None
    if same_luck is not None:
        when = batch.quarters.index(now.quarter)
        there = _walk(batch, scenario, runner, same_luck, firm, when).quarters
        baseline = there[-1] if there and there[-1].lines.size else None
    values = {path: float(row[path]) for path in batch.sweep}
    return Explanation(
        run=int(row["run"]),
        arm=str(row["arm"]),
        baseline_arm=batch.baseline,
        replicate=int(row["replicate"]),
        scope=Scope(str(row["calibration"]), values),
        firm=batch.name(firm),
        now=now,
        before=active[-2] if len(active) > 1 else None,
        baseline=baseline,
        events=tuple(found.events),
        left=found.quarters[-1].state == "exited",
    )


def _baseline_of(batch: Batch, row: pd.Series) -> pd.Series | None:
    """Row of the baseline's run with the same luck at the same point."""
    if row["arm"] == batch.baseline:
        return None
    rows = batch.runs
    same = rows["arm"] == batch.baseline
    for column in ("replicate", "point", "calibration"):
        same &= rows[column] == row[column]
    found = rows.loc[same & (rows["status"] == "ok")]
    return found.iloc[0] if len(found) else None


def _walk(
    batch: Batch, scenario: Scenario, runner: Runner, row: pd.Series, firm: str, place: int
) -> _Taken:
    """Walk a run up to a quarter and hold its rows against those of the batch."""
    run = made_again(batch, scenario, runner, row)
    if firm not in run.world.industry.firms:
        return _Taken(run, -1, batch.quarters)
    taken = _Taken(run, run.world.industry.firms.index(firm), batch.quarters)

    def after(start: State, state: State, work: Work) -> None:
        _take(taken, start, state, work)

    walk_again(batch, row, run, place + 1, after)
    return taken


def _take(taken: _Taken, start: State, state: State, work: Work) -> None:
    """Keep one quarter of the firm."""
    run, firm = taken.run, taken.firm
    name = taken.names[start.t]
    taken.events += [(name, event) for event in work.events if _concerns(taken, event)]
    income, plan = work.income, work.plans[firm]
    assert income is not None
    stood = standing(run.world.industry, state, state.t)
    flows = {flow: float(work.ledger.of(flow)[firm]) for flow in FLOWS}
    taken.quarters.append(
        Quarterly(
            quarter=name,
            lines=_lines(taken, work) if plan is not None else pd.DataFrame(),
            income={
                "revenue": float(income.revenue[firm]),
                "variable_cost": -float(income.variable_cost[firm]),
                "fixed_cost": -float(income.fixed_cost[firm]),
                "rd": -float(income.rd[firm]),
                "interest": -float(income.interest[firm]),
                "other_business": float(income.other_business[firm]),
                "alliance_cost": -float(income.alliance_cost[firm]),
                "result": float(income.result[firm]),
            },
            cash={"start": float(start.cash[firm]), **flows, "end": float(state.cash[firm])},
            standing={
                "debt": float(state.debt[firm]),
                "unused_credit": float(open_credit(state, work.forces)[firm]),
                "net_working_capital": float(state.net_working_capital[firm]),
                "runway": float(work.runway[firm]),
                "comfort": float(run.comfort[state.owner[firm]]),
                "mu": float(work.mu[firm]),
                "research": float(state.research[firm]),
                "knowledge": float(state.knowledge[firm]),
                "use": float(trailing_mean(state.trailing_volume)[firm] / state.capacity[firm]),
            },
            state=STATES[int(stood.state[firm])],
            abroad={sales.market.name: _sold(sales, firm) for sales in work.abroad},
        )
    )


def _sold(sales: Abroad, firm: int) -> dict[str, float]:
    """What a firm sold in a region; nothing where it sells none."""
    found = {
        "units": sales.units[:-1],
        "price": sales.price[:-1],
        "duty": sales.duty,
        "reach": sales.reach,
        "partner": sales.partner,
        "revenue": sales.revenue,
        "contribution": sales.revenue - sales.cost,
    }
    here = sales.market.firm == firm
    return {name: float(values[here].sum()) for name, values in found.items()}


def _concerns(taken: _Taken, event: Event) -> bool:
    name = taken.run.world.industry.firms[taken.firm]
    return event.firm in (taken.firm, MARKET) or name in event.counterparty.split("+")


def _lines(taken: _Taken, work: Work) -> pd.DataFrame:
    """Parts of the firm's prices, a row a line."""
    run, firm = taken.run, taken.firm
    plan, problem = work.plans[firm], work.problem
    assert plan is not None
    assert problem is not None
    lines = run.lines_of[firm]
    parts = price_parts(game_of(run.world, problem), work.price)
    # Stated parts are after the cost of cash (equation 3.5); a reader asks for its own part.
    stated, mu = plan.parts, float(work.mu[firm])
    before_cash = (1.0 + mu) * np.array([stated.learning, stated.idle, stated.war])
    one = np.ones(len(lines))
    rows = {
        "line": np.array(run.world.industry.lines)[lines],
        "units": work.sold[lines],
        "price": parts.prices[lines],
        "glider": work.glider[lines],
        "battery": parts.cost[lines] - work.glider[lines] - work.forces.duty[lines],
        "duty": work.forces.duty[lines],
        "learning": -before_cash[0] * one,
        "idle": -before_cash[1] * one,
        "war": -before_cash[2] * one,
        "cash_short": mu * (stated.learning + stated.idle + stated.war) * one,
        "conduct": stated.conduct * one,
        **{
            name: getattr(parts, name)[lines]
            for name in ("own_markup", "own_lines", "others_profit", "others_sales", "taxes")
        },
        "rest": parts.rest[lines],
    }
    return pd.DataFrame(rows)
