"""What each firm is shown this quarter, copied out of the state.

The arrays of a view are rows of matrices made for this purpose and closed to writing: a rule
that writes into its view is told so, and changes neither the world nor what others see.
"""

from __future__ import annotations

from itertools import pairwise, repeat
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.decisions.view import FirmView
from sim.quarter.context import Run, Work
from sim.quarter.forces import open_credit
from sim.world.state import State, trailing_mean

Kind = TypeVar("Kind", bound=np.generic)

NO_LUCK = np.zeros(0)


def views(run: Run, state: State, work: Work) -> list[FirmView | None]:
    """One view a firm on the market, in the order of the firms."""
    industry, size = run.world.industry, len(run.world.industry.firms)
    owner = state.owner
    group = owner[:, None] == owner[None, :]
    # Lines in the order of their firms, so that each firm's are one piece.
    order = run.lines_by_firm
    luck = run.world.luck.conduct[state.t] if run.rules_draw else NO_LUCK
    columns = (
        range(size),
        repeat(state.t),
        run.lines_of,
        _by_firm(run, state.price[order]),
        _by_firm(run, work.cost[order]),
        _by_firm(run, state.sold[order]),
        _closed(work.kappa.copy()),
        repeat(_closed(work.learning.copy()).view()),
        repeat(_closed(work.effects.theta.copy()).view()),
        _closed(np.where(group, work.idle, 0.0)),
        _closed(np.where(group, work.war, 0.0)),
        _closed(np.where(group, work.conduct, 0.0)),
        _closed(group),
        work.mu.tolist(),
        work.runway.tolist(),
        run.comfort[owner].tolist(),
        _by_firm(run, work.launch_due[order]),
        (run.launch_cost * work.effects.development).tolist(),
        np.maximum(state.cash[owner], 0.0).tolist(),
        np.maximum(open_credit(state, work.forces), 0.0)[owner].tolist(),
        trailing_mean(state.trailing_volume).tolist(),
        (state.capacity + np.add.reduce(state.ordered)).tolist(),
        (industry.listed[owner] & (owner == np.arange(size))).tolist(),
        np.add.reduce(state.trailing_revenue).tolist(),
        _by_firm(run, run.net_share[state.t][order]),
        repeat(_closed(industry.firm_of.view())),
        repeat(_closed(state.active[industry.firm_of])),
        repeat(_closed(industry.price.view())),
        repeat(_closed(state.price.copy())),
        repeat(_closed(state.sold.copy())),
        _by_firm(run, luck[order]) if len(luck) else repeat(luck),
        [_closed(noted.copy()) for noted in state.memory],
    )
    shown = zip(state.active.tolist(), zip(*columns, strict=False), strict=True)
    return [FirmView._make(row) if active else None for active, row in shown]


def _by_firm(run: Run, values: NDArray[Kind]) -> list[NDArray[Kind]]:
    """Pieces of a per-line array that stands in the order of firms, closed to writing."""
    _closed(values)
    return [values[start:end] for start, end in pairwise(run.line_ends)]


def _closed(values: NDArray[Kind]) -> NDArray[Kind]:
    """The array, closed to writing."""
    values.flags.writeable = False
    return values
