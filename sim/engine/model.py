"""The Mesa model: it walks the calendar of a quarter and lets the automakers decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import mesa
import numpy as np
from numpy.typing import NDArray

from sim.decisions.conduct import Conduct
from sim.decisions.investment import CautiousInvestor
from sim.engine.agents import Automaker
from sim.quarter.calendar import CALENDAR
from sim.quarter.context import Run, Work, first_state
from sim.world.state import State

# Mesa seeds a generator of its own; no agent draws from it, since luck is drawn before.
UNUSED_SEED = 0


class PriceWar(mesa.Model):  # type: ignore[misc]
    """One run: a world, an arm's agreements, and the luck of a replicate.

    Parameters
    ----------
    run
        World, contracts and base-year levels.
    conducts
        Rules of conduct by firm position, in place of those of the scenario.
    check
        Let every automaker check its own best reply each quarter (slow; for tests and
        ``validate``).

    Attributes
    ----------
    state
        Arrays after the last quarter walked.
    work
        Working papers of that quarter.
    deviations
        (F,) largest relative price move that a firm's own best reply asked for.
    """

    def __init__(
        self, run: Run, conducts: Mapping[int, Conduct] | None = None, check: bool = False
    ) -> None:
        super().__init__(rng=UNUSED_SEED)
        rules = conducts or {}
        run = replace(
            run, conducts=tuple(rules.get(firm, rule) for firm, rule in enumerate(run.conducts))
        )
        self.run_of = run
        self.state: State = first_state(run)
        firms = run.world.industry.firms
        self.deviations: NDArray[np.float64] = np.zeros(len(firms))
        self.work = Work.blank(run)
        self._check = check
        finance = run.world.settings.finance
        investor = CautiousInvestor(
            launch_runway=finance.launch_runway_quarters,
            raise_runway=finance.raise_runway_quarters,
            raise_size=finance.raise_size_share,
            cut_runway=0.0 if run.ladder is None else run.ladder.cut_runway_quarters,
            cut_share=0.0 if run.ladder is None else run.ladder.cut_share,
        )
        self.automakers = [
            Automaker(self, firm, name, rule, investor)
            for firm, (name, rule) in enumerate(zip(firms, run.conducts, strict=True))
        ]

    def step(self) -> None:
        """Walk one quarter.

        Raises
        ------
        SolverError
            Prices did not converge.
        """
        self.work = Work.blank(self.run_of)
        for phase in CALENDAR:
            if phase.asks:
                self.agents.do(phase.asks)
            phase.run(self.run_of, self.state, self.work)
            if phase.name == "price" and self._check:
                self.agents.do("commit")

    def walk(self, quarters: int, after: Callable[[State, Work], None]) -> None:
        """Walk ``quarters`` quarters and hand each one's state and papers to ``after``."""
        for _ in range(quarters):
            self.step()
            after(self.state, self.work)
