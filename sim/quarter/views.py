"""What each firm is shown this quarter, copied out of the state.

The arrays of a view are rows of matrices made for this purpose and closed to writing: a rule
that writes into its view is told so, and changes neither the world nor what others see.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.decisions.view import FirmView
from sim.quarter.context import Run, Work
from sim.world.state import State

FloatArray = NDArray[np.float64]
Kind = TypeVar("Kind", bound=np.generic)


def views(run: Run, state: State, work: Work) -> list[FirmView]:
    """One view a firm, in the order of the firms."""
    industry, size = run.world.industry, len(run.world.industry.firms)
    owner = state.owner
    group = owner[:, None] == owner[None, :]
    kappa = _closed(work.kappa.copy())
    learning = _closed(np.tile(work.learning, (size, 1)))
    theta = _closed(np.tile(work.effects.theta, (size, 1, 1)))
    idle = _closed(np.where(group, work.idle, 0.0))
    war = _closed(np.where(group, work.war, 0.0))
    conduct = _closed(np.where(group, work.conduct, 0.0))
    _closed(group)
    mu, runway, comfort = work.mu.tolist(), work.runway.tolist(), run.comfort[owner].tolist()
    launch_cost = (run.launch_cost * work.effects.development).tolist()
    cash = np.maximum(state.cash[owner], 0.0).tolist()
    unused_credit = np.maximum(state.credit_line - state.drawn, 0.0)[owner].tolist()
    volume = state.trailing_volume.mean(axis=0).tolist()
    capacity = state.capacity.tolist()
    listed = (industry.listed[owner] & (owner == np.arange(size))).tolist()
    revenue = state.trailing_revenue.sum(axis=0).tolist()
    return [
        FirmView(
            firm=firm,
            t=state.t,
            lines=_closed(lines.copy()),
            price=_closed(state.price[lines]),
            cost=_closed(work.cost[lines]),
            sold=_closed(state.sold[lines]),
            kappa=kappa[firm],
            learning=learning[firm],
            theta=theta[firm],
            idle=idle[firm],
            war=war[firm],
            conduct=conduct[firm],
            group=group[firm],
            mu=mu[firm],
            runway=runway[firm],
            comfort=comfort[firm],
            launch_due=_closed(work.launch_due[lines]),
            launch_cost=launch_cost[firm],
            cash=cash[firm],
            unused_credit=unused_credit[firm],
            volume=volume[firm],
            capacity=capacity[firm],
            listed=listed[firm],
            trailing_revenue=revenue[firm],
        )
        for firm, lines in enumerate(run.lines_of)
    ]


def _closed(values: NDArray[Kind]) -> NDArray[Kind]:
    """The array, closed to writing."""
    values.flags.writeable = False
    return values
