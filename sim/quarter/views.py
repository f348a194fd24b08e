"""What each firm is shown this quarter, copied out of the state.

The arrays are made for this purpose and closed to writing: a rule that writes into its view is
told so, and changes neither the world nor what others see.
"""

from __future__ import annotations

import numpy as np

from sim.decisions.view import FirmViews, MarketView
from sim.quarter.context import Run, Work
from sim.quarter.forces import open_credit
from sim.world.state import State, trailing_mean

NO_LUCK = np.zeros(0)


def views(run: Run, state: State, work: Work) -> FirmViews:
    """One view a firm on the market, in the order of the firms."""
    industry, owner, t = run.world.industry, state.owner, state.t
    price, cost, active, memory = state.price, work.cost, state.active, state.memory

    def look() -> MarketView:
        # Phases replace these arrays and write into none of them.
        return MarketView(
            price=price,
            cost=cost,
            net_share=run.net_share[t],
            luck=run.world.luck.conduct[t] if run.rules_draw else NO_LUCK,
            firm_of=industry.firm_of,
            on_sale=active[industry.firm_of],
            base_prices=industry.price,
            memory=memory,
        )

    return FirmViews(
        t=t,
        active=active.copy(),
        lines_of=run.lines_of,
        order=run.lines_by_firm,
        ends=run.line_ends,
        sold=state.sold.copy(),
        kappa=work.kappa.copy(),
        # Papers of this quarter, which nobody writes into any more.
        learning=work.learning,
        theta=work.effects.theta,
        idle=work.idle,
        war=work.war,
        conduct=work.conduct,
        group=owner[:, None] == owner,
        mu=work.mu,
        runway=work.runway,
        comfort=run.comfort[owner],
        launch_due=work.launch_due.copy(),
        launch_cost=run.launch_cost * work.effects.development,
        cash=np.maximum(state.cash[owner], 0.0),
        unused_credit=np.maximum(open_credit(state, work.forces), 0.0)[owner],
        volume=trailing_mean(state.trailing_volume),
        capacity=state.capacity + np.add.reduce(state.ordered),
        listed=industry.listed[owner] & (owner == run.firm_numbers),
        trailing_revenue=np.add.reduce(state.trailing_revenue),
        look=look,
    )
