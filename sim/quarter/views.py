"""What each firm is shown this quarter, copied out of the state.

The arrays are made for this purpose and closed to writing: a rule that writes into its view is
told so, and changes neither the world nor what others see.
"""

from __future__ import annotations

import numpy as np

from sim.decisions.view import FirmViews
from sim.quarter.context import Run, Work
from sim.quarter.forces import open_credit
from sim.world.state import State, trailing_mean

NO_LUCK = np.zeros(0)


def views(run: Run, state: State, work: Work) -> FirmViews:
    """One view a firm on the market, in the order of the firms."""
    industry, owner = run.world.industry, state.owner
    # Lines in the order of their firms, so that each firm's are one piece.
    order = run.lines_by_firm
    merged = owner != run.firm_numbers
    return FirmViews(
        t=state.t,
        active=state.active.copy(),
        lines_of=run.lines_of,
        ends=run.line_ends,
        price=state.price[order],
        cost=work.cost[order],
        sold=state.sold[order],
        kappa=work.kappa.copy(),
        learning=work.learning.copy(),
        theta=work.effects.theta.copy(),
        idle=work.idle.copy(),
        war=work.war.copy(),
        conduct=work.conduct.copy(),
        group=owner[:, None] == owner,
        mu=work.mu.copy(),
        runway=work.runway.copy(),
        comfort=run.comfort[owner],
        launch_due=work.launch_due[order],
        launch_cost=run.launch_cost * work.effects.development,
        cash=np.maximum(state.cash[owner], 0.0),
        unused_credit=np.maximum(open_credit(state, work.forces), 0.0)[owner],
        volume=trailing_mean(state.trailing_volume),
        capacity=state.capacity.copy(),
        listed=industry.listed[owner] & ~merged,
        trailing_revenue=np.add.reduce(state.trailing_revenue),
        net_share=run.net_share[state.t][order],
        firm_of=industry.firm_of.view(),
        on_sale=state.active[industry.firm_of],
        base_prices=industry.price.view(),
        prices=state.price.copy(),
        sales=state.sold.copy(),
        luck=run.world.luck.conduct[state.t][order] if run.rules_draw else NO_LUCK,
        memory=state.memory,
    )
