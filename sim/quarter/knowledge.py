"""R&D, the knowledge it builds and the quality that follows (equations 7.4 to 7.7)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.alliances.knowledge import share_research
from sim.quarter.context import Event, Run, Work
from sim.scenario.settings import Knowledge
from sim.world.state import State

FloatArray = NDArray[np.float64]


def decide_research(run: Run, state: State, work: Work) -> None:
    """Take over which part of their R&D firms carry out, and tell who begins or ends a cut."""
    if run.ladder is None:
        return
    chosen = work.investments.research
    for kind, which in (
        ("research_cut", (chosen < 1.0) & (state.research >= 1.0)),
        ("research_restored", (chosen >= 1.0) & (state.research < 1.0) & state.active),
    ):
        for firm in which.nonzero()[0]:
            work.events.append(
                Event(
                    state.t, int(firm), kind, "", 0.0,
                    f"runway {work.runway[firm]:.1f} quarters, knowledge at "
                    f"{100.0 * state.knowledge[firm]:.0f} % of the base year's",
                )
            )  # fmt: skip
    state.research = chosen


def research_bill(run: Run, state: State, work: Work, normal: FloatArray) -> FloatArray:
    """R&D and launches of the quarter, (F,) CNY; keeps for ``learn`` what was done.

    Parameters
    ----------
    normal
        (F,) R&D other than launches that follows revenue (equation 5.2), CNY.
    """
    if run.ladder is not None:
        normal = normal * state.research
    elif not run.pools_research:
        return normal * work.effects.development + work.launch_bill
    signed = np.where(state.in_force, state.signed, -1).tolist()
    shared = share_research(run.contracts, signed, state.t, normal, state.active)
    work.research, work.shared_research = normal, shared
    return normal * shared.cost * work.effects.development + work.launch_bill


def learn(run: Run, ladder: Knowledge, state: State, work: Work) -> FloatArray:
    """Drift of quality by what firms know (J,), utils; then the stock moves on."""
    there = state.active & ~state.waiting
    known = np.log(state.knowledge)
    sales = np.add.reduce(state.trailing_units) * there
    total = float(sales.sum())
    mean = float(sales @ known) / total if total > 0.0 else 0.0
    drift = np.where(there, ladder.lift / 4.0 * (known - mean), 0.0)
    kept = (1.0 - ladder.depreciation) ** 0.25
    does = there & (run.base_rd > 0.0)
    base = np.where(does, run.base_rd, 1.0)
    shared = work.shared_research
    assert shared is not None
    built = shared.draws @ _success(run, ladder, state.t) * (work.research + shared.absorbed)
    moved = kept * state.knowledge + (1.0 - kept) * built / base
    state.knowledge = np.where(does, moved, state.knowledge)
    return drift[run.world.industry.firm_of]


def _success(run: Run, ladder: Knowledge, t: int) -> FloatArray:
    """What came of a quarter's projects relative to what is expected of them, (F,)."""
    luck = run.world.luck
    if not run.world.settings.luck.on:
        return np.ones(len(run.base_rd))
    hit: FloatArray = (luck.project[t] < ladder.success) / ladder.success
    return hit
